"""Frames of the old JK active balancers on RS485.

55 AA | address 1 | command 1 | data 2 | sum of all before, 8 bits       7 bytes, a request
EB 90 | address 1 | command 1 | data 69 | sum of all before, 8 bits     74 bytes, the answer within 1 s
"""

import re
from enum import IntEnum

from .balancer import SIZE

START, REQUEST = b"\xeb\x90", b"\x55\xaa"
REQUEST_SIZE = 7
ADDRESS = 1  # as the factory sets it
_STARTS = re.compile(re.escape(START) + b"|" + re.escape(REQUEST))


class Command(IntEnum):
    """What is asked for. All but the status are writes, and are never sent."""

    STATUS = 0xFF
    CELL_COUNT = 0xF0
    TRIGGER = 0xF2
    CURRENT = 0xF4
    SWITCH = 0xF6


COMMANDS = frozenset(Command)


def request(address: int = ADDRESS) -> bytes:
    """The question for the status."""
    return sealed(REQUEST + bytes((address, Command.STATUS, 0, 0, 0)))


def background(address: int = ADDRESS) -> bytes:
    """A status with nothing in it, over which a record can be written."""
    return sealed((START + bytes((address, Command.STATUS))).ljust(SIZE, b"\0"))


def sealed(frame: bytes) -> bytes:
    """The frame or request with its sum made right."""
    return frame[:-1] + bytes((sum(frame[:-1]) & 0xFF,))


class BalancerFramer:
    """Cuts a byte stream into answers; noise, half frames, echoes and damaged frames cost only themselves.

    It never raises, never holds a byte more than one frame, and its work is linear in what it is fed.
    """

    def __init__(self) -> None:
        self.good = 0
        self.corrupt = 0  # frames with a wrong sum, an unknown command, or another start inside
        self.echoes = 0  # requests, heard again
        self.dropped = 0  # bytes that belong to no frame
        self._buffer = b""  # begins with a start that may become a frame, or is empty

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun."""
        return len(self._buffer)

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks."""
        return 0 if self._buffer.startswith(REQUEST) else SIZE - len(self._buffer)

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
            match = _STARTS.search(data, at)
            start = match.start() if match else end - (more and data.endswith((START[:1], REQUEST[:1]), at))
            self.dropped += start - at
            at = start
            if at == end:
                break
            size = REQUEST_SIZE if data.startswith(REQUEST, at) else SIZE
            if end - at < size and more:
                break
            if end - at >= size and self._take(data[at : at + size], found):
                at += size
                continue
            self.dropped += 1  # the start alone: the next frame may begin inside this one
            at += 1
        self._buffer = data[at:]
        return found

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        """Whether it is an answer or a request."""
        right = whole[3] in COMMANDS and whole[-1] == sum(whole[:-1]) & 0xFF and START not in whole[1:]
        if whole.startswith(REQUEST):
            self.echoes += right
        elif right:
            self.good += 1
            found.append(whole)
        else:
            self.corrupt += 1
        return right
