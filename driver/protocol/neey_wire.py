"""Frames of the NEEY / Heltec balancers.

    55 AA | 11 | function 1 | command 1 | register 1 | length of the frame 2 | data | sum of all before, 8 bits | FF
    AA 55 | 11 | function 1 | command 1 | register 1 | 14 00 | data 10 | sum or exclusive or | FF        a request

Replies always carry the sum. Apps and drivers differ about requests, and the devices take both. Sources: `neey.py`.
"""

from enum import IntEnum
from functools import reduce
from operator import xor

from .framing import SizedFraming, Starts

START, REQUEST = b"\x55\xaa\x11", b"\xaa\x55\x11"
END = 0xFF
READ, WRITE = 1, 0
REQUEST_SIZE = 20


class Command(IntEnum):
    """What is asked for; 20 bytes in reply are an acknowledge."""

    DEVICE_INFO = 1
    CELL_INFO = 2  # then it streams
    FACTORY = 3
    SETTINGS = 4
    WRITE = 5  # never sent
    PROTECT = 6  # never sent


# offsets at which v2 has a 2 that v1 lacks
_CONSTANTS = {(Command.CELL_INFO, 300): (217,), (Command.SETTINGS, 150): (8,)}
# the sizes that a reply to a command has
REPLIES = {
    Command.DEVICE_INFO: (100,),
    Command.CELL_INFO: (300,),
    Command.FACTORY: (20, 100),
    Command.SETTINGS: (100, 150),
    Command.WRITE: (20,),
    Command.PROTECT: (20,),
}


def request(command: Command, *, by_sum: bool = True) -> bytes:
    """A read request, checked by the sum or by the exclusive or."""
    body = REQUEST + bytes((READ, command, 0, REQUEST_SIZE, 0)) + bytes(10)
    return body + bytes((sum(body) & 0xFF if by_sum else reduce(xor, body), END))


def requests(command: Command) -> tuple[bytes, bytes]:
    """Both forms of a read request, the commoner first."""
    return request(command), request(command, by_sum=False)


def background(command: Command, size: int, generation: int = 0) -> bytes:
    """A reply with nothing in it but the constants of its kind, over which a record can be written."""
    frame = bytearray(START + bytes((READ, command, 0)) + size.to_bytes(2, "little")).ljust(size, b"\0")
    for place in _CONSTANTS.get((command, size), ()) if generation else ():
        frame[place] = 2
    frame[-1] = END
    return sealed(bytes(frame))


def sealed(frame: bytes) -> bytes:
    """The frame with its sum made right."""
    body = frame[:-2]
    return body + bytes((sum(body) & 0xFF,)) + frame[-1:]


class NeeyFramer(SizedFraming):
    """Cuts a byte stream into the frames of a balancer."""

    starts = Starts(START, REQUEST)

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks, as far as that is known; 0: unknown."""
        return (self._size(self._buffer, 0) or 0) - len(self._buffer) if len(self._buffer) >= 8 else 0

    def _size(self, data: bytes, at: int) -> int | None:
        if len(data) < at + 8:
            return None
        if data.startswith(REQUEST, at):
            return REQUEST_SIZE
        command, size = data[at + 4], int.from_bytes(data[at + 6 : at + 8], "little")
        return size if size in REPLIES.get(command, ()) else 0  # type: ignore[call-overload]  # any byte is asked for

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        summed = sum(whole[:-2]) & 0xFF
        if whole.startswith(REQUEST):
            right = whole[-1] == END and whole[-2] in (summed, reduce(xor, whole[:-2]))
            self.echoes += right
            return right
        if whole[-1] != END or whole[-2] != summed or START in whole[1:]:  # another start: bytes were lost
            self.corrupt += 1
            return False
        self.good += 1
        found.append(whole)
        return True
