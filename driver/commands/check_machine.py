"""What `check` says about the machine that the driver runs on: room, load, memory, and the driver's own log."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .findings import Finding, broken, good, warning

MEGABYTE = 1_000_000
SCARCE, FULL = 10 * MEGABYTE, MEGABYTE  # bytes free
# a GX reboots itself above 10 over 5 min, above 6 over 15 min, and below 10 MB of available memory
BUSY = (7.0, 4.0)
LITTLE_MEMORY = 25 * MEGABYTE
LOG = "/var/log/dbus-jkbms"  # DRIVER_LOG says otherwise, as for its service
SHOWN = 3  # lines of the log
BAD = re.compile(r"ERROR |CRITICAL |Traceback ")
STAMP = re.compile(r"^@[0-9a-f]{24} ")  # multilog's


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was found."""

    folder: Path  # of config.ini, and of what is kept over a restart
    free: int | None  # bytes there
    writable: bool
    gx: bool  # which restarts itself when it is overloaded
    load: tuple[float, float, float]  # over 1, 5 and 15 min
    memory: int | None  # bytes that are available
    log_file: Path
    log: tuple[str, ...] | None  # its lines; None: there is none


def gather(config_path: Path) -> Machine:
    """Look at the machine."""
    folder = config_path.resolve().parent
    free, writable = None, False
    with suppress(OSError):
        system = os.statvfs(folder)
        free = system.f_bavail * system.f_frsize
        writable = os.access(folder, os.W_OK) and not system.f_flag & os.ST_RDONLY
    log_file = Path(os.environ.get("DRIVER_LOG", LOG), "current")
    text = _text(log_file)
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _text(Path("/proc/meminfo")) or "", re.MULTILINE)
    return Machine(
        folder=folder,
        free=free,
        writable=writable,
        gx=Path("/opt/victronenergy").is_dir(),
        load=os.getloadavg(),
        memory=int(found[1]) * 1024 if found else None,
        log_file=log_file,
        log=None if text is None else tuple(STAMP.sub("", line) for line in text.splitlines()),
    )


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return None


def disk(machine: Machine) -> Finding:
    """Whether a restart's memory can be written."""
    if machine.free is None or not machine.writable:
        return broken(
            "disk",
            f"nothing can be written to {machine.folder}: names, history and limits are lost at a restart",
            "Run check as root; on a GX, see whether /data is full or damaged",
        )
    text = f"{machine.free / MEGABYTE:.0f} MB free in {machine.folder}"
    if machine.free < SCARCE:
        make = broken if machine.free < FULL else warning
        return make("disk", text, "Remove what is not needed from /data (du -sh /data/*)")
    return good("disk", text)


def load(machine: Machine) -> Finding:
    """Whether the machine keeps up."""
    text = " ".join(f"{one:.1f}" for one in machine.load)
    if machine.gx and (machine.load[1] > BUSY[0] or machine.load[2] > BUSY[1]):
        return warning(
            "load",
            f"{text} over 1, 5 and 15 minutes: a GX restarts itself above 10 over 5, or 6 over 15",
            "See what runs (top); large programs and many add-ons need a GX with more power",
        )
    return good("load", text)


def memory(machine: Machine) -> Finding | None:
    """Whether there is memory left."""
    if machine.memory is None:
        return None
    text = f"{machine.memory / MEGABYTE:.0f} MB available"
    if machine.gx and machine.memory < LITTLE_MEMORY:
        return warning("memory", f"{text}: a GX restarts itself below 10", "See what needs it (top), and remove it")
    return good("memory", text)


def log(machine: Machine) -> Finding | None:
    """What the driver itself complained about last."""
    if machine.log is None:
        return None
    bad = [line for line in machine.log if BAD.match(line)]
    if not bad:
        return good("log", f"no error in {machine.log_file}")
    return warning(
        "log",
        "\n".join([f"{len(bad)} error{'s' if len(bad) > 1 else ''} in {machine.log_file}, the last:", *bad[-SHOWN:]]),
        "Read what stands around them; they belong into a report",
    )


CHECKS: tuple[Callable[[Machine], Finding | None], ...] = (disk, load, memory, log)
