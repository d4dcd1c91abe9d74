"""From a port's name to an open, non-blocking descriptor. Opening may block, so it happens in a thread."""

import asyncio
import os
import socket
import termios
import threading
from collections.abc import Callable
from concurrent.futures import Future

import serial

from ..errors import LinkError
from .refusal import refusal


def short_name(port: str) -> str:
    """What people call the port: "ttyUSB0", "10.0.0.5:8899", an adapter's own name without udev's frame around it."""
    name = port.rstrip("/").rpartition("/")[2] or port
    return name.removeprefix("usb-").removesuffix("-port0").removesuffix("-if00")


def open_descriptor(port: str, baudrate: int, timeout: float) -> int:
    """Open `port` for this process alone, discarding old input. Blocks for up to `timeout` s. Errors: LinkError."""
    try:
        if port.startswith("socket://"):
            return _open_socket(port, timeout)
        if port.startswith("rfc2217://"):
            address(port)
            from .rfc2217 import open_bridge  # its thread and telnet code are paid for only where they are used

            return open_bridge(port, baudrate)
        if "://" in port:
            raise LinkError(f"{port}: unknown kind of port; expected /dev/..., socket://host:port, rfc2217://host:port")
        return _open_tty(port, baudrate)
    except (OSError, ValueError, termios.error) as exc:  # serial.SerialException is an OSError
        raise refusal(port, exc) from exc


def _open_tty(port: str, baudrate: int) -> int:
    # inter_byte_timeout=0 is pyserial's way to VMIN=1: with its usual VMIN=0 an unplugged port reads like a quiet one.
    tty = serial.Serial(port, baudrate, exclusive=True, timeout=0, inter_byte_timeout=0)
    try:
        return os.dup(tty.fileno())  # keeps settings and lock; pyserial's own four pipe ends are not needed
    finally:
        tty.close()


def _open_socket(port: str, timeout: float) -> int:
    # Not pyserial's handler: it hides the reason of a failure and sleeps 0.3 s in close().
    connection = socket.create_connection(address(port), timeout)
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)  # ms; a dead peer, not after 15 min
    return connection.detach()


def address(url: str) -> tuple[str, int]:
    """Host and port number of "socket://host:8899" or "socket://[fe80::1]:8899". ValueError says what is missing."""
    scheme, _, rest = url.partition("://")
    host, _, number = rest.partition("/")[0].partition("?")[0].rpartition(":")
    if not host or not number.isdecimal() or not 0 < int(number) < 65536:
        raise ValueError(f"expected {scheme}://host:port with a port number from 1 to 65535")
    return host.strip("[]"), int(number)


class Attempt:
    """One attempt to open something, in a thread that may hang without harming anybody.

    Not the loop's executor: its threads are waited for when the process ends, and are few.
    """

    def __init__(self, work: Callable[[], int], discard: Callable[[int], None]) -> None:
        self._work = work
        self._discard = discard  # for what arrives after nobody waits any more
        self._promise: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, name="opening a port", daemon=True)
        self._thread.start()

    @property
    def hangs(self) -> bool:
        """True while the thread is in `work` and has no result."""
        return self._thread.is_alive() and (self._promise.cancelled() or not self._promise.done())

    def _run(self) -> None:
        try:
            result = self._work()
        except LinkError as exc:
            if self._promise.set_running_or_notify_cancel():
                self._promise.set_exception(exc)
            return
        if self._promise.set_running_or_notify_cancel():
            self._promise.set_result(result)
        else:
            self._discard(result)

    async def outcome(self) -> int:
        """What `work` returned; raises what it raised. A cancelled wait leaks nothing."""
        try:
            return await asyncio.wrap_future(self._promise)
        except asyncio.CancelledError:
            if not self._promise.cancel() and self._promise.exception() is None:
                self._discard(self._promise.result())
            raise
