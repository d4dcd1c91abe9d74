"""What disturbs a battery's Bluetooth, told from what happens, and what the owner can do. Pure: time is an argument.

Known disturbers on a GX: vesmart-server closes every connection when its keep-alive of 60 s fires (venus issue 1587),
dbus-ble-sensors scans by raw HCI and makes BlueZ answer `InProgress` (venus issue 1597), the phone app holds the only
connection that a JK has, and a second subscriber makes BlueZ deliver every notification twice to everybody.
"""

from collections import deque
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
