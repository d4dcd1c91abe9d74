"""Alarms as people get them: one event is one notification, with the cell and the value.

Control acts on what the BMS says, at once. What is shown rises with it and ends later, because each rise notifies.
"""

from collections.abc import Callable
from typing import TypeAlias

from .alarms import Alarm
from .reading import Reading

HOLD = 60.0  # s for which an alarm must be gone before it counts as over


class Announced:
    """The alarms of one battery that are shown."""

    def __init__(self) -> None:
        self._gone_for: dict[Alarm, float] = {}  # s

    def take(self, alarms: frozenset[Alarm], elapsed: float) -> frozenset[Alarm]:
        """What to show, where the BMS says `alarms`, `elapsed` s after the reading before."""
        if not self._gone_for:
            self._gone_for = dict.fromkeys(alarms, 0.0)
            return alarms
        kept = {alarm: gone + elapsed for alarm, gone in self._gone_for.items() if gone + elapsed < HOLD}
        self._gone_for = kept | dict.fromkeys(alarms, 0.0)
        return frozenset(self._gone_for)


Words: TypeAlias = Callable[[Reading], str]


def _highest(now: Reading) -> str:
    return (
        f"cell {now.cells.index(max(now.cells)) + 1} {max(now.cells):.3f} V{_limit(now.protections.cell_over_voltage)}"
    )


def _lowest(now: Reading) -> str:
    return (
        f"cell {now.cells.index(min(now.cells)) + 1} {min(now.cells):.3f} V{_limit(now.protections.cell_under_voltage)}"
    )


def _limit(volts: float | None) -> str:
    return "" if volts is None else f", limit {volts:.3f} V"


def _apart(now: Reading) -> str:
    high, low = max(now.cells), min(now.cells)
    return f"cell {now.cells.index(high) + 1} {high:.3f} V, cell {now.cells.index(low) + 1} {low:.3f} V"


def _current(now: Reading) -> str:
    return "" if now.current is None else f"{now.current:.1f} A"


def _temperatures(now: Reading) -> str:
    return ", ".join(f"{value:.0f} °C" for value in now.temperatures if value is not None)


def _mosfets(now: Reading) -> str:
    return "" if now.mos_temperature is None else f"{now.mos_temperature:.0f} °C"


def _soc(now: Reading) -> str:
    return "" if now.soc is None else f"{now.soc:.0f} %"


VALUES: dict[str, Words] = {  # by path
    "LowSoc": _soc,
    "HighVoltage": _highest,  # a cell at its limit raises the alarm of the pack
    "HighCellVoltage": _highest,
    "LowVoltage": _lowest,
    "LowCellVoltage": _lowest,
    "CellImbalance": _apart,
    "HighChargeCurrent": _current,
    "HighDischargeCurrent": _current,
    "HighTemperature": _temperatures,
    "LowTemperature": _temperatures,
    "LowChargeTemperature": _temperatures,
    "HighChargeTemperature": _temperatures,
    "HighInternalTemperature": _mosfets,
}


def words(alarm: Alarm, now: Reading) -> str:
    """An alarm as a sentence: what it is, and which cell or value has raised it."""
    valued = VALUES.get(alarm.value.path)
    value = "" if valued is None else valued(now)
    return f"{alarm.value.text}: {value}" if value else alarm.value.text
