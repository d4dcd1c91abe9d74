r"""Frames `55 AA EB 90` of JK02 and JK04 devices, and the requests that bring them over Bluetooth.

    55 AA EB 90 | type 1 | counter 1 | payload 293 | sum of all before, 8 bits                     300 bytes
    AA 55 90 EB | register 1 | length of the value 1 | value | zeros | sum of all before, 8 bits    20 bytes

The second form is a command, and the acknowledge that a BMS sends after its answer. Bluetooth modules put `AT\r\n`
between frames. The borders of notifications mean nothing. Sources as in `jk02.py`.
"""

import re
from enum import IntEnum

from .jk02 import SIZE, Variant

START, COMMAND, CHATTER = b"\x55\xaa\xeb\x90", b"\xaa\x55\x90\xeb", b"AT\r\n"
COMMAND_SIZE = 20
ACKNOWLEDGE = 0xC8  # in the place of the register
_STARTS = re.compile(b"|".join(map(re.escape, (START, COMMAND, CHATTER))))


class FrameType(IntEnum):
    """Byte 4, and nothing else, is the type: byte 5 differs from device to device."""

    SETTINGS = 1
    CELL_INFO = 2
    DEVICE_INFO = 3
    LOGBOOK = 5
    DETAIL_LOG = 6


TYPES = frozenset(FrameType)


def request(register: int) -> bytes:
    """A command without a value: it asks, and changes nothing."""
    command = (COMMAND + bytes((register,))).ljust(COMMAND_SIZE - 1, b"\0")
    return command + bytes((sum(command) & 0xFF,))


READ_DEVICE_INFO = request(0x97)
READ_SETTINGS = request(0x96)  # then the cell info streams without being asked


class Jk02Framer:
    """Cuts a byte stream into frames; noise, half frames, echoes and damaged frames cost only themselves.

    It never raises, never holds a byte more than one frame, and its work is linear in what it is fed. A sum of 8 bits
    lets one damaged frame of 256 pass, so type and inside are looked at as well: where another frame begins inside,
    bytes were lost.
    """

    def __init__(self) -> None:
        self.good = 0
        self.corrupt = 0  # frames with a wrong sum, an unknown type, or another start inside
        self.echoes = 0  # commands, heard again
        self.acknowledges = 0
        self.chatter = 0  # bytes that the Bluetooth module says of itself
        self.dropped = 0  # bytes that belong to nothing of that
        self._buffer = b""  # begins with a start that may become a frame, or is empty

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun."""
        return len(self._buffer)

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks, as far as that is known; 0: unknown."""
        return SIZE - len(self._buffer) if self._buffer.startswith(START) else 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Whole, checked frames."""
        return self._cut(self._buffer + chunk, more=True)

    def gap(self) -> list[bytes]:
        """Nothing more is coming: a frame that has begun is none, but one may stand behind its start."""
        return self._cut(self._buffer, more=False)

    def _cut(self, data: bytes, *, more: bool) -> list[bytes]:
        found: list[bytes] = []
        at, end = 0, len(data)
        while True:
            start = _next_start(data, at, more=more)
            self.dropped += start - at
            at = start
            if at == end:
                break
            size = COMMAND_SIZE if data.startswith(COMMAND, at) else SIZE
            if data.startswith(CHATTER, at):
                self.chatter += len(CHATTER)
                at += len(CHATTER)
            elif end - at < (size if end - at >= len(START) else len(START)):
                if more:
                    break
                self.dropped += 1
                at += 1
            elif self._take(data[at : at + size], found):
                at += size
            else:
                self.dropped += 1  # the start alone: the next frame may begin inside this one
                at += 1
        self._buffer = data[at:]
        return found

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        """Whether it is a frame or a command."""
        if whole[-1] != sum(whole[:-1]) & 0xFF:
            self.corrupt += whole.startswith(START)
            return False
        if whole.startswith(COMMAND):
            self.acknowledges += whole[4] == ACKNOWLEDGE
            self.echoes += whole[4] != ACKNOWLEDGE
            return True
        if whole[4] not in TYPES or START in whole[1:] or COMMAND in whole[1:]:
            self.corrupt += 1
            return False
        self.good += 1
        found.append(whole)
        return True


def _next_start(data: bytes, at: int, *, more: bool) -> int:
    """Where something may begin, at the end of `data` also a start that is cut in two; else the end."""
    match = _STARTS.search(data, at)
    if match:
        return match.start()
    for size in range(min(3, len(data) - at), 0, -1) if more else ():
        if any(start.startswith(data[-size:]) for start in (START, COMMAND, CHATTER)):
            return len(data) - size
    return len(data)


def sealed(frame: bytes, counter: int | None = None) -> bytes:
    """The frame with its sum made right, and another counter if one is given."""
    body = frame[:-1] if counter is None else frame[:5] + bytes((counter & 0xFF,)) + frame[6:-1]
    return body + bytes((sum(body) & 0xFF,))


# what recorded frames hold in places that nobody understands, by offset
_CONSTANTS: dict[tuple[FrameType, Variant], dict[int, bytes]] = {
    (FrameType.SETTINGS, Variant.S32): {278: bytes.fromhex("60e31600"), 287: bytes.fromhex("feffffff9fe9")},
    (FrameType.CELL_INFO, Variant.S24): {184: b"\x01", 209: b"\x01", 211: b"\x02"},
    (FrameType.CELL_INFO, Variant.S32): {
        216: b"\x01",
        239: b"\x01",
        241: b"\x01",
        287: bytes.fromhex("feff7fdc2f0101"),
    },
    (FrameType.DEVICE_INFO, Variant.S32): {162: b"\x90", 168: bytes.fromhex("c0d8"), 287: b"\xfe"},
}


def background(kind: FrameType, variant: Variant) -> bytes:
    """A frame with nothing in it, over which a record can be written."""
    frame = bytearray(START + bytes((kind,))).ljust(SIZE, b"\0")
    for place, constant in _CONSTANTS.get((kind, variant), {}).items():
        frame[place : place + len(constant)] = constant
    return sealed(bytes(frame))
