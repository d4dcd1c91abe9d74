"""The serial ports of this machine: which there are, who uses them, and which may be tried."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from . import udev
from .base import Link
from .traffic import Traffic, classify

RULES = ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")
REAL_PORTS = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttyO*", "ttymxc*")
INTERPRETERS = ("python", "sh", "bash", "ash", "perl", "node")
ENOUGH = 2048  # bytes: more does not make a verdict more certain


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a port open."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"{self.program} (pid {self.pid})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A USB serial adapter as it is plugged in now."""

    device: str  # "/dev/ttyUSB0": changes with the order of plugging
    by_id: str | None  # "/dev/serial/by-id/...", or by-path where another adapter has the same serial number
    product: str
    serial: str | None  # the adapter's serial number; many have none
    driver: str  # of the kernel: "ch341", "ftdi_sio"
    service: str | None  # Victron's service that udev's rules give the port to
    holders: tuple[Holder, ...]
    plugged: tuple[int, int, int]  # changes when it is plugged in anew

    @property
    def port(self) -> str:
        """Its name for a configuration: one that stays the same when it can be had."""
        return self.by_id or self.device

    @property
    def free(self) -> bool:
        """True when nobody has it open and no rule claims it."""
        return self.service is None and not self.holders


@dataclass(frozen=True, slots=True)
class Heard:
    """What was on a wire before anything was asked."""

    traffic: Traffic
    data: bytes


class Rejected:
    """Adapters that turned out not to be a JK: left alone until they are plugged in anew."""

    def __init__(self) -> None:
        self._plugged: dict[str, tuple[int, int, int]] = {}

    def add(self, adapter: Adapter) -> None:
        """Do not try it again."""
        self._plugged[adapter.device] = adapter.plugged

    def __contains__(self, adapter: Adapter) -> bool:
        return self._plugged.get(adapter.device) == adapter.plugged


async def listen_first(link: Link, seconds: float) -> Heard:
    """Listen on an open link for `seconds`, or until enough was heard, without sending a byte. Errors: LinkError."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    heard = bytearray()
    while (left := end - loop.time()) > 0 and len(heard) < ENOUGH:
        heard += await link.read(0, left)
    return Heard(classify(bytes(heard)), bytes(heard))


def existing_ports(dev_root: str = "/dev") -> list[str]:
    """Names that a person can put into the configuration, stable ones first."""
    dev = Path(dev_root)
    stable = sorted(map(str, dev.glob("serial/by-id/*")))
    return stable + sorted(str(path) for pattern in REAL_PORTS for path in dev.glob(pattern))


def who_has_open(devices: Collection[str], proc_root: str = "/proc") -> Mapping[str, tuple[Holder, ...]]:
    """Who has each of `devices` open; processes that we may not look into are left out."""
    found: dict[str, list[Holder]] = defaultdict(list)
    for process in sorted(Path(proc_root).glob("[0-9]*"), key=lambda path: int(path.name)):
        for device in _open_files(process) & set(devices):
            found[device].append(Holder(int(process.name), _program(process)))
    return {device: tuple(holders) for device, holders in found.items()}


def usb_serial_adapters(
    sys_root: str = "/sys",
    dev_root: str = "/dev",
    proc_root: str = "/proc",
    run_root: str = "/run",
    udev_rules: Sequence[str] = RULES,
) -> list[Adapter]:
    """Every USB serial adapter, in order of device name. Reads files, some 10 ms: do not call it every second."""
    ttys = {f"{dev_root}/{tty.name}": tty.resolve() for tty in sorted(Path(sys_root, "class/tty").glob("tty*"))}
    usb = {device: parents for device, tty in ttys.items() if (parents := _usb_parents(tty)) and Path(device).exists()}
    if not usb:
        return []
    rules = read_rules(udev_rules)
    links = [link for kind in ("by-path", "by-id") for link in sorted(Path(dev_root, "serial", kind).glob("*"))]
    names = {str(link.resolve()): str(link) for link in links}
    holders = who_has_open(usb, proc_root)
    return [
        _adapter(device, parents, rules, run_root, names.get(str(Path(device).resolve())), holders.get(device, ()))
        for device, parents in usb.items()
    ]


def read_rules(directories: Iterable[str]) -> list[list[udev.Rule]]:
    """All rules files in udev's order: by file name; the first directory that has a name wins."""
    files: dict[str, Path] = {}
    for directory in directories:
        for path in Path(directory).glob("*.rules"):
            files.setdefault(path.name, path)
    return [udev.parse(text) for _, path in sorted(files.items()) if (text := _text(path))]


def _adapter(
    device: str,
    parents: Sequence[Path],
    rules: Sequence[Sequence[udev.Rule]],
    run_root: str,
    by_id: str | None,
    holders: tuple[Holder, ...],
) -> Adapter:
    seen = _properties(parents)
    known = _database(Path(run_root, "udev/data", f"c{_text(parents[0] / 'dev')}"))
    service: str | None = known.get(udev.SERVICE)
    if service is None:
        chain = (parents[0], *parents[0].parents)
        service = udev.service(rules, udev.Device(Path(device).name, chain, seen | known))
    status = Path(device).stat()
    return Adapter(
        device=device,
        by_id=by_id,
        product=" ".join(filter(None, (_above(parents, "manufacturer"), _above(parents, "product")))),
        serial=_above(parents, "serial") or None,
        driver=seen["ID_USB_DRIVER"],
        service=None if service == udev.FREE else service,
        holders=holders,
        plugged=(status.st_rdev, status.st_ino, status.st_ctime_ns),
    )


def _usb_parents(tty: Path) -> list[Path]:
    """The tty's directory in /sys and those above it up to the USB device; empty when there is none."""
    parents: list[Path] = []
    for directory in (tty, *tty.parents):
        parents.append(directory)
        if (directory / "idVendor").exists():
            return parents
    return []


def _properties(parents: Sequence[Path]) -> dict[str, str]:
    """What udev's usb_id would say of the tty."""
    interface = next((parent for parent in parents if (parent / "bInterfaceNumber").exists()), parents[-1])
    properties = {
        "ID_BUS": "usb",
        "ID_VENDOR": udev.safe(_above(parents, "manufacturer")),
        "ID_VENDOR_ID": _above(parents, "idVendor"),
        "ID_MODEL": udev.safe(_above(parents, "product")),
        "ID_MODEL_ID": _above(parents, "idProduct"),
        "ID_SERIAL_SHORT": udev.safe(_above(parents, "serial")),
        "ID_USB_INTERFACE_NUM": _text(interface / "bInterfaceNumber"),
        "ID_USB_DRIVER": (interface / "driver").resolve().name if (interface / "driver").exists() else "",
    }
    return {"SUBSYSTEM": "tty", "ACTION": "add", "DEVNAME": f"/dev/{parents[0].name}"} | properties


def _database(path: Path) -> dict[str, str]:
    """What udev remembers of a device (/run/udev/data/c188:0, lines "E:KEY=value"); empty when it does not."""
    lines = (line[2:].partition("=") for line in _text(path).splitlines() if line.startswith("E:"))
    return {key: value for key, _, value in lines}


def _above(parents: Sequence[Path], attribute: str) -> str:
    return _text(parents[-1] / attribute)


def _open_files(process: Path) -> set[str]:
    files = set()
    with suppress(OSError):  # the process is gone, or another user's
        for link in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                files.add(str(link.readlink()))
    return files


def _program(process: Path) -> str:
    """The program's name; for a script the script's."""
    words = _text(process / "cmdline").split("\0")
    name = Path(words[0]).name or _text(process / "comm")
    if name.rstrip("0123456789.") in INTERPRETERS:
        script = next((Path(word).name for word in words[1:] if word and not word.startswith("-")), "")
        name = f"{name} {script}".strip()
    return name


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
