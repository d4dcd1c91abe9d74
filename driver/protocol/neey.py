"""NEEY / Heltec smart active balancers over Bluetooth: live values and device info of the frames `55 AA 11`.

Sources, cited in the rows: [S] syssi/esphome-jk-bms; [A] patman15/aiobmsble; [M] jblance/powermon; [R] about 1200
recorded frames of GW-24S4EB, EK-24S4EB (v1) and EK-B24S8E200A (v2). Little-endian, most numbers are singles. The
columns are v1 and v2. Settings: `neey_settings.py`.
"""

from enum import IntEnum, IntFlag

from .kinds import U8, U24, U32, Float, Floats
from .layout import at, layout
from .rows import Coded, Switch, Text

SLOTS = 24


class Generation(IntEnum):
    """The columns of the tables. v2 is what sends settings of 150 bytes, and models that begin with EK-B."""

    V1 = 0
    V2 = 1


class Operation(IntEnum):
    """What the balancer is doing."""

    UNKNOWN = 0
    WRONG_CELL_COUNT = 1
    RESISTANCE_TEST = 2
    RESISTANCE_HIGH = 3
    TEST_COMPLETED = 4
    BALANCING = 5
    FINISHED = 6
    LOW_VOLTAGE = 7
    OVER_TEMPERATURE = 8
    HOST_FAILS = 9
    BELOW_START_VOLTAGE = 10  # "low battery voltage, balancing stopped": idle, no fault [R]
    TOO_HOT_TO_BALANCE = 11
    SELF_TEST_COMPLETED = 12


class HotSensors(IntFlag):
    """Sensors that warn."""

    SENSOR_1 = 1 << 0
    SENSOR_2 = 1 << 1


class MemoryFaults(IntFlag):
    """Settings that could not be read or written."""

    READ = 1 << 0
    WRITE = 1 << 1


VOLTS, SINGLE, FAULT = Floats(SLOTS), Float(), Switch()


# fmt: off
@layout(300, 300)
class NeeyCellInfo:
    """Live values, command 02."""

    counter: int                     = at((8, 8), U8, "", "counts frames")
    cells: tuple[float, ...]         = at((9, 9), VOLTS, "V", "slots without a cell are 0")
    wire_resistances: tuple[float, ...] = at((105, 105), VOLTS, "Ω", "of the sense wires")
    voltage: float | None            = at((201, 201), SINGLE, "V", "the sum of the cells")
    average_cell: float | None       = at((205, 205), SINGLE, "V")
    cell_difference: float | None    = at((209, 209), SINGLE, "V")
    highest_cell: int                = at((213, 213), U8, "", "index from 0, of another moment than the cells [R]")
    lowest_cell: int                 = at((214, 214), U8, "", "index from 0")
    last_cell: int                   = at((215, 215), U8, "", "cells less 1 [R]; [S] does not name it")
    operation: int                   = at((216, 216), Coded(1, Operation))
    balance_current: float | None    = at((217, 218), SINGLE, "A", "positive: charges the lowest cell")
    disputed_current: float | None   = at((None, 222), SINGLE, "A", "[A] of the pack, [S] unknown; 2.026 [R]: not used")
    temperature_1: float | None      = at((221, 226), SINGLE, "°C")
    temperature_2: float | None      = at((225, 230), SINGLE, "°C", "v1 repeats the first [R]")
    mos_temperature: float | None    = at((None, 234), SINGLE, "°C")
    balancer_temperature: float | None = at((None, 238), SINGLE, "°C")
    capacity: float | None           = at((None, 242), SINGLE, "Ah", "[A] truncates it")
    remaining: float | None          = at((None, 246), SINGLE, "Ah")
    state_of_charge: float | None    = at((None, 250), SINGLE, "%")
    not_detected: int                = at((229, 266), U24, "", "bit n: cell n + 1; slots in no use may be set [R]")
    over_voltage: int                = at((232, 269), U24, "", "bit n: cell n + 1")
    under_voltage: int               = at((235, 272), U24, "", "bit n: cell n + 1")
    polarity: int                    = at((238, 275), U24, "", "bit n: cell n + 1 the wrong way round")
    resistance_high: int             = at((241, 278), U24, "", "bit n: wire of cell n + 1")
    hot: int                         = at((244, 281), Coded(1, HotSensors))
    charging_fault: bool | None      = at((245, 282), FAULT)
    discharging_fault: bool | None   = at((246, 283), FAULT)
    memory_faults: int               = at((247, 284), Coded(1, MemoryFaults), "", "[M], and a remark in [S]")
    uptime: int                      = at((254, 291), U32, "s", "[M] reads a single: wrong [R]")


@layout(100)
class NeeyDeviceInfo:
    """Who it is, command 01."""

    model: str          = at(8, Text(16), "", "GW-…, EK-…")
    hardware: str       = at(24, Text(8))
    software: str       = at(32, Text(8))
    protocol: str       = at(40, Text(8), "", "version")
    manufactured: str   = at(48, Text(8), "", "YYYYMMDD")
    power_on_count: int = at(56, U32)
    runtime: int        = at(60, U32, "s")
# fmt: on
