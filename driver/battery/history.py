"""What a battery has gone through, counted while its BMS is heard; kept over restarts, cleared by the owner."""

from collections.abc import Sequence
from dataclasses import dataclass

from .alarms import Alarm
from .reading import Reading

JOULES = 3.6e6  # in a kWh
HIGH = frozenset(alarm for alarm in Alarm if alarm.value.path in ("HighVoltage", "HighCellVoltage"))
LOW = frozenset(alarm for alarm in Alarm if alarm.value.path in ("LowVoltage", "LowCellVoltage"))


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Sums and extremes; None: nothing was counted yet."""

    charged_energy: float = 0.0  # kWh
    discharged_energy: float = 0.0
    minimum_voltage: float | None = None  # V, of the pack
    maximum_voltage: float | None = None
    minimum_cell_voltage: float | None = None
    maximum_cell_voltage: float | None = None
    minimum_temperature: float | None = None  # °C
    maximum_temperature: float | None = None
    drawn: float = 0.0  # Ah since the last full charge, <= 0
    last_discharge: float = 0.0  # Ah, the lowest `drawn` since the last full charge
    deepest_discharge: float = 0.0  # Ah, the lowest `drawn` ever
    full_charges: int = 0
    since_full: float | None = None  # s since the last full charge
    high_voltage_alarms: int = 0
    low_voltage_alarms: int = 0


NONE = History()


def step(known: History, now: Reading, risen: frozenset[Alarm], elapsed: float, *, full: bool) -> History:
    """The history after this reading, `elapsed` s after the one before.

    `risen` are the alarms that have begun with it; `full`: a charge has just been completed.
    """
    current = now.current or 0.0
    energy = now.voltage * current * elapsed / JOULES
    drawn = 0.0 if full else min(0.0, known.drawn + current * elapsed / 3600)
    temperatures = [value for value in now.temperatures if value is not None]
    since = 0.0 if full else None if known.since_full is None else known.since_full + elapsed
    cells = [volts for volts in now.cells if volts] if 0.0 in now.cells else now.cells
    return History(
        charged_energy=known.charged_energy + max(0.0, energy),
        discharged_energy=known.discharged_energy + max(0.0, -energy),
        minimum_voltage=_least(known.minimum_voltage, (now.voltage,)),
        maximum_voltage=_most(known.maximum_voltage, (now.voltage,)),
        minimum_cell_voltage=_least(known.minimum_cell_voltage, cells),
        maximum_cell_voltage=_most(known.maximum_cell_voltage, now.cells),
        minimum_temperature=_least(known.minimum_temperature, temperatures),
        maximum_temperature=_most(known.maximum_temperature, temperatures),
        drawn=drawn,
        last_discharge=0.0 if full else min(known.last_discharge, drawn),
        deepest_discharge=min(known.deepest_discharge, drawn),
        full_charges=known.full_charges + full,
        since_full=since,
        high_voltage_alarms=known.high_voltage_alarms + bool(risen & HIGH),
        low_voltage_alarms=known.low_voltage_alarms + bool(risen & LOW),
    )


def _least(known: float | None, values: Sequence[float]) -> float | None:
    least = min(values, default=None)
    return known if least is None or (known is not None and known <= least) else least


def _most(known: float | None, values: Sequence[float]) -> float | None:
    most = max(values, default=None)
    return known if most is None or (known is not None and known >= most) else most
