"""The few calls of our own on BlueZ: what there is, forgetting a device, switching an adapter off and on, scanning.

bleak does the connection; it has no call for these, or none with a timeout. Facts come fresh from BlueZ at each call:
what bleak remembers may be older than the daemon. Imports dbus-fast, as bleak does: only where Bluetooth is used.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import BusType, MessageType
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError
from dbus_fast.message import Message
from dbus_fast.signature import Variant

from .trouble import BluetoothError, Trouble, classify

BLUEZ = "org.bluez"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
OBJECT_MANAGER, PROPERTIES = "org.freedesktop.DBus.ObjectManager", "org.freedesktop.DBus.Properties"
TIMEOUT = 8.0  # s for one call
CONNECT_TIMEOUT = 5.0  # s to reach the bus
PAUSE = 1.0  # s that an adapter stays switched off
SYSFS = Path("/sys/class/bluetooth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A Bluetooth adapter as it is now."""

    path: str
    address: str
    powered: bool
    usb: bool

    @property
    def name(self) -> str:
        """The kernel's name, "hci0": changes with the order of plugging."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that BlueZ knows, near or not."""

    path: str
    address: str
    name: str  # "" when it has told none
    connected: bool
    paired: bool
    rssi: int | None  # dBm; None: not heard in this scan
    services: tuple[str, ...]
    manufacturers: tuple[tuple[int, bytes], ...]

    @property
    def adapter(self) -> str:
        """The path of its adapter."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything BlueZ knows at one moment."""

    adapters: tuple[Adapter, ...]
    devices: tuple[Device, ...]


class Bluez:
    """BlueZ on the system bus, over one connection that is made when it is needed. Every error: BluetoothError."""

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self._sysfs = sysfs
        self._bus: MessageBus | None = None
        self._connecting = asyncio.Lock()  # all batteries share this connection

    async def known(self) -> Known:
        """Adapters and devices as they are now."""
        (objects,) = await self.call("/", f"{OBJECT_MANAGER}.GetManagedObjects")
        adapters = [self._adapter(path, every[ADAPTER]) for path, every in objects.items() if ADAPTER in every]
        devices = [_device(path, every[DEVICE]) for path, every in objects.items() if DEVICE in every]
        return Known(tuple(sorted(adapters, key=lambda one: (not one.usb, one.name))), tuple(devices))

    async def remove(self, device: Device) -> None:
        """Let BlueZ forget a device, its connection and its keys; a forgotten one does no harm."""
        try:
            await self.call(device.adapter, f"{ADAPTER}.RemoveDevice", "o", [device.path])
        except BluetoothError as exc:
            if exc.trouble is not Trouble.OBJECT_GONE:
                raise

    async def disconnect(self, path: str) -> None:
        """End the connection of a device, whoever made it."""
        await self.call(path, f"{DEVICE}.Disconnect")

    async def power_cycle(self, adapter: Adapter) -> None:
        """Switch an adapter off, unless it is off, and on again."""
        if adapter.powered:
            await self._power(adapter, on=False)
            await asyncio.sleep(PAUSE)
        await self._power(adapter, on=True)

    async def _power(self, adapter: Adapter, *, on: bool) -> None:
        await self.call(adapter.path, f"{PROPERTIES}.Set", "ssv", [ADAPTER, "Powered", Variant("b", on)])

    @asynccontextmanager
    async def scan(self, adapter: Adapter, filters: Mapping[str, Variant]) -> AsyncIterator[asyncio.Event]:
        """Scan actively; the event is set whenever a device is heard.

        Over a connection of its own: when that is closed BlueZ ends the scan, whatever happened before. A scan that is
        left running makes BlueZ answer InProgress to every later one.
        """
        bus = await _connect()
        heard = asyncio.Event()
        bus.add_message_handler(_listener(adapter.path, heard))
        try:
            for rule in (
                f"interface='{OBJECT_MANAGER}',member='InterfacesAdded'",
                f"interface='{PROPERTIES}',path_namespace='{adapter.path}',arg0='{DEVICE}'",
            ):
                match = [f"type='signal',sender='{BLUEZ}',{rule}"]
                await _call(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus.AddMatch", "s", match)
            wanted = {"Transport": Variant("s", "le"), **filters}
            await _call(bus, BLUEZ, adapter.path, f"{ADAPTER}.SetDiscoveryFilter", "a{sv}", [wanted])
            await _call(bus, BLUEZ, adapter.path, f"{ADAPTER}.StartDiscovery")
            yield heard
            with suppress(BluetoothError):  # closing the connection ends it as well
                await _call(bus, BLUEZ, adapter.path, f"{ADAPTER}.StopDiscovery")
        finally:
            await close_bus(bus)

    async def call(
        self, path: str, member: str, signature: str = "", body: Sequence[object] = (), *, timeout: float = TIMEOUT
    ) -> list[Any]:
        """Call a method of BlueZ, and return the answer's body."""
        async with self._connecting:
            if self._bus is None or not self._bus.connected:
                await self.close()
                self._bus = await _connect()
            bus = self._bus
        return await _call(bus, BLUEZ, path, member, signature, body, timeout)

    @property
    def bus(self) -> MessageBus | None:
        """The connection, for those who must answer BlueZ on it; None before the first call."""
        return self._bus

    async def close(self) -> None:
        """Let go of the connection; the next call makes a new one."""
        bus, self._bus = self._bus, None
        if bus is not None:
            await close_bus(bus)

    def _adapter(self, path: str, values: dict[str, Variant]) -> Adapter:
        device = self._sysfs / path.rpartition("/")[2] / "device"
        return Adapter(
            path=path,
            address=values["Address"].value,
            powered=values["Powered"].value,
            usb=any(part.startswith("usb") for part in device.resolve().parts),
        )


def _device(path: str, values: dict[str, Variant]) -> Device:
    told = {name: value.value for name, value in values.items()}
    return Device(
        path=path,
        address=told.get("Address", ""),
        name=told.get("Name", ""),
        connected=told.get("Connected", False),
        paired=told.get("Paired", False),
        rssi=told.get("RSSI"),
        services=tuple(told.get("UUIDs", ())),
        manufacturers=tuple((number, bytes(data.value)) for number, data in told.get("ManufacturerData", {}).items()),
    )


def _listener(adapter: str, heard: asyncio.Event) -> Callable[[Message], None]:
    def listen(message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        path = message.body[0] if message.member == "InterfacesAdded" else message.path
        if isinstance(path, str) and path.startswith(f"{adapter}/dev_"):
            heard.set()

    return listen


async def _connect() -> MessageBus:
    bus = connected = None
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            bus = MessageBus(bus_type=BusType.SYSTEM)
            connected = await bus.connect()
    except (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError) as exc:
        raise BluetoothError(Trouble.NO_BLUEZ, f"no system D-Bus: {exc or type(exc).__name__}") from exc
    finally:
        if connected is None and bus is not None:
            bus.disconnect()
    return connected


async def _call(
    bus: MessageBus,
    destination: str,
    path: str,
    member: str,
    signature: str = "",
    body: Sequence[object] = (),
    timeout: float = TIMEOUT,
) -> list[Any]:
    interface, _, name = member.rpartition(".")
    message = Message(
        destination=destination, path=path, interface=interface, member=name, signature=signature, body=list(body)
    )
    try:
        async with asyncio.timeout(timeout):
            answer = await bus.call(message)
    except TimeoutError as exc:
        raise BluetoothError(Trouble.NO_BLUEZ, f"BlueZ did not answer {name} for {timeout:g} s") from exc
    except (OSError, EOFError, DBusError) as exc:
        raise BluetoothError(Trouble.NO_BLUEZ, f"D-Bus went away during {name}") from exc
    if answer is None:
        raise BluetoothError(Trouble.NO_BLUEZ, f"D-Bus was closed during {name}")
    if answer.message_type is MessageType.ERROR:
        text = "".join(map(str, answer.body[:1])).strip()
        trouble = classify(answer.error_name or "", text)
        raise BluetoothError(trouble, f"{trouble.value} ({name}: {text or answer.error_name})")
    return list(answer.body)


async def close_bus(bus: MessageBus) -> None:
    """Disconnect from D-Bus; closing twice does no harm."""
    wait: Callable[[], Awaitable[None]] = bus.wait_for_disconnect
    if bus.connected:
        bus.disconnect()
    with suppress(OSError, EOFError, DBusError, TimeoutError):
        async with asyncio.timeout(1.0):
            await wait()
    for name in ("_stream", "_sock"):  # dbus-fast before 5 leaves the descriptor to the garbage collector
        if (opened := getattr(bus, name, None)) is not None:
            with suppress(OSError):
                opened.close()
