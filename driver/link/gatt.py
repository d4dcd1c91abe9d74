"""One connection to one Bluetooth device, over bleak: the only file that knows it, imported only where it is used.

bleak waits without limit for most of BlueZ's answers, raises whatever went wrong inside, and some versions leave a
D-Bus connection open when closing fails. So every call has a time limit of its own, and whatever happens the
connection is closed in the end: notifications of a client that was left open come to the next one twice.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from bleak import BleakClient
from bleak.backends.bluezdbus.version import BlueZFeatures
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDBusError, BleakDeviceNotFoundError, BleakError
from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidMessageError

from .bluez import close_bus
from .trouble import BluetoothError, Trouble, classify

log = logging.getLogger(__name__)

SERVICE, DATA = "0000ffe0-0000-1000-8000-00805f9b34fb", "0000ffe1-0000-1000-8000-00805f9b34fb"
GENERIC = ("00001800", "00001801", "0000180a")  # services that every device has
SMALLEST_CHUNK = 20  # bytes: what a notification holds at least, and a write
LOOK_AGAIN = 0.1  # s
GRACE = 1.0  # s for what was cancelled to clean up behind itself

# besides its own errors bleak lets through what dbus-fast raises, and stumbles over objects that vanish meanwhile
RAISED = (
    BleakError, AuthError, DBusError, InvalidMessageError, OSError, EOFError, TimeoutError,
    AssertionError, AttributeError, KeyError, ValueError,
)  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Time limits in s. BlueZ takes 2 s for a disconnect, and for ever to connect to a device that is not there."""

    connect: float = 20.0
    subscribe: float = 5.0
    write: float = 4.0
    close: float = 3.2
    scan: float = 10.0
    shown: float = 2.0  # from "services resolved" until BlueZ has shown them


class Connection:
    """Made once, closed once. Every error: BluetoothError."""

    def __init__(
        self,
        address: str,
        path: str,
        timeouts: Timeouts,
        take: Callable[[bytes], None],
        gone: Callable[[], None],
    ) -> None:
        """`path`: the device in BlueZ. `take` is called with each notification, `gone` when `lost` becomes true."""
        self.lost = False  # BlueZ has told so; it does not always: silence means the same
        self._timeouts = timeouts
        self._take = take
        self._gone = gone
        self._connected = False
        self._client = BleakClient(
            BLEDevice(address, None, {"path": path, "props": {"Adapter": path.rpartition("/")[0], "Alias": address}}),
            disconnected_callback=lambda _: self._lose(),
            timeout=timeouts.connect,
        )
        self._notify: BleakGATTCharacteristic
        self._write: BleakGATTCharacteristic

    async def open(self) -> None:
        """Connect, adopting a connection that is there already, and subscribe."""
        BlueZFeatures.checked_bluez_version = True  # else bleak starts bluetoothctl, and once cancelled waits for ever
        await self._limited(self._client.connect(), self._timeouts.connect + GRACE, Trouble.NO_ANSWER, "connect")
        self._connected = True
        self._notify, self._write = await self._found()
        await self._subscribe()

    async def subscribe_again(self) -> None:
        """Renew the subscription of an open connection."""
        with suppress(BluetoothError):  # there may be none left
            await self._limited(
                self._client.stop_notify(self._notify), self._timeouts.subscribe, Trouble.SUBSCRIPTION, "unsubscribe"
            )
        await self._subscribe()

    async def write(self, data: bytes) -> None:
        """Send `data`, in pieces if the connection wants that."""
        response = "write-without-response" not in self._write.properties
        size = SMALLEST_CHUNK if response else max(SMALLEST_CHUNK, self._write.max_write_without_response_size)
        for start in range(0, len(data), size):
            piece = self._client.write_gatt_char(self._write, data[start : start + size], response=response)
            await self._limited(piece, self._timeouts.write, Trouble.WRITE, "write")

    async def close(self) -> None:
        """Disconnect, and close everything whatever happens, in 5 s at most. Closing twice does no harm."""
        self._gone = self._take = _nothing
        backend: Any = self._client._backend  # noqa: SLF001 - bleak before 3.1 has no other way to what it leaves open
        bus: MessageBus | None = backend._bus  # noqa: SLF001
        if bus is None:
            return
        try:
            if self._connected:
                await _bounded(self._client.disconnect(), self._timeouts.close)
        except RAISED as exc:
            log.debug("disconnect: %r", exc)
        finally:
            self._abandon(backend)
            await close_bus(bus)

    def _abandon(self, backend: Any) -> None:
        """Let bleak forget a connection that it could not close: BlueZ does not answer, or has ended it already."""
        backend._is_connected = False  # noqa: SLF001
        if (monitor := backend._disconnect_monitor_event) is not None:  # noqa: SLF001
            monitor.set()
        with suppress(*RAISED):
            backend._cleanup_all()  # noqa: SLF001
        backend._bus = None  # noqa: SLF001

    def _lose(self) -> None:
        self.lost = True
        self._gone()

    async def _subscribe(self) -> None:
        # AcquireNotify would lose what comes before the answer, and serves one program only
        start = self._client.start_notify(
            self._notify, lambda _, data: self._take(bytes(data)), bluez={"use_start_notify": True}
        )
        await self._limited(start, self._timeouts.subscribe, Trouble.SUBSCRIPTION, "subscribe")

    async def _found(self) -> tuple[BleakGATTCharacteristic, BleakGATTCharacteristic]:
        """The characteristics; BlueZ may call the services resolved before it has shown them all."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeouts.shown
        while True:
            try:
                return self._characteristics()
            except BluetoothError as exc:
                if exc.trouble is not Trouble.NO_SERVICE or self.lost or loop.time() >= until:
                    raise
            await asyncio.sleep(LOOK_AGAIN)
            backend: Any = self._client._backend  # noqa: SLF001 - bleak looks only once
            backend.services = None
            await self._limited(backend._get_services(), self._timeouts.subscribe, Trouble.LOST, "services")  # noqa: SLF001

    def _characteristics(self) -> tuple[BleakGATTCharacteristic, BleakGATTCharacteristic]:
        try:
            found = [one for service in self._client.services for one in service.characteristics]
        except RAISED as exc:  # lost in this moment
            raise BluetoothError(Trouble.LOST) from exc
        return characteristics(found)

    async def _limited(self, work: Coroutine[Any, Any, T], limit: float, late: Trouble, what: str) -> T:
        try:
            return await _bounded(work, limit)
        except TimeoutError as exc:
            raise BluetoothError(late, f"{late.value} ({what}: no answer for {limit:g} s)") from exc
        except RAISED as exc:
            trouble = _trouble(exc)
            if trouble in (Trouble.OTHER, Trouble.BUSY) and late is not Trouble.NO_ANSWER:
                trouble = late  # it is this call that failed, not the adapter
            raise BluetoothError(trouble, f"{trouble.value} ({what}: {_said(exc)})") from exc


def characteristics(
    found: Sequence[BleakGATTCharacteristic],
) -> tuple[BleakGATTCharacteristic, BleakGATTCharacteristic]:
    """The ones to listen to and to write to, by what they can: two may have the same UUID, handles differ.

    JK has one FFE1 that does both, or two FFE1 of which each does one; a further FFE2 that can be written is not used.
    """
    ranked = sorted(
        (one for one in found if not one.service_uuid.startswith(GENERIC)),
        key=lambda one: (one.service_uuid != SERVICE, one.uuid != DATA, one.handle),
    )
    notify = next((one for one in ranked if "notify" in one.properties), None)
    write = next(
        (
            one
            for one in ([notify] if notify is not None else []) + ranked
            if {"write", "write-without-response"} & set(one.properties)
        ),
        None,
    )
    if notify is None or write is None:
        offered = ", ".join(one.uuid[4:8] for one in found) or "none"
        raise BluetoothError(Trouble.NO_SERVICE, f"{Trouble.NO_SERVICE.value} (characteristics: {offered})")
    return notify, write


async def _bounded(work: Coroutine[Any, Any, T], limit: float) -> T:
    """What `work` returns. TimeoutError after `limit` s; then, and when cancelled, `work` is given time to clean up."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=limit)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        for _ in range(2):  # cleaning up may wait for BlueZ too
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=GRACE / 2)
        if task.done() and not task.cancelled():
            task.exception()


def _trouble(exc: BaseException) -> Trouble:
    if isinstance(exc, BleakDeviceNotFoundError):
        return Trouble.OBJECT_GONE
    found = classify(exc.dbus_error if isinstance(exc, BleakDBusError) else "", _said(exc))
    vanished = isinstance(exc, EOFError | KeyError | AssertionError | AttributeError)
    return Trouble.LOST if found is Trouble.OTHER and vanished else found


def _nothing(*_: object) -> None:
    """Whoever wanted to know has gone."""


def _said(exc: BaseException) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__  # BlueZ ends some with a new line
