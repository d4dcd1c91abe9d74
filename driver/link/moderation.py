"""Notifications gather and are read together, as a network card moderates its interrupts.

A JK sends a frame twice a second, in a few to a dozen notifications, and each of them wakes the process; a wake-up
costs more than what is done in it. A reading is published once a second at most, so all links are looked at once a
second: what came for any of them since is read, decoded and published in one wake-up. Nothing is delayed that somebody
waits for: while a link connects, closes, or has asked for something, everything is read as it comes.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Protocol

PERIOD = 1.0  # s between looks; so long at most waits what comes, also the news that a connection was lost
MOST_READS = 100  # in one look; each takes what BlueZ has said of some 20 notifications


class Inbox(Protocol):
    """Where notifications come in, which can be left alone for a while: the kernel and the D-Bus daemon keep them."""

    def watch(self) -> None:
        """Have the event loop read what comes as it comes."""

    def leave(self) -> None:
        """Have nobody read what comes."""

    def read(self) -> None:
        """Read some of what has come."""


class Moderation:
    """When the notifications of all links are read; one for each process."""

    def __init__(self, period: float = PERIOD) -> None:
        self._period = period
        self._inbox: Inbox | None = None
        self._hurried: set[Hashable] = set()
        self._waiting: dict[Callable[[], object], None] = {}  # what to call at the end of a look, in this order
        self._timer: asyncio.TimerHandle | None = None  # the next look; None: what comes is read as it comes
        self._looking = False
        self._taken = 0

    @property
    def delay(self) -> float:
        """For how many s what has come may lie unread now."""
        return self._period if self._looking or self._timer is not None else 0.0

    def use(self, inbox: Inbox | None) -> None:
        """Where the notifications of all links come in; None: nobody knows, and they are never delayed."""
        self._inbox = inbox

    def hurry(self, link: Hashable) -> None:
        """From now on something is awaited for this link. What has come is handed over at once."""
        self._hurried.add(link)
        if self._timer is not None and not self._looking:
            self._look()

    def calm(self, link: Hashable) -> None:
        """Nothing is awaited for this link any more."""
        self._hurried.discard(link)

    def gathers(self, hand_over: Callable[[], object]) -> bool:
        """A notification was read: whether it is handed over together with others, by this call, and not at once."""
        self._taken += 1
        if not self._looking:
            if self._inbox is None or self._hurried:
                return False
            if self._timer is None:
                self._inbox.leave()
                self._look_in(asyncio.get_running_loop().time())
        self._waiting[hand_over] = None
        return True

    def _look_in(self, began: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(began + self._period, self._look)

    def _look(self) -> None:
        began = asyncio.get_running_loop().time()
        inbox, timer, self._timer = self._inbox, self._timer, None
        assert inbox is not None
        if timer is not None:
            timer.cancel()
        self._looking = True
        try:
            came = self._drained(inbox)
            waiting, self._waiting = self._waiting, {}
            for hand_over in waiting:
                hand_over()
        finally:
            self._looking = False
        if came and not self._hurried:
            self._look_in(began)
        else:
            inbox.watch()

    def _drained(self, inbox: Inbox) -> bool:
        """Whether anything came."""
        first = self._taken
        for _ in range(MOST_READS):
            before = self._taken
            inbox.read()
            if self._taken == before:
                break
        return self._taken > first
