r"""Frames `55 AA EB 90` of JK02 and JK04 devices, and the requests that bring them over Bluetooth.

    55 AA EB 90 | type 1 | counter 1 | payload 293 | sum of all before, 8 bits                     300 bytes
    AA 55 90 EB | register 1 | length of the value 1 | value | zeros | sum of all before, 8 bits    20 bytes

The second form is a command, and the acknowledge that a BMS sends after its answer. Bluetooth modules put `AT\r\n`
between frames. The borders of notifications mean nothing. Sources as in `jk02.py`.
"""

from enum import IntEnum

from .framing import SizedFraming, Starts
from .jk02 import SIZE, Variant

START, COMMAND, CHATTER = b"\x55\xaa\xeb\x90", b"\xaa\x55\x90\xeb", b"AT\r\n"
COMMAND_SIZE = 20
ACKNOWLEDGE = 0xC8  # in the place of the register


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


class Jk02Framer(SizedFraming):
    """Cuts a byte stream into frames.

    A sum of 8 bits lets one damaged frame of 256 pass, so type and inside are looked at as well: where another frame
    begins inside, bytes were lost.
    """

    starts = Starts(START, COMMAND, CHATTER)

    def __init__(self) -> None:
        super().__init__()
        self.acknowledges = 0
        self.chatter = 0  # bytes that the Bluetooth module says of itself

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks, as far as that is known; 0: unknown."""
        return SIZE - len(self._buffer) if self._buffer.startswith(START) else 0

    def _size(self, data: bytes, at: int) -> int | None:
        if data.startswith(CHATTER, at):
            return len(CHATTER)
        return COMMAND_SIZE if data.startswith(COMMAND, at) else SIZE

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        if whole == CHATTER:
            self.chatter += len(whole)
            return True
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
