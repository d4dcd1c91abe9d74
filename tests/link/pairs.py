"""A link and what it is plugged into, of every kind, with one way to handle them all."""

import asyncio
import os
import pty
import queue
import socket
import threading
import time
import tty
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

from serial.rfc2217 import PortManager

from driver.link.base import Link
from driver.link.memory import memory_pair
from driver.link.serial import SerialLink

SOON = 10.0  # s: ten times what anything here may take


async def until(fulfilled: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not fulfilled():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.002)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Pair(ABC):
    """`link` is the driver's end; the rest is the far end."""

    link: Link

    def __init__(self) -> None:
        self._received = b""

    async def open(self) -> None:
        await self.link.open()

    @abstractmethod
    async def send(self, data: bytes) -> None: ...

    @abstractmethod
    async def receive(self, count: int) -> bytes: ...

    @abstractmethod
    def unplug(self) -> None: ...

    @abstractmethod
    def replug(self) -> None: ...

    @abstractmethod
    def end(self) -> None: ...


class PolledPair(Pair):
    """One whose far end is a descriptor."""

    async def send(self, data: bytes) -> None:
        while data:
            data = data[self._put(data) :]
            if data:
                await asyncio.sleep(0.001)

    async def receive(self, count: int) -> bytes:
        def enough() -> bool:
            self._received += self._get()
            return len(self._received) >= count

        await until(enough)
        data, self._received = self._received[:count], self._received[count:]
        return data

    @abstractmethod
    def _put(self, data: bytes) -> int: ...

    @abstractmethod
    def _get(self) -> bytes: ...


class MemoryPair(Pair):
    def __init__(self, _: Path) -> None:
        super().__init__()
        self.link, self.far = memory_pair()

    async def open(self) -> None:
        await self.far.open()
        await self.link.open()

    async def send(self, data: bytes) -> None:
        await self.far.write(data)

    async def receive(self, count: int) -> bytes:
        while len(self._received) < count:
            chunk = await self.far.read(0, SOON)
            assert chunk, "waited in vain"
            self._received += chunk
        data, self._received = self._received[:count], self._received[count:]
        return data

    def unplug(self) -> None:
        self.far.unplug()

    def replug(self) -> None:
        self.far.plug()

    def end(self) -> None:
        pass


class PtyPair(PolledPair):
    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._name = directory / "battery"
        self.link = SerialLink(str(self._name), 115200)
        self.replug()

    def unplug(self) -> None:
        os.close(self.master)
        self.master = -1
        self._name.unlink()

    def replug(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self._name.symlink_to(os.ttyname(slave))
        os.close(slave)

    def end(self) -> None:
        if self.master >= 0:
            self.unplug()

    def _put(self, data: bytes) -> int:
        try:
            return os.write(self.master, data)
        except BlockingIOError:
            return 0

    def _get(self) -> bytes:
        try:
            return os.read(self.master, 65536)
        except BlockingIOError:
            return b""


class SocketPair(PolledPair):
    def __init__(self, _: Path) -> None:
        super().__init__()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._address = self._server.getsockname()
        self.link = SerialLink(f"socket://127.0.0.1:{self._address[1]}", 115200)
        self.far: socket.socket | None = None

    async def open(self) -> None:
        await super().open()
        self.far, _ = self._server.accept()  # its connection is in the queue already
        self.far.setblocking(False)

    def unplug(self) -> None:
        self._server.close()
        if self.far is not None:
            self.far.close()
            self.far = None

    def replug(self) -> None:
        self._server = socket.create_server(self._address)

    def end(self) -> None:
        self.unplug()

    def _put(self, data: bytes) -> int:
        assert self.far is not None
        try:
            return self.far.send(data)
        except BlockingIOError:
            return 0

    def _get(self) -> bytes:
        assert self.far is not None
        try:
            return self.far.recv(65536)
        except BlockingIOError:
            return b""


class Rfc2217Pair(SocketPair):
    """pyserial's own half of a server, on loopback, with a thread that reads."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.link = SerialLink(f"rfc2217://127.0.0.1:{self._address[1]}", 115200)
        self.port = SimpleNamespace(
            baudrate=9600, bytesize=8, parity="N", stopbits=1, xonxoff=False, rtscts=False, rts=True, dtr=True,
            break_condition=False, cts=True, dsr=True, ri=False, cd=True,
            reset_input_buffer=lambda: None, reset_output_buffer=lambda: None,
        )  # fmt: skip
        self._inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._manager: PortManager | None = None

    async def open(self) -> None:
        thread = threading.Thread(target=self._serve, daemon=True)
        thread.start()
        await self.link.open()

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _ = self._server.accept()
            self.far = connection
            self._manager = PortManager(self.port, SimpleNamespace(write=connection.sendall))
            while data := connection.recv(1024):
                for byte in self._manager.filter(data):
                    self._inbox.put(byte)

    def unplug(self) -> None:
        if self.far is not None:
            with suppress(OSError):
                self.far.shutdown(socket.SHUT_RDWR)
        super().unplug()

    def _put(self, data: bytes) -> int:
        assert self.far is not None
        assert self._manager is not None
        self.far.sendall(b"".join(self._manager.escape(data)))
        return len(data)

    def _get(self) -> bytes:
        data = b""
        while not self._inbox.empty():
            data += self._inbox.get()
        return data


KINDS: dict[str, type[Pair]] = {
    "memory": MemoryPair,  # type: ignore[dict-item]
    "pty": PtyPair,
    "socket": SocketPair,
    "rfc2217": Rfc2217Pair,
}


@asynccontextmanager
async def opened(kind: str, directory: Path) -> AsyncIterator[Pair]:
    """An open pair, and the promise that nothing of it remains."""
    before = descriptors()
    pair = KINDS[kind](directory)  # type: ignore[call-arg]
    try:
        await pair.open()
        yield pair
    finally:
        await pair.link.close()
        pair.end()
    await until(lambda: descriptors() <= before)
