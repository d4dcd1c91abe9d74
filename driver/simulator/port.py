"""Where a simulated BMS can be plugged in: a pseudo-terminal, a TCP port on loopback, a link in memory.

All of them run on the caller's event loop: one timer for each port that is sending, none for one that waits. So one
process serves many at the real pace.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import termios
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import LinkError
from ..link.memory import MemoryLink
from .line import Line


class Port(ABC):
    """One end of a line. `async with` plugs it in and out; `plug` and `unplug` may be called again and again.

    `on_sent` is called with the monotonic time right after the last byte of what there is to send went out.
    """

    url = ""  # what the driver's configuration calls it; "" before the first `plug`

    def __init__(self, line: Line) -> None:
        self.line = line
        self.on_sent: Callable[[float], None] | None = None
        self._due: deque[tuple[float, bytes]] = deque()

    @abstractmethod
    async def plug(self) -> None:
        """Be there. LinkError when the place is taken."""

    async def unplug(self) -> None:
        """Be gone, as a pulled adapter is; what was on its way is lost. Twice does no harm."""
        self._due.clear()

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.unplug()


class TimedPort(Port):
    """A port whose bytes go out at once when their time has come."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._timer: asyncio.TimerHandle | None = None

    async def unplug(self) -> None:
        """See `Port.unplug`."""
        await super().unplug()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @abstractmethod
    def _write(self, data: bytes) -> None:
        """Put bytes on the wire; where nobody takes them they are lost."""

    def _heard(self, data: bytes) -> None:
        idle = not self._due
        self._due.extend(self.line.hear(data, asyncio.get_running_loop().time()))
        if idle:
            self._send_due()

    def _send_due(self) -> None:
        """Send what is to be sent by now, and come back for the rest, or when the line speaks by itself."""
        loop, due = asyncio.get_running_loop(), self._due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due.extend(self.line.speak(loop.time()))
        sent = False
        while due and due[0][0] <= loop.time():
            self._write(due.popleft()[1])
            sent = True
        if sent and not due and self.on_sent is not None:
            self.on_sent(loop.time())
        at = due[0][0] if due else self.line.speaks_at
        if at < inf:
            self._timer = loop.call_at(at, self._send_due)  # absolute times: lateness does not add up


class PtyPort(TimedPort):
    """A pseudo-terminal; `link` is a name for it that stays the same when it is unplugged and plugged in again."""

    def __init__(self, line: Line, link: Path | None = None) -> None:
        super().__init__(line)
        self._link = link
        self._ends: tuple[int, int] | None = None

    async def plug(self) -> None:
        """See `Port.plug`. Replaces a symbolic link of that name, never a file."""
        if self._ends is not None:
            return
        if self._link is not None and self._link.exists() and not self._link.is_symlink():
            raise LinkError(f"{self._link}: there is something else of that name")
        # the far end stays open here too, or the near one would report a hang-up whenever nobody else has it open
        near, far = os.openpty()
        make_raw(far)
        os.set_blocking(near, False)
        self._ends = near, far
        self.url = os.ttyname(far)
        try:
            self._name()
        except OSError as exc:
            await self.unplug()
            raise LinkError(f"{self._link}: {exc.strerror}") from exc
        asyncio.get_running_loop().add_reader(near, self._readable, near)
        self._send_due()

    async def unplug(self) -> None:
        """See `Port.unplug`."""
        await super().unplug()
        if self._ends is None:
            return
        ends, self._ends = self._ends, None
        asyncio.get_running_loop().remove_reader(ends[0])
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == os.ttyname(ends[1]):
            self._link.unlink()
        for end in ends:
            os.close(end)

    def _name(self) -> None:
        if self._link is None:
            return
        beside = self._link.with_name(f".{self._link.name}.{secrets.token_hex(4)}")
        beside.symlink_to(self.url)
        beside.replace(self._link)  # at no moment is there no such name
        self.url = str(self._link)

    def _readable(self, near: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._heard(os.read(near, 4096))

    def _write(self, data: bytes) -> None:
        assert self._ends is not None
        with contextlib.suppress(BlockingIOError):  # nobody reads and the buffer is full: lost, as on a wire
            os.write(self._ends[0], data)


def make_raw(descriptor: int) -> None:
    """A terminal that passes bytes as they are (module tty, which a GX lacks, does the same)."""
    mode = termios.tcgetattr(descriptor)
    mode[:4] = 0, 0, termios.CS8 | termios.CREAD | termios.CLOCAL, 0
    mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)


class TcpPort(TimedPort):
    """A TCP port on loopback, like an RS485-to-Ethernet adapter: all who are connected share the line.

    Plain sockets: a connection that asyncio's server is just taking when it is closed stays open and unserved.
    """

    def __init__(self, line: Line, number: int = 0) -> None:
        super().__init__(line)
        self._number = number  # 0: a free one, kept from then on
        self._door: socket.socket | None = None
        self._callers: set[socket.socket] = set()

    async def plug(self) -> None:
        """See `Port.plug`."""
        if self._door is not None:
            return
        try:
            self._door = socket.create_server(("127.0.0.1", self._number))
        except OSError as exc:
            raise LinkError(f"127.0.0.1:{self._number}: {os.strerror(exc.errno or 0)}") from exc
        self._door.setblocking(False)
        self._number = self._door.getsockname()[1]
        self.url = f"socket://127.0.0.1:{self._number}"
        asyncio.get_running_loop().add_reader(self._door, self._admit, self._door)
        self._send_due()

    async def unplug(self) -> None:
        """See `Port.unplug`."""
        await super().unplug()
        if self._door is None:
            return
        asyncio.get_running_loop().remove_reader(self._door)
        self._door.close()
        self._door = None
        for caller in tuple(self._callers):
            self._dismiss(caller)

    def _admit(self, door: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):  # gone before it was let in
            caller, _ = door.accept()
            caller.setblocking(False)
            caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._callers.add(caller)
            asyncio.get_running_loop().add_reader(caller, self._readable, caller)

    def _dismiss(self, caller: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(caller)
        self._callers.discard(caller)
        caller.close()

    def _readable(self, caller: socket.socket) -> None:
        data = b""
        with contextlib.suppress(ConnectionError):
            data = caller.recv(4096)
        if data:
            self._heard(data)
        else:
            self._dismiss(caller)

    def _write(self, data: bytes) -> None:
        for caller in self._callers:
            with contextlib.suppress(BlockingIOError, ConnectionError):  # `_readable` notices who is gone
                caller.send(data)


class MemoryPort(Port):
    """The device's end of `memory_pair()`."""

    url = "memory"

    def __init__(self, line: Line, end: MemoryLink) -> None:
        super().__init__(line)
        self._end = end
        self._task: asyncio.Task[None] | None = None

    async def plug(self) -> None:
        """See `Port.plug`."""
        if self._task is None or self._task.done():  # done: somebody else pulled the cable
            self._end.plug()
            await self._end.open()
            self._task = asyncio.get_running_loop().create_task(self._serve())

    async def unplug(self) -> None:
        """See `Port.unplug`."""
        await super().unplug()
        if self._task is not None:
            task, self._task = self._task, None
            self._end.unplug()
            await task

    async def _serve(self) -> None:
        loop, due = asyncio.get_running_loop(), self._due
        with contextlib.suppress(LinkError):  # unplugged
            while True:
                at = due[0][0] if due else self.line.speaks_at
                data = await self._end.read(0, min(3600.0, max(0.0, at - loop.time())))
                if data:
                    due.extend(self.line.hear(data, loop.time()))
                due.extend(self.line.speak(loop.time()))
                sent = False
                while due and due[0][0] <= loop.time():
                    await self._end.write(due.popleft()[1])
                    sent = True
                if sent and not due and self.on_sent is not None:
                    self.on_sent(loop.time())
