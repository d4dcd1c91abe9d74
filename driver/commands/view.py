"""What a live view of a battery shows, whoever it comes from: the driver itself, or D-Bus."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ..battery.alarms import Alarm, Severity
from ..battery.controller import Outcome
from ..battery.limits import Limits
from ..battery.loss import Presence
from ..battery.reading import Reading
from .words import alarm_words, model_words, switch_words

Items: TypeAlias = Mapping[str, Mapping[str, Any]]  # GetItems: path -> {"Value": ..., "Text": ...}

LIMIT_TITLES = ("charge voltage", "charge current", "discharge current", "low voltage")
CONNECTED = "Connected"  # /ConnectionInformation when there is nothing to say
HEARD = {Severity.NONE: "live", Severity.WARNING: "silent", Severity.ALARM: "lost"}  # by /Alarms/BmsCable


@dataclass(frozen=True, slots=True)
class ShownLimit:
    """One limit and why it is what it is."""

    title: str
    value: float
    unit: str
    reason: str

    def __str__(self) -> str:
        return f"{self.title:<18}{self.value:7.2f} {self.unit}   {self.reason}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One moment of one battery, in V, A, W, %, Ah, °C and s. None: not known."""

    title: str  # which battery, and where
    state: str = ""  # how the BMS is heard: "live", "hold", ...
    well: bool = True  # False: that state is no good
    note: str = ""  # what a person should know about the state
    age: float | None = None  # since the last reading
    voltage: float | None = None
    current: float | None = None  # positive: charging
    power: float | None = None
    soc: float | None = None
    capacity: float | None = None
    cells: tuple[float | None, ...] = ()
    balancing: frozenset[int] = frozenset()  # cells, from 1
    temperatures: tuple[tuple[str, float | None], ...] = ()
    switches: tuple[tuple[str, str], ...] = ()
    alarms: tuple[tuple[Severity, str], ...] = ()
    limits: tuple[ShownLimit, ...] = ()
    link: str = ""  # statistics
    packs: tuple[str, ...] = ()  # of a bank, each in a line

    @classmethod
    def of_outcome(cls, outcome: Outcome, where: str, age: float | None = None, link: str = "") -> "View":
        """What one battery has to say. `where` names battery and port for people, `age` is that of its reading."""
        view = cls(
            title=" · ".join(filter(None, (where, model_words(outcome.identity)))),
            state=outcome.presence.value,
            well=outcome.presence is Presence.LIVE,
            note=outcome.explanation,
            age=age,
            limits=() if outcome.limits is None else tuple(shown_limits(outcome.limits)),
            link=link,
        )
        return view if outcome.reading is None or not outcome.fresh else measured(view, outcome.reading)

    @classmethod
    def of_reading(cls, reading: Reading, where: str, age: float | None = None, link: str = "") -> "View":
        """A reading without anybody's control."""
        title = " · ".join(filter(None, (where, model_words(reading.identity))))
        return measured(cls(title=title, note=reading.monitor_only, age=age, link=link), reading)

    @classmethod
    def of_items(cls, items: Items, age: float | None = None, link: str = "") -> "View":
        """What a battery service shows on D-Bus: its answer to GetItems, with or without variants."""
        published = Published(items)
        cable = Severity(int(published.number("/Alarms/BmsCable") or 0))
        told = published.text("/ConnectionInformation")
        names = (published.text(path) for path in ("/CustomName", "/Mgmt/Connection", "/ProductName"))
        return cls(
            title=" · ".join(dict.fromkeys(filter(None, names))),
            state=HEARD[cable],
            well=cable is Severity.NONE,
            note="" if told == CONNECTED else told,
            age=age,
            voltage=published.number("/Dc/0/Voltage"),
            current=published.number("/Dc/0/Current"),
            power=published.number("/Dc/0/Power"),
            soc=published.number("/Soc"),
            capacity=published.number("/InstalledCapacity"),
            cells=tuple(published.series("/Voltages/Cell")),
            balancing=frozenset(n for n, on in enumerate(published.series("/Balances/Cell"), 1) if on),
            temperatures=(
                *((f"sensor {n}", value) for n, value in enumerate(published.series("/System/Temperature"), 1)),
                ("MOSFETs", published.number("/System/MOSTemperature")),
            ),
            switches=tuple(published.switches()),
            alarms=tuple(published.alarms()),
            limits=tuple(published.limits()),
            link=link,
            packs=tuple(published.packs()),
        )


def shown_limits(limits: Limits) -> Iterator[ShownLimit]:
    """The four limits of a battery that controls."""
    four = (limits.charge_voltage, limits.charge_current, limits.discharge_current, limits.low_voltage)
    for title, limit, unit in zip(LIMIT_TITLES, four, "VAAV", strict=True):
        yield ShownLimit(title, limit.value, unit, limit.reason)


def measured(view: View, reading: Reading) -> View:
    """The view with the measurements of a reading."""
    return replace(
        view,
        voltage=reading.voltage,
        current=reading.current,
        power=None if reading.current is None else reading.voltage * reading.current,
        soc=reading.soc,
        capacity=reading.capacity,
        cells=reading.cells,
        balancing=reading.balancing_cells or frozenset(),
        temperatures=(
            *((f"sensor {number}", value) for number, value in enumerate(reading.temperatures, 1)),
            ("MOSFETs", reading.mos_temperature),
        ),
        switches=(
            ("charging", switch_words(reading.charge_switch, reading.charge_mosfet_on)),
            ("discharging", switch_words(reading.discharge_switch, reading.discharge_mosfet_on)),
            ("balancer", switch_words(reading.balance_switch, reading.balancing)),
        ),
        alarms=tuple(alarm_words(reading)),
    )


class Published:
    """The values of a battery service by path."""

    LIMITS = (
        ("/Info/MaxChargeVoltage", "V", "/Info/ChargeMode"),
        ("/Info/MaxChargeCurrent", "A", "/Info/ChargeLimitation"),
        ("/Info/MaxDischargeCurrent", "A", "/Info/DischargeLimitation"),
        ("/Info/BatteryLowVoltage", "V", ""),
    )
    SWITCHES = (("charging", "/Io/AllowToCharge"), ("discharging", "/Io/AllowToDischarge"), ("balancer", "/Balancing"))

    def __init__(self, items: Items) -> None:
        self._items = items

    def _value(self, path: str) -> object:
        value = self._items.get(path, {}).get("Value")
        return getattr(value, "value", value)  # of a variant

    def number(self, path: str) -> float | None:
        """A number; None: no such path, or invalid (an empty array)."""
        value = self._value(path)
        return float(value) if isinstance(value, int | float) else None

    def text(self, path: str) -> str:
        """A text; empty when there is none."""
        value = self._value(path)
        return value if isinstance(value, str) else ""

    def series(self, path: str) -> Iterator[float | None]:
        """Values of path1, path2, ... as far as they exist."""
        number = 1
        while f"{path}{number}" in self._items:
            yield self.number(f"{path}{number}")
            number += 1

    def switches(self) -> Iterator[tuple[str, str]]:
        """What may be done, or is done."""
        for title, path in self.SWITCHES:
            if (value := self.number(path)) is not None:
                yield title, "on" if value else "off"

    def alarms(self) -> Iterator[tuple[Severity, str]]:
        """Alarms that are raised, in our words where the path tells which one it is."""
        for path in sorted(self._items):
            level = self.number(path) if path.startswith("/Alarms/") else None
            if not level:
                continue
            name = path.rpartition("/")[2]
            texts = [alarm.value.text for alarm in Alarm if alarm.value.path == name]
            shared = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()  # HighTemperature: several alarms show there
            words = "BMS not heard" if name == "BmsCable" else texts[0] if len(texts) == 1 else shared
            yield (Severity.ALARM if level > 1 else Severity.WARNING), words

    def packs(self) -> Iterator[str]:
        """The packs of a bank and how they share its current, and which of them have the extreme cells."""
        number = 1
        while name := self.text(f"/Packs/{number}/Name"):
            shares = [self.number(f"/Packs/{number}/{side}Share") for side in ("Charge", "Discharge")]
            told = ", ".join(
                f"{share:.0f} % of the {side}"
                for share, side in zip(shares, ("charge", "discharge"), strict=True)
                if share is not None
            )
            yield f"{name} {self.text(f'/Packs/{number}/State')}" + (f": {told}" if told else "")
            number += 1
        for extreme, word in (("Max", "highest"), ("Min", "lowest")):
            volts, cell = self.number(f"/System/{extreme}CellVoltage"), self.text(f"/System/{extreme}VoltageCellId")
            if number > 1 and volts is not None:
                yield f"{word} cell {cell} {volts:.3f} V"

    def limits(self) -> Iterator[ShownLimit]:
        """The limits that are published, if the battery controls."""
        for title, (path, unit, reason) in zip(LIMIT_TITLES, self.LIMITS, strict=True):
            if (value := self.number(path)) is not None:
                yield ShownLimit(title, value, unit, self.text(reason))
