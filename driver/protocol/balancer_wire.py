"""Frames of the old JK active balancers on RS485.

55 AA | address 1 | command 1 | data 2 | sum of all before, 8 bits       7 bytes, a request
EB 90 | address 1 | command 1 | data 69 | sum of all before, 8 bits     74 bytes, the answer within 1 s
"""

from enum import IntEnum

from .balancer import SIZE
from .framing import SizedFraming, Starts

START, REQUEST = b"\xeb\x90", b"\x55\xaa"
REQUEST_SIZE = 7
ADDRESS = 1  # as the factory sets it


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


class BalancerFramer(SizedFraming):
    """Cuts a byte stream into the answers of a balancer."""

    starts = Starts(START, REQUEST)

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks."""
        return 0 if self._buffer.startswith(REQUEST) else SIZE - len(self._buffer)

    def _size(self, data: bytes, at: int) -> int | None:
        return REQUEST_SIZE if data.startswith(REQUEST, at) else SIZE

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        right = whole[3] in COMMANDS and whole[-1] == sum(whole[:-1]) & 0xFF and START not in whole[1:]
        if whole.startswith(REQUEST):
            self.echoes += right
        elif right:
            self.good += 1
            found.append(whole)
        else:
            self.corrupt += 1
        return right
