"""Which adapter a battery uses, and which device it is: by address or by the name that it advertises."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from dbus_fast.signature import Variant

from .bluez import Adapter, Bluez, Device, Known
from .trouble import BluetoothError, Trouble

ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
AUTO = "auto"
GLANCE = 4.0  # s of listening to everything that tell a deaf adapter from a battery that is not there
LOOK = 2.0  # s after which BlueZ is asked even when it has signalled nothing: 5.72 does not announce what it knows


@dataclass(frozen=True, slots=True)
class Wanted:
    """A device, by its address or by its name, and the adapter that the owner wants it on."""

    port: str  # as config.ini has it: "C8:47:80:12:34:56" or "ble:NAME"
    adapter: str = AUTO  # or "hci1", or an adapter's address

    @property
    def name(self) -> str:
        """What people call it, and what BlueZ finds it by."""
        return self.port.upper() if ADDRESS.fullmatch(self.port) else self.port.removeprefix("ble:")

    def is_met_by(self, device: Device) -> bool:
        """Whether this is the device."""
        return self.name == (device.address.upper() if ADDRESS.fullmatch(self.port) else device.name)

    def on(self, known: Known, adapter: Adapter) -> Device | None:
        """The device on this adapter; BluetoothError when the name is not enough to tell."""
        found = [one for one in known.devices if one.adapter == adapter.path and self.is_met_by(one)]
        near = [one for one in found if one.connected or one.rssi is not None] or found
        if len(near) > 1:
            addresses = ", ".join(sorted(one.address for one in near))
            raise BluetoothError(
                Trouble.NOT_SEEN, f"{len(near)} devices are called {self.name!r}: name one by its address, {addresses}"
            )
        return near[0] if near else None

    def choose(self, known: Known, turn: int) -> Adapter:
        """The adapter to use now; with `auto` where the device is connected already, else by turns, USB ones first."""
        adapters = known.adapters
        if self.adapter != AUTO:
            names = {self.adapter.lower()}
            adapters = tuple(one for one in adapters if {one.name, one.address.lower()} & names)
        if not adapters:
            there = ", ".join(f"{one.name} ({one.address})" for one in known.adapters) or "none"
            asked = "no Bluetooth adapter" if self.adapter == AUTO else f"no Bluetooth adapter {self.adapter}"
            raise BluetoothError(Trouble.NO_ADAPTER, f"{asked}; there is {there}")
        for one in adapters:
            device = self.on(known, one)
            if device is not None and device.connected:
                return one
        usable = [one for one in adapters if one.powered] or list(adapters)
        return usable[turn % len(usable)]


async def search(bluez: Bluez, adapter: Adapter, wanted: Wanted, limit: float) -> Device:
    """Scan until the device is heard. BluetoothError NOT_SEEN after `limit` s without it."""
    before = wanted.on(await bluez.known(), adapter)
    stale = before.rssi if before is not None else None  # a passive scan of somebody has left it there
    loop = asyncio.get_running_loop()
    until = loop.time() + limit
    async with bluez.scan(adapter, {"Pattern": Variant("s", wanted.name)}) as heard:
        while True:
            device = wanted.on(await bluez.known(), adapter)
            if device is not None and (device.connected or device.rssi not in (None, stale)):
                return device
            left = until - loop.time()
            if left <= 0:
                break
            await _wait(heard, min(left, LOOK))
    if device is not None and stale is not None:
        return device  # it is not announced, but may be there
    raise BluetoothError(Trouble.NOT_SEEN)


async def deaf(bluez: Bluez, adapter: Adapter, limit: float = GLANCE) -> bool:
    """Whether an adapter hears no device at all."""
    async with bluez.scan(adapter, {}) as heard:
        await _wait(heard, limit)
        known = await bluez.known()
        return not any(one.adapter == adapter.path and one.rssi is not None for one in known.devices)


async def survey(
    bluez: Bluez, adapter: Adapter, seconds: float, seen: Callable[[Device], None], *, services: list[str] | None = None
) -> None:
    """Scan for `seconds`, and report every device that is heard, again when something about it has changed."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    reported: set[Device] = set()
    filters = {"UUIDs": Variant("as", services)} if services else {}
    async with bluez.scan(adapter, filters) as heard:
        while (left := until - loop.time()) > 0:
            await _wait(heard, min(left, LOOK))
            for device in (await bluez.known()).devices:
                near = device.adapter == adapter.path and (device.rssi is not None or device.connected)
                if near and device not in reported:
                    reported.add(device)
                    seen(device)
            await asyncio.sleep(min(left, 0.3))  # signals come in bursts


async def _wait(event: asyncio.Event, limit: float) -> None:
    """Until the event is set, or `limit` s have gone by; then it is cleared."""
    try:
        async with asyncio.timeout(limit):
            await event.wait()
    except TimeoutError:
        return
    event.clear()
