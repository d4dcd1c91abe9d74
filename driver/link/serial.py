"""A serial port on the event loop, near or far.

Opened beside the loop (opening.py), then its descriptor is read and written directly and never blocks. When to look
for bytes is `pace.py`'s decision.
"""

import asyncio
import os
import termios
from contextlib import suppress

from ..errors import LinkError
from .doorbell import Doorbell
from .opening import Attempt, open_descriptor, short_name
from .pace import Pace

CHUNK = 4096  # bytes: what a tty holds at most
OPENING = 5.0  # s: longest wait for a port to open
SENDING = 2.0  # s: longest wait for a port to take a request


class SerialLink:
    """`Link` over `/dev/tty...`, `/dev/serial/by-id/...`, a pty, `socket://host:port` or `rfc2217://host:port`.

    Opens for this process alone. An unplugged adapter, a hang-up, a closed connection: LinkError at the next look.
    """

    def __init__(self, port: str, baudrate: int, *, opening: float = OPENING) -> None:
        self.name = short_name(port)
        self._port = port
        self._baudrate = baudrate
        self._opening = opening
        self._attempt: Attempt | None = None
        self._pace = Pace(baudrate)
        self._descriptor: int | None = None
        self._held = bytearray()  # the beginning of a frame; outlives a cancelled read

    async def open(self) -> None:
        """Open and throw away what was received before. LinkError says what is wrong and what would be right."""
        self._let_go()
        self._held.clear()
        self._pace.restart()
        if self._attempt is not None and self._attempt.hangs:
            raise LinkError(f"{self._port}: an earlier attempt to open it has not returned; adapter or network hangs")
        self._loop = asyncio.get_running_loop()
        self._attempt = Attempt(lambda: open_descriptor(self._port, self._baudrate, self._opening), discard=os.close)
        try:
            async with asyncio.timeout(self._opening):
                self._descriptor = await self._attempt.outcome()
        except TimeoutError:
            raise LinkError(f"{self._port}: did not open within {self._opening:g} s") from None
        self._doorbell = Doorbell(self._loop, self._descriptor)

    async def write(self, data: bytes) -> None:
        """Send all of `data`. LinkError when the port is gone, or takes no bytes for 2 s (flow control?)."""
        rest = data[self._send(data) :]
        if rest:
            await self._send_rest(rest)
        self._pace.wrote(self._loop.time())

    async def read(self, expect: int, timeout: float) -> bytes:
        """What has come, collected up to `expect` bytes while they keep coming; b"" after `timeout` seconds of none.

        A cancelled read loses nothing.
        """
        self._number()
        held, pace = self._held, self._pace
        now = self._loop.time()
        deadline = now + timeout
        while not held or len(held) < expect:
            missing = expect - len(held)
            blind = pace.blind(missing, now)
            if blind > 0.0:
                await self._doorbell.sleep(min(now + blind, deadline))
            elif not await self._doorbell.wait(min(deadline, pace.patience(missing)) if held else deadline):
                break
            self._take(expect, exact=blind == 0.0)
            now = self._loop.time()
            if now >= deadline:
                break
        data = bytes(held)
        held.clear()
        return data

    async def close(self) -> None:
        """Let go of the port at once; what was not sent yet is dropped. Closing twice does no harm."""
        self._let_go()

    def _number(self) -> int:
        if self._descriptor is None:
            raise LinkError(f"{self.name}: not open")
        return self._descriptor

    def _send(self, data: bytes) -> int:
        """How many of `data` the port took at once."""
        try:
            return os.write(self._number(), data)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise self._lost(f"gone while writing ({exc.strerror})") from exc

    def _take(self, expect: int, *, exact: bool) -> None:
        """Move what has arrived to `_held`."""
        try:
            chunk = os.read(self._number(), CHUNK)
        except BlockingIOError:
            return
        except OSError as exc:
            raise self._lost(f"gone while reading ({exc.strerror})") from exc
        if not chunk:  # "nothing yet" would be EAGAIN
            raise self._lost("gone: unplugged, or the other end hung up")
        self._held += chunk
        self._pace.took(len(chunk), self._loop.time(), complete=0 < expect <= len(self._held), exact=exact)

    async def _send_rest(self, rest: bytes) -> None:
        """Send what the port did not take at once, as soon as it does."""
        number = self._number()
        try:
            async with asyncio.timeout(SENDING):
                while rest:
                    writable = asyncio.Event()
                    self._loop.add_writer(number, writable.set)
                    await writable.wait()
                    rest = rest[self._send(rest) :]
        except TimeoutError:
            raise self._lost(f"takes no bytes for {SENDING:g} s; {len(rest)} unsent") from None
        finally:
            if self._descriptor == number:  # else it is closed, and the number may be another's by now
                self._loop.remove_writer(number)

    def _lost(self, why: str) -> LinkError:
        self._let_go()
        return LinkError(f"{self.name}: {why}")

    def _let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        self._doorbell.close()
        with suppress(RuntimeError):  # the loop may be closed
            self._loop.remove_writer(descriptor)
        with suppress(termios.error):  # unsent bytes would make close() wait for them, up to 30 s
            termios.tcflush(descriptor, termios.TCIOFLUSH)
        with suppress(OSError):
            os.close(descriptor)
