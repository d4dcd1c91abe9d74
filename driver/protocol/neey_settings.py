"""NEEY / Heltec balancers: settings and factory values. Sources as in `neey.py`. This driver writes none of them."""

from enum import IntEnum

from .kinds import U8, U16, U32, Float
from .layout import at, layout
from .rows import Coded, Switch, Text


class Buzzer(IntEnum):
    """When it sounds."""

    OFF = 1
    ONCE = 2
    REGULAR = 3


class CellType(IntEnum):
    """Chemistry as set. v2 says 1 on an LFP battery [R]: there it means something else, and nobody knows what."""

    NCM = 1
    LFP = 2
    LTO = 3
    LEAD = 4


SINGLE, ON_OFF = Float(), Switch()


# fmt: off
@layout(100, 150)
class NeeySettings:
    """Settings, command 04."""

    cell_count: int                  = at((8, 9), U8)
    nominal_capacity: float | None   = at((24, 10), (U32, SINGLE), "Ah")
    balance_trigger: float | None    = at((9, 14), SINGLE, "V", "cell difference")
    unknown_18: float | None         = at((None, 18), SINGLE, "", "0.001 [R]")
    balance_current_limit: float | None = at((13, 30), SINGLE, "A")
    balance_stop: float | None       = at((17, 22), SINGLE, "V", "of a cell: sleep below it")
    balance_start: float | None      = at((28, 26), SINGLE, "V", "of a cell")
    stop_difference: float | None    = at((33, None), SINGLE, "V", "cell difference at which balancing ends")
    balance_switch: bool | None      = at((21, 126), ON_OFF)
    buzzer: int                      = at((22, 127), Coded(1, Buzzer))
    cell_type: int                   = at((23, 128), Coded(1, CellType))
    device_address: int | None       = at((32, None), U8)
    reference_resistance: float | None = at((37, None), SINGLE)
    reset_current: float | None      = at((47, None), SINGLE)
    cell_over_voltage: float | None            = at((None, 34), SINGLE, "V")
    cell_over_voltage_recovery: float | None   = at((None, 38), SINGLE, "V")
    cell_under_voltage: float | None           = at((None, 42), SINGLE, "V")
    cell_under_voltage_recovery: float | None  = at((None, 46), SINGLE, "V")
    cell_difference_protection: float | None   = at((None, 50), SINGLE, "V")
    cell_difference_recovery: float | None     = at((None, 54), SINGLE, "V")
    power_off_voltage: float | None            = at((None, 58), SINGLE, "V", "of a cell")
    charge_over_current: float | None          = at((None, 62), SINGLE, "A")
    charge_over_current_delay: int | None      = at((None, 66), U16, "s")
    charge_over_current_recovery: int | None   = at((None, 68), U16, "s")
    discharge_over_current: float | None       = at((None, 70), SINGLE, "A")
    discharge_over_current_delay: int | None   = at((None, 74), U16, "s")
    discharge_over_current_recovery: int | None = at((None, 76), U16, "s")
    discharge_over_current_2: float | None     = at((None, 78), SINGLE, "A")
    discharge_over_current_2_delay: int | None = at((None, 82), U16, "ms")
    discharge_over_current_2_recovery: int | None = at((None, 84), U16, "s")
    short_circuit: float | None                = at((None, 86), SINGLE, "A")
    short_circuit_delay: int | None            = at((None, 90), U16, "µs")
    short_circuit_recovery: int | None         = at((None, 92), U16, "s")
    charge_over_temperature: float | None             = at((None, 94), SINGLE, "°C")
    charge_over_temperature_recovery: float | None    = at((None, 98), SINGLE, "°C")
    charge_under_temperature: float | None            = at((None, 102), SINGLE, "°C")
    charge_under_temperature_recovery: float | None   = at((None, 106), SINGLE, "°C")
    discharge_over_temperature: float | None          = at((None, 110), SINGLE, "°C")
    discharge_over_temperature_recovery: float | None = at((None, 114), SINGLE, "°C")
    discharge_under_temperature: float | None         = at((None, 118), SINGLE, "°C")
    discharge_under_temperature_recovery: float | None = at((None, 122), SINGLE, "°C")


@layout(100)
class NeeyFactory:
    """What the factory has measured, command 03."""

    standard_voltage_1: float | None = at(8, SINGLE, "V", "[S] reads byte 2 by mistake")
    standard_voltage_2: float | None = at(12, SINGLE, "V")
    battery_voltage_1: float | None  = at(16, SINGLE, "V")
    battery_voltage_2: float | None  = at(20, SINGLE, "V")
    standard_current_1: float | None = at(24, SINGLE, "A")
    standard_current_2: float | None = at(28, SINGLE, "A")
    super_capacitor_1: float | None  = at(32, SINGLE)
    super_capacitor_2: float | None  = at(36, SINGLE)
    resistor: float | None           = at(40, SINGLE)
    battery_status: float | None     = at(44, SINGLE)
    highest_voltage: float | None    = at(48, SINGLE, "V")
    lowest_voltage: float | None     = at(52, SINGLE, "V")
    highest_temperature: float | None = at(56, SINGLE, "°C")
    lowest_temperature: float | None = at(60, SINGLE, "°C")
    power_on_count: int              = at(64, U32)
    runtime: int                     = at(68, U32, "s")
    manufactured: str                = at(72, Text(8), "", "YYYYMMDD")
# fmt: on
