"""What follows from a reading, and what follows from the published values of all cells or sensors."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeAlias

from ..battery.alarms import Alarm
from ..battery.history import History
from ..battery.reading import Reading

Column: TypeAlias = Sequence[float | None]  # published values of all cells, or of all sensors

LONGEST = 864_000  # s; what Victron's own shunts say for "no end in sight"
EXTREMES = attrgetter(
    "minimum_voltage", "maximum_voltage", "minimum_cell_voltage", "maximum_cell_voltage",
    "high_voltage_alarms", "low_voltage_alarms",
)  # fmt: skip
IDLE_SHARE = 0.005  # of the capacity; below that current a time to go is noise


def remaining(reading: Reading) -> float | None:
    """Ah left, from state of charge and capacity where the BMS does not say."""
    if reading.remaining is not None or reading.capacity is None or reading.soc is None:
        return reading.remaining
    return reading.capacity * reading.soc / 100


def consumed(reading: Reading) -> float | None:
    """Ah missing from full, negative as Victron has it."""
    left = remaining(reading)
    return None if left is None or reading.capacity is None else min(0.0, left - reading.capacity)


def time_to_go(reading: Reading) -> int | None:
    """Seconds to empty at the mean current; none while hardly anything or nothing is drawn."""
    left, current = remaining(reading), reading.current
    if left is None or current is None or reading.capacity is None or -current <= IDLE_SHARE * reading.capacity:
        return None
    drawn = max(-(reading.mean_current or current), IDLE_SHARE * reading.capacity)
    return min(round(left / drawn * 3600), LONGEST)


def balancer_status(reading: Reading) -> int | None:
    """0 unknown, 1 balanced, 2 balancing, 3 imbalance: 1 only where the balancer would work if it had to."""
    start = reading.protections.balance_start
    if reading.balancing is None:
        return None
    if reading.balancing:
        return 2
    if reading.alarms and Alarm.CELL_DIFFERENCE in reading.alarms:
        return 3
    return int(reading.balance_switch is True and start is not None and max(reading.cells, default=0.0) >= start)


def balancing_cells(reading: Reading) -> Column:
    """1 for each cell that is being balanced; nothing where the protocol does not tell which."""
    busy = reading.balancing_cells
    return () if busy is None else [int(cell in busy) for cell in range(1, len(reading.cells) + 1)]


def history_key(history: History) -> object:
    """What the rows of `HISTORY` draw on, a tenth as fine as they show the sums, which grow with each reading."""
    since = history.since_full
    return (
        int(100 * history.charged_energy), int(100 * history.discharged_energy), int(100 * history.last_discharge),
        int(100 * history.deepest_discharge), None if since is None else since // 10, EXTREMES(history),
    )  # fmt: skip


def lowest(column: Column) -> float | None:
    """The lowest valid value."""
    return min(_valid(column), default=None)


def highest(column: Column) -> float | None:
    """The highest valid value."""
    return max(_valid(column), default=None)


def spread(column: Column) -> float | None:
    """Highest less lowest."""
    low, high = lowest(column), highest(column)
    return None if low is None or high is None else high - low


def place(extreme: Callable[[Column], float | None], letter: str) -> Callable[[Column], str | None]:
    """Which cell or sensor has the extreme, as Victron writes it: "C3". The first of equals."""

    def value(column: Column) -> str | None:
        found = extreme(column)
        return None if found is None else f"{letter}{column.index(found) + 1}"

    return value


def _valid(column: Column) -> Sequence[float]:
    """The values that are some: nearly always all of them."""
    if None in column:
        return [value for value in column if value is not None]
    return column  # type: ignore[return-value]  # mypy does not narrow by `in`, and a copy costs every reading
