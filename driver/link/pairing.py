"""Pairing with a device before its services are read, for BMSs that want it. Nothing is paired unless the owner asks.

BlueZ asks the agent of the program that calls Pair, over the same D-Bus connection; so both go over ours.
"""

from collections.abc import Callable

from dbus_fast.constants import MessageType
from dbus_fast.message import Message

from .bluez import DEVICE, Bluez, Device
from .trouble import BluetoothError, Trouble

AGENT, MANAGER = "org.bluez.Agent1", "org.bluez.AgentManager1"
PATH = "/dbus_jkbms/agent"
JUST_WORKS = "yes"
ALREADY = "AlreadyExists"


async def pair(bluez: Bluez, device: Device, passkey: str) -> None:
    """Pair, unless it is paired; `passkey`: six digits, or "yes" for pairing without one. BluetoothError PAIRING."""
    if device.paired:
        return
    capability = "NoInputNoOutput" if passkey == JUST_WORKS else "KeyboardDisplay"
    await bluez.known()  # there is a connection now
    bus = bluez.bus
    assert bus is not None
    answer = _agent(passkey)
    bus.add_message_handler(answer)
    try:
        await bluez.call("/org/bluez", f"{MANAGER}.RegisterAgent", "os", [PATH, capability])
        await bluez.call(device.path, f"{DEVICE}.Pair", timeout=30.0)
    except BluetoothError as exc:
        if ALREADY in str(exc):
            return
        if exc.trouble in (Trouble.PAIRING, Trouble.ABORTED, Trouble.OTHER):
            raise BluetoothError(Trouble.PAIRING, f"the BMS refused pairing ({exc})") from exc
        raise
    finally:
        bus.remove_message_handler(answer)
        await _unregister(bluez)


async def _unregister(bluez: Bluez) -> None:
    try:
        await bluez.call("/org/bluez", f"{MANAGER}.UnregisterAgent", "o", [PATH])
    except BluetoothError:
        await bluez.close()  # BlueZ forgets the agent with the connection


def _agent(passkey: str) -> Callable[[Message], Message | bool | None]:
    """What answers BlueZ: yes to everything, and the passkey where one is wanted."""

    def answer(message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.interface != AGENT:
            return None
        if message.member == "RequestPasskey" and passkey != JUST_WORKS:
            return Message.new_method_return(message, "u", [int(passkey)])
        if message.member == "RequestPinCode" and passkey != JUST_WORKS:
            return Message.new_method_return(message, "s", [passkey])
        if message.member in ("RequestPasskey", "RequestPinCode"):
            return Message.new_error(message, "org.bluez.Error.Rejected", "no passkey is set")
        return Message.new_method_return(message)

    return answer
