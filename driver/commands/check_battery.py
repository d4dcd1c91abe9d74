"""One battery as `check` sees it: it is asked for a moment, then each check is a pure function of what was found.

To add a check: a function from `Examined` to a finding (or None when it does not apply), and a line in `CHECKS`.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..battery.alarms import Severity
from ..battery.controller import Outcome
from ..battery.reading import Reading
from ..detection import detect
from ..link.opening import short_name
from ..link.ports import Holder, who_has_open
from ..options import AT, Battery
from ..protocol.dialect import BLUETOOTH, LISTENING
from ..verdicts import OTHER_ADDRESS, Verdict
from .check_system import System, value
from .findings import Finding, broken, good, warning
from .observation import Observation, observing
from .screen import summary
from .target import Target, decided
from .view import Items, View
from .words import model_words

SAMPLE = 3.0  # s of readings that tell how many frames arrive damaged
TOLERABLE = 0.02  # share of damaged frames
RECORDED_FIRMWARE: Mapping[str, tuple[str, ...]] = {  # proven by recorded frames
    "jk-uart": ("6.", "7.", "10.", "11."),
    "jk-pb": ("15.10", "15.41"),
    "jk-ble": ("3.3.", "7.1.", "8.0.", "10.0", "11.", "14.20", "15.3", "15.41", "19."),
    "neey": ("SW-1.1", "SW-2.0", "ZH-1.2", "ZH-2."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found out about one battery."""

    name: str
    port: str
    protocol: str
    holders: tuple[Holder, ...] = ()  # who has the port
    published: Items | None = None  # what the running driver shows for this port
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
    published = published_for(battery, system)
    holders = _holders(battery.port)
    if published is not None or holders:
        return replace(base, published=published, holders=holders)
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


def _holders(port: str) -> tuple[Holder, ...]:
    if "://" in port:
        return ()
    device = str(Path(port).resolve())
    if device.startswith("/dev/pts/"):  # its other end is a program that has this one open, too
        return ()
    return tuple(one for one in who_has_open([device]).get(device, ()) if one.pid != os.getpid())


def running(found: Examined) -> Finding | None:
    """The driver has the port: what it shows stands for the BMS."""
    if found.published is None:
        return None
    view = View.of_items(found.published)
    if not view.well:
        return broken(
            "BMS",
            f"the driver runs and has the port, but the BMS is {view.state}: {view.note}",
            f"Check cable and BMS, then its log; to let check look itself: svc -d /service/dbus-jkbms ({found.port})",
        )
    return good("BMS", f"the driver runs and has the port; on D-Bus: {summary(view)}")


def disturbance(found: Examined) -> Finding | None:
    """What the running driver says disturbs its connection."""
    if found.published is None or found.protocol not in BLUETOOTH:
        return None
    from ..link.interference import Cause

    note = View.of_items(found.published).note
    cause = next((cause for cause in Cause if cause.value in note), None)
    if cause is None:
        return None
    what, _, step = cause.value.partition(": ")
    return warning("connection", what, step[:1].upper() + step[1:])


def port(found: Examined) -> Finding | None:
    """Whether the port can be had."""
    if found.published is not None:
        return None
    if found.holders:
        names = ", ".join(map(str, found.holders))
        return broken(
            "port",
            f"{found.port} is already open in {names}",
            "If that is this driver, it has no reading yet: see its log, or stop it (svc -d /service/dbus-jkbms) and "
            "check again. Another program must be stopped: a port serves one",
        )
    if found.verdict is not None and not found.opened:
        return broken("port", found.verdict.found, found.verdict.next_step)
    return good("port", f"{found.port} opens")


def wire(found: Examined) -> Finding | None:
    """What comes over the wire."""
    if found.verdict is not None and found.opened:
        sample = f"\nreceived: {found.verdict.sample}" if found.verdict.sample else ""
        return broken("BMS", found.verdict.found + sample, found.verdict.next_step)
    if found.reading is None:
        return None
    return good("BMS", f"answers: {summary(View.of_reading(found.reading, ''))}")


def damage(found: Examined) -> Finding | None:
    """Whether frames arrive whole."""
    frames, bad = found.counters.get("frames", 0), found.counters.get("damaged", 0)
    if found.reading is None:
        return None
    if bad > TOLERABLE * (frames + bad):
        step = "Check the ground wire, the length of the cable and its distance to power cables"
        if found.protocol in BLUETOOTH:
            step = "The signal is weak or disturbed: bring adapter and BMS nearer to each other"
        return warning("wire", f"{bad} of {frames + bad} frames arrived damaged", step)
    echoes = found.counters.get("echoes", 0)
    return good("wire", f"{frames} frames, {bad} damaged{f', {echoes} own echoes (ignored)' if echoes else ''}")


def firmware(found: Examined) -> Finding | None:
    """Whether frames of this firmware are on record."""
    if found.reading is None:
        return None
    version = found.reading.identity.software
    name = model_words(found.reading.identity) or "unnamed"
    report = "Compare the values with the JK app, and report the output of `decode` for one of its frames"
    if version is None and found.protocol in LISTENING:
        return good("firmware", "not told: a JK master does not ask for it")
    if version is None:
        return warning("firmware", f"{name}: it does not tell its version", report)
    if not version.startswith(RECORDED_FIRMWARE.get(found.protocol, ())):
        return warning("firmware", f"{name}: no frames of version {version} are on record", report)
    return good("firmware", name)


def cells(found: Examined) -> Finding | None:
    """Whether every cell has a voltage."""
    if found.reading is None:
        return None
    off = [str(number) for number, volts in enumerate(found.reading.cells, 1) if not volts]
    if off:
        return broken(
            "cells",
            f"cell {', '.join(off)} reads 0 V: currents are limited to 0",
            "A sense wire is off, or fewer cells are fitted than are set in the JK app",
        )
    return good(
        "cells", f"{len(found.reading.cells)}, {min(found.reading.cells):.3f} to {max(found.reading.cells):.3f} V"
    )


def chemistry(found: Examined) -> Finding | None:
    """Whether the kind of cells is certain."""
    if found.outcome is None:
        return None
    if found.outcome.chemistry is None:
        return warning("chemistry", found.outcome.explanation or "not certain", "Set chemistry in config.ini")
    return good("chemistry", found.outcome.chemistry.value.name)


def limits(found: Examined) -> Finding | None:
    """What may be charged and discharged."""
    view = found.view
    if view is None:
        return None
    if not view.limits:
        return warning(
            "limits",
            f"monitoring only: {view.note or 'this battery does not control'}",
            "Put that right, or set control = yes, to let the battery control",
        )
    return good("limits", "\n".join(map(str, view.limits)))


def alarms(found: Examined) -> Finding | None:
    """What the BMS itself complains about."""
    view = found.view
    if view is None:
        return None
    if not view.alarms:
        return good("alarms", "none")
    make = broken if max(severity for severity, _ in view.alarms) is Severity.ALARM else warning
    text = ", ".join(words for _, words in view.alarms)
    return make("alarms", text, "The BMS says so itself; its limits and switches are in the JK app")


CHECKS: tuple[Callable[[Examined], Finding | None], ...] = (
    running,
    disturbance,
    port,
    wire,
    damage,
    firmware,
    cells,
    chemistry,
    limits,
    alarms,
)
