"""The status of an old active balancer in the common words of `Reading`: a monitor, for it stops no current."""

from functools import lru_cache

from ..battery.alarms import Alarm
from ..battery.reading import Identity, Protections, Reading
from ..errors import LayoutError
from .balancer import SLOTS, BalancerAlarms, BalancerStatus, Moving

ALARMS = {
    BalancerAlarms.CELL_COUNT: Alarm.CELL_COUNT,
    BalancerAlarms.WIRE_RESISTANCE: Alarm.WIRE_RESISTANCE,
    BalancerAlarms.OVER_VOLTAGE: Alarm.PACK_OVER_VOLTAGE,
}
MONITOR = "a balancer measures no battery current and stops none"
WHOLE_DEGREES = 100  # more than that is no temperature, so it is in tenths


def reading(status: BalancerStatus, identity: Identity, *, tenths: bool) -> Reading:
    """The reading of one answer; `tenths` is how this board counts its temperature. LayoutError without any cell."""
    count = max(status.cells_found, status.cell_count)
    if not 0 < count <= SLOTS:
        raise LayoutError(f"{count} cells: from 1 to {SLOTS} are possible")
    cells = status.cells[:count]
    alarms, unknown = _alarms(status.alarms)
    return Reading(
        identity=identity,
        protections=Protections(),
        voltage=status.voltage,
        current=None,
        cells=cells,
        temperatures=(status.temperature_code / 10 if tenths else float(status.temperature_code),),
        alarms=alarms,
        unknown_alarm_bits=unknown,
        balancing=bool(status.moving & (Moving.CHARGING_LOWEST | Moving.DISCHARGING_HIGHEST)),
        balancing_cells=_balancing_cells(status.moving, cells),
        balance_switch=status.balance_switch,
        monitor_only=MONITOR,
        details=(status,),
    )


def in_tenths(status: BalancerStatus) -> bool:
    """Whether the temperature can only be in tenths of a degree."""
    return abs(status.temperature_code) > WHOLE_DEGREES


def _balancing_cells(moving: int, cells: tuple[float, ...]) -> frozenset[int]:
    busy = set()
    if moving & Moving.CHARGING_LOWEST:
        busy.add(cells.index(min(cells)) + 1)
    if moving & Moving.DISCHARGING_HIGHEST:
        busy.add(cells.index(max(cells)) + 1)
    return frozenset(busy)


@lru_cache(maxsize=16)
def _alarms(bits: int) -> tuple[frozenset[Alarm], int]:
    known = frozenset(alarm for bit, alarm in ALARMS.items() if bits & bit)
    return known, int(bits) & ~int(sum(ALARMS))
