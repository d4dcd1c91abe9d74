"""What `check` does to one battery: it is asked for a moment, or the running driver is, where that has the port."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..battery.controller import Outcome
from ..battery.reading import Reading
from ..detection import detect
from ..link.opening import short_name
from ..link.ports import Holder, who_has_open
from ..options import AT, Battery
from ..verdicts import OTHER_ADDRESS, Verdict
from .check_system import System, value
from .observation import Observation, observing
from .target import Target, decided
from .view import Items, View

SAMPLE = 3.0  # s of readings that tell how many frames arrive damaged


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found out about one battery."""

    name: str
    port: str
    protocol: str
    holders: tuple[Holder, ...] = ()  # who has the port
    published: Items | None = None  # what the running driver shows for this port
    in_bank: str = ""  # how it stands in the running driver's bank
    reading: Reading | None = None
    outcome: Outcome | None = None
    verdict: Verdict | None = None  # instead of a reading
    opened: bool = True  # the port
    counters: Mapping[str, int] = field(default_factory=dict)

    @property
    def view(self) -> View | None:
        """What it shows: through the running driver, or to us."""
        if self.published is not None:
            return View.of_items(self.published)
        return None if self.outcome is None else View.of_outcome(self.outcome, "")


async def examine(chosen: Target, system: System, progress: Callable[[str], None]) -> Examined:
    """Ask the battery, or the running driver where that has the port already."""
    battery = chosen.battery
    base = Examined(name=chosen.name, port=battery.port, protocol=battery.protocol)
    published, in_bank = published_for(battery, system), standing(chosen.name, system)
    holders = _holders(battery.port)
    if published is not None or holders or in_bank:
        return replace(base, published=published, holders=holders, in_bank=in_bank)
    found = await decided(chosen)
    if isinstance(found, Verdict):
        return replace(base, verdict=found, opened=not found.refused)
    base = replace(base, protocol=found.battery.protocol)
    seen = Observation(found.name, found.battery)
    if found.named or await seen.listen():
        async with observing(seen):
            if await seen.first(seen.patience, progress):
                await seen.sample(SAMPLE)
    if seen.reading is None:
        verdict = seen.verdict()
        if not (battery.undecided or battery.bluetooth or seen.link.refusal or verdict.foreign):
            verdict = await _otherwise(battery) or verdict
        return replace(base, verdict=verdict, counters=seen.counters(), opened=not seen.link.refusal)
    return replace(base, reading=seen.reading, outcome=seen.outcome(), counters=seen.counters())


async def _otherwise(battery: Battery) -> Verdict | None:
    """What to say when the BMS does answer, but not as config.ini has it."""
    found = await detect(battery.port)
    if isinstance(found, Verdict):
        return None
    if found.protocol != battery.protocol:
        step = f"Set protocol = {found.protocol} in config.ini, or name no protocol but auto"
        return Verdict(f"the BMS answers, but as {found.protocol} and not as {battery.protocol}", step)
    if battery.address is not None and found.address != battery.address:
        return Verdict(f"a pack answers at address {found.address}, and none at {battery.address}", OTHER_ADDRESS)
    if battery.baudrate not in (None, found.baudrate):
        step = f"Remove baudrate = {battery.baudrate} from config.ini"
        return Verdict(f"the BMS answers, but at {found.baudrate} baud", step)
    return None


def published_for(battery: Battery, system: System) -> Items | None:
    """What the running driver publishes of this battery; of the first on its bus, if it stands for every pack there."""
    where = f" {short_name(battery.port)}"
    ending = re.escape(where) + (f"{AT}{battery.address}$" if battery.address is not None else rf"({AT}\d+)?$")
    shown = system.ours.values()
    return next((items for items in shown if re.search(ending, str(value(items, "/Mgmt/Connection")))), None)


def standing(name: str, system: System) -> str:
    """What the running driver's bank says of its pack `name`; "" when it has no such pack."""
    for items in system.ours.values():
        for path in items:
            if re.fullmatch(r"/Packs/\d+/Name", path) and value(items, path) == name:
                return str(value(items, path.replace("/Name", "/State")))
    return ""


def _holders(port: str) -> tuple[Holder, ...]:
    if "://" in port:
        return ()
    device = str(Path(port).resolve())
    if device.startswith("/dev/pts/"):  # its other end is a program that has this one open, too
        return ()
    return tuple(one for one in who_has_open([device]).get(device, ()) if one.pid != os.getpid())
