"""install.sh: its line in rc.local, a file that it shares with other modifications."""

import os
import shutil

from tests.installation import BOOT_LINE, Machine, contents

pytest_plugins = ["tests.install_fixtures"]


def test_one_line_is_added_and_the_others_stay(machine: Machine, boot_file: bytes | None) -> None:
    machine.do("install")
    lines = machine.boot_file.read_bytes().splitlines(keepends=True)
    assert lines.count(BOOT_LINE) == 1
    lines.remove(BOOT_LINE)
    assert b"".join(lines).rstrip(b"\n") == (boot_file if boot_file is not None else b"#!/bin/sh").rstrip(b"\n")
    assert os.access(machine.boot_file, os.X_OK)


def test_the_service_is_back_after_each_boot(machine: Machine, boot_file: bytes | None) -> None:
    machine.do("install")
    machine.boot()
    assert machine.link.resolve() == machine.app / "service"
    before = contents(machine.root)
    machine.boot()
    assert contents(machine.root) == before


def test_a_line_for_a_driver_that_is_gone_does_not_end_rc_local(machine: Machine) -> None:
    machine.boot_file.write_text("#!/bin/sh\nset -e\necho other\n")
    machine.do("install")
    shutil.rmtree(machine.app)
    result = machine.boot()
    assert (result.returncode, result.stdout) == (0, "other\n")


def test_what_others_wrote_meanwhile_stays(machine: Machine, boot_file: bytes | None) -> None:
    machine.do("install")
    with machine.boot_file.open("ab") as file:
        file.write(b"\nsleep 60; svc -t /data/apps/dbus-jkbms/service\n")
    expected = machine.boot_file.read_bytes().replace(b"\n" + BOOT_LINE, b"\n", 1).removeprefix(BOOT_LINE)
    assert "sleep 60; svc -t /data/apps/dbus-jkbms/service" in machine.do("uninstall")  # nobody needs it any more
    assert machine.boot_file.read_bytes() == expected


def test_a_line_that_the_owner_changed_is_respected_and_removed(machine: Machine) -> None:
    machine.do("install")
    changed = b"#!/bin/sh\n" + BOOT_LINE.replace(b" || true", b" >/dev/null 2>&1 &")
    machine.boot_file.write_bytes(changed)
    machine.do("install")
    assert machine.boot_file.read_bytes() == changed
    machine.do("uninstall")
    assert not machine.boot_file.exists()


def test_a_file_that_the_gx_put_aside_is_cleaned_too(machine: Machine) -> None:
    machine.boot_file.write_text("#!/bin/sh\necho other\n")
    before = machine.boot_file.read_bytes()
    machine.do("install")
    aside = machine.boot_file.rename(machine.root / "data/rc.local.disabled")
    assert "rc.local.disabled" in machine.do("enable")
    machine.do("uninstall")
    assert aside.read_bytes() == before
    assert not machine.boot_file.exists()


def test_windows_line_ends_in_rc_local_are_told(machine: Machine) -> None:
    machine.boot_file.write_bytes(b"#!/bin/sh\r\necho other\r\n")
    assert r"sed -i 's/\r$//'" in machine.do("install")
