"""install.sh: what it refuses, with the reason on the screen and nothing changed, and how it is asked."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import APP, BOOT_LINE, Machine, contents

pytest_plugins = ["tests.install_fixtures"]


def refused(machine: Machine, *said: str, command: str = "install") -> None:
    """The command ends with code 1, names the reason and leaves everything as it was."""
    before = contents(machine.root)
    result = machine.run(command)
    assert result.returncode == 1
    for words in said:
        assert words in result.stderr
    assert contents(machine.root) == before


@pytest.mark.parametrize("command", ["enable", "disable", "restart", "status"])
def test_commands_that_need_an_installation(machine: Machine, command: str) -> None:
    before = contents(machine.root)
    result = machine.run(command)
    assert (result.returncode, result.stderr) == (3, "")
    assert "not installed" in result.stdout
    assert contents(machine.root) == before


def test_restart_needs_a_running_service(machine: Machine) -> None:
    machine.do("install")
    refused(machine, "not running", command="restart")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "a command is needed"),
        (("instal",), "instal"),
        (("install", "uninstall"), "one command"),
        (("install", "--root"), "--root"),
        (("install", "--keep-config"), "--keep-config"),
    ],
)
def test_wrong_usage(machine: Machine, arguments: tuple[str, ...], said: str) -> None:
    before = contents(machine.root)
    result = machine.run(*arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert "--help" in result.stderr
    assert contents(machine.root) == before


def test_help_names_every_command_and_exit_code(machine: Machine) -> None:
    text = machine.do("--help")
    for word in ("install", "enable", "disable", "restart", "status", "uninstall", "--keep-config", "exit codes"):
        assert word in text


@pytest.mark.parametrize("place", ["data", "data/apps", APP, "service", "service/dbus-jkbms"])
def test_a_file_where_a_directory_belongs(machine: Machine, place: str) -> None:
    path = machine.root / place
    shutil.rmtree(path, ignore_errors=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("in the way")
    refused(machine, str(path), "in the way")


def test_a_service_directory_of_somebody_else(machine: Machine) -> None:
    machine.link.mkdir()
    refused(machine, str(machine.link), "in the way")


def test_a_link_where_the_driver_belongs(machine: Machine) -> None:
    machine.app.parent.mkdir()
    machine.app.symlink_to(machine.source)
    refused(machine, str(machine.app), "is a link")


@pytest.mark.parametrize("kind", ["directory", "link", "Python"])
def test_an_rc_local_that_cannot_take_a_line(machine: Machine, kind: str) -> None:
    match kind:
        case "directory":
            machine.boot_file.mkdir()
        case "link":
            machine.boot_file.symlink_to("conf/settings.xml")
        case _:
            machine.boot_file.write_text("#!/usr/bin/env python3\nprint(1)\n")
    refused(machine, str(machine.boot_file), BOOT_LINE.decode().strip())


@pytest.mark.parametrize("missing", ["config.ini", "driver/__init__.py", "service/run", "service/log/run"])
def test_an_incomplete_release(machine: Machine, missing: str) -> None:
    (machine.source / missing).unlink()
    refused(machine, missing, "missing")


def test_a_full_disk(machine: Machine) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))  # bytes a file: most files of the driver do not fit

    before = contents(machine.root)
    result = machine.run("install", preexec=limit)
    assert result.returncode == 1
    assert "full" in result.stderr
    assert contents(machine.root) == before


def test_an_upgrade_that_fails_leaves_the_old_one_running(machine: Machine) -> None:
    machine.do("install")
    before = contents(machine.root)
    (machine.source / "driver/big.py").write_bytes(b"#" * 5_000_000)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    assert machine.run("install", preexec=limit).returncode == 1
    assert contents(machine.root) == before


@pytest.fixture
def read_only(machine: Machine) -> Iterator[list[str]]:
    """Yield what to put before a command so that it finds the root read-only (rights do not stop root)."""
    if os.geteuid() == 0:
        mount = ["mount", "--bind", str(machine.root), str(machine.root)]
        if not shutil.which("unshare") or subprocess.run(["unshare", "-m", *mount], capture_output=True).returncode:
            pytest.skip("no private mounts on this machine")
        script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        yield ["unshare", "-m", "sh", "-c", script, str(machine.root)]
    else:
        (machine.root / "data").chmod(0o555)
        yield []
        (machine.root / "data").chmod(0o755)


def test_a_read_only_target(machine: Machine, read_only: list[str]) -> None:
    before = contents(machine.root)
    install = ["sh", str(machine.source / "install.sh"), "--root", str(machine.root), "install"]
    result = subprocess.run([*read_only, *install], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "read-only" in result.stderr
    assert contents(machine.root) == before


def test_a_root_that_is_not_there(machine: Machine) -> None:
    shutil.rmtree(machine.root)
    result = machine.run("install")
    assert result.returncode == 1
    assert str(machine.root) in result.stderr


def test_a_computer_that_is_no_gx(machine: Machine) -> None:
    if Path("/opt/victronenergy").exists():
        pytest.skip("this machine is a GX")
    result = subprocess.run(["sh", str(machine.source / "install.sh"), "install"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "no Venus OS" in result.stderr
