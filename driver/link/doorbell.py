"""Waiting for a descriptor to become readable, again and again, at little cost."""

import asyncio
import select
from contextlib import suppress

ARMED, DISARMED = select.EPOLLIN | select.EPOLLONESHOT, select.EPOLLONESHOT


class Doorbell:
    """Rings when `descriptor` can be read.

    asyncio's add_reader and remove_reader around each wait cost as much as the wait itself. Here the loop watches an
    epoll object of our own for as long as the port is open, and one system call arms that for one event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._wake: asyncio.Future[bool] | None = None
        self._epoll = select.epoll()
        self._epoll.register(descriptor, DISARMED)
        loop.add_reader(self._epoll.fileno(), self._ring)

    async def wait(self, until: float) -> bool:
        """True as soon as there is something to read, or an end to notice; False when `until` comes first."""
        wake: asyncio.Future[bool] = self._loop.create_future()
        self._wake = wake
        self._epoll.modify(self._descriptor, ARMED)
        timer = self._loop.call_at(until, settle, wake, False)
        try:
            return await wake
        finally:
            timer.cancel()
            self._wake = None
            if not self._epoll.closed:
                self._epoll.modify(self._descriptor, DISARMED)

    def close(self) -> None:
        """Stop watching; the descriptor stays open. Who waits is woken, to find out."""
        with suppress(RuntimeError):  # the loop may be closed
            self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        if self._wake is not None:
            settle(self._wake, True)

    def _ring(self) -> None:
        self._epoll.poll(0)  # which disarms it
        if self._wake is not None:
            settle(self._wake, True)


def settle(wake: asyncio.Future[bool], outcome: bool) -> None:
    """Give `wake` its result, unless it has one or nobody waits any more."""
    if not wake.done():
        wake.set_result(outcome)
