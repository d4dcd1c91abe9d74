"""Objects of a fake org.bluez: interfaces with properties, and Python methods as D-Bus methods."""

import re
from typing import TYPE_CHECKING, Any

from dbus_fast import Variant

if TYPE_CHECKING:
    from tests.ble.daemon import FakeBluez

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
DESCRIPTOR = "org.bluez.GattDescriptor1"
AGENTS = "org.bluez.AgentManager1"
PROPERTIES, OBJECT_MANAGER = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager"
BLUEZ_ERROR = "org.bluez.Error."

# what BlueZ says when nothing else is scripted (its src/error.c, checked in traces)
TEXTS = {
    "Failed": "Operation failed",
    "InProgress": "Operation already in progress",
    "NotReady": "Resource Not Ready",
    "NotPermitted": "Write not permitted",
    "NotSupported": "Operation is not supported",
    "DoesNotExist": "Does Not Exist",
    "AlreadyExists": "Already Exists",
    "InvalidArguments": "Invalid arguments in method call",
    "AuthenticationFailed": "Authentication Failed",
    "AuthenticationRejected": "Authentication Rejected",
}

SIGNATURES = {
    "Address": "s", "AddressType": "s", "Name": "s", "Alias": "s", "Powered": "b", "Discovering": "b",
    "UUIDs": "as", "Roles": "as", "Paired": "b", "Bonded": "b", "Trusted": "b", "Blocked": "b", "LegacyPairing": "b",
    "RSSI": "n", "TxPower": "n", "Connected": "b", "Adapter": "o", "ManufacturerData": "a{qv}", "ServicesResolved": "b",
    "UUID": "s", "Device": "o", "Primary": "b", "Includes": "ao", "Service": "o", "Value": "ay", "Notifying": "b",
    "NotifyAcquired": "b", "WriteAcquired": "b", "Flags": "as", "MTU": "q", "Characteristic": "o", "Modalias": "s",
}  # fmt: skip


class RefusedError(Exception):
    """Raised by a method to answer with a D-Bus error; a name without dots is one of BlueZ's own."""

    def __init__(self, name: str, text: str | None = None) -> None:
        self.text = TEXTS.get(name, "") if text is None else text
        self.name = name if "." in name else BLUEZ_ERROR + name
        super().__init__(self.name, self.text)


def snake(member: str) -> str:
    """StartNotify: start_notify, as methods are called here."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", member).lower()


def wrapped(values: dict[str, Any]) -> dict[str, Variant]:
    return {
        name: value if isinstance(value, Variant) else Variant(SIGNATURES[name], value)
        for name, value in values.items()
    }


class Node:
    """One object. `methods`: by interface and member, the signature of the answer; `m_member` does the work."""

    def __init__(self, bluez: "FakeBluez", path: str) -> None:
        self.bluez, self.path = bluez, path
        self.interfaces: dict[str, dict[str, Variant]] = {}
        self.methods: dict[str, dict[str, str]] = {}

    def get(self, interface: str, name: str) -> Any:
        value = self.interfaces[interface].get(name)
        return None if value is None else value.value

    def set(self, interface: str, invalidate: tuple[str, ...] = (), **values: Any) -> None:
        """Change properties, and emit one PropertiesChanged about those that really changed."""
        current = self.interfaces[interface]
        changed = {
            name: value
            for name, value in wrapped(values).items()
            if name == "Value" or name not in current or current[name].value != value.value
        }
        gone = [name for name in invalidate if current.pop(name, None) is not None]
        current.update(changed)
        if (changed or gone) and self.path in self.bluez.tree:
            self.bluez.signal(self.path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, gone])
