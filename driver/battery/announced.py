"""Alarms as people get them: one event is one notification, with the cell and the value.

Control acts on what the BMS says, at once. What is shown rises with it and ends later, because each rise notifies.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from .alarms import Alarm
from .reading import Reading

HOLD = 60.0  # s for which an alarm must be gone before it counts as over


class Announced:
    """The alarms of one battery that are shown, each with its words as they were when it rose."""

    def __init__(self) -> None:
        self._gone_for: dict[Alarm | int, float] = {}  # s; a bit that nobody knows stands for itself
        self._words: dict[Alarm | int, str] = {}

    @property
    def words(self) -> tuple[str, ...]:
        """A sentence for each of them."""
        return tuple(self._words.values())

    def take(self, now: Reading, elapsed: float) -> Reading:
        """The reading, `elapsed` s after the one before, with the alarms to show."""
        if not (now.alarms or now.unknown_alarm_bits or self._gone_for):
            return now
        raised: list[Alarm | int] = [*sorted(now.alarms, key=lambda alarm: alarm.name), *_bits(now.unknown_alarm_bits)]
        kept = {event: gone + elapsed for event, gone in self._gone_for.items() if gone + elapsed < HOLD}
        self._gone_for = kept | dict.fromkeys(raised, 0.0)
        self._words = {event: self._words.get(event) or _said(event, now) for event in self._gone_for}
        return replace(
            now,
            alarms=frozenset(event for event in self._gone_for if isinstance(event, Alarm)),
            unknown_alarm_bits=sum(event for event in self._gone_for if not isinstance(event, Alarm)),
        )


def _bits(word: int) -> list[int]:
    return [1 << place for place in range(word.bit_length()) if word >> place & 1]


def _said(event: Alarm | int, now: Reading) -> str:
    return words(event, now) if isinstance(event, Alarm) else f"alarm bit {event:#06x}, which this driver does not know"


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
