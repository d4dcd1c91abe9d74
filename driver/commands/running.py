"""The driver that runs on this machine, as its process shows itself: whether it can be asked for its recording."""

import argparse
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from ..config import load
from ..errors import CaptureError, ConfigError
from ..flight import ASKED, folder_of, name_of
from ..link.ports import who_has_open
from ..options import AT, Battery
from . import run

PATIENCE = 60.0  # s for a recording to be redacted and written, by a GX that has other work
LOOK = 0.2  # s
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Driver:
    """A process that runs `python -m driver run`."""

    pid: int
    config: Path
    recordings: Path

    def serves(self, battery: Battery) -> bool:
        """Whether it is this driver that talks to a battery."""
        try:
            named = {one.place for one in load(self.config).batteries.values()}
        except ConfigError:  # then it has adapters that it has found
            named = set()
        device = str(Path(battery.port).resolve())
        wired = not battery.bluetooth and "://" not in battery.port
        holders = who_has_open([device]).get(device, ()) if wired else ()
        places = {battery.place, battery.port}
        return bool(places & (named | {place.partition(AT)[0] for place in named})) or self.pid in [
            one.pid for one in holders
        ]


def running_drivers(proc: Path = PROC) -> list[Driver]:
    """Those that have come so far that the signal which asks them does no harm."""
    found = []
    for process in proc.iterdir() if proc.is_dir() else ():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            command = words.index("-m") if "-m" in words else 0
            if words[command : command + 3] == ["-m", "driver", "run"] and _catches(process, ASKED):
                found.append(_driver(int(process.name), words[command + 3 :], (process / "cwd").readlink()))
        except OSError:  # it has ended meanwhile, or belongs to somebody else
            continue
    return found


def ask(driver: Driver, link: str) -> Path:
    """Have the driver write what it remembers of a link; the file. CaptureError when it does not."""
    before = set(driver.recordings.glob(f"{name_of(link)}-*"))
    os.kill(driver.pid, ASKED)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := sorted(set(driver.recordings.glob(f"{name_of(link)}-*")) - before):
            return found[-1]
        time.sleep(LOOK)
    raise CaptureError(
        f"the running driver (process {driver.pid}) has written no recording of {link} to {driver.recordings}: "
        f"see its log"
    )


def _catches(process: Path, number: signal.Signals) -> bool:
    """Whether the process has a handler for a signal; without one it would end."""
    for line in (process / "status").read_text().splitlines():
        name, _, mask = line.partition(":")
        if name == "SigCgt":
            return bool(int(mask, 16) >> (number - 1) & 1)
    return False


def _driver(pid: int, arguments: list[str], cwd: Path) -> Driver:
    parser = argparse.ArgumentParser(exit_on_error=False)
    run.add_arguments(parser)
    given, _ = parser.parse_known_args([one for one in arguments if one])
    return Driver(pid, cwd / given.config, cwd / folder_of(run.state_file(given)))
