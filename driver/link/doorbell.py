"""Waiting for a descriptor to become readable, or for a time, again and again, at little cost."""

import asyncio
import select
from contextlib import suppress

from .wait import Wait

ARMED, DISARMED = select.EPOLLIN | select.EPOLLONESHOT, select.EPOLLONESHOT


class Doorbell:
    """Rings when `descriptor` can be read. One task waits at a time.

    asyncio's add_reader and remove_reader around each wait cost as much as the wait itself. Here the loop watches an
    epoll object of our own for as long as the port is open, and one system call arms that for one event.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int) -> None:
        self._descriptor = descriptor
        self._wait = Wait(loop)
        self._epoll = select.epoll()
        self._epoll.register(descriptor, DISARMED)
        self._loop = loop
        loop.add_reader(self._epoll.fileno(), self._ring)

    async def wait(self, until: float) -> bool:
        """True as soon as there is something to read, or an end to notice; False when `until` comes first."""
        self._epoll.modify(self._descriptor, ARMED)
        try:
            return await self._wait.until(until)
        finally:
            if not self._epoll.closed:
                self._epoll.modify(self._descriptor, DISARMED)

    async def sleep(self, until: float) -> None:
        """Wait for a time, whatever there is to read."""
        await self._wait.until(until)

    def close(self) -> None:
        """Stop watching; the descriptor stays open. Who waits is woken, to find out."""
        with suppress(RuntimeError):  # the loop may be closed
            self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._wait.end()

    def _ring(self) -> None:
        self._epoll.poll(0)  # which disarms it
        self._wait.end()
