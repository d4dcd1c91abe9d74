"""A root directory with what Venus OS has and nothing else.

That is busybox, daemontools, D-Bus's tools, and Python 3.12 with pyserial and dbus-fast but without the modules that
the images lack. Programs run in it by chroot, with mounts of their own.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.installation import gx
from tests.private_bus import CONFIGURATION
from tests.supervised import until

DAEMONTOOLS = ("svscan", "supervise", "svc", "svok", "svstat", "multilog", "softlimit", "tai64nlocal")
PROGRAMS = (*DAEMONTOOLS, "dbus-send")
NEEDED = (*PROGRAMS, "busybox", "dbus-daemon", "unshare", "chroot", "ldd")
PACKAGES = ("serial", "dbus_fast")  # of the image
LACKING = {  # of the standard library, on the images from 3.60 on, and what only a developer's machine has
    "graphlib", "pty", "resource", "sched", "sqlite3", "statistics", "syslog", "tomllib", "tty", "unittest", "zoneinfo",
    "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo", "venv", "site-packages",
}  # fmt: skip
SOCKET = "run/dbus/system_bus_socket"
ENTER = 'for one in dev proc; do mount --rbind "/$one" "$0/$one" || exit 125; done; exec chroot "$0" "$@"'
UPDATE_DATA = """
    rm -rf /tmp/update && mkdir -p /tmp/update && tar -xzf /stick/venus-data.tar.gz -C /tmp/update rc || exit 1
    code=1
    if sh /tmp/update/rc/pre-hook.sh; then
        outcome=extraction-failed
        tar -xzf /stick/venus-data.tar.gz -C /data && rm -r /data/rc && outcome=success
        sh /tmp/update/rc/post-hook.sh $outcome
        code=$?
    fi
    rm -rf /tmp/update
    exit $code"""  # what is known of Venus OS's update-data.sh


def missing() -> str:
    """Why there can be no such root on this machine, or ""."""
    if sys.version_info[:2] != (3, 12):
        return "Venus OS has Python 3.12, and this is another"
    if absent := [name for name in NEEDED if not shutil.which(name)]:
        return f"not installed: {', '.join(absent)}"
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        return "needs root and private mounts"
    return ""


class BareRoot:
    """A context: the root and a system bus in it, at the end of which nothing that was started runs any more."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="gx-"))  # short: a socket's path has at most 107 bytes
        self.app = self.root / "data/apps/dbus-jkbms"
        self.link = self.root / "service/dbus-jkbms"
        self.bus = f"unix:path={self.root}/{SOCKET}"
        self.trial = 300  # s, of install.sh
        self._scan: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        gx(self.root)
        for directory in ("bin", "usr/bin", "dev", "proc", "tmp", "stick", "run/dbus", "etc", "home/root"):
            (self.root / directory).mkdir(parents=True)
        (self.root / "var/run").symlink_to("/run")
        (self.root / "etc/passwd").write_text("root:x:0:0:root:/home/root:/bin/sh\n")
        (self.root / "opt/victronenergy/service/gps/down").touch()
        self._programs()
        self._python()
        config = self.root / "tmp/bus.conf"
        config.write_text(CONFIGURATION.format(socket=self.root / SOCKET))
        self._daemon = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork"])
        until((self.root / SOCKET).exists)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.halt()
        self._daemon.kill()
        self._daemon.wait()
        shutil.rmtree(self.root)

    def command(self, *command: str) -> list[str]:
        """What to run so that `command` runs in the root."""
        own = ["env", "-i", "PATH=/usr/bin:/bin", "HOME=/home/root", f"DRIVER_TRIAL_SECONDS={self.trial}"]
        return ["unshare", "-m", "sh", "-c", ENTER, str(self.root), *own, *command]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the root; whatever it answers is a result."""
        return subprocess.run(self.command(*command), capture_output=True, text=True, timeout=120)

    def do(self, *command: str) -> str:
        """Run a program in the root, which must succeed without a word of complaint; return what it says."""
        result = self.run(*command)
        assert (result.returncode, result.stderr) == (0, ""), result
        return result.stdout

    def install(self, *arguments: str) -> str:
        """Run the installed install.sh."""
        return self.do("sh", "/data/apps/dbus-jkbms/install.sh", *arguments)

    def boot(self, *, stick: Path | None = None) -> int:
        """Start anew, as a GX does, with or without a USB stick; return what its archive's hooks ended with."""
        self.halt()
        services = self.root / "service"  # a new file system at each boot
        shutil.rmtree(services)
        shutil.copytree(self.root / "opt/victronenergy/service", services)
        code = 0
        if stick is not None:
            shutil.copy(stick, self.root / "stick/venus-data.tar.gz")
            said = self.run("sh", "-c", UPDATE_DATA)
            code = said.returncode
            print(said.stdout, said.stderr)
            (self.root / "stick/venus-data.tar.gz").unlink()
        self.link.unlink(missing_ok=True)
        quiet = subprocess.DEVNULL
        self._scan = subprocess.Popen(self.command("svscan", "/service"), stdin=quiet, stdout=quiet, stderr=quiet)
        if (self.root / "data/rc.local").exists():
            self.do("/data/rc.local")
        return code

    def halt(self) -> None:
        """End everything that runs in the root, as a shutdown does: svscan first, it would start a new supervise."""
        if self._scan is not None:
            self._scan.terminate()
            self._scan.wait(10)
            self._scan = None
        until(lambda: not self._ended(), seconds=45)

    def _ended(self) -> list[int]:
        folders = (self.app, self.root / "service/gps")
        services = [path.parent for folder in folders for path in folder.rglob("supervise")]
        for service in services:
            subprocess.run(["svc", "-dx", str(service)], capture_output=True)
        for pid in self.processes("install.sh"):  # the watcher of an upgrade
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return self.processes()

    def processes(self, word: str = "") -> list[int]:
        """The processes in the root whose command line holds `word`."""
        found = []
        for process in Path("/proc").iterdir():
            try:
                inside = process.name.isdecimal() and (process / "root").readlink() == self.root
                if inside and word in (process / "cmdline").read_text():
                    found.append(int(process.name))
            except OSError:
                continue  # it has ended meanwhile
        return found

    def _programs(self) -> None:
        shutil.copy2(shutil.which("busybox") or "", self.root / "bin/busybox")
        names = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
        for name in {*names, "sh"} - {"busybox", *PROGRAMS}:
            (self.root / "bin" / name).symlink_to("busybox")
        for name in PROGRAMS:
            shutil.copy2(Path(shutil.which(name) or "").resolve(), self.root / "usr/bin" / name)
        self._libraries([self.root / "bin/busybox", *(self.root / "usr/bin").iterdir()])

    def _python(self) -> None:
        prefix = Path(sys.base_prefix)
        library = self.root / "usr/lib/python3.12"
        skip = {*LACKING, "__pycache__", "config-3.12-x86_64-linux-gnu"}
        shutil.copytree(prefix / "lib/python3.12", library, ignore=lambda _, names: [n for n in names if _is(n, skip)])
        (library / "site-packages").mkdir()
        for name in PACKAGES:
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            source = Path(spec.origin).parent
            shutil.copytree(source, library / "site-packages" / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(prefix / "bin/python3.12", self.root / "usr/bin/python3")
        for shared in prefix.glob("lib/libpython3.12.so*"):
            shutil.copy2(shared, self.root / "usr/lib" / shared.name)
        self._libraries([self.root / "usr/bin/python3", *library.rglob("*.so")])

    def _libraries(self, programs: Iterable[Path]) -> None:
        said = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True).stdout
        for path in {Path(found) for found in re.findall(r"(/\S+) \(0x", said)}:
            if "libpython" in path.name:
                target = self.root / "usr/lib" / path.name
            else:
                target = self.root / str(path).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy2(path, target)


def _is(name: str, modules: set[str]) -> bool:
    """Whether a file of the standard library belongs to one of these modules."""
    stem = name.partition(".")[0]
    return name in modules or stem in modules or stem.removeprefix("_") in modules
