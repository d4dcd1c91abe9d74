"""The release as `./dev release` builds it, once for all tests, and archives that are spoilt on purpose."""

import gzip
import hashlib
import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.installation import REPOSITORY

BUILD = REPOSITORY / "release/build.py"


def build(folder: Path, wheels: Path) -> Path:
    """Build a release; the test is skipped where the packages cannot be had."""
    command = [sys.executable, str(BUILD), "--to", str(folder), "--wheels", str(wheels)]
    result = subprocess.run(command, capture_output=True, text=True)
    if "pip" in result.stderr:
        pytest.skip(f"the packages of the release cannot be downloaded: {result.stderr[-200:]}")
    assert (result.returncode, result.stderr) == (0, "")
    return folder / "venus-data.tar.gz"


def entries(archive: Path) -> dict[str, bytes]:
    """What is in it, by name."""
    with tarfile.open(archive) as opened:
        files = [one for one in opened.getmembers() if one.isfile()]
        return {one.name: opened.extractfile(one).read() for one in files}  # type: ignore[union-attr]


def rebuilt(archive: Path, target: Path, *extra: tarfile.TarInfo, leave_out: str = "-", **changed: bytes) -> Path:
    """An archive like `archive`, with entries more, without those that hold `leave_out`, or with other content."""
    with tarfile.open(archive) as source, tarfile.open(target, "w:gz") as made:
        for one in source.getmembers():
            opened = source.extractfile(one)
            content = opened.read() if opened else b""
            name = one.name.partition("/")[2]
            if leave_out not in name or leave_out == "-":
                one.size = len(changed.get(name, content))
                made.addfile(one, io.BytesIO(changed.get(name, content)))
        for one in extra:
            made.addfile(one, io.BytesIO(b"x" * one.size))
    return target


def upgrade(archive: Path, target: Path, version: str, changed: dict[str, bytes]) -> Path:
    """The release as a newer version with other files, and with its checksums made right."""
    files = entries(archive)
    (old,) = {name.partition("/")[0] for name in files} - {"rc"}
    new = f"dbus-jkbms-{version}"
    inside = {name.partition("/")[2]: data for name, data in files.items() if name.startswith(old)}
    inside["driver/__init__.py"] = re.sub(
        rb'(__version__ = ").*"', rb'\g<1>%s"' % version.encode(), inside["driver/__init__.py"]
    )
    inside |= changed
    del inside["SHA256SUMS"]
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in inside.items())
    inside["SHA256SUMS"] = sums.encode()
    rc = {name: data.replace(old.encode(), new.encode()) for name, data in files.items() if name.startswith("rc/")}
    content = rc | {f"{new}/{name}": data for name, data in inside.items()}
    with tarfile.open(target, "w:gz") as made:
        for name, data in {"rc": b"", **content}.items():
            one = tarfile.TarInfo(name)
            one.type, one.mode, one.size = tarfile.DIRTYPE if name == "rc" else tarfile.REGTYPE, 0o755, len(data)
            made.addfile(one, io.BytesIO(data))
    return target


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """One more entry for an archive."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, target, 0o644
    made.size = 1 if kind == tarfile.REGTYPE else 0
    return made


def packed(content: bytes, target: Path) -> Path:
    """Any bytes as a gzip file."""
    target.write_bytes(gzip.compress(content))
    return target
