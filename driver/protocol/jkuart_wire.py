r"""Frames of the JK UART-TTL protocol.

    4E 57 | LENGTH 2 | terminal 4 | command 1 | source 1 | type 1 | payload n | record number 4 | 68 | checksum 4

LENGTH counts everything but the two start bytes; the checksum is the sum of all bytes up to and including 68, in the
low 16 bits of its four bytes. Sources: vendor document V2.5 sections 2 and 3, and the recorded frames.
"""

from enum import IntEnum

from .framing import SizedFraming, Starts

START = b"\x4e\x57"
OVERHEAD = 20  # bytes of a frame around its payload
END = 0x68
SHORTEST, LONGEST = OVERHEAD - 2, 600  # LENGTH; 24 cells and all registers make 313
SOURCE_BMS, SOURCE_PC = 0, 3


class Command(IntEnum):
    """Command word. Writing (2) and pairing (5) are not used."""

    ACTIVATE = 1
    READ_ONE = 3  # never asked by this driver
    READ_ALL = 6


class Transmission(IntEnum):
    """Transmission type."""

    REQUEST = 0
    REPLY = 1
    UPLOAD = 2  # unsolicited; in [1], never recorded


def frame(payload: bytes, command: int, source: int, transmission: int) -> bytes:
    """A whole frame with terminal and record number 0."""
    length = (OVERHEAD - 2 + len(payload)).to_bytes(2, "big")
    body = START + length + bytes(4) + bytes((command, source, transmission)) + payload + bytes(4) + bytes((END,))
    return body + (sum(body) & 0xFFFF).to_bytes(4, "big")


def payload(whole: bytes) -> bytes:
    """The registers of a whole frame."""
    return whole[11:-9]


READ_ALL = frame(b"\0", Command.READ_ALL, SOURCE_PC, Transmission.REQUEST)
ACTIVATE = frame(b"\0", Command.ACTIVATE, SOURCE_PC, Transmission.REQUEST)  # wakes a sleeping BMS; never recorded


class UartFramer(SizedFraming):
    """Cuts a byte stream into the frames of a BMS."""

    starts = Starts(START)

    def __init__(self) -> None:
        super().__init__()
        self._usual = 0  # length of the last good frame

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks, as far as that is known; 0: unknown."""
        if len(self._buffer) < 4:
            return max(0, self._usual - len(self._buffer))
        return _length(self._buffer, 0) + 2 - len(self._buffer)

    def _size(self, data: bytes, at: int) -> int | None:
        if len(data) - at < 4:
            return None
        length = _length(data, at)
        return length + 2 if SHORTEST <= length <= LONGEST else 0

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        """See `SizedFraming`; whoever sent it."""
        if whole[-5] != END or int.from_bytes(whole[-4:], "big") != sum(whole[:-4]) & 0xFFFF:
            self.corrupt += 1
            return False
        if whole[10] == Transmission.REQUEST:
            self.echoes += 1
        elif whole[10] <= Transmission.UPLOAD and whole[9] == SOURCE_BMS:
            self.good += 1
            self._usual = len(whole)
            found.append(whole)
        else:
            self.dropped += len(whole)
        return True


def _length(data: bytes, at: int) -> int:
    """LENGTH of the frame that begins there."""
    return data[at + 2] << 8 | data[at + 3]


def reply(registers: dict[int, bytes]) -> bytes:
    """The answer of a BMS to READ_ALL, with the registers in the order that every recorded frame has."""
    content = b"".join(bytes((register,)) + registers[register] for register in sorted(registers))
    return frame(content, Command.READ_ALL, SOURCE_BMS, Transmission.REPLY)
