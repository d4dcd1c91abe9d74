"""What `check --bundle` packs into one file to attach to a report: everything that others need, and no secret.

Names and serial numbers that are known here become others, equally long and the same in all texts; Bluetooth addresses
are cut in half. Of config.ini only options and their values are taken, without comments.
"""

import gzip
import io
import json
import os
import platform
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__
from ..config import HIDDEN, SECTIONS
from ..errors import CaptureError, LinkError
from ..flight import ENDING, folder_of
from ..ini import Report, read_sections
from ..option_rows import options
from ..protocol.capture import Capture, lines
from ..protocol.redaction import Redactor
from ..recording_file import load
from ..whole_file import replace
from .check_system import System, value
from .record import record
from .target import Target

FOLDER = "dbus-jkbms-report"
LOG_TAIL = 64 * 1024  # bytes
MOST = 1024 * 1024  # bytes that are read of a file
SECONDS = 15.0  # of a recording where the driver does not run
PLATFORM = (Path("/opt/victronenergy/version"), Path("/proc/device-tree/model"), Path("/proc/uptime"))
LOG_FOLDER = "/var/log/dbus-jkbms"
PERSONAL_PATHS = ("/Serial", "/CustomName")
PERSONAL_OPTIONS = frozenset({"name", "id"})
NO_NAMES = ("yes", "no", "auto")


def write(path: Path, said: str, system: System, targets: Iterable[Target]) -> list[str]:
    """Pack verdict, configuration, versions, log and recordings; what went in. OSError when it cannot be written."""
    redactor = Redactor(os.urandom(16))
    for name in names(system):
        redactor.alias(name.encode("latin-1", "replace"))
    config = _content(system.config_path, MOST)
    files = {
        "check.txt": redactor.text(said),
        "config.txt": redactor.text("".join(f"{line}\n" for line in config_lines(config, redactor))),
        "versions.txt": "".join(f"{line}\n" for line in versions(system)),
        "log.txt": redactor.text(_log_tail()),
    }
    for number, (name, content) in enumerate(_recordings(system, targets, redactor), 1):
        files[f"recording-{number}-{name}.txt"] = content
    replace(path, packed(files, time.time()))
    return list(files)


def packed(files: Mapping[str, str], at: float) -> bytes:
    """An archive of texts."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, text in files.items():
            content = text.encode(errors="replace")
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size, member.mtime, member.mode = len(content), int(at), 0o600
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def names(system: System) -> Iterator[str]:
    """Names and serial numbers of batteries that are known here."""
    for items in system.ours.values():
        yield from (str(shown) for path in PERSONAL_PATHS if (shown := value(items, path)))
    try:
        known = json.loads(_content(system.config_path.with_name("state.json"), MOST))
    except ValueError:
        known = {}
    yield from _identities(known)
    for battery in system.config.batteries.values() if system.config is not None else ():
        yield from filter(None, (battery.name, battery.id))
        if battery.port.startswith("ble:"):
            yield battery.port.removeprefix("ble:")


def config_lines(content: bytes, redactor: Redactor) -> Iterator[str]:
    """The options of a config.ini as it stands, without comments; secret values and those of unknown options hidden."""
    rows = {name: row for kind in SECTIONS.values() for name, row, _ in options(kind)}
    for section in read_sections(content, _Deaf("config.ini")).values():
        yield f"[{section.title}]"
        for name, given in section.values.items():
            text = given.text
            if name not in rows or (rows[name].secret and text.lower() not in NO_NAMES):
                text = HIDDEN
            elif name in PERSONAL_OPTIONS:
                text = redactor.alias(text.encode("latin-1", "replace")).decode("latin-1")
            yield f"{name} = {text}"


def versions(system: System) -> Iterator[str]:
    """What runs here."""
    yield f"dbus-jkbms {__version__}"
    yield f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}"
    yield from (f"{name} {number}" for name, number in system.libraries.items())
    yield from (f"{name} cannot be imported: {why}" for name, why in system.missing.items())
    for package in ("bleak", "pyserial", "dbus-fast"):
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} is not installed as a package"
    for file in PLATFORM:
        if content := _content(file, 4096).decode(errors="replace").replace("\0", "").strip():
            yield f"{file}: {'; '.join(content.splitlines())}"
    yield time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())


class _Deaf(Report):
    """`check.txt` has the problems."""

    def add(self, line: int, section: str, option: str, text: str) -> None:
        """Not here."""


def _identities(known: Any) -> Iterator[str]:
    entries = known.get("batteries", {}) if isinstance(known, dict) else {}
    for key, entry in entries.items() if isinstance(entries, dict) else ():
        identity = entry.get("identity") if isinstance(entry, dict) else None
        said = identity if isinstance(identity, dict) else {}
        told = [said.get(name) for name in ("serial", "name", "manufacturer_id")]
        texts = [text for text in told if isinstance(text, str)]
        yield from texts
        yield from (part for text in texts for part in text.split("\0"))
        if " " not in key and not key.startswith("dev_"):  # a place is no name
            yield key


def _recordings(system: System, targets: Iterable[Target], redactor: Redactor) -> Iterator[tuple[str, str]]:
    """What the flight recorder has written, and one of now for each battery."""
    written = folder_of(system.config_path.with_name("state.json"))
    for file in sorted(written.glob(f"*{ENDING}")):
        yield "kept", _text(partial(load, file), redactor)
    for one in targets:
        yield "now", _text(partial(record, one, SECONDS), redactor)


def _text(take: Callable[[], Capture], redactor: Redactor) -> str:
    """A capture as text; why there is none."""
    try:
        capture = take()
    except (CaptureError, LinkError) as exc:
        return redactor.text(f"{exc}\n")
    head = {name: redactor.text(text) for name, text in capture.head.items()}
    return "".join(f"{line}\n" for line in lines(Capture(head, capture.chunks)))


def _log_tail() -> str:
    folder = Path(os.environ.get("DRIVER_LOG", LOG_FOLDER))
    older = sorted(folder.glob("@*.s"))[-1:] if folder.is_dir() else []
    content = b"".join(_content(file, MOST) for file in (*older, folder / "current"))
    return content[-LOG_TAIL:].decode(errors="replace")


def _content(file: Path, most: int) -> bytes:
    """What a file holds; nothing when it cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(most)
    except OSError:
        return b""
