"""A release folder, a model of a GX's file system, and install.sh between them, run as a GX runs it."""

import hashlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RELEASED = ("driver", "service", "install.sh", "config.ini", "README.md", "LICENSE", "CHANGELOG.md")
APP = "data/apps/dbus-jkbms"
BOOT_LINE = b"sh /data/apps/dbus-jkbms/install.sh enable || true\n"


def release(folder: Path) -> Path:
    """Copy what a release consists of, with the litter of a working copy left in."""
    folder.mkdir(parents=True)
    for name in RELEASED:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "supervise"))
        elif (REPOSITORY / name).exists():
            shutil.copy(REPOSITORY / name, folder / name)
    (folder / "driver" / "__pycache__").mkdir()
    (folder / "driver" / "__pycache__" / "left.cpython-312.pyc").write_bytes(b"litter")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_nothing.py").write_text("litter")
    return folder


def gx(root: Path) -> Path:
    """Lay out what of a GX's file system an installer could touch."""
    for directory in ("opt/victronenergy/service/gps", "service/gps", "data/conf", "data/log", "data/home", "var"):
        (root / directory).mkdir(parents=True)
    (root / "opt/victronenergy/service/gps/run").write_text("#!/bin/sh\n")
    (root / "service/gps/run").write_text("#!/bin/sh\n")
    (root / "opt/victronenergy/version").write_text("v3.72\nVictron Energy\n20260801123456\n")
    (root / "data/conf/settings.xml").write_text("<Settings/>\n")
    (root / "var/log").symlink_to("/data/log")
    return root


def applets(folder: Path) -> Path:
    """Make the commands of busybox, and no others, the whole search path: a GX has no GNU tools."""
    folder.mkdir()
    subprocess.run(["busybox", "--install", "-s", str(folder)], check=True)
    return folder


def contents(root: Path) -> dict[str, tuple[str, ...]]:
    """Everything below `root`: kind, mode and content by relative path."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(root.rglob("*")):
        mode = oct(stat.S_IMODE(path.lstat().st_mode))
        if path.is_symlink():
            entry: tuple[str, ...] = ("link", str(path.readlink()))
        elif path.is_dir():
            entry = ("directory", mode)
        elif not path.is_file():  # a pipe or a socket of something that runs
            entry = ("special", mode)
        else:
            entry = ("file", mode, hashlib.sha256(path.read_bytes()).hexdigest())
        found[str(path.relative_to(root))] = entry
    return found


class Machine:
    """A root directory and the shell that runs install.sh on it."""

    def __init__(self, root: Path, source: Path, shell: list[str], path: str) -> None:
        self.root = root
        self.source = source
        self.app = root / APP
        self.boot_file = root / "data/rc.local"
        self.link = root / "service/dbus-jkbms"
        self._shell = shell
        self._environment = {**os.environ, "PATH": path}

    def run(
        self, *arguments: str, script: Path | None = None, preexec: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run install.sh for this root; whatever it answers is a result."""
        return subprocess.run(
            [*self._shell, str(script or self.source / "install.sh"), "--root", str(self.root), *arguments],
            env=self._environment,
            preexec_fn=preexec,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def do(self, *arguments: str) -> str:
        """Run install.sh, which must succeed without a word of complaint; return what it says."""
        result = self.run(*arguments)
        assert (result.returncode, result.stderr) == (0, ""), result
        return result.stdout

    def boot(self) -> subprocess.CompletedProcess[str]:
        """Start anew as a GX does: /service is made again without us, then rc.local runs."""
        self.link.unlink(missing_ok=True)
        script = self.root / "boot"
        text = self.boot_file.read_text().replace("/data/apps/dbus-jkbms/install.sh", f"'{self.app}/install.sh'")
        script.write_text(text)
        try:
            return subprocess.run(
                [*self._shell, str(script)], env=self._environment, capture_output=True, text=True, timeout=60
            )
        finally:
            script.unlink()


def with_windows_line_ends(folder: Path) -> None:
    """Spoil every text of a release the way an editor or an archive on Windows does."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".sh", ".ini", ".md", ""}:
            path.write_bytes(re.sub(rb"\r?\n", b"\r\n", path.read_bytes()))
