"""A wait that costs one turn of the event loop, and not two."""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context


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

    @property
    def pending(self) -> bool:
        """Whether a task waits."""
        return self._resume is not None

    def end(self) -> None:
        """End the wait, if there is one. Its task goes on at once, or after the task that calls this."""
        self._rung = True
        if asyncio.current_task(self._loop) is not None:
            self._go_on_soon()
        elif (resume := self._stopped()) is not None:
            self._context.run(resume, self)

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
        if (resume := self._stopped()) is not None:
            resume(self)

    def _go_on_soon(self) -> bool:
        if (resume := self._stopped()) is None:
            return False
        self._loop.call_soon(resume, self, context=self._context)
        return True

    def _stopped(self) -> "Callable[[Wait], object] | None":
        """How to resume the task that waits; from now on none does."""
        resume, self._resume = self._resume, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return resume
