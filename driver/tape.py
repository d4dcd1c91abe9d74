"""The last minutes of a link, in little memory: what the flight recorder and `record` write down as it happens.

Chunks are strung together and, a few dozen at a time, compressed: frames of one battery resemble each other, so that
ten minutes of one frame a second take about 50 kB. Most chunks cost one append.
"""

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from math import inf
from struct import Struct

from .protocol.capture import Chunk, Direction

MINUTES_KEPT = 10
BLOCK = 16 * 1024  # bytes that are compressed together
WINDOW_BITS, MEMORY = 12, 5  # zlib takes 32 kB with these instead of 256
_HEAD = Struct("<cId")
_OPENED, _SENT, _RECEIVED = (way.value.encode() for way in Direction)


class Tape:
    """Keeps what went over one link; a `link.recording.Recorder`. Times are those of `clock`, in s."""

    def __init__(
        self,
        seconds: float = 60.0 * MINUTES_KEPT,
        most: int = 256 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds` that are kept at least, in at most `most` bytes: what is older goes first."""
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._block = bytearray()
        self._closed: deque[tuple[float, bytes]] = deque()  # when each block ended, and the block
        self._size = 0  # bytes of them
        self.dropped = False  # something was too much

    def opened(self) -> None:
        """See `Recorder`."""
        self._add(_OPENED, b"")

    def sent(self, data: bytes) -> None:
        """See `Recorder`."""
        self._add(_SENT, data)

    def received(self, data: bytes) -> None:
        """See `Recorder`."""
        if data:
            self._add(_RECEIVED, data)

    def chunks(self) -> Iterator[Chunk]:
        """What is kept, the oldest first; times count from there."""
        since = self._clock() - self._seconds
        began: float | None = None
        for block in (*(zlib.decompress(packed) for _, packed in tuple(self._closed)), bytes(self._block)):
            at = 0
            while at < len(block):
                way, size, when = _HEAD.unpack_from(block, at)
                at += _HEAD.size + size
                if when >= since:
                    began = when if began is None else began
                    yield Chunk(when - began, Direction(way.decode()), block[at - size : at])

    def _add(self, way: bytes, data: bytes) -> None:
        block = self._block
        block += _HEAD.pack(way, len(data), self._clock())
        block += data
        if len(block) >= BLOCK:
            self._pack()

    def _pack(self) -> None:
        packer = zlib.compressobj(1, zlib.DEFLATED, WINDOW_BITS, MEMORY)
        packed = packer.compress(self._block) + packer.flush()
        self._block = bytearray()
        now = self._clock()
        self._closed.append((now, packed))
        self._size += len(packed)
        while self._size > self._most or self._closed[0][0] < now - self._seconds:
            self.dropped = self.dropped or self._size > self._most
            self._size -= len(self._closed.popleft()[1])
            if not self._closed:
                break


def endless(most: int) -> Tape:
    """A tape for as long as somebody wants to record, in at most `most` bytes."""
    return Tape(inf, most)
