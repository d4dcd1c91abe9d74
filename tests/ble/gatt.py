"""The GATT side of a fake device: characteristics that notify and can be written."""

import asyncio
from typing import TYPE_CHECKING

from tests.ble.nodes import CHARACTERISTIC, DESCRIPTOR, SERVICE, Node, RefusedError, wrapped

if TYPE_CHECKING:
    from tests.ble.device import FakeDevice

GENERIC = "00001801-0000-1000-8000-00805f9b34fb"
FFE0, FFE1, FFE2 = (f"0000{number}-0000-1000-8000-00805f9b34fb" for number in ("ffe0", "ffe1", "ffe2"))

# characteristics of service FFE0, in the order of their handles
LAYOUTS: dict[str, list[tuple[str, list[str]]]] = {
    "single": [(FFE2, ["write-without-response"]), (FFE1, ["write-without-response", "write", "notify"])],
    "double": [(FFE1, ["write-without-response", "write"]), (FFE1, ["read", "notify"])],
    "request": [(FFE1, ["write"]), (FFE1, ["notify"])],
    "mute": [(FFE1, ["read", "write"])],
}


class FakeCharacteristic(Node):
    def __init__(self, service: str, device: "FakeDevice", handle: int, uuid: str, flags: list[str]) -> None:
        super().__init__(device.bluez, f"{service}/char{handle:04x}")
        self.device, self.uuid, self.flags = device, uuid, flags
        values = {"UUID": uuid, "Service": service, "Flags": list(flags), "Value": b"", "MTU": device.mtu}
        if "notify" in flags:
            values |= {"Notifying": False, "NotifyAcquired": False}
        if "write-without-response" in flags:
            values |= {"WriteAcquired": False}
        self.interfaces[CHARACTERISTIC] = wrapped(values)
        self.methods[CHARACTERISTIC] = {"WriteValue": "", "StartNotify": "", "StopNotify": ""}
        self.descriptor: Node | None = None
        if "notify" in flags:
            self.descriptor = Node(device.bluez, f"{self.path}/desc{handle + 2:04x}")
            uuid = "00002902-0000-1000-8000-00805f9b34fb"
            self.descriptor.interfaces[DESCRIPTOR] = wrapped({"UUID": uuid, "Characteristic": self.path, "Value": b""})
        self.subscribers: set[str] = set()  # unique bus names that called StartNotify

    async def m_start_notify(self, sender: str) -> None:
        await self.device.check("StartNotify")
        if "notify" not in self.flags:
            raise RefusedError("NotSupported")
        if sender in self.subscribers:
            raise RefusedError("InProgress")
        self.subscribers.add(sender)
        self.set(CHARACTERISTIC, Notifying=True)

    async def m_stop_notify(self, sender: str) -> None:
        await self.device.check("StopNotify")
        if sender not in self.subscribers:
            raise RefusedError("Failed", "No notify session started")
        self.subscribers.discard(sender)
        self.set(CHARACTERISTIC, Notifying=bool(self.subscribers))

    async def m_write_value(self, sender: str, value: bytes, options: dict) -> None:
        await self.device.check("WriteValue")
        kind = options["type"].value if "type" in options else "request"
        if ("write-without-response" if kind == "command" else "write") not in self.flags:
            raise RefusedError("NotSupported")
        if kind == "command" and len(value) > self.device.mtu - 3:
            raise RefusedError("InvalidArguments", "Invalid Length")
        self.device.written(bytes(value))

    def notify(self, data: bytes) -> None:
        """Measured: BlueZ emits the (broadcast) signal once per subscriber, so that two see every chunk twice."""
        if self.device.connected:
            for _ in self.subscribers:
                self.set(CHARACTERISTIC, Value=bytes(data))

    def release(self, *, forget: bool = False) -> None:
        """Link lost. Measured: a subscription stays until the client's D-Bus connection ends, and comes back with the
        link, so that a program which reconnects over a second connection gets every chunk twice."""
        if forget:
            self.subscribers.clear()
        if "notify" in self.flags:
            self.set(CHARACTERISTIC, Notifying=bool(self.subscribers))


def build(device: "FakeDevice", layout: str) -> tuple[list[Node], list[FakeCharacteristic]]:
    """Services and characteristics; the generic one keeps the handles realistic."""
    services: list[Node] = []
    found: list[FakeCharacteristic] = []
    handle = 6
    for uuid, wanted in ((GENERIC, [("00002a05-0000-1000-8000-00805f9b34fb", ["indicate"])]), (FFE0, LAYOUTS[layout])):
        service = Node(device.bluez, f"{device.path}/service{handle:04x}")
        service.interfaces[SERVICE] = wrapped({"UUID": uuid, "Device": device.path, "Primary": True, "Includes": []})
        services.append(service)
        for number, flags in wanted:
            one = FakeCharacteristic(service.path, device, handle + 1, number, list(flags))
            found.append(one)
            handle += 3 if one.descriptor else 2
        handle += 4
    return services, found


async def hang() -> None:
    await asyncio.Event().wait()
