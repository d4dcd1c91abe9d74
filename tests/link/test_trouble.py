"""Errors as BlueZ words them, and the kinds they belong to."""

import pytest

from driver.link.trouble import Trouble, classify

BLUEZ, DBUS = "org.bluez.Error.", "org.freedesktop.DBus.Error."


@pytest.mark.parametrize(
    ("name", "text", "trouble"),
    [
        (f"{BLUEZ}Failed", "le-connection-abort-by-local", Trouble.ABORTED),
        (f"{BLUEZ}Failed", "br-connection-canceled", Trouble.ABORTED),
        (f"{BLUEZ}Failed", "Software caused connection abort", Trouble.ABORTED),
        (f"{BLUEZ}Failed", "Operation already in progress", Trouble.BUSY),
        (f"{BLUEZ}InProgress", "In Progress", Trouble.BUSY),
        (f"{BLUEZ}NotReady", "Resource Not Ready", Trouble.ADAPTER_OFF),
        (f"{BLUEZ}Failed", "Input/output error", Trouble.ADAPTER_OFF),
        (f"{BLUEZ}Blocked", "Blocked through rfkill", Trouble.ADAPTER_OFF),
        (f"{BLUEZ}Failed", "Not connected", Trouble.LOST),
        (f"{BLUEZ}NotPermitted", "Notify acquired", Trouble.SUBSCRIPTION),
        (f"{BLUEZ}AuthenticationFailed", "Authentication Failed", Trouble.PAIRING),
        (f"{BLUEZ}AuthenticationRejected", "", Trouble.PAIRING),
        (f"{BLUEZ}NotAuthorized", "Operation Not Authorized", Trouble.PAIRING),
        ("", "(5, 'Insufficient Authentication')", Trouble.PAIRING),
        (f"{BLUEZ}Failed", "Operation failed with ATT error: 0x0f", Trouble.PAIRING),
        (f"{BLUEZ}Failed", "Operation failed with ATT error: 0x0e", Trouble.OTHER),
        (f"{BLUEZ}DoesNotExist", "Does Not Exist", Trouble.OBJECT_GONE),
        (f"{DBUS}UnknownObject", 'Method "Connect" ... doesn\'t exist', Trouble.OBJECT_GONE),
        ("", "device 'dev_C8_47_80_12_34_56' not found", Trouble.OBJECT_GONE),
        ("", "adapter 'hci0' not found", Trouble.NO_ADAPTER),
        (f"{DBUS}ServiceUnknown", "The name org.bluez was not provided", Trouble.NO_BLUEZ),
        (f"{DBUS}Spawn.ExecFailed", "", Trouble.NO_BLUEZ),
        (f"{DBUS}NoReply", "Message recipient disconnected", Trouble.NO_BLUEZ),
        ("", "Service Discovery has not been performed yet", Trouble.LOST),
        ("org.bluez.Error.Unheard", "of", Trouble.OTHER),
        ("", "", Trouble.OTHER),
    ],
)
def test_kinds(name: str, text: str, trouble: Trouble) -> None:
    assert classify(name, text) is trouble


def test_every_kind_says_something_to_people() -> None:
    assert all(len(trouble.value) > 20 for trouble in Trouble)
