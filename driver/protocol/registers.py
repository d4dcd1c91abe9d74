"""What could be written to JK02, JK04 and NEEY devices. Data for people and for recorded traffic: nothing here is sent.

Sources as in `jk02.py` and `neey.py`; [W] tests of the sources and recorded writes of the vendor's app. The limits are
those of the apps. The same number means different things in 24S and 32S from 21 on: 27 is a wire resistance in one and
switches the heating in the other.
"""

from dataclasses import dataclass

from .kinds import I8, LITTLE, MILLI_U32, U8, U16, U32, Float
from .rows import Kind, Number


@dataclass(frozen=True, slots=True)
class Write:
    """One register; its numbers are those of the variants, None where a variant has none."""

    numbers: tuple[int | None, ...]
    kind: Kind | None  # None: a command without a value
    name: str  # of the settings or device info row, where it is one
    limits: str = ""
    doc: str = ""


TENTHS, TENTH = Number(4, 10, signed=True, order=LITTLE), Number(1, 10)


def _both(number: int, kind: Kind, name: str, limits: str, doc: str = "") -> Write:
    return Write((number, number), kind, name, limits, doc)


def _newer(number: int, kind: Kind | None, name: str, limits: str = "", doc: str = "") -> Write:
    return Write((None, number), kind, name, limits, doc)


# fmt: off
JK02_WRITES: tuple[Write, ...] = (
    _both(0x01, MILLI_U32, "sleep_voltage", "0.003 to 3.65 V", "[S] gives it 1 byte in one place and 4 in another"),
    _both(0x02, MILLI_U32, "cell_under_voltage", "1.2 to 4.35 V"),
    _both(0x03, MILLI_U32, "cell_under_voltage_recovery", "1.2 to 4.35 V"),
    _both(0x04, MILLI_U32, "cell_over_voltage", "1.2 to 4.35 V"),
    _both(0x05, MILLI_U32, "cell_over_voltage_recovery", "1.2 to 4.35 V"),
    _both(0x06, MILLI_U32, "balance_trigger", "0.003 to 1 V"),
    _both(0x07, MILLI_U32, "full_voltage", "0.003 to 3.65 V"),
    _both(0x08, MILLI_U32, "empty_voltage", "0.003 to 3.65 V"),
    _both(0x09, MILLI_U32, "requested_charge_voltage", "0.003 to 3.65 V"),
    _both(0x0A, MILLI_U32, "requested_float_voltage", "0.003 to 3.65 V"),
    _both(0x0B, MILLI_U32, "power_off_voltage", "1.2 to 4.35 V"),
    _both(0x0C, MILLI_U32, "charge_over_current", "1 to 600.1 A"),
    _both(0x0D, U32, "charge_over_current_delay", "2 to 600 s"),
    _both(0x0E, U32, "charge_over_current_recovery", "2 to 600 s"),
    _both(0x0F, MILLI_U32, "discharge_over_current", "1 to 1200.1 A"),
    _both(0x10, U32, "discharge_over_current_delay", "2 to 600 s"),
    _both(0x11, U32, "discharge_over_current_recovery", "2 to 600 s"),
    _both(0x12, U32, "short_circuit_recovery", "2 to 600 s"),
    _both(0x13, MILLI_U32, "balance_current_limit", "0.3 to 15 A"),
    _both(0x14, TENTHS, "charge_over_temperature", "30 to 80 °C"),
    _both(0x15, TENTHS, "charge_over_temperature_recovery", "30 to 80 °C"),
    _both(0x16, TENTHS, "discharge_over_temperature", "30 to 80 °C"),
    _both(0x17, TENTHS, "discharge_over_temperature_recovery", "30 to 80 °C"),
    _both(0x18, TENTHS, "charge_under_temperature", "-45 to 20 °C"),
    _both(0x19, TENTHS, "charge_under_temperature_recovery", "-45 to 20 °C"),
    _both(0x1A, TENTHS, "mos_over_temperature", "50 to 110 °C"),
    _both(0x1B, TENTHS, "mos_over_temperature_recovery", "50 to 110 °C"),
    _both(0x1C, U32, "cell_count", "2 to 32"),
    _both(0x1D, U32, "charge_switch", "0 or 1"),
    _both(0x1E, U32, "discharge_switch", "0 or 1"),
    _both(0x1F, U32, "balance_switch", "0 or 1"),
    _both(0x20, MILLI_U32, "capacity", "2 to 20000 Ah"),
    Write((0x21, 0x64), MILLI_U32, "voltage_calibration", "1 to 200 V", "the voltage that the pack really has"),
    Write((0x24, 0x67), MILLI_U32, "current_calibration", "0 to 1000 A", "[S] has mA in one place, 10 mA in another"),
    Write((0x25, 0x21), U32, "short_circuit_delay", "0 to 1000000 µs"),
    Write((0x26, 0x22), MILLI_U32, "balance_start", "1.2 to 4.25 V"),
    *(Write((0x27 + cell, None), U32, f"connection_resistance_{cell + 1}") for cell in range(24)),
    _newer(0x25, U32, "precharge_time", "0 to 255 s", "[W] 4 and 5 s"),
    _newer(0x27, U32, "heating", "0 or 1", "[W] bit 0 of the controls"),
    _newer(0x28, U32, "no_temperature_sensors", "0 or 1"),
    _newer(0x2A, U32, "port_is_rs485", "0 or 1", "[W] bit 3 of the controls"),
    _newer(0x2B, U32, "lcd_always_on", "0 or 1"),
    _newer(0x2D, U32, "smart_sleep", "0 or 1"),
    _newer(0x2E, U32, "no_parallel_limiting", "0 or 1"),
    _newer(0x2F, U32, "timed_storage", "0 or 1"),
    _newer(0x30, U32, "float_mode", "0 or 1"),
    _newer(0x31, U32, "button_starts_emergency", "0 or 1", "[W]"),
    _newer(0x32, U32, "dry_contact_intermittent", "0 or 1", "[W]"),
    _newer(0x33, U32, "discharge_over_current_2", "0 or 1", "[W]"),
    _newer(0x34, U32, "discharge_over_current_3", "0 or 1", "[W]"),
    _newer(0x35, U32, "gps_locked_charging", "0 or 1", "[W]"),
    _newer(0x36, U32, "gps_locked_discharging", "0 or 1", "[W]"),
    _newer(0x37, I8, "heating_start", "-40 to 100 °C", "[W] 3 °C"),
    _newer(0x38, I8, "heating_stop", "-40 to 100 °C", "[W] 7 °C"),
    _newer(0x39, U8, "sleep_delay", "1 to 100 h", "[W]"),
    _newer(0x3A, I8, "discharge_under_temperature", "-40 to 100 °C"),
    _newer(0x3B, I8, "discharge_under_temperature_recovery", "-40 to 100 °C"),
    _newer(0x65, None, "shut down"),
    _newer(0x66, None, "restart"),
    _newer(0x68, None, "preset for Li-ion"),
    _newer(0x69, None, "preset for LFP"),
    _newer(0x6A, None, "preset for LTO"),
    _newer(0x6B, U32, "emergency mode", "0 or 1"),
    _newer(0x6C, U32, "clock", "", "[W] s since 2020-01-01; switches the balancer of a JK04"),
    _newer(0x9D, None, "factory settings"),
    _newer(0xA3, None, "erase the stored data"),
    _newer(0xA5, U16, "uart_1", "", "[W]"),
    _newer(0xA6, U16, "can", "", "[W]"),
    _newer(0xA8, U16, "uart_2"),
    _newer(0xA9, U16, "buzzer", "", "[W]"),
    _newer(0xAA, U16, "dry_1", "", "[W]"),
    _newer(0xAB, U16, "dry_2", "", "[W]"),
    _newer(0xB3, TENTH, "charge_time", "0 to 18.2 h"),
    _newer(0xB4, TENTH, "float_time", "0 to 18.2 h"),
    _newer(0xB5, U8, "emergency_duration", "1 to 255 min", "[W]"),
    _newer(0xB6, U16, "uart_3", "", "[W]"),
    _newer(0xB7, U8, "rebulk", "0 to 50 %"),
)

JK04_WRITES: tuple[Write, ...] = (
    Write((0x1C,), U16, "cell_count", "1 to 24", "[W]"),
    Write((0x20,), Float(), "power_off_voltage", "2 to 3.7 V", "[W]"),
    Write((0x44,), Float(), "reference_voltage", "2.8 to 3.2 V", "[W]"),
    Write((0x58,), Float(), "balance_start", "1 to 4.2 V", "[W]"),
    Write((0x64,), Float(), "balance_trigger", "0.002 to 1 V", "[W]"),
    Write((0x68,), Float(), "balance_current_limit", "0.1 to 10 A", "[W]"),
    Write((0x6C,), U8, "balance_switch", "0 or 1", "[W]"),
)

# command 05; the protections of v2 are written with command 06
NEEY_WRITES: tuple[Write, ...] = (
    Write((0x01,), U32, "cell_count", "1 to 24"),
    Write((0x02,), Float(), "balance_trigger", "0.001 to 1 V", "[W]"),
    Write((0x03,), Float(), "balance_current_limit", "1 to 4 A", "[W]; 8 A for EK-B"),
    Write((0x04,), Float(), "balance_stop", "1 to 4.5 V"),
    Write((0x0D,), U32, "balance_switch", "0 or 1", "[W]"),
    Write((0x13,), None, "name", "10 characters"),
    Write((0x14,), U32, "buzzer", "1 to 3"),
    Write((0x15,), U32, "cell_type", "1 to 4"),
    Write((0x16,), U32, "nominal_capacity", "1 to 2000 Ah", "[W] in v1; how v2 wants it is unknown"),
    Write((0x17,), Float(), "balance_start", "1 to 4.5 V"),
    Write((0x1A,), Float(), "stop_difference"),
)
# fmt: on
