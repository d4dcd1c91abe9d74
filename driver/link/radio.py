"""What the Bluetooth links of one process share: BlueZ, the turns at each adapter, who lives on it, who disturbs."""

import asyncio
from collections import defaultdict
from typing import Protocol
from weakref import WeakSet

from .bluez import Bluez
from .interference import VenusServices
from .moderation import Moderation
from .recovery import PowerCycles
from .search import Wanted

LIVE = 15.0  # s after the last valid frame during which a battery counts as alive


class Radio:
    """One adapter, known by its address: its hci number changes with the order of plugging."""

    def __init__(self) -> None:
        self.connecting = asyncio.Lock()  # serves in the order of asking: one attempt to connect at a time
        self.scanning = asyncio.Lock()
        self.power_cycles = PowerCycles()
        self._heard: dict[object, float] = {}  # last valid frame, by link

    def heard(self, link: object, now: float) -> None:
        """A valid frame has come over this adapter."""
        self._heard[link] = now
        self.power_cycles.helped()

    def left(self, link: object) -> None:
        """The link does not use this adapter any more."""
        self._heard.pop(link, None)

    def alive(self, now: float) -> bool:
        """Whether any battery on this adapter has live data."""
        return any(now - at < LIVE for at in self._heard.values())


class Link(Protocol):
    """What others must know of a link."""

    wanted: Wanted  # the device that it is for


class Radios:
    """All adapters, and the one connection of our own to BlueZ. One for a process, or for a test."""

    def __init__(self, bluez: Bluez | None = None, moderation: Moderation | None = None) -> None:
        self.bluez = bluez or Bluez()
        self.venus = VenusServices()
        self.moderation = moderation or Moderation()
        self.links: WeakSet[Link] = WeakSet()
        self._radios: defaultdict[str, Radio] = defaultdict(Radio)

    def radio(self, address: str) -> Radio:
        """The adapter with this address."""
        return self._radios[address]
