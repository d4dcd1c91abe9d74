"""JK04: the frames `55 AA EB 90` of the active balancers JK-B1A24S, JK-B2A24S, JK-B2A16S and of JK-B5A24S.

Sources as in `jk02.py`; [R] about 800 recorded frames of software 3.1.2, 3.3.0 and 8.0.3M. Numbers are little-endian
singles. There is no pack voltage, no current, no state of charge and no temperature. Device info: `jk02_device.py`.
"""

from .jk02 import SIZE, Balancing
from .kinds import U8, U32, Float, Floats
from .layout import at, layout
from .rows import Coded, Switch

CELLS = 24


# fmt: off
@layout(SIZE)
class CellInfo04:
    """Live values, record type 2."""

    counter: int                    = at(5, U8, "", "counts frames")
    cells: tuple[float, ...]        = at(6, Floats(CELLS), "V", "slots without a cell are 0")
    wire_resistances: tuple[float, ...] = at(102, Floats(CELLS + 1), "Ω", "of the sense wires, one more than cells [M]")
    average_cell: float | None      = at(202, Float(), "V")
    cell_difference: float | None   = at(206, Float(), "V", "of another moment than the cells")
    cell_mask: int                  = at(214, U32, "", "bit n: cell n + 1 is there; [S] does not name it")
    highest_cell: int               = at(218, U8, "", "index from 0")
    lowest_cell: int                = at(219, U8, "", "index from 0")
    balancing: int                  = at(220, Coded(1, Balancing))
    balancer_ready: int             = at(221, U8, "", "1 in all frames but one [R]: perhaps that the balancer is on")
    balance_current: float | None   = at(222, Float(), "A", "its sign is the direction")
    runtime: int                    = at(286, U32, "s", "since the first power-up; [M] reads 3 bytes")


@layout(SIZE)
class Settings04:
    """Settings, record type 1."""

    unknown_6: float | None          = at(6, Float(), "", "1.0 [R]")
    cell_count: int                  = at(34, U32)
    power_off_voltage: float | None  = at(38, Float(), "V", "of a cell")
    reference_voltage: float | None  = at(74, Float(), "V", "calibration: of the converter, about 3.03")
    balance_start: float | None      = at(98, Float(), "V", "of a cell")
    unknown_102: float | None        = at(102, Float(), "", "3.4 [R]")
    balance_trigger: float | None    = at(106, Float(), "V", "cell difference")
    balance_current_limit: float | None = at(110, Float(), "A")
    balance_switch: bool | None      = at(114, Switch())
# fmt: on
