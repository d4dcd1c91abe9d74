"""Frames of fixed length explained byte by byte, from their layouts.

A secret is shown neither as text nor in hex, nor is what follows the end of a text. In frames that are damaged, and in
bytes that no table explains, everything that might be a password is hidden as well: runs of four characters and more.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import LayoutError
from .jk02_log import Entries, Samples
from .kinds import Floats, Many, Terminated
from .layout import extent
from .line import Line
from .rows import REDACTED, Kind, Row
from .value_text import label, value_text

Alias = Callable[[bytes], bytes]
"""Another name, equally long, for a name or serial number."""

_WORD = re.compile(rb"[!-~]{4,}")
Named = tuple[str, Row]


@dataclass(frozen=True, slots=True)
class Field:
    """Bytes with a fixed place that no table has: header, counter, sum. `explain` gives value and fault."""

    begin: int
    end: int
    name: str
    explain: Callable[[bytes], tuple[str, str]] = lambda data: ("", "")


def unchanged(name: bytes) -> bytes:
    """The alias of those who may know."""
    return name


def words(data: bytes) -> set[int]:
    """Offsets of bytes that may be a password."""
    return {place for match in _WORD.finditer(data) for place in range(*match.span())}


def hidden(frame: bytes, rows: Iterable[Named], *, right: bool, begin: int) -> set[int]:
    """Offsets of bytes that must not be shown. `begin`: the first byte that may be text. `right`: it is undamaged."""
    found: set[int] = set()
    known: set[int] = set()
    for _, row in rows:
        place = extent(row)
        known.update(range(place.start, place.stop))
        if row.secret:
            found.update(range(place.start, min(place.stop, len(frame))))
        elif isinstance(row.kind, Terminated):
            text, nul, _ = frame[place].partition(b"\0")
            rest = range(place.start + len(text) + len(nul), min(place.stop, len(frame)))
            found.update(at for at in rest if frame[at])
    guessed = {begin + place for place in words(frame[begin:])}
    return found | (guessed - known if right else guessed)


def annotated(frame: bytes, size: int, fields: Iterable[Field], rows: Iterable[Named], secret: set[int]) -> list[Line]:
    """All bytes of a frame in lines. What the frame lacks of `size` is said at its end."""
    parts: list[tuple[int, int, Callable[[], Iterator[Line]]]] = []
    for field in fields:
        parts.append((field.begin, field.end, _bound(_field, frame, field)))
    for name, row in rows:
        place = extent(row)
        parts.append((place.start, place.stop, _bound(_row, frame, name, row, secret)))
    lines: list[Line] = []
    at = 0
    for begin, end, explain in sorted(parts, key=lambda part: part[0]):
        lines += _gap(frame, at, min(begin, len(frame)), secret)
        if begin < len(frame):
            lines += explain()
        at = end
    lines += _gap(frame, at, len(frame), secret)
    if len(frame) < size:
        lines.append(
            Line.of(len(frame), b"", "end of the bytes", "", f"{size - len(frame)} byte(s) are missing", wrong=True)
        )
    return lines


class FixedAnnotator(ABC):
    """What annotators of frames with a fixed length share; see `annotate.Annotator`."""

    label = ""
    dialect = ""
    start = b""
    text_from = 6  # offset of the first byte that may be text
    behind = 1  # where the sum stands, from the end
    asks = False  # a question to a device, not its answer

    @abstractmethod
    def size_at(self, data: bytes, at: int) -> int:
        """Bytes that the frame at `at` should have; 0: there is none."""

    @abstractmethod
    def is_right(self, frame: bytes) -> bool:
        """Whether a frame of the right length is undamaged."""

    @abstractmethod
    def fields(self, frame: bytes, size: int) -> list[Field]:
        """What lies in it besides rows."""

    def rows(self, frame: bytes) -> tuple[Named, ...]:
        """The rows of its layout."""
        return ()

    def whole(self, data: bytes, at: int) -> int:
        """See `annotate.Annotator`."""
        size = self.size_at(data, at)
        return size if size and len(data) >= at + size and self.is_right(data[at : at + size]) else 0

    def damaged(self, data: bytes, at: int) -> int:
        """See `annotate.Annotator`."""
        return min(self.size_at(data, at), len(data) - at)

    def from_bms(self, frame: bytes) -> bool:
        """See `annotate.Annotator`."""
        return not self.asks

    def annotate(self, frame: bytes) -> list[Line]:
        """See `annotate.Annotator`."""
        size = self.size_at(frame, 0) or len(frame)
        return annotated(frame, size, self.fields(frame, size), self.rows(frame), self.secrets(frame))

    def secrets(self, frame: bytes) -> set[int]:
        """Offsets of bytes that must not be shown."""
        size = self.size_at(frame, 0)
        right = len(frame) == size and self.is_right(frame)
        return hidden(frame, self.rows(frame), right=right, begin=self.text_from)

    def secrets_in_noise(self, data: bytes) -> set[int]:
        """None of its own: the UART family hides every word in noise."""
        return set()

    def redact(self, frame: bytes, alias: Alias = unchanged) -> bytes:
        """See `annotate.Annotator`."""
        names: dict[int, int] = {}
        for _, row in self.rows(frame):
            if row.personal:
                names.update(enumerate(alias(frame[extent(row)].partition(b"\0")[0]), row.place))
        masked = names | dict.fromkeys(self.secrets(frame), ord("*"))
        return redacted(frame, masked, self.size_at(frame, 0) or len(frame) + 1, self.behind)


def one_of(names: Mapping[int, str]) -> Callable[[bytes], tuple[str, str]]:
    """Explains a code of one byte."""

    def explain(data: bytes) -> tuple[str, str]:
        known = ", ".join(f"{code:02x} {name}" for code, name in names.items())
        name = names.get(data[0])
        return (f"{data[0]:02x} = {name}", "") if name else (f"{data[0]:02x}", f"expected {known}")

    return explain


def sum_of(frame: bytes, behind: int) -> Callable[[bytes], tuple[str, str]]:
    """Explains an 8-bit sum of all but the last `behind` bytes."""
    total = sum(frame[:-behind]) & 0xFF

    def explain(data: bytes) -> tuple[str, str]:
        return ("right", "") if data[0] == total else ("wrong", f"the bytes sum to {total:02x}")

    return explain


def redacted(frame: bytes, changed: Mapping[int, int], size: int, behind: int) -> bytes:
    """The frame with other bytes in some places; its sum, `behind` its end, is as right or as wrong as before."""
    masked = bytearray(changed.get(place, byte) for place, byte in enumerate(frame))
    if len(frame) >= size:
        place = size - behind
        masked[place] = (frame[place] + sum(masked[:place]) - sum(frame[:place])) & 0xFF
    return bytes(masked)


def _bound(explain: Callable[..., Iterator[Line]], *known: Any) -> Callable[[], Iterator[Line]]:
    return lambda: explain(*known)


def _field(frame: bytes, field: Field) -> Iterator[Line]:
    data = frame[field.begin : field.end]
    missing = field.end - field.begin - len(data)
    value, fault = ("", f"cut off: {missing} byte(s) are missing") if missing else field.explain(data)
    yield Line.of(field.begin, data, field.name, value, fault, wrong=bool(fault))


def _row(frame: bytes, name: str, row: Row, secret: set[int]) -> Iterator[Line]:
    place = extent(row)
    data = frame[place]
    value, fault, note = "", "", "hidden" if row.secret else ""
    if len(data) < place.stop - place.start:
        fault = f"cut off: {place.stop - place.start - len(data)} byte(s) are missing"
    else:
        try:
            value = _text(row, row.kind.read(data))
        except LayoutError as exc:
            fault = str(exc)
    if name == "cells" and not fault:
        yield from _cells(place.start, data, row)
        return
    within = {at - place.start for at in secret if place.start <= at < place.start + len(data)}
    if (within and not isinstance(row.kind, Terminated)) or within & set(range(len(data.partition(b"\0")[0]))):
        value = REDACTED
    yield Line.of(place.start, data, label(name), value, fault or note, wrong=bool(fault), hidden=within)


def _text(row: Row, value: Any) -> str:
    if isinstance(row.kind, Entries | Samples):
        return f"room for {len(value)}"
    return value_text(row, value)


def _cells(begin: int, data: bytes, row: Row) -> Iterator[Line]:
    """A line for each cell, and one for the slots without any."""
    values, width = row.kind.read(data), _width(row.kind)
    count = max((number for number, volts in enumerate(values, 1) if volts), default=0)
    for number, volts in enumerate(values[:count]):
        place = number * width
        yield Line.of(begin + place, data[place : place + width], f"cell {number + 1}", f"{volts:.3f} V")
    if data[count * width :]:
        yield Line.of(begin + count * width, data[count * width :], "no cell")


def _width(kind: Kind) -> int:
    count = kind.count if isinstance(kind, Many | Floats) else 1
    return (kind.size() or 0) // count


def _gap(frame: bytes, begin: int, end: int, secret: set[int]) -> Iterator[Line]:
    """Bytes that no row explains."""
    if begin < end:
        within = {at - begin for at in secret if begin <= at < end}
        yield Line.of(begin, frame[begin:end], "not explained", "", hidden=within)
