"""JK UART-TTL frames explained byte by byte."""

from collections.abc import Callable, Iterator

from ..errors import LayoutError
from .jkuart import REGISTERS, NumberedCells, current
from .jkuart_survey import (
    PASSWORD,
    PAYLOAD,
    TRAILER,
    WRITE,
    Found,
    Survey,
    damaged_size,
    holds_registers,
    is_right,
    promised,
    redact,
    secrets,
    secrets_in_noise,
    survey,
)
from .jkuart_wire import END, LONGEST, SHORTEST, START, Transmission
from .layout_annotate import Alias, unchanged
from .line import Line
from .rows import REDACTED
from .value_text import label, value_text

COMMANDS = {1: "activate", WRITE: "write", 3: "read one register", PASSWORD: "password", 6: "read all"}
SOURCES = {0: "BMS", 1: "Bluetooth", 2: "GPS", 3: "PC"}
TRANSMISSIONS = {one.value: one.name.lower() for one in Transmission}
CURRENT, VERSION = 0x84, 0xC0


class UartAnnotator:
    """See `annotate.Annotator`."""

    label = "JK UART-TTL (4E 57)"
    dialect = "jk-uart"
    start = START

    def whole(self, data: bytes, at: int) -> int:
        """See `annotate.Annotator`."""
        size = promised(data, at)
        ended = data[at + size - 5 : at + size - 4] == bytes((END,))  # before a sum is worth its time
        return size if size and ended and is_right(data[at : at + size]) else 0

    def damaged(self, data: bytes, at: int) -> int:
        """See `annotate.Annotator`."""
        return damaged_size(data, at)

    def from_bms(self, frame: bytes) -> bool:
        """See `annotate.Annotator`."""
        return frame[10] != Transmission.REQUEST

    def annotate(self, frame: bytes) -> list[Line]:
        """See `annotate.Annotator`."""
        return list(_Explanation(frame).lines())

    def secrets_in_noise(self, data: bytes) -> set[int]:
        """See `annotate.Annotator`."""
        return secrets_in_noise(data)

    def redact(self, frame: bytes, alias: Alias = unchanged) -> bytes:
        """See `annotate.Annotator`."""
        return redact(frame, alias)


class _Explanation:
    """One frame and what its lines draw on."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.seen: Survey = survey(frame)
        self.hidden = secrets(frame)
        self.version = next((one.data[0] for one in self.seen.found if one.register == VERSION and one.data), None)

    def lines(self) -> Iterator[Line]:
        """All lines of the frame."""
        yield from self._header()
        if holds_registers(self.frame):
            known: set[int] = set()
            for one in self.seen.found:
                yield from self._register(one, twice=one.register in known)
                known.add(one.register)
        yield from self._rest()
        yield from self._trailer()
        missing = (promised(self.frame) or PAYLOAD + TRAILER) - len(self.frame)
        if missing > 0 and (self.seen.trailer is None or len(self.frame) < self.seen.trailer + TRAILER):
            yield Line.of(len(self.frame), b"", "end of the bytes", "", f"{missing} byte(s) are missing", wrong=True)

    def _header(self) -> Iterator[Line]:
        yield from self._field(0, 2, "start", lambda data: ("", ""))
        yield from self._field(2, 2, "length", self._length)
        yield from self._field(4, 4, "terminal number", lambda data: (str(int.from_bytes(data, "big")), ""))
        yield from self._field(8, 1, "command", _named(COMMANDS))
        yield from self._field(9, 1, "source", _named(SOURCES))
        yield from self._field(10, 1, "type", _named(TRANSMISSIONS))

    def _length(self, data: bytes) -> tuple[str, str]:
        length, size = int.from_bytes(data, "big"), len(self.frame)
        if not promised(self.frame):
            return str(length), f"expected {SHORTEST} to {LONGEST}"
        ended = self.seen.trailer is not None and self.seen.trailer + TRAILER == size
        return str(length), f"but the frame has {size} bytes, so {size - 2} was expected" if (
            size != length + 2 and (ended or size > length + 2)
        ) else ""

    def _register(self, one: Found, *, twice: bool) -> Iterator[Line]:
        begin = one.offset + 1
        shown = self.frame[one.offset : begin + len(one.data)]
        value, fault = self._value(one)
        if twice:
            fault = "this register comes twice"
        if one.missing:
            fault = f"cut off: {one.missing} byte(s) are missing"
        if isinstance(one.row.kind, NumberedCells):
            yield self._line(one.offset, shown[:2], label(one.name), value, fault, wrong=bool(fault))
            yield from self._cells(begin + 1, one.data[1:])
        else:
            note = fault or self._remark(one)
            yield self._line(one.offset, shown, label(one.name), value, note, wrong=bool(fault))

    def _value(self, one: Found) -> tuple[str, str]:
        """The text of a value, and what is wrong with it."""
        if one.missing or one.row.secret:
            return (REDACTED if one.row.secret else ""), ""
        try:
            if one.register == CURRENT and self.version is not None:
                return f"{current(int.from_bytes(one.data, 'big'), self.version):+.2f} A", ""
            value = one.row.kind.read(one.data)
        except LayoutError as exc:
            return "", str(exc)
        if value is None:
            return "", f"{int.from_bytes(one.data, 'big')} is no value of this register"
        return value_text(one.row, value), ""

    def _remark(self, one: Found) -> str:
        if one.row.secret:
            return "hidden"
        if one.register != CURRENT:
            return ""
        if self.version is None:
            return "what it means depends on register 0xc0, which was not found"
        return f"as protocol version {self.version} has it"

    def _cells(self, begin: int, data: bytes) -> Iterator[Line]:
        for place in range(0, len(data), 3):
            entry, expected = data[place : place + 3], place // 3 + 1
            value = f"{int.from_bytes(entry[1:], 'big') / 1000:.3f} V" if len(entry) == 3 else ""
            fault = "" if value else f"cut off: {3 - len(entry)} byte(s) are missing"
            if entry[0] != expected:
                fault = f"cell number {expected} was expected"
            yield self._line(begin + place, entry, f"  cell {entry[0]}", value, fault, wrong=bool(fault))

    def _rest(self) -> Iterator[Line]:
        begin, data = self.seen.end, self.frame[self.seen.end : self.seen.stop]
        if not data:
            return
        if holds_registers(self.frame):
            note = f"register {data[0]:#04x} is unknown, so what follows cannot be told apart"
            yield self._line(begin, data, "not understood", "", note, wrong=True)
        elif self.frame[8] == PASSWORD:
            yield self._line(begin, data, "password", REDACTED, "hidden")
        elif data == b"\0":
            yield self._line(begin, data, "register", "all")
        elif len(data) == 1 and data[0] in REGISTERS.rows:
            yield self._line(begin, data, "register", label(REGISTERS.rows[data[0]][0]))
        else:
            yield self._line(begin, data, "not understood", "", "expected the id of one register", wrong=True)

    def _trailer(self) -> Iterator[Line]:
        at = self.seen.trailer
        if at is None:
            return
        yield from self._field(at, 4, "record number", lambda data: (str(int.from_bytes(data, "big")), ""))
        yield from self._field(at + 4, 1, "end", lambda data: ("", "" if data[0] == END else f"{END:02x} was expected"))
        yield from self._field(at + 5, 4, "checksum", self._checksum)
        if beyond := self.frame[at + TRAILER :]:
            yield self._line(at + TRAILER, beyond, "not understood", "", "the frame has ended", wrong=True)

    def _checksum(self, data: bytes) -> tuple[str, str]:
        total = sum(self.frame[: (self.seen.trailer or 0) + 5]) & 0xFFFF
        stored = int.from_bytes(data, "big")
        return ("right", "") if stored == total else ("wrong", f"the bytes sum to {total:08x}")

    def _field(self, at: int, size: int, name: str, explain: Callable[[bytes], tuple[str, str]]) -> Iterator[Line]:
        """The line of a fixed field; `explain` returns its value and what is wrong with it."""
        data = self.frame[at : at + size]
        if not data:
            return
        value, fault = explain(data) if len(data) == size else ("", f"cut off: {size - len(data)} byte(s) are missing")
        yield Line.of(at, data, name, value, fault, wrong=bool(fault))

    def _line(self, at: int, data: bytes, name: str, value: str, note: str = "", *, wrong: bool = False) -> Line:
        hidden = {place - at for place in self.hidden if at <= place < at + len(data)}
        if hidden and value:
            value = REDACTED
        return Line.of(at, data, name, value, note, wrong=wrong, hidden=hidden)


def _named(names: dict[int, str]) -> Callable[[bytes], tuple[str, str]]:
    def explain(data: bytes) -> tuple[str, str]:
        name = names.get(data[0])
        known = ", ".join(f"{code} {text}" for code, text in names.items())
        return (f"{data[0]} = {name}", "") if name else (str(data[0]), f"expected {known}")

    return explain
