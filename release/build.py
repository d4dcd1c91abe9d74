"""Builds the release: `./dev release`. The same sources give the same bytes.

dist/venus-data.tar.gz is for a USB stick, for `install.sh install FILE` and for a download; it holds the hooks that
Venus OS runs, in rc/, and one folder with the driver and the packages that no GX has. Its SHA-256 lies beside it.
"""

import argparse
import gzip
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NAME = "dbus-jkbms"
ARCHIVE = "venus-data.tar.gz"
FOLDERS = ("docs", "driver", "service")
FILES = ("CHANGELOG.md", "LICENSE", "README.md", "config.ini", "install.sh")
SCRIPTS = ("install.sh", "service/run", "service/log/run", "setup", "pre-hook.sh", "post-hook.sh")
LITTER = {"__pycache__", "supervise"}
DATE = 1_577_836_800  # 2020-01-01, of every file: when something was built is no part of it
LIMIT = 5_000_000  # bytes


def main() -> int:
    """Build into a folder; return 1 when the archive is too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER", help="default: dist")
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="of packages (default: wheels below it)")
    args = parser.parse_args()
    archive = build(args.to, args.wheels or args.to / "wheels")
    size = archive.stat().st_size
    print(f"{archive}  {size / 1e6:.2f} MB")
    print((archive.parent / f"{ARCHIVE}.sha256").read_text(), end="")
    if size > LIMIT:
        print(f"larger than {LIMIT / 1e6:.0f} MB", file=sys.stderr)
    return int(size > LIMIT)


def build(folder: Path, wheels: Path) -> Path:
    """Make archive, checksum and a copy of install.sh in `folder`; return the archive."""
    files = release(wheels)
    release_folder = f"{NAME}-{version()}"
    content = {f"{release_folder}/{name}": data for name, data in files.items()}
    for hook in ("pre-hook.sh", "post-hook.sh"):
        content[f"rc/{hook}"] = (HERE / hook).read_bytes().replace(b"@FOLDER@", release_folder.encode())
    content["rc/install.sh"] = files["install.sh"]
    folder.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(tar(content), mtime=0)
    (folder / ARCHIVE).write_bytes(packed)
    (folder / f"{ARCHIVE}.sha256").write_text(f"{hashlib.sha256(packed).hexdigest()}  {ARCHIVE}\n")
    (folder / "install.sh").write_bytes(files["install.sh"])
    return folder / ARCHIVE


def release(wheels: Path) -> dict[str, bytes]:
    """Everything in the release's folder, by name."""
    paths = [ROOT / name for name in FILES]
    paths += [path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.is_file()]
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    files = {name: path.read_bytes() for name, path in names.items() if not LITTER & set(name.split("/"))}
    files |= {f"packages/{name}": data for wheel in pinned(wheels) for name, data in unpacked(wheel).items()}
    files["setup"] = (HERE / "setup").read_bytes()
    files["version"] = f"v{version()}\n".encode()
    sums = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return files | {"SHA256SUMS": sums.encode()}


def version() -> str:
    """The driver's."""
    found = re.search(r'^__version__ = "(.+)"', (ROOT / "driver/__init__.py").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def pinned(wheels: Path) -> list[Path]:
    """The wheels of requirements.txt; those that are not in the folder are downloaded."""
    wanted = re.findall(r"--hash=sha256:([0-9a-f]{64})", (HERE / "requirements.txt").read_text())
    if set(wanted) - set(by_sum(wheels)):
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps"]
        options = ["--only-binary=:all:", "--require-hashes", "-r", str(HERE / "requirements.txt")]
        subprocess.run([*pip, *options, "--dest", str(wheels)], check=True)
    there = by_sum(wheels)
    return [there[one] for one in wanted]


def by_sum(wheels: Path) -> dict[str, Path]:
    """The wheels of a folder by their SHA-256."""
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in wheels.glob("*.whl")}


def unpacked(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel. ValueError when there is more than Python in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if machine_code := [name for name in names if name.endswith((".so", ".pyd"))]:
            raise ValueError(f"{wheel.name} is no pure Python: {machine_code}")
        return {name: archive.read(name) for name in names}


def tar(content: dict[str, bytes]) -> bytes:
    """A tar archive of files and their folders, with fixed owners, dates and modes."""
    folders = {parent.as_posix() for name in content for parent in Path(name).parents} - {"."}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(folders | set(content)):
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE if name in folders else tarfile.REGTYPE
            entry.mode = 0o755 if name in folders or name.partition("/")[2] in SCRIPTS else 0o644
            entry.size = len(content.get(name, b""))
            entry.mtime = DATE
            entry.uname = entry.gname = "root"
            archive.addfile(entry, io.BytesIO(content.get(name, b"")))
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
