"""What the driver remembers over a restart: one JSON file, written seldom, replaced as a whole.

The flash of a GX wears out: at most four writes in any hour, none when nothing has changed. A disk that is full or
read-only is said once and stops nothing: the driver then only forgets.
"""

import json
import logging
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from .logs import Outage
from .whole_file import replace

VERSION = 1
INTERVAL = 900.0  # s between writes because of changed values
WRITES_PER_HOUR = 4
SIZE_LIMIT = 1024 * 1024  # bytes; 64 batteries need a twentieth

logger = logging.getLogger(__name__)


class StateFile:
    """One JSON object for each battery, in the file `path`. Times are monotonic seconds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, str] = {}  # as JSON: a mistake in one is found when it is put
        self._saved: dict[str, str] = {}
        self._tried: deque[float] = deque(maxlen=WRITES_PER_HOUR)  # when the last writes were tried
        self._begun: float | None = None
        self._outage = Outage(logger)

    def load(self) -> dict[str, dict[str, object]]:
        """Return the entries by key; none, with one warning, when the file is damaged: it is then kept as `.broken`."""
        try:
            if not self._path.exists():
                return {}
            with self._path.open("rb") as file:
                content = file.read(SIZE_LIMIT + 1)
            entries = _entries(content)
            self._entries = {key: _text(entry) for key, entry in entries.items()}
        except OSError as error:
            logger.warning("%s cannot be read (%s): starting without it", self._path, error.strerror)
            return {}
        except (ValueError, RecursionError) as error:
            logger.warning("%s is damaged (%s): starting without it, %s", self._path, error, self._set_aside())
            return {}
        self._saved = dict(self._entries)
        return entries

    def put(self, key: str, entry: Mapping[str, object]) -> None:
        """Set a battery's entry. ValueError or TypeError when it is no JSON (nan, inf, an object)."""
        self._entries[key] = _text(entry)

    def due(self, now: float) -> bool:
        """Whether `save_if_due` would write: cheap, for a caller that writes in a thread."""
        if self._begun is None:
            self._begun = now
        tried = self._tried
        if self._entries == self._saved or (len(tried) == WRITES_PER_HOUR and now - tried[0] < 3600):
            return False
        # a battery never seen before is worth a write at once; restart after restart, that happens only once
        news = not self._outage.active and self._entries.keys() != self._saved.keys()
        return news or now - (tried[-1] if tried else self._begun) >= INTERVAL

    def save_if_due(self, now: float) -> None:
        """Write what has changed, if it is time. Blocks on the disk; may run in a thread beside `put`."""
        if self.due(now):
            self._tried.append(now)
            self.flush()

    def flush(self) -> None:
        """Write what has changed, now: before the process stops."""
        entries = dict(self._entries)
        if entries == self._saved:
            return
        lines = ",\n".join(f"{json.dumps(key)}: {entry}" for key, entry in entries.items())
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace(self._path, f'{{"version": {VERSION}, "batteries": {{\n{lines}\n}}}}\n'.encode())
        except OSError as error:
            self._outage.say("%s cannot be written (%s): a restart will know less", self._path, error.strerror)
            return
        self._saved = entries
        self._outage.over("%s is written again", self._path)

    def _set_aside(self) -> str:
        """Keep the damaged file beside. Return what became of it, for people."""
        broken = self._path.with_name(f"{self._path.name}.broken")
        try:
            self._path.replace(broken)
        except OSError as error:
            return f"it stays where it is ({error.strerror})"
        return f"it is kept as {broken.name}"


def _text(entry: Mapping[str, object]) -> str:
    return json.dumps(entry, allow_nan=False, sort_keys=True)


def _entries(content: bytes) -> dict[str, dict[str, object]]:
    """Return the batteries of a file. ValueError tells what is wrong with it."""
    if len(content) > SIZE_LIMIT:
        raise ValueError("too long")
    document = json.loads(content)
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ValueError(f"not of version {VERSION}")
    batteries = document.get("batteries")
    if not isinstance(batteries, dict) or not all(isinstance(entry, dict) for entry in batteries.values()):
        raise ValueError("no object for each battery")
    return batteries
