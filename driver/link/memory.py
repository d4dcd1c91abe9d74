"""Two linked ends in one process, for tests and the simulator: what one writes, the other reads."""

import asyncio
from collections.abc import Callable, Iterable

from ..errors import LinkError

Damage = Callable[[bytes], Iterable[bytes]]
"""What becomes of a chunk on its way: nothing, one chunk, or several."""


def intact(chunk: bytes) -> Iterable[bytes]:
    """No damage."""
    return (chunk,)


def memory_pair(damage: Damage = intact) -> tuple["MemoryLink", "MemoryLink"]:
    """A driver's end and a device's end. `damage` befalls what the device sends; each end's own can be changed."""
    cable = Cable()
    driver = MemoryLink("memory", cable)
    device = MemoryLink("memory, far end", cable)
    driver.peer, device.peer = device, driver
    device.damage = damage
    return driver, device


class Cable:
    """What the two ends share."""

    plugged = True


class MemoryLink:
    """`Link` in memory. Bytes sent to an end that is not open are lost, as on a wire."""

    peer: "MemoryLink"

    def __init__(self, name: str, cable: Cable) -> None:
        self.name = name
        self.damage: Damage = intact
        self._cable = cable
        self._open = False
        self._received = bytearray()
        self._wake: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Open and throw away what was received before; LinkError while unplugged."""
        self._open = False
        if not self._cable.plugged:
            raise LinkError(f"{self.name}: not plugged in")
        self._received.clear()
        self._open = True

    async def write(self, data: bytes) -> None:
        """Hand `data` to the other end at once, damaged as `damage` says."""
        self._check()
        for chunk in self.damage(data):
            self.peer._receive(chunk)  # noqa: SLF001 - the other half of this object

    async def read(self, expect: int, timeout: float) -> bytes:
        """Everything that has come; b"" after `timeout` seconds of nothing."""
        self._check()
        if not self._received:
            loop = asyncio.get_running_loop()
            self._wake = loop.create_future()
            timer = loop.call_later(timeout, self._rouse)
            try:
                await self._wake
            finally:
                timer.cancel()
                self._wake = None
            self._check()
        data = bytes(self._received)
        self._received.clear()
        return data

    async def close(self) -> None:
        """Let go of this end. Closing twice does no harm."""
        self._open = False
        self._rouse()

    def unplug(self) -> None:
        """Pull the cable: both ends are lost at once, and do not open until `plug`."""
        self._cable.plugged = False
        for end in (self, self.peer):
            end._rouse()  # noqa: SLF001

    def plug(self) -> None:
        """Put the cable back; both ends must be opened again."""
        self._open = self.peer._open = False  # noqa: SLF001
        self._cable.plugged = True

    def _receive(self, chunk: bytes) -> None:
        if self._open and chunk:
            self._received += chunk
            self._rouse()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _check(self) -> None:
        if not self._cable.plugged:
            self._open = False
            raise LinkError(f"{self.name}: gone: unplugged")
        if not self._open:
            raise LinkError(f"{self.name}: not open")
