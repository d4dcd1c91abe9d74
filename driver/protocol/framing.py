"""What every framer does: look for a start, wait for the whole, check it, go on behind it or inside it."""

import re
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Starts:
    """The byte strings with which something may begin."""

    def __init__(self, *starts: bytes) -> None:
        self._pattern = re.compile(b"|".join(map(re.escape, starts)))
        self._begins = frozenset(start[:size] for start in starts for size in range(1, len(start)))
        self._longest = max(map(len, self._begins))

    def find(self, data: bytes, at: int, *, more: bool) -> int:
        """The first at or behind `at`; with `more` to come also one that is cut in two; else the end of `data`."""
        match = self._pattern.search(data, at)
        if match:
            return match.start()
        for size in range(min(self._longest, len(data) - at), 0, -1) if more else ():
            if data[-size:] in self._begins:
                return len(data) - size
        return len(data)


class Framing(ABC, Generic[Found]):
    """Cuts a byte stream; noise, half frames, echoes and damaged frames cost only themselves.

    It never raises, never holds a byte more than the longest frame, and its work is linear in what it is fed.
    """

    starts: Starts

    def __init__(self) -> None:
        self.good = 0
        self.corrupt = 0  # frames with a wrong sum, or with an inside that no frame has
        self.echoes = 0  # requests heard, whoever sent them
        self.dropped = 0  # bytes that belong to nothing of that
        self._buffer = b""  # begins with a start that may become a frame, or is empty

    @property
    def held(self) -> int:
        """Bytes of a frame that has begun."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[Found]:
        """What became whole with this, checked."""
        return self._cut(self._buffer + chunk, more=True)

    def gap(self) -> list[Found]:
        """Nothing more is coming: a frame that has begun is none, but one may stand behind its start."""
        return self._cut(self._buffer, more=False)

    def _cut(self, data: bytes, *, more: bool) -> list[Found]:
        found: list[Found] = []
        at, end = 0, len(data)
        while at < end:
            start = self.starts.find(data, at, more=more)
            self.dropped += start - at
            at = start
            used = self._use(data, at, found, more=more) if at < end else 0
            if not used:
                break
            at += used
        self._buffer = data[at:]
        return found

    @abstractmethod
    def _use(self, data: bytes, at: int, found: list[Found], *, more: bool) -> int:
        """How many bytes were used up, counted as what they are; 0, with `more` to come only: too little has come."""


class SizedFraming(Framing[bytes]):
    """Where the first bytes tell how long a frame is."""

    def _use(self, data: bytes, at: int, found: list[bytes], *, more: bool) -> int:
        size = self._size(data, at)
        if size is None or len(data) - at < size:
            if more:
                return 0
        elif size and self._take(data[at : at + size], found):
            return size
        self.dropped += 1  # the start alone: the next frame may begin inside this one
        return 1

    @abstractmethod
    def _size(self, data: bytes, at: int) -> int | None:
        """Bytes of what begins there; None: not known yet; 0: nothing does."""

    @abstractmethod
    def _take(self, whole: bytes, found: list[bytes]) -> bool:
        """Whether it is something that is known; a frame is put to `found`."""
