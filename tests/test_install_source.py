"""install.sh: from an archive, a folder or a URL; what is damaged or is no release changes nothing."""

import functools
import hashlib
import http.server
import os
import random
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.built_release import entry, packed, rebuilt
from tests.installation import Machine, contents

pytest_plugins = ["tests.install_fixtures"]
FUZZED = 100 if os.environ.get("CI") else 25  # archives


def refused(machine: Machine, *arguments: str, said: str) -> None:
    """The command ends with code 1, names the reason and leaves everything as it was."""
    before = contents(machine.root)
    result = machine.run("install", *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert said in result.stderr
    assert contents(machine.root) == before


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


# --- what it is installed from -------------------------------------------------------------------------------------


def installed_from_archive(machine: Machine) -> bool:
    return (machine.app / "packages/bleak/__init__.py").exists() and (machine.app / "docs").is_dir()


def test_from_an_archive(machine: Machine, archive: Path) -> None:
    assert "is installed" in machine.do("install", str(archive))
    assert installed_from_archive(machine)
    assert not [path for path in machine.app.parent.iterdir() if path != machine.app]
    assert "nothing is changed" in machine.do("install", str(archive))
    machine.do("uninstall")
    assert not machine.app.exists()


def test_from_a_folder(machine: Machine, archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "unpacked", filter="data")
    (folder,) = (tmp_path / "unpacked").glob("dbus-jkbms-*")
    machine.do("install", str(folder))
    assert installed_from_archive(machine)


def test_the_script_alone_finds_the_archive_beside_it(machine: Machine, archive: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    shutil.copy(archive, stick / "venus-data.tar.gz")
    shutil.copy(machine.source / "install.sh", stick)
    result = machine.run("install", script=stick / "install.sh")
    assert (result.returncode, result.stderr) == (0, "")
    assert installed_from_archive(machine)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url(archive: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(archive.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{archive.name}"
        server.shutdown()
        thread.join()


def test_from_a_url(machine: Machine, url: str, archive: Path) -> None:
    machine.do("install", url, "--sha256", sha256(archive).upper())
    assert installed_from_archive(machine)
    assert not [path for path in machine.app.parent.iterdir() if path != machine.app]


def test_a_url_with_another_checksum(machine: Machine, url: str) -> None:
    refused(machine, url, "--sha256", "0" * 64, said="wrong checksum")


def test_a_url_without_a_checksum(machine: Machine, url: str) -> None:
    refused(machine, url, said="--sha256")


def test_a_url_that_leads_nowhere(machine: Machine, url: str) -> None:
    refused(machine, f"{url}.not", "--sha256", "0" * 64, said="cannot download")


def test_a_file_with_another_checksum(machine: Machine, archive: Path) -> None:
    refused(machine, str(archive), "--sha256", "0" * 64, said="wrong checksum")


def test_a_file_that_is_not_there(machine: Machine, tmp_path: Path) -> None:
    refused(machine, str(tmp_path / "nothing"), said=str(tmp_path / "nothing"))


@pytest.mark.parametrize("sum_", ["", "12", "0" * 63])
def test_a_checksum_that_is_none(machine: Machine, sum_: str) -> None:
    assert machine.run("install", "x", "--sha256", sum_).returncode == 2


# --- the system ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v3.55", "v3.59~9", "v2.94", "v1.20"])
def test_an_old_venus_os(machine: Machine, version: str) -> None:
    (machine.root / "opt/victronenergy/version").write_text(f"{version}\nVictron Energy\n")
    refused(machine, said=f"{version} is too old: 3.60")
    before = contents(machine.root)
    assert machine.run("allowed").returncode == 1
    assert contents(machine.root) == before


@pytest.mark.parametrize("version", ["v3.60", "v3.60~31", "v3.77", "v3.100", "v4.00", "v10.1"])
def test_a_venus_os_that_is_new_enough(machine: Machine, version: str) -> None:
    (machine.root / "opt/victronenergy/version").write_text(f"{version}\n")
    before = contents(machine.root)
    assert "can be installed" in machine.do("allowed")
    assert contents(machine.root) == before
    machine.do("install")


@pytest.mark.parametrize("text", [None, "", "soon\n", "v\n"])
def test_a_version_that_cannot_be_read(machine: Machine, text: str | None) -> None:
    file = machine.root / "opt/victronenergy/version"
    file.unlink() if text is None else file.write_text(text)
    refused(machine, said=str(file))


def test_too_little_space(machine: Machine) -> None:
    """On a real file system of 10 MB, which is less than what an installation and the version before may need."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("needs root and private mounts")
    script = 'mount -t tmpfs -o size=10m none "$0/data" && exec "$@"'
    install = ["sh", str(machine.source / "install.sh"), "--root", str(machine.root), "install"]
    command = ["unshare", "-m", "sh", "-c", script, str(machine.root), *install]
    result = subprocess.run([*command], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "20 MB must be free" in result.stderr
    assert f"{machine.root}/data" in result.stderr


# --- archives and folders that are no release ----------------------------------------------------------------------

NAME = "dbus-jkbms-9.9"
STRANGE = {
    "a path that leads out": entry(f"{NAME}/../../../outside"),
    "a path that leads out at once": entry("../outside"),
    "an absolute path": entry("/outside"),
    "a file beside the folder": entry("conf/settings.xml"),
    "a link": entry(f"{NAME}/link", tarfile.SYMTYPE, "/etc"),
    "a link to a file outside": entry(f"{NAME}/driver/x.py", tarfile.SYMTYPE, "../../../conf/settings.xml"),
    "a hard link": entry(f"{NAME}/hard", tarfile.LNKTYPE, "rc/install.sh"),
    "a device": entry(f"{NAME}/device", tarfile.CHRTYPE),
    "a pipe": entry(f"{NAME}/pipe", tarfile.FIFOTYPE),
    "a name in two lines": entry(f"{NAME}/x\n../outside"),
    "a name with a blank": entry(f"{NAME}/a file"),
    "a name that a terminal obeys": entry(f"{NAME}/\x1b]0;x\x07\udcee"),
    "a second folder": entry("dbus-jkbms-8.8/x"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_an_archive_with_something_else_in_it(machine: Machine, archive: Path, tmp_path: Path, case: str) -> None:
    spoilt = rebuilt(archive, tmp_path / "spoilt.tar.gz", STRANGE[case])
    refused(machine, str(spoilt), said="is no release of dbus-jkbms")
    assert machine.run("install", str(spoilt)).stderr.strip().isprintable()


def test_an_archive_that_lacks_a_file(machine: Machine, archive: Path, tmp_path: Path) -> None:
    refused(machine, str(rebuilt(archive, tmp_path / "a.tar.gz", leave_out="pack.py")), said="driver/pack.py")
    refused(
        machine, str(rebuilt(archive, tmp_path / "b.tar.gz", leave_out="service/run")), said="service/run is missing"
    )


def test_an_archive_with_a_changed_file(machine: Machine, archive: Path, tmp_path: Path) -> None:
    changed = rebuilt(archive, tmp_path / "changed.tar.gz", **{"driver/app.py": b"import os\n"})
    refused(machine, str(changed), said="driver/app.py")


def test_things_that_are_no_archive(machine: Machine, tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"no archive", b"\x1f\x8b")):
        file = tmp_path / f"{number}.tar.gz"
        file.write_bytes(content)
        refused(machine, str(file), said="damaged")
    refused(machine, str(packed(b"", tmp_path / "empty.tar.gz")), said="empty.tar.gz")
    refused(machine, str(packed(b"no tar" * 1000, tmp_path / "text.tar.gz")), said="text.tar.gz")


def test_an_archive_that_is_cut_off(machine: Machine, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    for length in (100, len(whole) // 2, len(whole) - 1):
        file = tmp_path / f"{length}.tar.gz"
        file.write_bytes(whole[:length])
        refused(machine, str(file), said="damaged")


def test_spoilt_archives_never_write_anywhere(machine: Machine, archive: Path, tmp_path: Path) -> None:
    """Bytes of the tar changed behind a right gzip checksum: refused, or, where it hit padding, installed whole."""
    dice = random.Random(1)
    whole = subprocess.run(["gzip", "-dc", str(archive)], capture_output=True, check=True).stdout
    before = contents(machine.root)
    outside = contents(tmp_path / "usb stick")
    for number in range(FUZZED):
        spoilt = bytearray(whole)
        begin = dice.randrange(0, len(whole), 512) if number % 2 else 0  # of a header, as likely as not
        for _ in range(dice.randint(1, 8)):
            spoilt[(begin + dice.randrange(600)) % len(spoilt)] = dice.randrange(256)
        file = packed(bytes(spoilt), tmp_path / "fuzzed.tar.gz")
        result = machine.run("install", str(file))
        assert result.returncode in (0, 1), result
        assert (result.returncode == 0) == (result.stderr == "")
        if result.returncode == 0:
            machine.do("uninstall")
        assert contents(machine.root) == before, number
        assert contents(tmp_path / "usb stick") == outside
