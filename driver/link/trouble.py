"""What goes wrong with Bluetooth, in kinds that decide what is done next. Pure: names and texts of errors go in.

BlueZ says the same thing in several ways, and another version says it in another one; the table holds what real
daemons (5.66, 5.72, 5.82) answered. What it does not know is `OTHER`, and simply tried again.
"""

import re
from enum import Enum

from ..errors import LinkError


class Trouble(Enum):
    """Kinds of trouble; the value says to people what it is, and what to do if there is anything to do."""

    NO_BLUEZ = "the Bluetooth service (bluetoothd) does not answer"
    NO_ADAPTER = "there is no such Bluetooth adapter"
    ADAPTER_OFF = "the Bluetooth adapter is switched off"
    BUSY = "the adapter is busy with another program's scan or connection (InProgress)"
    OBJECT_GONE = "BlueZ does not know the device any more"
    NOT_SEEN = "is not heard: it is off, out of range, or something else is connected to it"
    DEAF = "the adapter hears no Bluetooth device at all: it is wedged, or its aerial is missing"
    NO_ANSWER = "does not answer a connection request"
    ABORTED = "the connection was aborted while it was made (weak signal, interference, or no free slot)"
    NO_SERVICE = "is connected, but offers no characteristic to read from and write to: is it a JK BMS?"
    SUBSCRIPTION = "refuses to send notifications; another program may have taken them"
    PAIRING = "refuses pairing, or wants it: see the option pairing"
    WRITE = "does not take what is written to it"
    LOST = "the connection was lost"
    SILENT = "is connected, but nothing usable comes"
    OTHER = "the connection failed"


# what is in the way of one attempt and often not of the next
PASSING = frozenset({
    Trouble.ADAPTER_OFF, Trouble.BUSY, Trouble.OBJECT_GONE, Trouble.NO_ANSWER, Trouble.ABORTED, Trouble.SUBSCRIPTION,
    Trouble.WRITE, Trouble.LOST, Trouble.SILENT, Trouble.OTHER,
})  # fmt: skip


class BluetoothError(LinkError):
    """A `LinkError` that knows its kind."""

    def __init__(self, trouble: Trouble, text: str = "") -> None:
        self.trouble = trouble
        self.passing = trouble in PASSING
        super().__init__(text or trouble.value)


# D-Bus name of the error, its text, what it means; the first that fits
_TABLE: tuple[tuple[str, str, Trouble], ...] = (
    (r"\.Error\.(Authentication\w+|NotAuthorized)$", r"", Trouble.PAIRING),
    (r"", r"(?i)insufficient (authentication|encryption|authoriz)|ATT error: 0x(05|08|0f)", Trouble.PAIRING),
    (r"\.Error\.(UnknownObject|UnknownMethod|UnknownInterface|DoesNotExist)$", r"", Trouble.OBJECT_GONE),
    (r"", r"(?i)device .*not found", Trouble.OBJECT_GONE),
    (r"", r"(?i)(no|adapter) .*(adapter|not) found", Trouble.NO_ADAPTER),
    (r"\.Error\.(NotReady|Blocked)$", r"", Trouble.ADAPTER_OFF),
    (r"", r"(?i)input/output error|resource not ready|no powered", Trouble.ADAPTER_OFF),
    (r"\.Error\.InProgress$", r"", Trouble.BUSY),
    (r"", r"(?i)in progress", Trouble.BUSY),
    (r"^org\.freedesktop\.(DBus\.Error|systemd1)\.", r"", Trouble.NO_BLUEZ),
    (r"", r"(?i)notify acquired", Trouble.SUBSCRIPTION),
    (r"", r"(?i)not connected|service discovery has not been performed|failed to discover services", Trouble.LOST),
    (r"", r"(?i)abort|br-connection|le-connection|canceled|cancelled|timeout|page-timeout", Trouble.ABORTED),
)  # fmt: skip


def classify(name: str, text: str) -> Trouble:
    """The kind of an error with this D-Bus name ("" when it has none) and text."""
    for name_pattern, text_pattern, trouble in _TABLE:
        if re.search(name_pattern, name) and re.search(text_pattern, text):
            return trouble
    return Trouble.OTHER
