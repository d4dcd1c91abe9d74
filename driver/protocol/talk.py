"""One conversation with one BMS, without I/O: bytes and time go in, frames and requests come out.

A dialect says what to ask and how often; the talk keeps count of what was asked and answered. Times are monotonic
seconds, handed in by the caller, who owns the clock and the wire.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..errors import ProtocolError

APART = 0.1  # s between packets, as the vendor's document wants it; and so long may a frame pause before its end


class Counters(Protocol):
    """What a framer has found so far."""

    good: int  # frames
    corrupt: int  # frames
    echoes: int  # requests
    dropped: int  # bytes


class Framer(Counters, Protocol):
    """Cuts bytes into frames."""

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun."""

    @property
    def missing(self) -> int:
        """Bytes that the frame on its way still lacks; 0: unknown."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Whole, checked frames."""

    def gap(self) -> list[bytes]:
        """The same, knowing that nothing more is coming."""


class Conversation(Protocol):
    """What to write and when, and the frames in what comes back."""

    @property
    def framer(self) -> Counters:
        """What cuts the bytes."""

    def begin(self) -> None:
        """A link was opened: nothing is on its way."""

    def send(self, now: float) -> bytes | None:
        """The bytes to write now, if any. Raises ProtocolError when the device stays silent."""

    def receive(self, chunk: bytes) -> list[bytes]:
        """Frames in `chunk`; an empty chunk says that nothing came for as long as `wake` told."""

    @property
    def expected(self) -> int:
        """Bytes that are on their way; 0: unknown or none."""

    def wake(self, now: float) -> float:
        """Seconds until `send` should be called again if nothing comes before."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One question, asked again and again."""

    request: bytes
    every: float  # s
    timeout: float  # s, for the whole answer
    wake: bytes | None = None  # sent before the question when the last one stayed unanswered
    tries: int = 3  # unanswered questions in a row before the talk gives up
    answers: Callable[[bytes], bool] = lambda frame: True  # whether a frame answers the question


class Talk:
    """Asks one question in a fixed rhythm, waits for its answer, and knows when to give up."""

    def __init__(self, poll: Poll, framer: Framer) -> None:
        self.poll = poll
        self.framer = framer
        self.unanswered = 0  # questions in a row
        self._due: float | None = None  # when to ask next; None: at once
        self._waiting = False  # for an answer
        self._asked = 0.0
        self._woken = False

    def begin(self) -> None:
        """A link was opened: nothing is on its way."""
        self.framer.gap()
        self.unanswered = 0
        self._due, self._waiting, self._woken = None, False, False

    def send(self, now: float) -> bytes | None:
        """The bytes to write now, if any. Raises ProtocolError when the BMS stays silent."""
        if self._waiting:
            if now < self._asked + self.poll.timeout:
                return None
            self._waiting = False
            self.unanswered += 1
            if self.unanswered >= self.poll.tries:
                raise ProtocolError(f"no answer to {self.unanswered} requests")
        if self._due is not None and now < self._due:
            return None
        if self.unanswered and self.poll.wake is not None and not self._woken:
            self._woken = True
            self._due = now + APART
            return self.poll.wake
        self._woken = False
        self._waiting, self._asked = True, now
        self._due = self._next(now)
        return self.poll.request

    def _next(self, now: float) -> float:
        """A fixed rhythm: what was missed is left out, so that no two questions are less than half a beat apart."""
        due, every = now if self._due is None else self._due, self.poll.every
        return due + every * (1 + round((now - due) / every))

    def receive(self, chunk: bytes) -> list[bytes]:
        """Frames in `chunk`; an empty chunk says that nothing came for as long as `wake` told."""
        frames = self.framer.feed(chunk) if chunk else self.framer.gap()
        if any(map(self.poll.answers, frames)):
            self._waiting = False
            self.unanswered = 0
        return frames

    @property
    def expected(self) -> int:
        """Bytes that are on their way; 0: unknown or none."""
        return self.framer.missing if self._waiting else 0

    def wake(self, now: float) -> float:
        """Seconds until `send` should be called again if nothing comes before; a frame that has begun may still end."""
        until = self._asked + self.poll.timeout if self._waiting else now if self._due is None else self._due
        return max(APART if self.framer.held else 0.0, until - now)
