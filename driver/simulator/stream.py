"""What a device does that speaks over Bluetooth: it answers commands, and one of them begins a stream.

Over the air each connection begins anew; on the lines of this simulator the stream goes on until the device sleeps.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf

from ..protocol.framing import SizedFraming, Starts
from .bms import JkBms
from .faults import Faults
from .line import Line
from .profiles import Profile

PERIOD = 0.5  # s from one frame of the stream to the next, as recorded


class Requests(SizedFraming):
    """Cuts the requests of one length out of what a device hears."""

    def __init__(self, start: bytes, size: int, right: Callable[[bytes], bool]) -> None:
        super().__init__()
        self.starts = Starts(start)
        self._length = size
        self._right = right

    def _size(self, data: bytes, at: int) -> int | None:
        return self._length

    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        right = self._right(whole)
        if right:
            found.append(whole)
        return right


class StreamingDevice(ABC):
    """A `line.Device` with a stream."""

    def __init__(self, bms: JkBms, requests: Requests) -> None:
        self.bms = bms
        self.streaming = False
        self.frames = 0  # sent; their low byte is the counter in them
        self._requests = requests

    def hear(self, chunk: bytes) -> bytes:
        """See `line.Device`."""
        asked = self._requests.feed(chunk)
        return b"" if self.bms.asleep else b"".join(map(self.answer, asked))

    def forget(self) -> None:
        """See `line.Device`."""
        self._requests.gap()

    def next_frame(self) -> bytes:
        """One more frame of the stream."""
        self.frames += 1
        return self.live()

    @abstractmethod
    def answer(self, request: bytes) -> bytes:
        """What it says to one request; it may begin to stream."""

    @abstractmethod
    def live(self) -> bytes:
        """The frame that streams, as it is now."""


class StreamLine(Line):
    """A line with such a device on it."""

    device: StreamingDevice

    def __init__(
        self,
        device: StreamingDevice,
        *,
        profile: Profile | None = None,
        faults: Faults | None = None,
        baudrate: int | None = None,
        speed: float = 1.0,
    ) -> None:
        super().__init__(device, profile=profile, faults=faults, baudrate=baudrate, speed=speed)
        self._next = -inf  # when a frame of the stream is due

    @property
    def speaks_at(self) -> float:
        """See `Line.speaks_at`."""
        return self._next if self.device.streaming else inf

    def hear(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """See `Line.hear`."""
        before = self.device.streaming
        sent = super().hear(data, now)
        if self.device.streaming and not before:
            self._next = now + PERIOD
        return sent

    def speak(self, now: float) -> list[tuple[float, bytes]]:
        """See `Line.speak`."""
        said: list[tuple[float, bytes]] = []
        if not self.device.streaming:
            return said
        self._live(now)
        if now - self._next > 2 * PERIOD:  # it was not plugged in
            self._next = now
        while self._next <= now:
            at, self._next = self._next, self._next + PERIOD
            for gap, data in [] if self.device.bms.asleep else self.faults.sent(b"", self.device.next_frame()):
                at += gap
                said.append((at, data))
        return said
