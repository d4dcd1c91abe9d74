"""What disturbs a battery's Bluetooth, told from what happens, and what the owner can do. Pure: time is an argument.

Known disturbers on a GX: vesmart-server closes every connection when its keep-alive of 60 s fires (venus issue 1587),
dbus-ble-sensors scans by raw HCI and makes BlueZ answer `InProgress` (venus issue 1597), the phone app holds the only
connection that a JK has, and a second subscriber makes BlueZ deliver every notification twice to everybody.
"""

from collections import deque
from collections.abc import Mapping
from enum import Enum
from itertools import pairwise

from .trouble import Trouble

PERIOD, TOLERANCE = 60.0, 4.0  # s between drops
DROPS = 3  # in a row with that period
BUSY, BUSY_WITHIN = 3, 120.0
UNSEEN = 3  # empty scans in a row
FORGET = 900.0  # s after which something that has not happened again is over


class Cause(Enum):
    """A named disturbance: what it is and what to do."""

    KEEP_ALIVE = (
        "the connection drops every 60 s, as Venus's Bluetooth service (vesmart-server) makes it: switch Bluetooth off "
        "in Settings (VE.Smart networking, VictronConnect), or give the battery a USB Bluetooth adapter of its own"
    )
    SCANNING = (
        "another program occupies the adapter (InProgress): switch off Bluetooth sensors in Settings -> Integrations, "
        "or give the battery a USB Bluetooth adapter of its own"
    )
    HELD = (
        "the BMS does not advertise: close the JK app on every phone (a JK has one connection only), else it is off or "
        "out of range"
    )
    SHARED = "another program on this GX is subscribed to this BMS, every notification comes twice: stop that program"
    PAIRING = "the BMS refuses the connection for lack of pairing: try the option pairing of this battery"


# Venus's own users of Bluetooth: the setting that switches each, what it disturbs, and what people call it
VENUS: Mapping[str, tuple[Cause, str]] = {
    "/Settings/Services/Bluetooth": (Cause.KEEP_ALIVE, "Venus's own Bluetooth"),
    "/Settings/Services/BleSensors": (Cause.SCANNING, "Bluetooth sensors"),
}
SUSPECTED = 2  # attempts in a row that came to nothing, before what might disturb is said


class VenusServices:
    """Which of Venus's own users of Bluetooth are switched on."""

    def __init__(self) -> None:
        self._on: dict[str, bool] = {}  # by setting; a GX without that service has no such setting

    def take(self, setting: str, value: object) -> None:
        """The value of a setting; None: there is no such setting."""
        self._on.pop(setting, None)
        if isinstance(value, int):
            self._on[setting] = value != 0

    @property
    def on(self) -> tuple[str, ...]:
        """The settings of those that are on."""
        return tuple(setting for setting in VENUS if self._on.get(setting))

    def said(self, cause: Cause) -> str:
        """Whether what is blamed is switched on now; "" when it is nothing of Venus's, or not known."""
        setting = next((setting for setting, (blamed, _) in VENUS.items() if blamed is cause), "")
        return f" (now {setting} = {int(self._on[setting])})" if setting in self._on else ""

    @property
    def suspicion(self) -> str:
        """What may disturb any connection, and what to do; "" when nothing is on."""
        if not self.on:
            return ""
        names = " and ".join(f"{VENUS[setting][1]} ({setting} = 1)" for setting in self.on)
        are = "are" if len(self.on) > 1 else "is"
        return f"{names} {are} on and may disturb it: switch off in Settings, or give it a USB Bluetooth adapter"


class Interference:
    """Collects what happens to one battery's connection."""

    def __init__(self) -> None:
        self._drops: deque[float] = deque(maxlen=DROPS + 1)
        self._busy: deque[float] = deque(maxlen=BUSY)
        self._unseen = 0
        self._pairing = False
        self._shared_at: float | None = None

    def dropped(self, now: float) -> None:
        """A connection that had brought valid frames was lost."""
        self._drops.append(now)

    def failed(self, trouble: Trouble, now: float) -> None:
        """An attempt to connect came to nothing."""
        if trouble is Trouble.BUSY:
            self._busy.append(now)
        self._unseen = self._unseen + 1 if trouble is Trouble.NOT_SEEN else 0
        self._pairing = trouble is Trouble.PAIRING

    def shared(self, now: float) -> None:
        """Notifications come twice."""
        self._shared_at = now

    def healthy(self) -> None:
        """A valid frame came."""
        self._unseen = 0
        self._pairing = False

    def cause(self, now: float) -> Cause | None:
        """The most telling explanation of what happened lately, if there is one."""
        if self._pairing:
            return Cause.PAIRING
        if self._shared_at is not None and now - self._shared_at < FORGET / 10:
            return Cause.SHARED
        if len(self._drops) > DROPS and now - self._drops[-1] < FORGET and self._periodic():
            return Cause.KEEP_ALIVE
        if len(self._busy) == BUSY and self._busy[-1] - self._busy[0] < BUSY_WITHIN and now - self._busy[-1] < FORGET:
            return Cause.SCANNING
        if self._unseen >= UNSEEN:
            return Cause.HELD
        return None

    def _periodic(self) -> bool:
        return all(abs(after - before - PERIOD) <= TOLERANCE for before, after in pairwise(self._drops))


class Doubles:
    """Finds notifications that come twice, and takes the second ones out.

    BlueZ sends each notification once for every subscriber, to all of them. Equal chunks in a row also occur in a
    frame full of zeros: only pairs after pairs of different content are a sign.
    """

    PAIRS = 6
    DIFFERENT = 3

    def __init__(self) -> None:
        self.doubled = False
        self._last: bytes | None = None  # waits for its second
        self._pairs: deque[bytes] = deque(maxlen=self.PAIRS)

    def take(self, chunk: bytes) -> bool:
        """Whether `chunk` is to be kept."""
        if chunk == self._last:
            self._last = None
            self._pairs.append(chunk)
            was, self.doubled = self.doubled, self.doubled or self._certain()
            return not was
        if self._last is not None:  # came alone
            self._pairs.clear()
            self.doubled = False
        self._last = chunk
        return True

    def _certain(self) -> bool:
        return len(self._pairs) == self.PAIRS and len(set(self._pairs)) >= self.DIFFERENT
