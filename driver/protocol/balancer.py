"""Old JK active balancers on RS485 (JK-B1A24S, JK-B2A24S, JK-DZ11-B2A24S): frames `EB 90`, 9600 baud, big-endian.

Sources, cited in the rows: [P] the vendor's "JK-DZ11-B2A24S balancer communication protocol" V1.3; [S]
syssi/esphome-jk-bms; [M] jblance/mpp-solar; [R] recorded frames of 17 and 20 cells.
"""

from enum import IntFlag

from .kinds import Many
from .layout import at, layout
from .rows import Coded, Number, Switch

SIZE, SLOTS = 74, 24


class Moving(IntFlag):
    """Where charge moves now; nothing: the balancer rests."""

    CHARGING_LOWEST = 1 << 0
    DISCHARGING_HIGHEST = 1 << 1


class BalancerAlarms(IntFlag):
    """Alarms."""

    CELL_COUNT = 1 << 0
    WIRE_RESISTANCE = 1 << 1
    OVER_VOLTAGE = 1 << 2


U8, CENTI, MILLI = Number(1), Number(2, 100), Number(2, 1000)


# fmt: off
@layout(SIZE)
class BalancerStatus:
    """The answer to command FF."""

    address: int              = at(2, U8)
    command: int              = at(3, U8, "", "as it was asked")
    voltage: float            = at(4, CENTI, "V", "[P] misprints an example")
    average_cell: float       = at(6, MILLI, "V")
    cells_found: int          = at(8, U8)
    highest_cell: int         = at(9, U8, "", "from 0 [R], from 1 [P]: not used")
    lowest_cell: int          = at(10, U8, "", "from 0 [R], from 1 [P]: not used")
    moving: int               = at(11, Coded(1, Moving))
    alarms: int               = at(12, Coded(1, BalancerAlarms))
    cell_difference: float    = at(13, MILLI, "V")
    balance_current: float    = at(15, MILLI, "A")
    balance_trigger: float    = at(17, MILLI, "V", "cell difference")
    most_current: float       = at(19, MILLI, "A", "as set")
    balance_switch: bool | None = at(21, Switch())
    cell_count: int           = at(22, U8, "", "as set")
    cells: tuple[float, ...]  = at(23, Many(SLOTS, MILLI), "V", "slots without a cell may hold anything [P]")
    temperature_code: int     = at(71, Number(2, signed=True), "", "°C [P][M], or tenths [S]: more than 100 are tenths")
# fmt: on
