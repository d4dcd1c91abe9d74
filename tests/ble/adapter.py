"""A Bluetooth adapter as BlueZ shows it."""

import asyncio
import time
from collections import deque
from typing import Any

from tests.ble.device import FakeDevice
from tests.ble.gatt import hang
from tests.ble.nodes import ADAPTER, DEVICE, Node, RefusedError, wrapped


class FakeAdapter(Node):
    def __init__(self, bluez: Any, name: str, *, address: str = "00:1A:7D:DA:71:13", powered: bool = True) -> None:
        super().__init__(bluez, f"/org/bluez/{name}")
        self.devices: list[FakeDevice] = []
        self.sessions: dict[str, dict[str, Any]] = {}  # filters of those who scan
        self.filters: dict[str, dict[str, Any]] = {}
        self.scans: list[dict[str, Any]] = []  # filters of every scan that was begun
        self.log: deque[tuple[float, str]] = deque(maxlen=500)
        self.errors: dict[str, list[Any]] = {}
        self.wedged = False  # hears nothing and connects nothing until it is switched off and on
        self.temporary = 30.0  # s that BlueZ keeps a device it does not hear any more
        self.interfaces[ADAPTER] = wrapped({
            "Address": address, "AddressType": "public", "Name": "fake", "Alias": "fake", "Powered": powered,
            "Discovering": False, "UUIDs": [], "Modalias": "usb:v1D6Bp0246d0548", "Roles": ["central", "peripheral"],
        })  # fmt: skip
        self.methods[ADAPTER] = {
            "StartDiscovery": "",
            "StopDiscovery": "",
            "SetDiscoveryFilter": "",
            "RemoveDevice": "",
        }
        self._scan: asyncio.Task[None] | None = None

    @property
    def powered(self) -> bool:
        return bool(self.get(ADAPTER, "Powered"))

    @property
    def calls(self) -> list[str]:
        return [method for _, method in self.log]

    async def _script(self, method: str) -> None:
        self.log.append((time.monotonic(), method))
        script = self.errors.get(method)
        fault = script.pop(0) if script else None
        if fault == "hang":
            await hang()
        if fault is not None:
            raise RefusedError(*fault)

    async def m_set_discovery_filter(self, sender: str, wanted: dict[str, Any]) -> None:
        await self._script("SetDiscoveryFilter")
        self.filters[sender] = {name: value.value for name, value in wanted.items()}

    async def m_start_discovery(self, sender: str) -> None:
        await self._script("StartDiscovery")
        if not self.powered:
            raise RefusedError("NotReady")
        if sender in self.sessions:
            raise RefusedError("InProgress")
        self.sessions[sender] = self.filters.get(sender, {})
        self.scans.append(self.sessions[sender])
        self._update()

    async def m_stop_discovery(self, sender: str) -> None:
        await self._script("StopDiscovery")
        if not self.powered:
            raise RefusedError("NotReady")
        if self.sessions.pop(sender, None) is None:
            raise RefusedError("Failed", "No discovery started")
        self._update()

    async def m_remove_device(self, sender: str, path: str) -> None:
        await self._script("RemoveDevice")
        for device in self.devices:
            if device.path == path and path in self.bluez.tree:
                device.remove()
                return
        raise RefusedError("DoesNotExist")

    def set_powered(self, *, on: bool) -> None:
        """The Powered property was written."""
        self.log.append((time.monotonic(), "SetPowered"))
        self.bluez.soon(0.02, lambda: self.power(on=on))

    def forget_client(self, sender: str) -> None:
        self.sessions.pop(sender, None)
        self.filters.pop(sender, None)
        self._update()
        for device in self.devices:
            for one in device.characteristics:
                if sender in one.subscribers:
                    one.subscribers.discard(sender)
                    one.release()

    def _update(self) -> None:
        wanted = self.powered and bool(self.sessions)
        if wanted and self._scan is None:
            self._scan = asyncio.ensure_future(self._scanning())
            self.bluez.soon(0, lambda: self.set(ADAPTER, Discovering=bool(self.sessions)))
        elif not wanted and self._scan is not None:
            self.stop()
            for device in self.devices:
                if device.path in self.bluez.tree:
                    device.set(DEVICE, invalidate=("RSSI", "TxPower"))  # measured: the end of a scan clears it
                    if not device.known and not device.connected:
                        self.bluez.soon(self.temporary, lambda one=device: self._expire(one))
            self.set(ADAPTER, Discovering=False)

    def stop(self) -> None:
        if self._scan is not None:
            self._scan.cancel()
            self._scan = None

    def _expire(self, device: FakeDevice) -> None:
        old = time.monotonic() - device.last_seen >= self.temporary * 0.9
        if self._scan is None and not device.connected and device.path in self.bluez.tree and old:
            device.remove()

    async def _scanning(self) -> None:
        await asyncio.sleep(0.03)
        while True:
            for device in self.devices:
                if device.advertising and not device.connected and not self.wedged and self._matches(device):
                    device.seen()
            await asyncio.sleep(0.05)

    def _matches(self, device: FakeDevice) -> bool:
        """BlueZ merges the filters of all who scan."""
        for wanted in self.sessions.values():
            pattern, uuids = wanted.get("Pattern", ""), wanted.get("UUIDs", ())
            named = device.address.startswith(pattern) or device.name.startswith(pattern)
            if named and (not uuids or set(uuids) & set(device.advertised_services)):
                return True
        return False

    def power(self, *, on: bool) -> None:
        if on:
            self.set(ADAPTER, Powered=True)
            return
        self.wedged = False
        for device in self.devices:
            device.cancel_pending()
            device.drop()
        self.sessions.clear()
        self.set(ADAPTER, Powered=False)
        self._update()

    def unplug(self) -> None:
        self.power(on=False)
        for device in self.devices:
            if device.path in self.bluez.tree:
                device.remove()
        self.bluez.remove(self)

    def plug(self) -> None:
        self.interfaces[ADAPTER].update(wrapped({"Powered": True, "Discovering": False}))
        self.bluez.add(self)
        for device in self.devices:
            if device.known:
                self.bluez.add(device)

    def move(self, name: str) -> None:
        """Plugged in again, it has another number."""
        self.path = f"/org/bluez/{name}"
        for device in self.devices:
            device.move()
