"""A remote device as BlueZ shows it, with faults that a test plans."""

import asyncio
import random
import time
from collections import deque
from typing import Any

from dbus_fast import Variant

from tests.ble.bms import AirBms
from tests.ble.gatt import FFE0, build, hang
from tests.ble.nodes import CHARACTERISTIC, DEVICE, SERVICE, Node, RefusedError, wrapped


class FakeDevice(Node):
    """Faults are plain attributes.

    plan           one dict per coming Connect call; {} succeeds. Keys:
                     delay       seconds until the link is up, or the error is sent
                     error       (name, text) to answer with
                     flash       with error: Connected goes true and false again first, as for abort-by-local
                     hang        never answer, as for a device that does not advertise
                     resolve     seconds until ServicesResolved; None: never
                     shown       seconds from ServicesResolved until the services can be seen
                     drop_after  seconds after which the link is lost
    errors         {"WriteValue": [(name, text) or "hang" or None, ...]}, one per call
    advertising    False: scanning does not see it
    """

    def __init__(
        self,
        adapter: Any,
        address: str,
        *,
        name: str = "JK_PB2A16S20P",
        rssi: int = -60,
        layout: str = "single",
        mtu: int = 247,
        known: bool = False,
        bms: AirBms | None = None,
        services: tuple[str, ...] = (FFE0,),
        manufacturer: dict[int, bytes] | None = None,
    ) -> None:
        super().__init__(adapter.bluez, f"{adapter.path}/dev_{address.replace(':', '_')}")
        self.adapter, self.address, self.name, self.rssi, self.mtu, self.known = (
            adapter, address, name, rssi, mtu, known,
        )  # fmt: skip
        self.plan: list[dict[str, Any]] = []
        self.errors: dict[str, list[Any]] = {}
        self.log: deque[tuple[float, str]] = deque(maxlen=500)  # every method call
        self.writes: deque[bytes] = deque(maxlen=500)
        self.advertised_services = services
        self.advertising = True
        self.connected = False
        self.wants_pairing = False
        self.refuses_pairing = False
        self.passkey: int | None = None  # that it shows; pairing asks the agent for it
        self.connect_latency = self.resolve_latency = self.disconnect_latency = 0.02
        self.last_seen = 0.0
        self._pending: asyncio.Future[None] | None = None
        self.methods[DEVICE] = {"Connect": "", "Disconnect": "", "Pair": "", "CancelPairing": ""}
        told = {0x0B65: bytes.fromhex("88a0" + address.replace(":", ""))} if manufacturer is None else manufacturer
        self.interfaces[DEVICE] = wrapped({
            "Address": address, "AddressType": "public", "Alias": address.replace(":", "-"), "Paired": False,
            "Bonded": False, "Trusted": False, "Blocked": False, "LegacyPairing": False, "Connected": False,
            "UUIDs": list(services), "Adapter": adapter.path, "ServicesResolved": False,
            "ManufacturerData": {number: Variant("ay", data) for number, data in told.items()},
        })  # fmt: skip
        if known:
            self.interfaces[DEVICE].update(wrapped({"Name": name, "Alias": name}))
        self.bms = bms or AirBms(chunk=min(128, mtu - 3))
        self.bms.notify, self.bms.drop = self.notify, self.drop
        self.layout = layout
        self.services, self.characteristics = build(self, layout)
        self.exported = False

    @property
    def calls(self) -> list[str]:
        return [method for _, method in self.log]

    async def check(self, method: str) -> None:
        """The scripted error of a GATT call, or that there is no connection."""
        self.log.append((time.monotonic(), method))
        script = self.errors.get(method)
        fault = script.pop(0) if script else None
        if fault == "hang":
            await hang()
        if fault is not None:
            raise RefusedError(*fault)
        if not self.connected:
            raise RefusedError("Failed", "Not connected")

    async def m_connect(self, sender: str) -> None:
        self.log.append((time.monotonic(), "Connect"))
        step = self.plan.pop(0) if self.plan else {}
        if not self.adapter.powered:
            raise RefusedError("Failed", "Input/output error")  # measured on 5.66 and 5.82
        if self._pending is not None:
            raise RefusedError(*self.bluez.busy_error)
        if self.connected:
            return
        unreachable = step.get("hang") or self.adapter.wedged or (not self.advertising and "error" not in step)
        self._pending = asyncio.get_running_loop().create_future()
        try:
            delay = None if unreachable else step.get("delay", self.connect_latency)
            done, _ = await asyncio.wait({self._pending}, timeout=delay)
            if done:
                self._pending.result()
        finally:
            self._pending = None
        if "error" in step:
            if step.get("flash"):
                self.set(DEVICE, Connected=True)
                await asyncio.sleep(0.02)
                self.bluez.soon(0.05, lambda: self.set(DEVICE, Connected=False))
            raise RefusedError(*step["error"])
        self.link_up(step)

    def link_up(self, step: dict[str, Any]) -> None:
        self.connected = True
        self.set(DEVICE, Connected=True)
        if step.get("drop_after") is not None:
            self.bluez.soon(step["drop_after"], self.drop)
        resolve = step.get("resolve", self.resolve_latency)
        if resolve is not None:
            self.bluez.soon(resolve, lambda: self._resolved(step.get("shown")))

    def _resolved(self, shown: float | None) -> None:
        if not self.connected:
            return
        if shown is None:
            self._show()
        else:
            self.bluez.soon(shown, self._show)
        self.set(DEVICE, ServicesResolved=True)
        self.set(DEVICE, Name=self.name, Alias=self.name)

    def _show(self) -> None:
        """The first time the objects appear now."""
        if self.exported or not self.connected:
            return
        self.exported = True
        for node in self._gatt():
            self.bluez.add(node)
        uuids = sorted({service.get(SERVICE, "UUID") for service in self.services})
        self.set(DEVICE, UUIDs=uuids)

    def _gatt(self) -> list[Node]:
        descriptors = [one.descriptor for one in self.characteristics if one.descriptor]
        return [*self.services, *self.characteristics, *descriptors]

    async def m_disconnect(self, sender: str) -> None:
        self.log.append((time.monotonic(), "Disconnect"))
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(RefusedError("Failed", "br-connection-canceled"))
            if self.bluez.remove_after_cancel and not self.known:
                self.bluez.soon(0.01, self.remove)
            return
        if self.connected:  # measured: no error otherwise
            await asyncio.sleep(self.disconnect_latency)  # 2 s in reality
            self.set(DEVICE, ServicesResolved=False)
            self.bluez.soon(0.0, self.drop)  # the answer goes out first, as from BlueZ

    async def m_pair(self, sender: str) -> None:
        self.log.append((time.monotonic(), "Pair"))
        if self.refuses_pairing:
            raise RefusedError("AuthenticationRejected")
        agent = self.bluez.agents.get(sender)
        if agent is None:
            raise RefusedError("AuthenticationFailed")
        if self.passkey is not None and await self.bluez.ask_agent(agent, self.path) != self.passkey:
            raise RefusedError("AuthenticationFailed")
        self.link_up({})
        self.set(DEVICE, Paired=True, Bonded=True)

    async def m_cancel_pairing(self, sender: str) -> None:
        raise RefusedError("DoesNotExist")

    def notify(self, chunk: bytes) -> None:
        for one in self.characteristics:
            if "notify" in one.flags:
                one.notify(chunk)

    def written(self, data: bytes) -> None:
        if self.wants_pairing and not self.get(DEVICE, "Paired"):
            raise RefusedError("NotPermitted", "Operation failed with ATT error: 0x05")
        self.writes.append(data)
        self.bms.written(data)

    def drop(self) -> None:
        """Link loss: one PropertiesChanged with both properties, as traced."""
        if not self.connected:
            return
        self.connected = False
        self.bms.reset()
        self.set(DEVICE, ServicesResolved=False, Connected=False)
        for one in self.characteristics:
            one.release()

    def cancel_pending(self) -> None:
        if self._pending is not None and not self._pending.done():
            self._pending.set_exception(RefusedError("Failed", "br-connection-canceled"))

    def remove(self) -> None:
        """InterfacesRemoved for the device and everything below it."""
        self.cancel_pending()
        for one in self.characteristics:
            one.release(forget=True)
        for node in reversed(self._gatt()):
            self.bluez.remove(node)
        self.bluez.remove(self)
        self.reset()

    def reset(self) -> None:
        """As after a restart of bluetoothd, without a signal."""
        self.connected = False
        self.exported = False
        self._pending = None
        self.bms.reset()
        self.interfaces[DEVICE].pop("RSSI", None)
        self.interfaces[DEVICE].update(wrapped({"Connected": False, "ServicesResolved": False, "Paired": False}))
        for one in self.characteristics:
            one.subscribers.clear()
            one.interfaces[CHARACTERISTIC].update(wrapped({"Value": b""}))

    def move(self) -> None:
        """The adapter has another number: so has everything below it."""
        self.path = f"{self.adapter.path}/dev_{self.address.replace(':', '_')}"
        self.interfaces[DEVICE].update(wrapped({"Adapter": self.adapter.path}))
        self.services, self.characteristics = build(self, self.layout)

    def seen(self) -> None:
        """One advertisement was received while somebody scans."""
        self.last_seen = time.monotonic()
        rssi = self.rssi + random.randint(-2, 2)
        if self.path not in self.bluez.tree:
            self.interfaces[DEVICE].update(wrapped({"RSSI": rssi}))
            self.bluez.add(self)
            return
        changed: dict[str, Any] = {}
        before = self.get(DEVICE, "RSSI")
        if before is None or abs(before - rssi) >= 8:  # BlueZ does not signal small changes
            changed["RSSI"] = rssi
        if self.get(DEVICE, "Name") is None:
            changed |= {"Name": self.name, "Alias": self.name}  # the scan response
        self.set(DEVICE, **changed)
