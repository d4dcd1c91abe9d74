"""JK UART-TTL frames, damaged or not, taken apart as far as they go, and where their secrets lie.

The driver itself reads undamaged frames only (`tlv.py`); this is for people who look at what arrived.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from .jkuart import REGISTERS, NumberedCells
from .jkuart_wire import END, LONGEST, SHORTEST, START, Transmission
from .rows import Row

PAYLOAD = 11  # offset of the first register
TRAILER = 9  # bytes after the payload: record number, end byte, checksum
WRITE, PASSWORD = 2, 5  # commands that the driver does not use
PASSWORD_REGISTER = next(place for place, (_, row) in REGISTERS.rows.items() if row.secret)
_PLAIN_TRAILER = bytes((0, 0, 0, 0, END, 0, 0))  # as every BMS sends it, up to the sum

# Where a password lies when frame or walk are broken: between its neighbours. Runs of characters may be one, too.
_AFTER = re.compile(rb"\xb1.\xb2(.{1,10})", re.DOTALL)
_BETWEEN = re.compile(rb"\xb2(?=(.{10})\xb3)", re.DOTALL)
_BEFORE = re.compile(rb"\xb3[\0\1]\xb4")
_WORD = re.compile(rb"[!-~]{4,}")
_TEXT = frozenset(b"\t\r\n" + bytes(range(0x20, 0x7F)))


@dataclass(frozen=True, slots=True)
class Found:
    """One register of a frame."""

    offset: int  # of its id
    register: int
    name: str
    row: Row
    data: bytes  # of its value, without the id
    missing: int  # bytes that the value lacks


@dataclass(frozen=True, slots=True)
class Survey:
    """What is where in a frame."""

    found: tuple[Found, ...]
    end: int  # offset of the first byte that no register explains
    trailer: int | None  # offset of the record number; None: it was not found
    stop: int  # end of the payload: the trailer, or the end of the bytes

    @property
    def understood(self) -> bool:
        """Whether each byte of the payload belongs to a register."""
        return self.end == self.stop

    @property
    def in_order(self) -> bool:
        """Whether the registers come as every recorded frame has them: a walk gone astray would not."""
        places = [one.register for one in self.found]
        if not all(_counts(one.data) for one in self.found if isinstance(one.row.kind, NumberedCells)):
            return False
        with_password = PASSWORD_REGISTER in places or not places or places[-1] < PASSWORD_REGISTER
        return self.understood and with_password and all(a < b for a, b in pairwise(places))


def promised(data: bytes, at: int = 0) -> int:
    """Bytes of the whole frame as its LENGTH has it; 0: it is cut off, or no frame is that short or long."""
    length = int.from_bytes(data[at + 2 : at + 4], "big") if len(data) >= at + 4 else 0
    return length + 2 if SHORTEST <= length <= LONGEST else 0


def is_right(frame: bytes) -> bool:
    """Whether length, end byte and checksum are right."""
    return (
        promised(frame) == len(frame)
        and frame[-5] == END
        and int.from_bytes(frame[-4:], "big") == sum(frame[:-4]) & 0xFFFF
    )


def damaged_size(data: bytes, at: int) -> int:
    """Bytes of the damaged or cut-off frame at `at`; 0: these start bytes look like an accident."""
    size = promised(data, at)
    if size and data[at + size - 5 : at + size - 4] == bytes((END,)):
        return min(size, len(data) - at)
    if not size and not _plausible(data, at):
        return 0
    frame = data[at : _next_frame(data, at + 2, min(len(data), at + LONGEST + 2))]
    trailer = survey(frame).trailer
    return len(frame) if trailer is None else min(len(frame), trailer + TRAILER)


def survey(frame: bytes) -> Survey:
    """Walk the registers as far as possible. Never raises."""
    size = promised(frame)
    complete = 0 < size <= len(frame) and frame[size - 5] == END
    trusted = complete or len(frame) < size
    expected = size - TRAILER if trusted else None
    found: list[Found] = []
    at = min(PAYLOAD, len(frame))
    limit = len(frame) if expected is None else min(expected, len(frame))
    trailer = expected if expected is not None and expected < len(frame) else None
    while at < limit:
        if not complete and frame.startswith(_PLAIN_TRAILER, at) and holds_registers(frame):
            return Survey(tuple(found), at, at, at)  # earlier than LENGTH has it
        if frame[at] not in REGISTERS.rows or not holds_registers(frame):
            break
        one = _register(frame, at, limit)
        found.append(one)
        at += 1 + len(one.data)
    return Survey(tuple(found), at, trailer, limit)


def holds_registers(frame: bytes) -> bool:
    """Whether the payload is a sequence of registers with values: replies, and requests to write."""
    return len(frame) >= PAYLOAD and (frame[10] != Transmission.REQUEST) == (frame[8] != WRITE)


def secrets(frame: bytes) -> set[int]:
    """Offsets of bytes of the frame that are, or in a damaged frame may be, a secret."""
    seen = survey(frame)
    hidden = {
        place for one in seen.found if one.row.secret for place in range(one.offset + 1, one.offset + 1 + len(one.data))
    }
    if len(frame) >= PAYLOAD and frame[8] == PASSWORD:
        return set(range(PAYLOAD, seen.stop))
    if not holds_registers(frame) and len(frame) >= PAYLOAD and seen.stop - PAYLOAD <= 1:
        return hidden  # the id of one register
    doubtful = seen.end if is_right(frame) else PAYLOAD
    if not seen.in_order:
        hidden.update(doubtful + place for place in secrets_in_noise(frame[doubtful : seen.stop]))
    return hidden


def secrets_in_noise(data: bytes) -> set[int]:
    """Offsets of bytes that may be a password, in bytes that are no frame."""
    spans = [match.span(1) for pattern in (_AFTER, _BETWEEN) for match in pattern.finditer(data)]
    spans += [(max(0, match.start() - 10), match.start()) for match in _BEFORE.finditer(data)]
    clear = len(data) >= 32 and sum(byte in _TEXT for byte in data) >= 0.9 * len(data)
    if not clear:  # what is all text comes from another device
        spans += [match.span() for match in _WORD.finditer(data)]
    return {place for begin, end in spans for place in range(begin, end)}


def redact(frame: bytes, alias: Callable[[bytes], bytes]) -> bytes:
    """The frame with `*` for secret bytes, and each name and serial number as its `alias`, which is equally long.

    The checksum changes by the same amount: right stays right, wrong wrong.
    """
    seen = survey(frame)
    masked = bytearray(frame)
    for one in seen.found:
        if one.row.personal:
            masked[one.offset + 1 : one.offset + 1 + len(one.data)] = alias(one.data)
    for secret in secrets(frame):
        masked[secret] = ord("*")
    trailer = seen.trailer
    if trailer is not None and len(frame) >= trailer + TRAILER:
        place = slice(trailer + 7, trailer + TRAILER)
        total = int.from_bytes(frame[place], "big") + sum(masked) - sum(frame)
        masked[place] = (total & 0xFFFF).to_bytes(2, "big")
    return bytes(masked)


def _register(frame: bytes, at: int, limit: int) -> Found:
    name, row = REGISTERS.rows[frame[at]]
    size = row.kind.size()
    if size is None:  # the first byte of the value is the length of the rest
        size = 1 + (frame[at + 1] if at + 1 < limit else 0)
    data = frame[at + 1 : min(at + 1 + size, limit)]
    return Found(at, frame[at], name, row, data, size - len(data))


def _counts(cells: bytes) -> bool:
    """Whether the cells of this value are numbered from 1."""
    numbers = cells[1::3]
    return numbers == bytes(range(1, len(numbers) + 1))


def _plausible(data: bytes, at: int) -> bool:
    """Whether the bytes after the start could be a frame with a wrong LENGTH, or one that is cut off."""
    header = data[at : at + PAYLOAD]
    return len(header) < 4 or (
        len(header) == PAYLOAD
        and header[8] in (1, 2, 3, PASSWORD, 6)
        and header[9] <= 3
        and header[10] <= Transmission.UPLOAD
    )


def _next_frame(data: bytes, begin: int, end: int) -> int:
    while (begin := data.find(START, begin, end)) >= 0:
        if promised(data, begin) and _plausible(data, begin):
            return begin
        begin += 1
    return end
