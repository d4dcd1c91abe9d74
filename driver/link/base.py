"""The seam between a session and whatever carries its bytes."""

from collections.abc import Callable
from typing import Protocol


class Link(Protocol):
    """What a session needs of a serial port, a TCP port, a Bluetooth connection, a pair in memory, a recording.

    Every method raises `LinkError` when the link is gone; the text names the port and what to do. After an error, and
    after `close`, the link may be opened again. Calls never overlap.
    """

    name: str  # for people and logs: "ttyUSB0", "C8:47:8C:E4:54:0E"

    async def open(self) -> None:
        """Open and throw away what was received before."""

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""

    async def read(self, expect: int, timeout: float) -> bytes:
        """What has come; b"" when nothing came for `timeout` seconds.

        `expect` is how many bytes the frame on its way still lacks (0: unknown). A link that delivers bytes one by
        one may wait until that many are likely to be there, so that a frame costs one wake-up and not twenty; it
        never waits for a byte that does not come: what is there is handed over.
        """

    async def close(self) -> None:
        """Let go of the port. Closing twice does no harm."""


LinkFactory = Callable[[], Link]
