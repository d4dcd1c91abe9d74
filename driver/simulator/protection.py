"""What a JK guards: one row per protection, with its limit, recovery, delay and what it switches off.

Limits, recoveries and delays come from the simulated BMS's own settings. What this interface does not carry (release
time of over-currents, recovery of over-temperatures) is a constant here, near the defaults of the app.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag

from ..protocol.jkuart import AlarmBits, UartSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One moment as the BMS measures it: whole millivolts and degrees, small currents lost."""

    cells: tuple[float, ...]  # V
    voltage: float  # V
    current: float  # A, positive: charging
    soc: float  # %
    mos_temperature: float  # °C
    box_temperature: float
    battery_temperature: float


class Side(Flag):
    """What a protection switches off."""

    NONE = 0
    CHARGE = 1
    DISCHARGE = 2
    BOTH = 3


Setting = Callable[[UartSettings], float | None]


@dataclass(frozen=True, slots=True)
class Protection:
    """Trips when `value` was at `limit` or beyond for `delay` s; ends at `recovery`, but not before `hold` s."""

    bit: AlarmBits
    blocks: Side
    value: Callable[[Measured], float]
    limit: Setting  # None: this BMS does not guard it
    recovery: Setting
    delay: Setting = lambda _: 2
    low: bool = False  # guards against too little
    hold: float = 0.0  # s

    def beyond(self, seen: Measured, limit: float) -> bool:
        """Whether the value is at the limit or past it."""
        return self.value(seen) <= limit if self.low else self.value(seen) >= limit

    def back(self, seen: Measured, recovery: float) -> bool:
        """Whether the value is at the recovery or better."""
        return self.value(seen) >= recovery if self.low else self.value(seen) <= recovery


def under(setting: Setting, difference: float) -> Setting:
    """A recovery that has no register."""

    def recovery(settings: UartSettings) -> float | None:
        limit = setting(settings)
        return None if limit is None else limit - difference

    return recovery


def highest_temperature(seen: Measured) -> float:
    """Of the battery's two sensors."""
    return max(seen.box_temperature, seen.battery_temperature)


def lowest_temperature(seen: Measured) -> float:
    """Of the battery's two sensors."""
    return min(seen.box_temperature, seen.battery_temperature)


# A cell at its limit raises the bit of the *pack*: the recorded frame of an under-voltage has one cell below its limit,
# a pack above its own, and bit 3 alone. The bits for single cells were never recorded.
# fmt: off
PROTECTIONS = (
    Protection(AlarmBits.CHARGE_OVER_VOLTAGE, Side.CHARGE, lambda m: max(m.cells),
               lambda s: s.cell_over_voltage, lambda s: s.cell_over_voltage_recovery,
               lambda s: s.cell_over_voltage_delay),
    Protection(AlarmBits.DISCHARGE_UNDER_VOLTAGE, Side.DISCHARGE, lambda m: min(m.cells),
               lambda s: s.cell_under_voltage, lambda s: s.cell_under_voltage_recovery,
               lambda s: s.cell_under_voltage_delay, low=True),
    Protection(AlarmBits.CHARGE_OVER_CURRENT, Side.CHARGE, lambda m: m.current,
               lambda s: s.charge_over_current, lambda s: s.charge_over_current,
               lambda s: s.charge_over_current_delay, hold=60.0),
    Protection(AlarmBits.DISCHARGE_OVER_CURRENT, Side.DISCHARGE, lambda m: -m.current,
               lambda s: s.discharge_over_current, lambda s: s.discharge_over_current,
               lambda s: s.discharge_over_current_delay, hold=60.0),
    Protection(AlarmBits.BATTERY_OVER_TEMPERATURE, Side.CHARGE, highest_temperature,
               lambda s: s.charge_over_temperature, under(lambda s: s.charge_over_temperature, 5)),
    Protection(AlarmBits.BATTERY_OVER_TEMPERATURE, Side.DISCHARGE, highest_temperature,
               lambda s: s.discharge_over_temperature, under(lambda s: s.discharge_over_temperature, 5)),
    Protection(AlarmBits.BATTERY_LOW_TEMPERATURE, Side.CHARGE, lowest_temperature,
               lambda s: s.charge_under_temperature, lambda s: s.charge_under_temperature_recovery, low=True),
    Protection(AlarmBits.BATTERY_LOW_TEMPERATURE, Side.DISCHARGE, lowest_temperature,
               lambda s: s.discharge_under_temperature, lambda s: s.discharge_under_temperature_recovery, low=True),
    Protection(AlarmBits.MOS_OVER_TEMPERATURE, Side.BOTH, lambda m: m.mos_temperature,
               lambda s: s.mos_over_temperature, lambda s: s.mos_over_temperature_recovery),
    Protection(AlarmBits.BOX_OVER_TEMPERATURE, Side.BOTH, lambda m: m.box_temperature,
               lambda s: s.box_over_temperature, lambda s: s.box_over_temperature_recovery),
    Protection(AlarmBits.CELL_DIFFERENCE, Side.CHARGE, lambda m: max(m.cells) - min(m.cells),
               lambda s: s.cell_difference_protection, under(lambda s: s.cell_difference_protection, 0.01)),
    Protection(AlarmBits.LOW_CAPACITY, Side.NONE, lambda m: m.soc,
               lambda s: s.low_capacity_alarm, under(lambda s: s.low_capacity_alarm, -1), low=True),
)
# fmt: on


class Guard:
    """The protections at work: who waits for its delay, who has tripped."""

    def __init__(self) -> None:
        self.alarms = AlarmBits(0)
        self.blocked = Side.NONE
        self._lasting = [0.0] * len(PROTECTIONS)  # s that a value is beyond its limit, or that its protection holds
        self._tripped = [False] * len(PROTECTIONS)

    def step(self, dt: float, seen: Measured, settings: UartSettings) -> None:
        """Look at a measurement, `dt` seconds after the one before."""
        self.alarms, self.blocked = AlarmBits(0), Side.NONE
        for index, row in enumerate(PROTECTIONS):
            limit = row.limit(settings)
            tripped = limit is not None and self._judge(index, row, dt, seen, settings, limit)
            if tripped != self._tripped[index]:
                self._tripped[index] = tripped
                self._lasting[index] = 0.0
            if tripped:
                self.alarms |= row.bit
                self.blocked |= row.blocks

    def _judge(
        self, index: int, row: Protection, dt: float, seen: Measured, settings: UartSettings, limit: float
    ) -> bool:
        if self._tripped[index]:
            self._lasting[index] += dt
            recovery = row.recovery(settings)
            return self._lasting[index] < row.hold or not row.back(seen, limit if recovery is None else recovery)
        self._lasting[index] = self._lasting[index] + dt if row.beyond(seen, limit) else 0.0
        return self._lasting[index] > (row.delay(settings) or 0)
