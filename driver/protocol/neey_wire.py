"""Frames of the NEEY / Heltec balancers.

    55 AA | 11 | function 1 | command 1 | register 1 | length of the frame 2 | data | sum of all before, 8 bits | FF
    AA 55 | 11 | function 1 | command 1 | register 1 | 14 00 | data 10 | sum or exclusive or | FF        a request

Replies always carry the sum. Apps and drivers differ about requests, and the devices take both. Sources: `neey.py`.
"""

import re
from enum import IntEnum
from functools import reduce
from operator import xor

START, REQUEST = b"\x55\xaa\x11", b"\xaa\x55\x11"
END = 0xFF
READ, WRITE = 1, 0
REQUEST_SIZE = 20
_STARTS = re.compile(re.escape(START) + b"|" + re.escape(REQUEST))


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


class NeeyFramer:
    """Cuts a byte stream into frames; noise, half frames, echoes and damaged frames cost only themselves.

    It never raises, never holds a byte more than one frame, and its work is linear in what it is fed.
    """

    def __init__(self) -> None:
        self.good = 0
        self.corrupt = 0  # frames with a wrong sum or end, or another start inside
        self.echoes = 0  # requests, heard again
        self.dropped = 0  # bytes that belong to no frame
        self._buffer = b""  # begins with a start that may become a frame, or is empty

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun."""
        return len(self._buffer)

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks, as far as that is known; 0: unknown."""
        return (_size(self._buffer, 0) or 0) - len(self._buffer) if len(self._buffer) >= 8 else 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Whole, checked frames from the balancer."""
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
            size = _size(data, at)
            if more and size is None:
                break  # the length has not come yet
            if size and end - at < size and more:
                break
            if size and end - at >= size and self._take(data[at : at + size], found):
                at += size
                continue
            self.dropped += 1  # the start alone: the next frame may begin inside this one
            at += 1
        self._buffer = data[at:]
        return found

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        """Whether it is a frame or a request."""
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


def _size(data: bytes, at: int) -> int | None:
    """Bytes of the frame or request at `at`; None: not known yet; 0: there is none."""
    if len(data) < at + 8:
        return None
    if data.startswith(REQUEST, at):
        return REQUEST_SIZE
    command, size = data[at + 4], int.from_bytes(data[at + 6 : at + 8], "little")
    return size if size in REPLIES.get(command, ()) else 0  # type: ignore[call-overload]


def _next_start(data: bytes, at: int, *, more: bool) -> int:
    """Where something may begin, at the end of `data` also a start that is cut in two; else the end."""
    match = _STARTS.search(data, at)
    if match:
        return match.start()
    for size in range(min(2, len(data) - at), 0, -1) if more else ():
        if START.startswith(data[-size:]) or REQUEST.startswith(data[-size:]):
            return len(data) - size
    return len(data)
