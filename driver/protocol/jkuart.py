"""Tables of the JK UART-TTL protocol, frames `4E 57` (ports "RS485" and "GPS", app setting UART1 protocol 000).

Sources, cited in the rows: [1] vendor document "Communication protocol between monitoring platform and BMS" V2.5;
[2] recorded frames of firmware 6.1.3S to 11.52 (13 units); [3] syssi/esphome-jk-bms; [4] ArminJo/JK-BMSToPylontechCAN.
All integers are big-endian. Every recorded frame of protocol version 1 holds these registers in this order.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from itertools import repeat
from operator import truediv
from struct import unpack

from ..errors import LayoutError
from .rows import Coded, Number, Secret, Switch, Text, row, table
from .tlv import Registers


class AlarmBits(IntFlag):
    """Register 0x8B. Not the alarm table of Bluetooth and Modbus: the numbers differ."""

    LOW_CAPACITY = 1 << 0
    MOS_OVER_TEMPERATURE = 1 << 1
    CHARGE_OVER_VOLTAGE = 1 << 2
    DISCHARGE_UNDER_VOLTAGE = 1 << 3
    BATTERY_OVER_TEMPERATURE = 1 << 4
    CHARGE_OVER_CURRENT = 1 << 5
    DISCHARGE_OVER_CURRENT = 1 << 6
    CELL_DIFFERENCE = 1 << 7
    BOX_OVER_TEMPERATURE = 1 << 8
    BATTERY_LOW_TEMPERATURE = 1 << 9
    CELL_OVER_VOLTAGE = 1 << 10
    CELL_UNDER_VOLTAGE = 1 << 11
    PROTECTION_309_A = 1 << 12
    PROTECTION_309_B = 1 << 13


class StatusBits(IntFlag):
    """Register 0x8C: actual states, after protections."""

    CHARGE_MOSFET_ON = 1 << 0
    DISCHARGE_MOSFET_ON = 1 << 1
    BALANCING = 1 << 2
    BATTERY_DROPPED = 1 << 3  # [1] "1 normal, 0 offline", [2] 0 on normal frames: shown raw, nothing follows from it


class BatteryType(IntEnum):
    """Register 0xAF. Known to lie: LFP packs report 1 on many firmwares [2]."""

    LFP = 0
    TERNARY_LITHIUM = 1
    LTO = 2


@dataclass(frozen=True, slots=True)
class Temperature:
    """Two bytes, 0 to 140: to 100 as it is, above 100 the negative of what is above [1]; more is no temperature."""

    def size(self) -> int:
        """Bytes on the wire."""
        return 2

    def read(self, data: bytes) -> int | None:
        """°C from -40 to 100; None: implausible."""
        raw = int.from_bytes(data, "big")
        if raw > 140:
            return None
        return raw if raw <= 100 else 100 - raw

    def write(self, value: int) -> bytes:
        """The code of a temperature; LayoutError outside -40 to 100 °C."""
        if not -40 <= value <= 100:
            raise LayoutError(f"{value} °C is not from -40 to 100")
        return (value if value >= 0 else 100 - value).to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class NumberedCells:
    """A length byte, then for each cell its number from 1 and its voltage in mV."""

    def size(self) -> None:
        """It carries its own length."""

    def read(self, data: bytes) -> tuple[float, ...]:
        """Voltages in V, cell 1 first. LayoutError unless the numbers are 1, 2, 3, ..."""
        _check_cells(data[0])
        numbers = data[1::3]
        if numbers != bytes(range(1, len(numbers) + 1)):
            entry = next(n for n, number in enumerate(numbers, 1) if n != number)
            raise LayoutError(f"entry {entry} is numbered {numbers[entry - 1]}")
        return tuple(map(truediv, unpack(">x" + "xH" * len(numbers), data), repeat(1000)))

    def write(self, value: tuple[float, ...]) -> bytes:
        """Length byte and entries; LayoutError when they do not fit."""
        _check_cells(3 * len(value))
        volts = Number(2, 1000)
        return bytes((3 * len(value),)) + b"".join(bytes((n,)) + volts.write(v) for n, v in enumerate(value, 1))


def _check_cells(size: int) -> None:
    if size % 3 or not 3 <= size <= 96:
        raise LayoutError(f"{size} bytes are no list of 1 to 32 cells of 3 bytes")


U8, U16, U32, I16 = Number(1), Number(2), Number(4), Number(2, signed=True)
CENTI, MILLI = Number(2, 100), Number(2, 1000)
TEMPERATURE, ON_OFF = Temperature(), Switch()


# fmt: off
@table
class UartLive:
    """Registers that change from frame to frame, and the protocol version, which says how current is meant."""

    cells: tuple[float, ...] | None            = row(0x79, NumberedCells(), "V")
    mos_temperature: int | None                = row(0x80, TEMPERATURE, "°C", "power tubes")
    box_temperature: int | None                = row(0x81, TEMPERATURE, "°C", "[1] in the battery box = sensor 1")
    battery_temperature: int | None            = row(0x82, TEMPERATURE, "°C", "sensor 2")
    total_voltage: float | None                = row(0x83, CENTI, "V")
    current_code: int | None                   = row(0x84, U16, "", "see `current`: its meaning depends on 0xC0")
    state_of_charge: int | None                = row(0x85, U8, "%")
    temperature_sensors: int | None            = row(0x86, U8, "", "number of battery sensors")
    cycles: int | None                         = row(0x87, U16)
    cycle_capacity: int | None                 = row(0x89, U32, "Ah", "charged over the battery's life")
    strings: int | None                        = row(0x8A, U16, "", "number of cells")
    alarms: int | None                         = row(0x8B, Coded(2, AlarmBits))
    status: int | None                         = row(0x8C, Coded(2, StatusBits))
    protocol_version: int | None               = row(0xC0, U8, "", "absent or 0: old current encoding, 1: new")


@table
class UartSettings:
    """Registers that change when somebody changes them, and the slow ones."""

    pack_over_voltage: float | None            = row(0x8E, CENTI, "V", "[2] cells × 0x90; some apps print a tenth")
    pack_under_voltage: float | None           = row(0x8F, CENTI, "V")
    cell_over_voltage: float | None            = row(0x90, MILLI, "V")
    cell_over_voltage_recovery: float | None   = row(0x91, MILLI, "V")
    cell_over_voltage_delay: int | None        = row(0x92, U16, "s")
    cell_under_voltage: float | None           = row(0x93, MILLI, "V")
    cell_under_voltage_recovery: float | None  = row(0x94, MILLI, "V")
    cell_under_voltage_delay: int | None       = row(0x95, U16, "s", "[4] really about 100 s on 11.26")
    cell_difference_protection: float | None   = row(0x96, MILLI, "V")
    discharge_over_current: int | None         = row(0x97, U16, "A")
    discharge_over_current_delay: int | None   = row(0x98, U16, "s")
    charge_over_current: int | None            = row(0x99, U16, "A")
    charge_over_current_delay: int | None      = row(0x9A, U16, "s")
    balance_start: float | None                = row(0x9B, MILLI, "V")
    balance_trigger: float | None              = row(0x9C, MILLI, "V", "cell difference")
    balancer_switch: bool | None               = row(0x9D, ON_OFF)
    mos_over_temperature: int | None           = row(0x9E, U16, "°C")
    mos_over_temperature_recovery: int | None  = row(0x9F, U16, "°C")
    box_over_temperature: int | None           = row(0xA0, U16, "°C")
    box_over_temperature_recovery: int | None  = row(0xA1, U16, "°C")
    temperature_difference: int | None         = row(0xA2, U16, "°C")
    charge_over_temperature: int | None        = row(0xA3, U16, "°C")
    discharge_over_temperature: int | None     = row(0xA4, U16, "°C")
    charge_under_temperature: int | None             = row(0xA5, I16, "°C", "[2] two's complement, no code")
    charge_under_temperature_recovery: int | None    = row(0xA6, I16, "°C")
    discharge_under_temperature: int | None          = row(0xA7, I16, "°C")
    discharge_under_temperature_recovery: int | None = row(0xA8, I16, "°C")
    cell_count_setting: int | None             = row(0xA9, U8)
    capacity_setting: int | None               = row(0xAA, U32, "Ah")
    charge_switch: bool | None                 = row(0xAB, ON_OFF, "", "the owner's setting; the state is in 0x8C")
    discharge_switch: bool | None              = row(0xAC, ON_OFF, "", "the owner's setting; the state is in 0x8C")
    current_calibration: float | None          = row(0xAD, MILLI, "A")
    board_address: int | None                  = row(0xAE, U8)
    battery_type: int | None                   = row(0xAF, Coded(1, BatteryType))
    sleep_time: int | None                     = row(0xB0, U16, "s")
    low_capacity_alarm: int | None             = row(0xB1, U8, "%")
    password: str | None                       = row(
        0xB2, Secret(10, b"123456"), "", "settings password, sent in clear, default 123456 [R]")
    dedicated_charger: bool | None             = row(0xB3, ON_OFF)
    device_id: str | None                      = row(
        0xB4, Text(8), "", "[2] begin of the app's user data", personal=True)
    manufactured: str | None                   = row(0xB5, Text(4), "", "YYMM")
    runtime: int | None                        = row(0xB6, U32, "min", "since first power-up")
    software_version: str | None               = row(0xB7, Text(15), "", "hardware, S, software, padded with _")
    calibrating: bool | None                   = row(0xB8, ON_OFF, "", "current calibration running")
    actual_capacity: int | None                = row(0xB9, U32, "Ah", "[2] 0 before about 10.10")
    manufacturer_id: str | None                = row(
        0xBA, Text(24), "", "[2] BT3… or user data and device name", personal=True)


@table
class UartWriteOnly:
    """Registers that are written only [1]. No recorded reply holds one [2], and the driver writes none."""

    restart: int | None                        = row(0xBB, U8, "", "1: restart")
    factory_reset: int | None                  = row(0xBC, U8, "", "1: parameters as from the factory")
    upgrade: int | None                        = row(0xBD, U8, "", "1: remote upgrade")
    gps_power_off: float | None                = row(0xBE, MILLI, "V")
    gps_power_on: float | None                 = row(0xBF, MILLI, "V")
# fmt: on


REGISTERS = Registers(UartLive, UartSettings, UartWriteOnly)


def current(code: int, version: int) -> float:
    """Current in A, positive: charging, from register 0x84.

    Version 1 [2]: bit 15 set is charging, the rest the magnitude in 10 mA. Version 0 [1]: 10000 less the value, in
    10 mA; no trustworthy recording shows it. LayoutError for any other version.
    """
    match version:
        case 1:
            magnitude = (code & 0x7FFF) / 100
            return -magnitude if magnitude and not code & 0x8000 else magnitude
        case 0:
            return (10000 - code) / 100
        case _:
            raise LayoutError(f"protocol version {version} (register 0xc0): how it encodes current is not known")


def current_code(amperes: float, version: int) -> int:
    """The inverse of `current`. LayoutError for a current that does not fit, and for any other version."""
    magnitude = round(abs(amperes) * 100)
    match version:
        case 1 if magnitude <= 0x7FFF:
            return magnitude | (0x8000 if amperes > 0 else 0)
        case 0 if 0 <= 10000 - round(amperes * 100) <= 0xFFFF:
            return 10000 - round(amperes * 100)
        case 0 | 1:
            raise LayoutError(f"{amperes} A does not fit into protocol version {version}")
        case _:
            raise LayoutError(f"protocol version {version} (register 0xc0): how it encodes current is not known")
