"""One battery as com.victronenergy.battery.* on a D-Bus connection of its own.

The name is claimed last, when every path has its value: Victron's programs read once when a name appears. The
service is taken off and claimed anew, on the same connection, when the owner gives it another DeviceInstance, and when
control comes or goes: /Info paths raise a battery's priority by their mere existence. Others may write /CustomName and
/History/Clear.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..battery.alarms import Alarm
from ..errors import BusError
from . import bus as dbus
from .items import Item, Tree, Value
from .localsettings import BatterySettings, LocalSettings, element
from .paths import PACK, Moment, Shape
from .published import Published

log = logging.getLogger(__name__)

MAINTENANCE = re.compile(r"/Packs/(\d+)/Maintenance")
LONGEST_NAME = 32  # characters; what the GX's screen allows
RETRY = 5.0  # s between tries to take the name again
CHANGES = "/LimitChanges"  # on request only


def service_name(key: str) -> str:
    """The bus name of the battery known by `key`. Nobody may read a meaning from its end."""
    return f"com.victronenergy.battery.{element(key)}"


@dataclass(frozen=True, slots=True)
class Seat:
    """What a battery has from the first registration until it is closed."""

    bus: dbus.MessageBus
    tree: Tree
    stored: BatterySettings
    watch: "asyncio.Future[None]"


class BatteryService:
    """One battery on the bus.

    `key` says who the battery is and never changes, `signalled` are the alarms that its protocol can tell, `name` is
    what it is called until the owner names it on the GX. `changes` tells the last changes of its limits,
    `clear_history` begins its history anew; of a bank, `maintain` takes a pack out or back, by its number.
    `disconnected` ends with the reason when the bus is lost: then the process should end.
    """

    def __init__(
        self,
        settings: LocalSettings,
        key: str,
        *,
        signalled: frozenset[Alarm] = frozenset(Alarm),
        name: str = "",
        changes: Callable[[], str] = str,
        clear_history: Callable[[], None] = lambda: None,
        shape: Shape = PACK,
        maintain: Callable[[int, bool], None] | None = None,
    ) -> None:
        self.name = service_name(key)
        self.disconnected: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._settings = settings
        self._key = key
        self._signalled = signalled
        self._first_name = name
        self._changes = changes
        self._clear_history = clear_history
        self._shape = shape
        self._maintain = maintain
        self._seat: Seat | None = None
        self._published: Published | None = None  # None: the name is not ours
        self._moment: Moment | None = None
        self._again: asyncio.Task[None] | None = None

    @property
    def registered(self) -> bool:
        """Whether the battery is on the bus, or off it only for the moment of being claimed anew."""
        return self._published is not None or self._again is not None

    @property
    def instance(self) -> int | None:
        """The DeviceInstance, once localsettings has given one."""
        return None if self._seat is None else self._seat.stored.instance

    async def register(self, moment: Moment) -> None:
        """Bring the battery onto the bus; waits for localsettings. BusError when the name is taken: try again later.

        What `publish` is given meanwhile is what the battery appears with.
        """
        self._moment = moment
        if self._seat is None:
            stored = await self._settings.battery(self._key, self._first_name, self._settings_changed)
            bus = await dbus.connect()
            self._seat = Seat(bus, Tree(bus), stored, dbus.watch(bus, self._lost))
            self._seat.tree.on_request(CHANGES, self._changes)
        if not self.registered:
            await self._claim(self._seat, self._moment)

    def publish(self, moment: Moment) -> None:
        """Show `moment`: at most one signal, with what changed. Before `register` is done it is only remembered."""
        self._moment = moment
        seat, published = self._seat, self._published
        if seat is None:
            return
        if published is None:
            self._claim_failed(seat)
            return
        if reason := _outdated(seat, published, moment):
            self._claim_anew(seat, reason)
            return
        changes = published.changes(moment)
        new = {path: self._item(published, path) for path in changes if path not in seat.tree}
        for path in new:
            del changes[path]
        seat.tree.update(changes, new)

    async def release(self) -> None:
        """Leave the bus; `register` brings the battery back. BusError when D-Bus does not answer."""
        self._stop()
        if self._seat is not None:
            await dbus.release(self._seat.bus, self.name)

    async def close(self) -> None:
        """Leave the bus for good, at once."""
        self._stop()
        if self._seat is not None:
            self._seat.stored.close()
            self._seat.watch.cancel()
            await dbus.close(self._seat.bus)

    def _stop(self) -> None:
        self._published = None
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _lost(self, why: str) -> None:
        self._stop()
        if not self.disconnected.done():
            self.disconnected.set_result(why)

    async def _claim(self, seat: Seat, moment: Moment) -> None:
        """Own the name, with every path in place. BusError when another program has it."""
        published = Published(self._signalled, control=moment.outcome.limits is not None, shape=self._shape)
        items = {path: self._item(published, path) for path in published.changes(moment)}
        items["/DeviceInstance"] = Item("i", "%d", seat.stored.instance)
        items["/CustomName"] = Item("s", "%s", seat.stored.name, self._rename)
        items["/History/Clear"] = Item("i", "%d", 0, self._clear)
        seat.tree.replace(items)
        await dbus.claim(seat.bus, self.name)
        self._published, self._again = published, None
        log.info("%s is on D-Bus with device instance %d", self.name, seat.stored.instance)
        self._settings_changed()  # and what else has changed while the name was asked for

    def _settings_changed(self) -> None:
        """The owner has changed instance or name somewhere on the GX."""
        if self._seat is not None and self._published is not None and self._moment is not None:
            self._seat.tree.update({"/CustomName": self._seat.stored.name})
            self.publish(self._moment)

    def _claim_anew(self, seat: Seat, reason: str) -> None:
        if self._again is None:
            log.info("%s leaves D-Bus and comes back: %s", self.name, reason)
            self._published = None
            self._again = asyncio.ensure_future(self._claiming_anew(seat))

    async def _claiming_anew(self, seat: Seat) -> None:
        said = ""
        while self._published is None and self._moment is not None:
            try:
                await dbus.release(seat.bus, self.name)
                await self._claim(seat, self._moment)
                return
            except BusError as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("%s is off D-Bus: %s; trying again", self.name, error)
                await asyncio.sleep(RETRY)

    def _claim_failed(self, seat: Seat) -> None:
        """If the claim ended with a fault of ours, begin another one and raise that fault where it is supervised."""
        if self._again is not None and self._again.done():
            failed, self._again = self._again, asyncio.ensure_future(self._claiming_anew(seat))
            failed.result()

    async def _rename(self, value: Value) -> bool:
        """Keep a name that the owner has entered on the GX. BusError when localsettings does not."""
        if self._seat is None or not isinstance(value, str) or len(value) > LONGEST_NAME or not value.isprintable():
            return False
        await self._seat.stored.rename(value)
        self._seat.stored.name = value
        self._seat.tree.update({"/CustomName": value})
        return True

    def _item(self, published: Published, path: str) -> Item:
        """A new item; who may write it is known here."""
        item = published.item(path)
        if self._maintain is not None and (match := MAINTENANCE.fullmatch(path)):
            item.accept = partial(self._take_out, int(match[1]), self._maintain)
        return item

    async def _take_out(self, number: int, maintain: Callable[[int, bool], None], value: Value) -> bool:
        """Let a pack of a bank leave for maintenance, or come back. What it does shows the new value."""
        if value not in (0, 1):
            return False
        maintain(number, bool(value))
        return True

    async def _clear(self, value: Value) -> bool:
        """Begin the history anew; what is written is no value that stays."""
        if value == 1:
            log.info("%s: the history was cleared", self.name)
            self._clear_history()
        return value == 1


def _outdated(seat: Seat, published: Published, moment: Moment) -> str:
    """Why the name must be claimed anew; empty when all is well."""
    if published.control is not (moment.outcome.limits is not None):
        return "it only monitors now" if published.control else "it controls now"
    if seat.tree["/DeviceInstance"].value != seat.stored.instance:
        return f"its device instance is {seat.stored.instance} now"
    return ""
