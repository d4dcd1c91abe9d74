"""The release: one archive, the same bytes each time, small, and complete."""

import hashlib
import re
import stat
import tarfile
from pathlib import Path

from driver import __version__
from tests.built_release import build, entries
from tests.installation import REPOSITORY

pytest_plugins = ["tests.install_fixtures"]
FOLDER = f"dbus-jkbms-{__version__}"
MOST = 5_000_000  # bytes


def test_two_builds_are_the_same_bytes(archive: Path, wheels: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again", wheels)
    assert again.read_bytes() == archive.read_bytes()
    assert {path.name for path in again.parent.iterdir()} == {archive.name, f"{archive.name}.sha256", "install.sh"}


def test_it_is_small(archive: Path) -> None:
    size = archive.stat().st_size
    print(f"{size / 1e6:.2f} MB")
    assert size < MOST


def test_its_checksum_lies_beside_it(archive: Path) -> None:
    expected = f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"
    assert archive.with_name(f"{archive.name}.sha256").read_text() == expected
    assert (archive.parent / "install.sh").read_bytes() == (REPOSITORY / "install.sh").read_bytes()


def test_everything_is_in_it_and_nothing_else(archive: Path) -> None:
    content = entries(archive)
    driver = {str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "driver").rglob("*.py")}
    assert {f"{FOLDER}/{name}" for name in driver} <= set(content)
    assert {f"{FOLDER}/{name}" for name in ("install.sh", "service/run", "setup", "LICENSE", "README.md")} <= set(
        content
    )
    assert {"rc/pre-hook.sh", "rc/post-hook.sh", "rc/install.sh"} <= set(content)
    assert f"{FOLDER}/packages/bleak/__init__.py" in content
    assert not [name for name in content if re.search(r"__pycache__|\.pyc$|\.so$|/tests/|supervise", name)]
    assert {name.partition("/")[0] for name in content} == {"rc", FOLDER}
    assert content[f"{FOLDER}/version"].decode() == f"v{__version__}\n"
    assert f"/data/{FOLDER}".encode() in content["rc/post-hook.sh"]


def test_its_checksums_name_every_file(archive: Path) -> None:
    content = {name.partition("/")[2]: data for name, data in entries(archive).items() if name.startswith(FOLDER)}
    lines = content.pop("SHA256SUMS").decode().splitlines()
    assert dict(line.split("  ")[::-1] for line in lines) == {
        name: hashlib.sha256(data).hexdigest() for name, data in content.items()
    }


def test_owners_dates_and_modes_are_fixed(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        members = opened.getmembers()
    assert {(one.uid, one.gid, one.mtime) for one in members} == {(0, 0, members[0].mtime)}
    programs = {one.name.partition("/")[2] for one in members if one.isfile() and one.mode & stat.S_IXUSR}
    assert programs == {"install.sh", "service/run", "service/log/run", "setup", "pre-hook.sh", "post-hook.sh"}
    assert {one.mode for one in members} == {0o644, 0o755}
