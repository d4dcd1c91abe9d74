"""Waiting for a descriptor to become readable, or for a time, again and again, at little cost."""

import asyncio
import select
from collections.abc import Callable, Generator
from contextlib import suppress
from contextvars import Context

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
        self._wait.end_soon()

    def _ring(self) -> None:
        self._epoll.poll(0)  # which disarms it
        self._wait.end()


class Wait:
    """What a task awaits, again and again; it goes on inside the very callback that ends the wait.

    A future would resume its task in the next turn of the loop, and after a second of rest a turn costs a quarter of
    all that is done with a reading. This is a future as far as asyncio asks (`asyncio.isfuture`).
    """

    _asyncio_future_blocking = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._resume: Callable[[Wait], object] | None = None  # of the task that waits
        self._context = Context()  # of that task
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0
        self._rung = False
        self._cancelled = False

    def until(self, when: float) -> "Wait":
        """To be awaited: True when something ends the wait before `when`, False when nothing does."""
        self._until = when
        return self

    def end(self) -> None:
        """End the wait, if there is one, and let its task go on at once. From a callback of the loop only."""
        self._rung = True
        self._go_on()

    def end_soon(self) -> None:
        """The same from inside a task: its own turn has to end first."""
        self._rung = True
        self._go_on_soon()

    def __await__(self) -> "Generator[Wait, None, bool]":
        self._rung = self._cancelled = False
        self._asyncio_future_blocking = True
        yield self
        return self._rung

    # what asyncio asks of a future

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which it is awaited."""
        return self._loop

    def add_done_callback(self, callback: "Callable[[Wait], object]", *, context: Context) -> None:
        """How to resume the task that has just begun to wait."""
        self._resume, self._context = callback, context
        self._timer = self._loop.call_at(self._until, self._time_is_up, context=context)

    def cancel(self, msg: object = None) -> bool:
        """The task is cancelled."""
        self._cancelled = True
        return self._go_on_soon()

    def result(self) -> None:
        """Asked when the task is resumed."""
        if self._cancelled:
            raise asyncio.CancelledError

    def _time_is_up(self) -> None:
        resume, self._resume = self._resume, None
        if resume is not None:
            resume(self)

    def _go_on(self) -> None:
        resume, self._resume = self._resume, None
        if resume is not None and self._timer is not None:
            self._timer.cancel()
            self._context.run(resume, self)

    def _go_on_soon(self) -> bool:
        resume, self._resume = self._resume, None
        if resume is None or self._timer is None:
            return False
        self._timer.cancel()
        self._loop.call_soon(resume, self, context=self._context)
        return True
