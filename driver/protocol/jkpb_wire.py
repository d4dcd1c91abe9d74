r"""The RS485 bus of JK PB models: triggers, and answers of which only the acknowledge behind them says whose they are.

    address 10 16 rr 00 01 02 00 00 crc crc    trigger, 11 bytes; rr: 20 status, 1E settings, 1C device info
    55 AA EB 90 | type 1 | 05 or 00 | payload | sum                300 bytes, the frame of `jk02_wire.py` (32S)
    address 10 16 rr 00 01 crc crc             acknowledge, 8 bytes; some adapters put a 00 before and behind it

Address 0 is a master that asks by itself, 1 to 15 are its slaves. Sources: mr-manuel/venus-os_dbus-serialbattery
[V], and the recorded bus captures of jblance/mpp-solar [R]: of 772 frames 770 are followed by an acknowledge, and the
captures end inside the other two.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from ..modbus_crc import crc16
from .framing import Framing, Starts
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


def _sealed(address: int, register: Register, rest: bytes) -> bytes:
    body = bytes((address, 0x10)) + register.to_bytes(2, "big") + rest
    return body + crc16(body).to_bytes(2, "little")


_ALL = [Request(address, register) for address in (MASTER, *SLAVES) for register in Register]
REQUESTS: Mapping[Request, bytes] = {one: _sealed(*one, bytes.fromhex("0001020000")) for one in _ALL}
ACKNOWLEDGES: Mapping[Request, bytes] = {one: _sealed(*one, bytes.fromhex("0001")) for one in _ALL}
_REQUESTS = {data: one for one, data in REQUESTS.items()}
_ACKNOWLEDGES = {data: one for one, data in ACKNOWLEDGES.items()}
_ALIKE = 6  # bytes that a trigger and its acknowledge begin with
_ACKNOWLEDGE_BEGINS = frozenset(known[:size] for known in _ACKNOWLEDGES for size in range(ACKNOWLEDGE_SIZE))
FRAME_TYPES = frozenset(int(kind) for kind in TYPES.values())


class PbFramer(Framing[Heard]):
    """Cuts the bytes of a bus into requests and acknowledged frames.

    A frame counts only when nothing but zeros lies between it and an acknowledge for its own type.
    """

    starts = Starts(START, *(known[:_ALIKE] for known in _ACKNOWLEDGES))

    def __init__(self) -> None:
        super().__init__()
        self.orphans = 0  # intact frames without an acknowledge of theirs

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun, or that waits for its acknowledge."""
        return len(self._buffer) if self._buffer.startswith(START) else 0

    @property
    def missing(self) -> int:
        """Bytes that the answer on its way still lacks; 0: unknown."""
        return max(1, ANSWER_SIZE - len(self._buffer)) if self.held else 0

    def _use(self, data: bytes, at: int, found: list[Heard], *, more: bool) -> int:
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
