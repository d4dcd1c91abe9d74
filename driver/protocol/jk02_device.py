"""JK02 device info: who a JK BMS is, record type 3 of the frames `55 AA EB 90`. JK04 devices send the 24S column.

Sources as in `jk02.py`. Texts end at a NUL; what follows is left over from longer ones. Passwords are sent in clear.
"""

from enum import IntEnum

from .jk02 import SIZE
from .kinds import I32, LITTLE, U8, U32, Terminated
from .layout import at, layout
from .rows import Coded, Number, Secret


class UartProtocol(IntEnum):
    """What a UART or RS485 port speaks."""

    JK_UART = 0  # "4G-GPS remote module common protocol V4.2": the frames 4E 57
    JK_MODBUS = 1
    NIU = 2
    CHINA_TOWER_1 = 3
    PACE = 4
    PYLON = 5
    GROWATT = 6
    VOLTRONIC = 7
    CHINA_TOWER_2 = 8
    WOW = 9
    JK_LCD = 10
    USER_1 = 11
    USER_2 = 12
    JK_MODBUS_9600 = 13
    PYLON_9600 = 14
    JK_PB_LCD = 15
    JK_LIN = 16
    RS485_1 = 17
    RS485_2 = 18
    RS485_3 = 19
    RS485_4 = 20


class CanProtocol(IntEnum):
    """What the CAN port speaks."""

    JK_250K = 0
    DEYE = 1
    PYLON = 2
    GROWATT = 3
    VICTRON = 4
    MEGAREVO = 5
    JK_500K = 6
    INVT = 7
    GOODWE = 8
    FSS = 9
    MUST = 10
    LUXPOWER = 11
    USER_1 = 12
    USER_2 = 13


class Trigger(IntEnum):
    """What makes the buzzer sound or a dry contact close."""

    OFF = 0
    LOW_CHARGE = 1
    PACK_OVER_VOLTAGE = 2
    PACK_UNDER_VOLTAGE = 3
    CELL_OVER_VOLTAGE = 4
    CELL_UNDER_VOLTAGE = 5
    CHARGE_OVER_CURRENT = 6
    DISCHARGE_OVER_CURRENT = 7
    BATTERY_OVER_TEMPERATURE = 8
    MOS_OVER_TEMPERATURE = 9
    ALARM = 10
    BATTERY_UNDER_TEMPERATURE = 11
    REMOTE_CONTROL = 12
    HIGH_CHARGE = 13
    MOSFET_ABNORMAL = 14


UART, CAN, TRIGGER = Coded(1, UartProtocol), Coded(1, CanProtocol), Coded(1, Trigger)
HOURS = Number(1, 10)


# fmt: off
@layout(SIZE, SIZE)
class DeviceInfo:
    """Who it is, record type 3."""

    model: str                 = at((6, 6), Terminated(16), "", "JK-…, from 11.x to 15.x JK_…")
    hardware: str              = at((22, 22), Terminated(8))
    software: str              = at((30, 30), Terminated(8), "", "decides the variant; the hardware version does not")
    total_runtime: int         = at((38, 38), U32, "s", "near the one in the cell info [R]")
    power_on_count: int        = at((42, 42), U32)
    name: str                  = at(
        (46, 46), Terminated(16), "", "the owner's; first the model or serial number", personal=True)
    passcode: str              = at((62, 62), Secret(16, b"1234"), "", "of the device, default 1234")
    manufactured: str          = at((78, 78), Terminated(8), "", "YYMMDD")
    serial: str                = at(
        (86, 86), Terminated(16), "", "8 characters [A], 11 [S], 16: 10, 11 and 15 with a NUL [R]; then a passcode",
        personal=True)
    user_data: str             = at((102, 102), Secret(16), "", "the owner's text")
    setup_passcode: str        = at((118, 118), Secret(16, b"123456"), "", "of the settings, default 123456")
    user_data_2: str | None    = at((None, 134), Secret(16), "", "the owner's text")
    uart_1: int | None         = at((None, 184), UART)
    can: int | None            = at((None, 185), CAN)
    uart_1_choice: int | None  = at((None, 186), U32, "", "bit n: protocol n can be chosen; [P] 16 bytes")
    hardware_option: str | None = at((None, 190), Terminated(12), "", "text in 19.x [R]; [P] bits of the one above")
    can_choice: int | None     = at((None, 202), U32, "", "bit n: protocol n can be chosen; [P] 16 bytes")
    uart_2: int | None         = at((None, 218), UART)
    uart_2_choice: int | None  = at((None, 219), U32, "", "bit n: protocol n can be chosen; [P] 15 bytes")
    buzzer: int | None         = at((None, 234), TRIGGER)
    dry_1: int | None          = at((None, 235), TRIGGER)
    dry_2: int | None          = at((None, 236), TRIGGER)
    uart_library: int | None   = at((None, 237), U8, "", "version")
    buzzer_on: int | None      = at((None, 238), I32, "", "value at which it begins")
    buzzer_off: int | None     = at((None, 242), I32)
    dry_1_on: int | None       = at((None, 246), I32, "", "value at which it closes")
    dry_1_off: int | None      = at((None, 250), I32)
    dry_2_on: int | None       = at((None, 254), I32, "", "value at which it closes")
    dry_2_off: int | None      = at((None, 258), I32)
    storage_period: int | None = at((None, 262), I32, "s", "of stored data")
    charge_time: float | None  = at((None, 266), HOURS, "h", "at the requested charge voltage (RCV)")
    float_time: float | None   = at((None, 267), HOURS, "h", "at the requested float voltage (RFV)")
    can_library: int | None    = at((None, 268), U8, "", "version")
    emergency_duration: int | None = at((None, 269), U8, "min")
    uart_3: int | None         = at((None, 270), UART)
    uart_3_choice: int | None  = at((None, 271), Number(7, order=LITTLE), "", "bit n: protocol n can be chosen")
    rebulk: int | None         = at((None, 278), U8, "%", "state of charge at which bulk begins anew")
# fmt: on
