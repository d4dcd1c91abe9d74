"""A conversation with a device that streams: a few questions at the beginning, and again when answers grow old.

As `talk.py` it does no I/O, and times are monotonic seconds handed in by the caller.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from ..errors import ProtocolError
from .talk import Framer

QUIET = 1.0  # s without a byte after which a frame that has begun will not end; notifications come in bursts
LATER = 60.0  # s until a question that may stay unanswered is asked again


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, and for how long its answer is good."""

    requests: tuple[bytes, ...]  # the forms of the question, tried in turn
    answers: Callable[[bytes], bool]  # whether a frame answers it
    fresh: float = inf  # s; a stream answers by itself, so it is asked again only when it has dried up
    first: float = 0.0  # s after the beginning before it is asked for the first time
    needed: bool = True  # False: without an answer the talk goes on


class StreamTalk:
    """Asks in the order given, one question at a time, whatever else streams meanwhile."""

    def __init__(
        self,
        asks: Sequence[Ask],
        framer: Framer,
        *,
        timeout: float = 2.0,
        tries: int = 3,
        began: Callable[[], None] = lambda: None,
    ) -> None:
        """`began` is called when a link was opened: another device may be there."""
        self.framer = framer
        self._asks = tuple(asks)
        self._timeout = timeout
        self._tries = tries
        self._began = began
        self._restart()

    def begin(self) -> None:
        """A link was opened: nothing is on its way."""
        self.framer.gap()
        self._restart()
        self._began()

    def _restart(self) -> None:
        self._due: list[float] | None = None  # when to ask each question; None: nothing was asked yet
        self._heard: set[int] = set()  # questions answered since `send` looked last
        self._waiting: int | None = None  # the question that is asked now
        self._asked = 0.0
        self._unanswered = 0  # tries in a row

    def send(self, now: float) -> bytes | None:
        """The bytes to write now, if any. Raises ProtocolError when the device stays silent."""
        due = self._look(now)
        if self._waiting is not None:
            if now < self._asked + self._timeout:
                return None
            self._give_up(self._waiting, due, now)
        for number, ask in enumerate(self._asks):
            if due[number] <= now:
                self._waiting, self._asked = number, now
                return ask.requests[self._unanswered % len(ask.requests)]
        return None

    def receive(self, chunk: bytes) -> list[bytes]:
        """Frames in `chunk`; an empty chunk says that nothing came for as long as `wake` told."""
        frames = self.framer.feed(chunk) if chunk else self.framer.gap()
        for frame in frames:
            self._heard.update(number for number, ask in enumerate(self._asks) if ask.answers(frame))
        return frames

    @property
    def expected(self) -> int:
        """Bytes that are on their way; 0: unknown or none."""
        return self.framer.missing

    def wake(self, now: float) -> float:
        """Seconds until `send` should be called again if nothing comes before; a frame that has begun may still end."""
        until = self._asked + self._timeout if self._waiting is not None else min(self._look(now))
        return max(QUIET if self.framer.held else 0.0, until - now)

    def _look(self, now: float) -> list[float]:
        """When to ask each question, after what was heard."""
        if self._due is None:
            self._due = [now + ask.first for ask in self._asks]
        for number in self._heard:
            self._due[number] = now + self._asks[number].fresh
        if self._waiting in self._heard:
            self._waiting, self._unanswered = None, 0
        self._heard.clear()
        return self._due

    def _give_up(self, number: int, due: list[float], now: float) -> None:
        """Nothing came in time: the question is asked again, or left alone, or that was the end."""
        self._waiting = None
        self._unanswered += 1
        if self._unanswered < self._tries:
            return
        if self._asks[number].needed:
            raise ProtocolError(f"no answer to {self._unanswered} requests")
        due[number], self._unanswered = now + LATER, 0
