"""JK02 settings: what the owner has set in a JK BMS, record type 1 of the frames `55 AA EB 90`.

Sources as in `jk02.py`. The columns are 24S and 32S; up to byte 141 they are the same. What can be written is listed in
`jk02_registers.py`; this driver writes nothing.
"""

from enum import IntFlag

from .jk02 import SIZE
from .kinds import I8, LITTLE, MILLI_U32, U8, U32, LongSwitch, Many
from .layout import at, layout
from .rows import Coded, Number


class Controls(IntFlag):
    """Functions that are switched on. Bits 10 to 15 came with 19.x."""

    HEATING = 1 << 0
    NO_TEMPERATURE_SENSORS = 1 << 1
    GPS_HEARTBEAT = 1 << 2
    PORT_IS_RS485 = 1 << 3  # else CAN
    LCD_ALWAYS_ON = 1 << 4
    SPECIAL_CHARGER = 1 << 5
    SMART_SLEEP = 1 << 6
    NO_PARALLEL_LIMITING = 1 << 7
    TIMED_STORAGE = 1 << 8
    FLOAT_MODE = 1 << 9
    BUTTON_STARTS_EMERGENCY = 1 << 10
    DRY_CONTACT_INTERMITTENT = 1 << 11
    DISCHARGE_OVER_CURRENT_2 = 1 << 12
    DISCHARGE_OVER_CURRENT_3 = 1 << 13
    GPS_LOCKED_CHARGING = 1 << 14
    GPS_LOCKED_DISCHARGING = 1 << 15


CELSIUS = Number(4, 10, signed=True, order=LITTLE)
SWITCH = LongSwitch()


# fmt: off
@layout(SIZE, SIZE)
class Settings:
    """Settings, record type 1."""

    sleep_voltage: float                 = at((6, 6), MILLI_U32, "V", "of a cell: smart sleep")
    cell_under_voltage: float            = at((10, 10), MILLI_U32, "V")
    cell_under_voltage_recovery: float   = at((14, 14), MILLI_U32, "V")
    cell_over_voltage: float             = at((18, 18), MILLI_U32, "V")
    cell_over_voltage_recovery: float    = at((22, 22), MILLI_U32, "V")
    balance_trigger: float               = at((26, 26), MILLI_U32, "V", "cell difference")
    full_voltage: float                  = at((30, 30), MILLI_U32, "V", "of a cell at 100 %; 0 before 14.x")
    empty_voltage: float                 = at((34, 34), MILLI_U32, "V", "of a cell at 0 %; 0 before 14.x")
    requested_charge_voltage: float      = at((38, 38), MILLI_U32, "V", "of a cell: RCV; 0 before 14.x")
    requested_float_voltage: float       = at((42, 42), MILLI_U32, "V", "of a cell: RFV; 0 before 14.x")
    power_off_voltage: float             = at((46, 46), MILLI_U32, "V", "of a cell")
    charge_over_current: float           = at((50, 50), MILLI_U32, "A", "continuous; [V] takes it for the balancer's")
    charge_over_current_delay: int       = at((54, 54), U32, "s")
    charge_over_current_recovery: int    = at((58, 58), U32, "s")
    discharge_over_current: float        = at((62, 62), MILLI_U32, "A", "continuous")
    discharge_over_current_delay: int    = at((66, 66), U32, "s")
    discharge_over_current_recovery: int = at((70, 70), U32, "s")
    short_circuit_recovery: int          = at((74, 74), U32, "s")
    balance_current_limit: float         = at((78, 78), MILLI_U32, "A")
    charge_over_temperature: float            = at((82, 82), CELSIUS, "°C")
    charge_over_temperature_recovery: float   = at((86, 86), CELSIUS, "°C")
    discharge_over_temperature: float         = at((90, 90), CELSIUS, "°C")
    discharge_over_temperature_recovery: float = at((94, 94), CELSIUS, "°C")
    charge_under_temperature: float           = at((98, 98), CELSIUS, "°C", "[V] reads it unsigned: -20 °C [R]")
    charge_under_temperature_recovery: float  = at((102, 102), CELSIUS, "°C", "[V] unsigned: -10 °C [R]")
    mos_over_temperature: float               = at((106, 106), CELSIUS, "°C")
    mos_over_temperature_recovery: float      = at((110, 110), CELSIUS, "°C")
    cell_count: int                      = at((114, 114), U32)
    charge_switch: bool | None           = at((118, 118), SWITCH, "", "the owner's; the state is in the cell info")
    discharge_switch: bool | None        = at((122, 122), SWITCH, "", "the owner's; the state is in the cell info")
    balance_switch: bool | None          = at((126, 126), SWITCH)
    capacity: float                      = at((130, 130), MILLI_U32, "Ah")
    short_circuit_delay: int             = at((134, 134), U32, "µs")
    balance_start: float                 = at((138, 138), MILLI_U32, "V", "of a cell")
    connection_resistances: tuple[float, ...] = at(
        (158, 142), (Many(24, U32), Many(32, U32)), "", "of the sense wires: µΩ [P], mΩ [S]; all 0 [R]")
    device_address: int | None           = at((None, 270), U32, "", "on the RS485 bus")
    precharge_time: int | None           = at((None, 274), U32, "s", "before discharging")
    controls: int | None                 = at((None, 282), Coded(2, Controls, LITTLE))
    heating_start: int | None            = at((None, 284), I8, "°C", "from 15.41 on; before: an alarm [P]")
    heating_stop: int | None             = at((None, 285), I8, "°C", "from 15.41 on")
    sleep_delay: int | None              = at((None, 286), U8, "h", "smart sleep")
    data_fields: int | None              = at((None, 287), U8, "", "which fields are in use")
    discharge_under_temperature: int | None          = at((None, 296), I8, "°C", "19.x; 0, as its recovery: not set")
    discharge_under_temperature_recovery: int | None = at((None, 297), I8, "°C", "19.x")
# fmt: on
