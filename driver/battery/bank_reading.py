"""The packs of a bank as one reading: sums by Ah, the extremes of all cells with the name of their pack."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, TypeVar

from .alarms import Alarm
from .bank_member import Member
from .reading import Identity, Protections, Reading

Value = TypeVar("Value", bound=float)
IDENTITY = Identity(protocol="bank", model="JK battery bank")
DOUBT = 0.05  # V; a pack whose voltage is further from the sum of its cells weighs less than half


class Place(NamedTuple):
    """An extreme, and the cell or sensor that has it; of equals the first."""

    value: float
    name: str  # "B2 C07"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankReading(Reading):
    """One moment of all packs that serve. `cells` and `temperatures` are those of all packs, one pack after another."""

    cell_ids: tuple[str, ...]
    temperature_ids: tuple[str, ...]
    highest_cell: Place
    lowest_cell: Place
    hottest: Place | None  # None: no sensor tells
    coldest: Place | None

    def cell_name(self, index: int) -> str:
        """Which pack's cell that is: "B2 C07"."""
        return self.cell_ids[index]


def combined(members: Sequence[Member]) -> BankReading | None:
    """One reading of the packs that have told one; None: none has."""
    packs = [(member.name, member.measured) for member in members if member.measured is not None]
    if not packs:
        return None
    told = [reading for _, reading in packs]
    cells = tuple(chain.from_iterable([now.cells for now in told]))
    temperatures = tuple(chain.from_iterable([now.temperatures for now in told]))
    cell_ids = _ids("{} C{:02}", tuple([(name, len(now.cells)) for name, now in packs]))
    temperature_ids = _ids("{} T{}", tuple([(name, len(now.temperatures)) for name, now in packs]))
    degrees = _known(temperatures)
    starts = _known([now.protections.balance_start for now in told])
    return BankReading(
        identity=IDENTITY,
        protections=Protections(balance_start=min(starts, default=None)),
        voltage=voltage(told),
        current=_sum([now.current for now in told]),
        mean_current=_sum([now.current if now.mean_current is None else now.mean_current for now in told]),
        cells=cells,
        cell_ids=cell_ids,
        highest_cell=_place(cells, cell_ids, max(cells)),
        lowest_cell=_place(cells, cell_ids, min(cells)),
        soc=_mean([(now.capacity, now.soc) for now in told]),
        temperatures=temperatures,
        temperature_ids=temperature_ids,
        hottest=_place(temperatures, temperature_ids, max(degrees)) if degrees else None,
        coldest=_place(temperatures, temperature_ids, min(degrees)) if degrees else None,
        mos_temperature=max(_known([now.mos_temperature for now in told]), default=None),
        alarms=frozenset[Alarm]().union(*[now.alarms for now in told]),
        unknown_alarm_bits=max([now.unknown_alarm_bits for now in told]),
        charge_mosfet_on=_any([now.charge_mosfet_on for now in told]),
        discharge_mosfet_on=_any([now.discharge_mosfet_on for now in told]),
        balancing=_any([now.balancing for now in told]),
        balance_switch=_any([now.balance_switch for now in told]),
        heating=_any([now.heating for now in told]),
        capacity=_sum([now.capacity for now in told]),
        remaining=_sum([_remaining(now) for now in told]),
        cycles=max(_known([now.cycles for now in told]), default=None),
        charged_total=_sum([now.charged_total for now in told]),
        soh=_mean([(now.capacity, now.soh) for now in told]),
    )


def voltage(readings: Sequence[Reading]) -> float:
    """V of the bus bars: the mean, in which a pack weighs less the more its voltage and its cells disagree."""
    weights = [1.0 / (DOUBT + abs(reading.voltage - sum(reading.cells))) for reading in readings]
    return sum([weight * reading.voltage for weight, reading in zip(weights, readings, strict=True)]) / sum(weights)


def drop(members: Iterable[Member]) -> float:
    """V per cell that the currents make in the packs' resistances, the mean by capacity."""
    parts = [
        (member.capacity or 1.0, (member.measured.current or 0.0) * member.resistance)
        for member in members
        if member.measured is not None
    ]
    return sum([weight * volts for weight, volts in parts]) / sum([weight for weight, _ in parts])


def _place(values: tuple[float | None, ...], ids: tuple[str, ...], extreme: float) -> Place:
    return Place(extreme, ids[values.index(extreme)])


@lru_cache(maxsize=8)  # those of cells and of sensors, while packs come and go
def _ids(form: str, packs: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
    return tuple(form.format(name, number) for name, count in packs for number in range(1, count + 1))


def _remaining(reading: Reading) -> float | None:
    if reading.remaining is not None or reading.soc is None or reading.capacity is None:
        return reading.remaining
    return reading.capacity * reading.soc / 100


def _known(values: Sequence[Value | None]) -> Sequence[Value]:
    """Those that are told."""
    return [value for value in values if value is not None]


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum; None when one is not told."""
    known = _known(values)
    return sum(known) if len(known) == len(values) else None


def _mean(values: Sequence[tuple[float | None, float | None]]) -> float | None:
    """The mean of values by Ah, of the packs that tell it."""
    pairs = [(capacity or 1.0, value) for capacity, value in values if value is not None]
    return sum([weight * value for weight, value in pairs]) / sum([weight for weight, _ in pairs]) if pairs else None


def _any(values: Sequence[bool | None]) -> bool | None:
    """Whether one is; None when nobody tells."""
    return True if True in values else False if False in values else None
