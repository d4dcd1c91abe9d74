"""The one file that knows which D-Bus library the system has, and what its errors are called.

dbus-fast is maintained and on every Venus OS since 3.50; dbus-next is its ancestor with the same interface. The
environment variable DRIVER_DBUS (`dbus_fast` or `dbus_next`) overrides the choice. Victron's programs take the session
bus when DBUS_SESSION_BUS_ADDRESS is set and the system bus otherwise; so does `connect`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import BusError

if TYPE_CHECKING:
    from dbus_fast.aio.message_bus import MessageBus
    from dbus_fast.constants import BusType, MessageFlag, MessageType, NameFlag, RequestNameReply
    from dbus_fast.errors import AuthError, DBusError, InvalidAddressError
    from dbus_fast.message import Message
    from dbus_fast.signature import Variant

    LIBRARY: str
else:

    def _library() -> str:
        """The name of the library to use. ImportError when there is none."""
        wanted = os.environ.get("DRIVER_DBUS")
        for name in (wanted,) if wanted else ("dbus_fast", "dbus_next"):
            try:
                import_module(name)
            except ModuleNotFoundError:
                continue
            return name
        raise ImportError(f"{wanted or 'neither dbus-fast nor dbus-next'} is not installed: pip install dbus-fast")

    LIBRARY = _library()
    MessageBus = import_module(f"{LIBRARY}.aio.message_bus").MessageBus
    Message = import_module(f"{LIBRARY}.message").Message
    Variant = import_module(f"{LIBRARY}.signature").Variant
    _constants = import_module(f"{LIBRARY}.constants")
    BusType, MessageFlag, MessageType = _constants.BusType, _constants.MessageFlag, _constants.MessageType
    NameFlag, RequestNameReply = _constants.NameFlag, _constants.RequestNameReply
    _errors = import_module(f"{LIBRARY}.errors")
    AuthError, DBusError, InvalidAddressError = _errors.AuthError, _errors.DBusError, _errors.InvalidAddressError

__all__ = ["LIBRARY", "DBusError", "Message", "MessageBus", "MessageFlag", "MessageType", "Prepared", "Variant"]

DAEMON = "org.freedesktop.DBus"
CONNECT_TIMEOUT = 10.0  # s
CALL_TIMEOUT = 10.0  # s; dbus-daemon itself never gives up on an answer
CLOSE_TIMEOUT = 1.0  # s


class ReplyError(BusError):
    """The other side answered with a D-Bus error called `name`."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        super().__init__(f"{text} ({name})")


def address() -> str:
    """Where `connect` looks for the bus, for people."""
    for variable in ("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"):
        if os.environ.get(variable):
            return os.environ[variable]
    return "unix:path=/var/run/dbus/system_bus_socket"


async def connect() -> MessageBus:
    """A new connection of its own. BusError when no bus answers there."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            kind = BusType.SESSION if os.environ.get("DBUS_SESSION_BUS_ADDRESS") else BusType.SYSTEM
            return await MessageBus(bus_type=kind).connect()
    except (OSError, EOFError, AuthError, InvalidAddressError) as error:
        raise BusError(f"no D-Bus at {address()}: {_said(error)}") from error


def watch(bus: MessageBus, gone: Callable[[str], None]) -> "asyncio.Future[None]":
    """Call `gone(why)` once, when the connection ends; keep what this returns, cancel it to hear nothing."""

    def ended(future: "asyncio.Future[None]") -> None:
        if not future.cancelled():
            gone(_said(future.exception()))

    future = asyncio.shield(_end(bus))  # cancelling it must not cancel what the library itself waits for
    future.add_done_callback(ended)
    return future


async def close(bus: MessageBus) -> None:
    """Disconnect; the daemon releases our names at once. Closing twice, or what is lost, does no harm."""
    ended = _end(bus)
    if bus.connected:
        bus.disconnect()
    done, _ = await asyncio.wait({ended}, timeout=CLOSE_TIMEOUT)
    if done:
        ended.exception()
        _close_socket(bus)


def _close_socket(bus: MessageBus) -> None:
    """Do what dbus-next, and dbus-fast before 5, leave to the garbage collector, which may be far away."""
    for name in ("_stream", "_sock"):
        if (opened := getattr(bus, name, None)) is not None:
            opened.close()


class Prepared:
    """A message whose bytes its sender makes; `make` is given its serial. To a library it is a message to be sent."""

    unix_fds: tuple[int, ...] = ()

    def __init__(self, make: Callable[[int], bytes]) -> None:
        self.serial = 0
        self._make = make

    def _marshall(self, negotiate_unix_fd: bool = False) -> bytes:
        return self._make(self.serial)


def post(bus: MessageBus, message: "Message | Prepared") -> None:
    """Send and do not wait. Whether the connection still lives is `watch`'s business, so errors end here."""
    if not bus.connected:
        return
    try:
        sent = bus.send(message)  # type: ignore[arg-type]  # a Prepared has all that a library asks of a Message
    except OSError:  # lost in this moment; some versions then ask the loop for a closed socket
        return
    if sent.done():
        _forget(sent)
    else:
        sent.add_done_callback(_forget)


async def call(
    bus: MessageBus, destination: str, path: str, member: str, signature: str = "", body: Sequence[object] = ()
) -> list[Any]:
    """Call `interface.Member` and return the answer's body. ReplyError, or BusError when there is no answer."""
    interface, _, name = member.rpartition(".")
    message = Message(
        destination=destination, path=path, interface=interface, member=name, signature=signature, body=list(body)
    )
    if not bus.connected:
        raise BusError(f"D-Bus is gone: no {name} on {destination}")
    try:
        async with asyncio.timeout(CALL_TIMEOUT):
            answer = await bus.call(message)
    except TimeoutError as error:
        raise BusError(f"{destination} did not answer {name} on {path} for {CALL_TIMEOUT:.0f} s") from error
    except (OSError, EOFError) as error:
        raise BusError(f"D-Bus went away during {name} on {destination}: {_said(error)}") from error
    if answer is None:
        raise BusError(f"D-Bus was closed during {name} on {destination}")
    if answer.message_type is MessageType.ERROR:
        raise ReplyError(str(answer.error_name), f"{destination} {name} {path}: {''.join(map(str, answer.body[:1]))}")
    return answer.body


async def claim(bus: MessageBus, name: str) -> None:
    """Own `name`, now or not at all. BusError when another connection has it."""
    reply = await _settle(bus, name, bus.request_name, NameFlag.DO_NOT_QUEUE)
    if reply not in (RequestNameReply.PRIMARY_OWNER, RequestNameReply.ALREADY_OWNER):
        raise BusError(f"the name {name} is taken by another program on {address()}")


async def release(bus: MessageBus, name: str) -> None:
    """Give `name` up; all others see the service gone. Releasing what is not owned does no harm."""
    await _settle(bus, name, bus.release_name)


async def _settle(bus: MessageBus, name: str, ask: Callable[..., Awaitable[object]], *flags: object) -> object:
    if not bus.connected:
        raise BusError(f"D-Bus is gone: the name {name} cannot be claimed or released")
    try:
        async with asyncio.timeout(CALL_TIMEOUT):
            return await ask(name, *flags)
    except (OSError, EOFError, DBusError) as error:
        raise BusError(f"the name {name} could not be claimed or released: {_said(error)}") from error


def _end(bus: MessageBus) -> "asyncio.Future[None]":
    wait: Callable[[], Awaitable[None]] = bus.wait_for_disconnect
    return asyncio.ensure_future(wait())


def _forget(sent: "asyncio.Future[Any]") -> None:
    if not sent.cancelled():
        sent.exception()


def _said(error: BaseException | None) -> str:
    """What an exception says; many of the libraries' have no text."""
    return "closed" if error is None else str(error) or type(error).__name__
