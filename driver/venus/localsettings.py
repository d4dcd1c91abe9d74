"""The client of com.victronenergy.settings: DeviceInstance and name of each battery, and whether DVCC is on.

localsettings may come up after the driver, and may be restarted: its name is watched, nothing is polled and no
instance is ever guessed. One client serves all batteries. Calls and errors: localsettings' own interface
`com.victronenergy.Settings`, answers in the order of the request.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from zlib import crc32

from ..errors import BusError
from .bus import DAEMON, Message, MessageBus, MessageType, ReplyError, Variant, call
from .items import BUS_ITEM, Value

log = logging.getLogger(__name__)

SERVICE = "com.victronenergy.settings"
BOL = "/Settings/Services/Bol"  # bit 0: DVCC is on, bit 1: forced by a battery on Victron's list
DEFAULT_INSTANCE = "battery:1"  # a free one from here on; CAN batteries begin at 512, out of Modbus' reach
MODBUS = (range(1, 100), range(101, 204), range(256, 297), range(512, 513))  # instances that have a unit id
LONGEST = 40  # characters of a key that are used as they are

ERRORS = {
    -2: "an element of the path begins with _",
    -3: "the type of the default is not supported",
    -4: "the path is missing",
    -5: "the setting exists with another type",
    -6: "the default is not valid",
    -7: "the default is out of range",
    -8: "the path is a group",
    -9: "the path is not below /Settings",
}

Watcher: TypeAlias = Callable[[object], None]


def element(key: str) -> str:
    """`key` as one element of D-Bus names and paths, the same for ever; a checksum tells changed keys apart."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", key)[:LONGEST]
    return f"jk_{plain}" if plain == key else f"jk_{plain}_{crc32(key.encode()):08x}"


def instance_of(value: object) -> int:
    """The instance in `battery:3`. BusError when it holds none."""
    _, _, number = str(value).partition(":")
    if not number.isdecimal():
        raise BusError(f"localsettings holds no instance: {value!r}, expected something like {DEFAULT_INSTANCE!r}")
    return int(number)


@dataclass(slots=True)
class BatterySettings:
    """What localsettings keeps for one battery. Both change when the owner changes them on the GX."""

    owner: "LocalSettings"
    place: str  # "/Settings/Devices/jk_…"
    changed: Callable[[], None]
    instance: int = -1
    name: str = ""

    async def rename(self, name: str) -> None:
        """Store the owner's name for the battery. BusError when localsettings does not take it."""
        await self.owner.write(f"{self.place}/CustomName", name)

    def close(self) -> None:
        """Hear of no more changes."""
        self.changed = _nothing

    def take_instance(self, value: object) -> None:
        """Take over what ClassAndVrmInstance holds. What holds no instance is logged and changes nothing."""
        try:
            instance = instance_of(value)
        except BusError as error:
            log.warning("%s: %s", self.place, error)
            return
        if instance != self.instance:
            self.instance = instance
            if not any(instance in reachable for reachable in MODBUS):
                log.warning("%s: Modbus-TCP cannot reach device instance %d", self.place, instance)
            self.changed()

    def take_name(self, value: object) -> None:
        """Take over what CustomName holds."""
        if isinstance(value, str) and value != self.name:
            self.name = value
            self.changed()


class LocalSettings:
    """com.victronenergy.settings, seen through a connection of its own. `start` before anything else."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._owner = ""
        self._present = asyncio.Event()
        self._watchers: dict[str, Watcher] = {}
        self._watched: list[str] = []  # settings of others
        self._known: dict[str, Value] = {}  # our settings with their last values: the defaults after a restart
        self._reading: set[asyncio.Task[None]] = set()
        self._heard: Counter[str] = Counter()  # signals by setting: an answer may be worked on after a newer one
        self._waiting = False
        self._adding = asyncio.Lock()  # one request at a time: 64 batteries at once would flood localsettings

    async def start(self) -> None:
        """Listen to localsettings coming, going and changing. BusError when D-Bus refuses."""
        self._bus.add_message_handler(self._handle)
        for rule in (
            f"type='signal',sender='{DAEMON}',member='NameOwnerChanged',arg0='{SERVICE}'",
            f"type='signal',sender='{SERVICE}',interface='{BUS_ITEM}'",
        ):
            await call(self._bus, DAEMON, "/org/freedesktop/DBus", f"{DAEMON}.AddMatch", "s", [rule])
        try:
            body = await call(self._bus, DAEMON, "/org/freedesktop/DBus", f"{DAEMON}.GetNameOwner", "s", [SERVICE])
        except ReplyError:
            return  # not there yet
        if not self._present.is_set():
            self._appeared(str(body[0]))

    @property
    def present(self) -> bool:
        """Whether localsettings is there now."""
        return self._present.is_set()

    async def battery(self, key: str, name: str, changed: Callable[[], None]) -> BatterySettings:
        """Instance and name of the battery known by `key`; waits until localsettings is there.

        `name` is its name until the owner gives another. `changed` is called after every later change. BusError
        when localsettings refuses, says nothing, or holds no instance.
        """
        if not self.present and not self._waiting:
            self._waiting = True
            log.warning("waiting for %s: no battery appears on D-Bus before it is there", SERVICE)
        await self._present.wait()
        self._waiting = False
        battery = BatterySettings(self, f"/Settings/Devices/{element(key)}", _nothing)
        instance_path, name_path = f"{battery.place}/ClassAndVrmInstance", f"{battery.place}/CustomName"
        values = await self._add({instance_path: DEFAULT_INSTANCE, name_path: name})
        instance_of(values[instance_path])
        self._watchers |= {instance_path: battery.take_instance, name_path: battery.take_name}
        for path, value in values.items():
            self._watchers[path](value)
        battery.changed = changed
        return battery

    def watch_dvcc(self, changed: Callable[[bool | None], None]) -> None:
        """Call `changed` with whether DVCC is on (None: not known), as soon as that is asked and at every change."""
        said: list[bool | None] = []

        def take(value: object) -> None:
            now = bool(value & 1) if isinstance(value, int) else None
            if now is None:
                log.info("whether DVCC is on is not known")
            if said != [now]:
                said[:] = [now]
                changed(now)

        self.watch(BOL, take)

    def watch(self, path: str, changed: Watcher) -> None:
        """Call `changed` with the value of somebody else's setting (None: not known), now and at every change."""
        self._watchers[path] = changed
        self._watched.append(path)
        if self.present:
            self._in_background(self._read(path))

    async def value(self, path: str) -> Value | None:
        """What a setting holds now; None: not known, there may be no such setting."""
        try:
            body = await call(self._bus, SERVICE, path, f"{BUS_ITEM}.GetValue")
        except BusError as error:
            log.debug("%s is not known: %s", path, error)
            return None
        found: Value | None = _plain(body[0])
        return found

    async def write(self, path: str, value: str) -> None:
        """Set one setting. BusError when that is refused."""
        answer = await call(self._bus, SERVICE, path, f"{BUS_ITEM}.SetValue", "v", [Variant("s", value)])
        if answer != [0]:
            raise BusError(f"{SERVICE} did not take {value!r} for {path}: {answer}")

    async def _add(self, defaults: Mapping[str, Value]) -> dict[str, Value]:
        """Make sure the settings exist; their values. BusError when one of them cannot be."""
        wanted = [{"path": Variant("s", path), "default": Variant("s", value)} for path, value in defaults.items()]
        async with self._adding:
            body = await call(self._bus, SERVICE, "/", "com.victronenergy.Settings.AddSettings", "aa{sv}", [wanted])
        values: dict[str, Value] = {}
        for path, answer in zip(defaults, body[0], strict=True):
            if error := int(_plain(answer["error"])):
                raise BusError(f"{SERVICE} refuses {path}: {ERRORS.get(error, 'error')} ({error})")
            values[path] = _plain(answer["value"])
        self._known |= values
        return values

    def _handle(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.sender == DAEMON and message.member == "NameOwnerChanged" and message.body[0] == SERVICE:
            self._gone()
            if message.body[2]:
                self._appeared(message.body[2])
        elif message.sender == self._owner and message.interface == BUS_ITEM:
            match message.member, message.signature:
                case "PropertiesChanged", "a{sv}":
                    self._take(str(message.path), message.body[0])
                case "ItemsChanged", "a{sa{sv}}":
                    for path, item in message.body[0].items():
                        self._take(path, item)

    def _gone(self) -> None:
        self._owner = ""
        self._present.clear()

    def _appeared(self, owner: str) -> None:
        self._owner = owner
        self._present.set()
        if self._known:
            self._in_background(self._read_again())
        for path in self._watched:
            self._in_background(self._read(path))

    def _take(self, path: str, item: Mapping[str, Variant]) -> None:
        if path in self._watchers and "Value" in item:
            value = _plain(item["Value"])
            if path in self._known:
                self._known[path] = value
            self._heard[path] += 1
            self._watchers[path](value)

    async def _read_again(self) -> None:
        """After a restart of localsettings: it may have lost what was ours, or hold other values."""
        before = self._heard.copy()
        try:
            for path, value in (await self._add(self._known)).items():
                self._answered(path, value, before[path])
        except BusError as error:
            log.warning("after %s came back: %s", SERVICE, error)

    async def _read(self, path: str) -> None:
        before = self._heard[path]
        self._answered(path, await self.value(path), before)

    def _answered(self, path: str, value: Value | None, before: int) -> None:
        """Take an answer, unless a signal has come since the question: what it tells is as new, or newer."""
        if self._heard[path] == before:
            self._watchers[path](value)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)


def _plain(value: Any) -> Any:
    """What is in a variant, however deep."""
    while isinstance(value, Variant):
        value = value.value
    return value


def _nothing() -> None:
    """Nobody wants to know."""
