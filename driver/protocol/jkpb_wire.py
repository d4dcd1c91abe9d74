r"""The RS485 bus of JK PB models: triggers, and answers of which only the acknowledge behind them says whose they are.

    address 10 16 rr 00 01 02 00 00 crc crc    trigger, 11 bytes; rr: 20 status, 1E settings, 1C device info
    55 AA EB 90 | type 1 | 05 or 00 | payload | sum                300 bytes, the frame of `jk02_wire.py` (32S)
    address 10 16 rr 00 01 crc crc             acknowledge, 8 bytes; some adapters put a 00 before and behind it

Address 0 is a master that asks by itself, 1 to 15 are its slaves. Sources: mr-manuel/venus-os_dbus-serialbattery
[V], and the recorded bus captures of jblance/mpp-solar [R]: of 796 frames 794 are followed by an acknowledge, and the
captures end inside the other two.
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from .jk02 import SIZE
from .jk02_wire import START, FrameType

MASTER = 0  # address of a pack that asks by itself
SLAVES = range(1, 16)
ACKNOWLEDGE_SIZE, REQUEST_SIZE = 8, 11
ANSWER_SIZE = SIZE + ACKNOWLEDGE_SIZE
MOST_ZEROS = 2  # between frame and acknowledge; [V] has one


class Register(IntEnum):
    """What a trigger asks for."""

    DEVICE_INFO = 0x161C
    SETTINGS = 0x161E
    STATUS = 0x1620


TYPES: Mapping[Register, FrameType] = {
    Register.DEVICE_INFO: FrameType.DEVICE_INFO,
    Register.SETTINGS: FrameType.SETTINGS,
    Register.STATUS: FrameType.CELL_INFO,
}


class Request(NamedTuple):
    """A trigger that was heard: our own coming back, or another master's."""

    address: int
    register: Register


class Answer(NamedTuple):
    """A whole, checked frame, and who acknowledged it."""

    address: int
    register: Register
    frame: bytes


Heard: TypeAlias = Request | Answer


def crc16(data: bytes) -> int:
    """Modbus CRC; 0 over bytes that end with their own, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def _sealed(address: int, register: Register, rest: bytes) -> bytes:
    body = bytes((address, 0x10)) + register.to_bytes(2, "big") + rest
    return body + crc16(body).to_bytes(2, "little")


_ALL = [Request(address, register) for address in (MASTER, *SLAVES) for register in Register]
REQUESTS: Mapping[Request, bytes] = {one: _sealed(*one, bytes.fromhex("0001020000")) for one in _ALL}
ACKNOWLEDGES: Mapping[Request, bytes] = {one: _sealed(*one, bytes.fromhex("0001")) for one in _ALL}
_REQUESTS = {data: one for one, data in REQUESTS.items()}
_ACKNOWLEDGES = {data: one for one, data in ACKNOWLEDGES.items()}
_STARTS = re.compile(re.escape(START) + rb"|[\x00-\x0f]\x10\x16[\x1c\x1e\x20]\x00\x01")
_LONGEST_START = 6  # bytes of what that finds
_BEGINS = frozenset(known[:size] for known in (START, *_ACKNOWLEDGES) for size in range(1, _LONGEST_START))
_ACKNOWLEDGE_BEGINS = frozenset(known[:size] for known in _ACKNOWLEDGES for size in range(ACKNOWLEDGE_SIZE))
FRAME_TYPES = frozenset(int(kind) for kind in TYPES.values())


class PbFramer:
    """Cuts the bytes of a bus into requests and acknowledged frames; anything else costs only itself.

    A frame counts only when nothing but zeros lies between it and an acknowledge for its own type. It never raises,
    never holds more than one answer, and its work is linear in what it is fed.
    """

    def __init__(self) -> None:
        self.good = 0
        self.corrupt = 0  # frames with a wrong sum, an unknown type, or another start inside
        self.echoes = 0  # requests heard, whoever sent them
        self.orphans = 0  # intact frames without an acknowledge of theirs
        self.dropped = 0  # bytes that belong to nothing of that
        self._buffer = b""

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun, or that waits for its acknowledge."""
        return len(self._buffer) if self._buffer.startswith(START) else 0

    @property
    def missing(self) -> int:
        """Bytes that the answer on its way still lacks; 0: unknown."""
        return max(1, ANSWER_SIZE - len(self._buffer)) if self.held else 0

    def feed(self, chunk: bytes) -> list[Heard]:
        """What became whole with this."""
        return self._cut(self._buffer + chunk, more=True)

    def gap(self) -> list[Heard]:
        """The same, knowing that nothing more is coming: what has begun is none."""
        return self._cut(self._buffer, more=False)

    def _cut(self, data: bytes, *, more: bool) -> list[Heard]:
        found: list[Heard] = []
        at, end = 0, len(data)
        while at < end:
            start = _next_start(data, at, more=more)
            self.dropped += start - at
            at = start
            taken = self._take(data, at, found, more=more) if at < end else 0
            if not taken:
                break
            at += taken
        self._buffer = data[at:]
        return found

    def _take(self, data: bytes, at: int, found: list[Heard], *, more: bool) -> int:
        """How many bytes were used up; 0: more are needed."""
        used = self._frame(data, at, found) if data.startswith(START, at) else self._message(data, at, found)
        if used or more:
            return used
        if data.startswith(START, at) and len(data) - at >= SIZE:  # whole, and nobody says whose it is
            self.orphans += 1
            return SIZE
        self.dropped += 1
        return 1

    def _frame(self, data: bytes, at: int, found: list[Heard]) -> int:
        frame = data[at : at + SIZE]
        if len(frame) < SIZE:
            return 0
        if frame[4] not in FRAME_TYPES or frame[-1] != sum(frame[:-1]) & 0xFF or START in frame[1:]:
            self.corrupt += 1
            self.dropped += 1  # the start alone: the next frame may begin inside this one
            return 1
        behind = at + SIZE
        for zeros in range(MOST_ZEROS + 1):
            acknowledge = data[behind + zeros : behind + zeros + ACKNOWLEDGE_SIZE]
            whose = _ACKNOWLEDGES.get(acknowledge)
            if whose is not None and TYPES[whose.register] == frame[4]:
                self.good += 1
                found.append(Answer(*whose, frame))
                return SIZE + zeros + ACKNOWLEDGE_SIZE
            if acknowledge in _ACKNOWLEDGE_BEGINS:
                return 0
            if acknowledge[:1] != b"\0":
                break
        self.orphans += 1
        return SIZE

    def _message(self, data: bytes, at: int, found: list[Heard]) -> int:
        if data[at : at + ACKNOWLEDGE_SIZE] in _ACKNOWLEDGES:  # of a frame that was damaged
            self.dropped += ACKNOWLEDGE_SIZE
            return ACKNOWLEDGE_SIZE
        message = data[at : at + REQUEST_SIZE]
        if message in _REQUESTS:
            self.echoes += 1
            found.append(_REQUESTS[message])
            return REQUEST_SIZE
        if len(message) < REQUEST_SIZE:
            return 0
        self.dropped += 1
        return 1


def _next_start(data: bytes, at: int, *, more: bool) -> int:
    """Where something may begin, at the end of `data` also a start that is cut in two; else the end."""
    match = _STARTS.search(data, at)
    if match:
        return match.start()
    for size in range(min(_LONGEST_START - 1, len(data) - at), 0, -1) if more else ():
        if data[-size:] in _BEGINS:
            return len(data) - size
    return len(data)
