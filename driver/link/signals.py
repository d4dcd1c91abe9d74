"""The D-Bus connection over which bleak hears all that BlueZ says: one for all devices of an event loop.

bleak has no name for it, dbus-fast none for how it reads, and asyncio none for what it calls when a descriptor has
something. Where one of them has changed there is no such inbox, and notifications are read as they come; a test says
whether there is one with the versions in use.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from bleak.backends.bluezdbus.manager import get_global_bluez_manager
from dbus_fast.aio.message_bus import MessageBus

from .gatt import RAISED

FOUND = 1.0  # s; bleak has connected to a device over it just now


class Signals:
    """`Inbox` of bleak's connection, which must be watched when this is made."""

    def __init__(self, bus: MessageBus, descriptor: int, reader: asyncio.Handle) -> None:
        self._loop = asyncio.get_running_loop()
        self._bus = bus
        self._descriptor = descriptor
        handle: Any = reader
        self._call: Callable[..., object] = handle._callback  # noqa: SLF001
        self._arguments: tuple[object, ...] = handle._args  # noqa: SLF001

    def watch(self) -> None:
        """See `Inbox`."""
        if self._bus.connected:  # else the descriptor is closed, and its number may be another's by now
            self._loop.add_reader(self._descriptor, self._call, *self._arguments)

    def leave(self) -> None:
        """See `Inbox`."""
        if self._bus.connected:
            self._loop.remove_reader(self._descriptor)

    def read(self) -> None:
        """See `Inbox`."""
        if self._bus.connected:
            self._call(*self._arguments)


async def signals() -> Signals | None:
    """The connection that bleak has now; None: it cannot be told."""
    loop: Any = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(FOUND):
            manager: Any = await get_global_bluez_manager()
        bus = manager._bus  # noqa: SLF001
        descriptor: int = bus._fd  # noqa: SLF001
        reader: asyncio.Handle | None = loop._selector.get_key(descriptor).data[0]  # noqa: SLF001
        return None if reader is None else Signals(bus, descriptor, reader)
    except RAISED:
        return None
