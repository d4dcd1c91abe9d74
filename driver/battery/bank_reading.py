"""The packs of a bank as one reading: sums by Ah, the extremes of all cells with the name of their pack."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from .bank_member import Member
from .reading import Identity, Protections, Reading

IDENTITY = Identity(protocol="bank", model="JK battery bank")
DOUBT = 0.05  # V; a pack whose voltage is further from the sum of its cells weighs less than half


@dataclass(frozen=True, slots=True, kw_only=True)
class BankReading(Reading):
    """One moment of all packs that serve. `cells` and `temperatures` are those of all packs, one pack after another."""

    cell_ids: tuple[str, ...]
    temperature_ids: tuple[str, ...]

    def cell_name(self, index: int) -> str:
        """Which pack's cell that is: "B2 C07"."""
        return self.cell_ids[index]


def combined(members: Sequence[Member]) -> BankReading | None:
    """One reading of the packs that have told one; None: none has."""
    told = [(member.name, member.measured) for member in members]
    packs = [(name, reading) for name, reading in told if reading is not None]
    readings = [reading for _, reading in packs]
    if not readings:
        return None
    capacity = _sum(reading.capacity for reading in readings)
    starts = [reading.protections.balance_start for reading in readings]
    return BankReading(
        identity=IDENTITY,
        protections=Protections(balance_start=min((start for start in starts if start is not None), default=None)),
        voltage=voltage(readings),
        current=_sum(reading.current for reading in readings),
        mean_current=_sum(r.current if r.mean_current is None else r.mean_current for r in readings),
        cells=tuple(chain.from_iterable(reading.cells for reading in readings)),
        cell_ids=tuple(chain.from_iterable(_cell_ids(name, len(reading.cells)) for name, reading in packs)),
        soc=_mean(readings, lambda reading: reading.soc),
        temperatures=tuple(chain.from_iterable(reading.temperatures for reading in readings)),
        temperature_ids=tuple(
            chain.from_iterable(_sensor_ids(name, len(reading.temperatures)) for name, reading in packs)
        ),
        mos_temperature=max((r.mos_temperature for r in readings if r.mos_temperature is not None), default=None),
        alarms=frozenset(alarm for reading in readings for alarm in reading.alarms),
        unknown_alarm_bits=max(reading.unknown_alarm_bits for reading in readings),
        charge_mosfet_on=_any(reading.charge_mosfet_on for reading in readings),
        discharge_mosfet_on=_any(reading.discharge_mosfet_on for reading in readings),
        balancing=_any(reading.balancing for reading in readings),
        balance_switch=_any(reading.balance_switch for reading in readings),
        heating=_any(reading.heating for reading in readings),
        capacity=capacity,
        remaining=_sum(_remaining(reading) for reading in readings),
        cycles=max((reading.cycles for reading in readings if reading.cycles is not None), default=None),
        charged_total=_sum(reading.charged_total for reading in readings),
        soh=_mean(readings, lambda reading: reading.soh),
    )


def voltage(readings: Sequence[Reading]) -> float:
    """V of the bus bars: the mean, in which a pack weighs less the more its voltage and its cells disagree."""
    weights = [1.0 / (DOUBT + abs(reading.voltage - sum(reading.cells))) for reading in readings]
    return sum(weight * reading.voltage for weight, reading in zip(weights, readings, strict=True)) / sum(weights)


def drop(members: Iterable[Member]) -> float:
    """V per cell that the currents make in the packs' resistances, the mean by capacity."""
    parts = [
        (member.capacity or 1.0, (member.measured.current or 0.0) * member.resistance)
        for member in members
        if member.measured is not None
    ]
    return sum(weight * volts for weight, volts in parts) / sum(weight for weight, _ in parts)


@cache
def _cell_ids(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name} C{number:02}" for number in range(1, count + 1))


@cache
def _sensor_ids(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name} T{number}" for number in range(1, count + 1))


def _remaining(reading: Reading) -> float | None:
    if reading.remaining is not None or reading.soc is None or reading.capacity is None:
        return reading.remaining
    return reading.capacity * reading.soc / 100


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum; None when one is not told."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _mean(readings: Iterable[Reading], value: Callable[[Reading], float | None]) -> float | None:
    """The mean by Ah of the packs that tell it."""
    pairs = [(reading.capacity or 1.0, told) for reading in readings if (told := value(reading)) is not None]
    return sum(weight * told for weight, told in pairs) / sum(weight for weight, _ in pairs) if pairs else None


def _any(values: Iterable[bool | None]) -> bool | None:
    """Whether one is; None when nobody tells."""
    told = [value for value in values if value is not None]
    return any(told) if told else None
