"""A simulated JK on a pseudo-terminal, in a thread of its own, for commands that run in the test's."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from driver.simulator.line import Line, jk_line
from driver.simulator.port import PtyPort


@contextmanager
def simulated_port(*faults: str, line: Line | None = None) -> Iterator[str]:
    """The name of the port."""
    port = PtyPort(line or jk_line(faults=faults))
    plugged = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with port:
            plugged.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert plugged.wait(10)
        yield port.url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
