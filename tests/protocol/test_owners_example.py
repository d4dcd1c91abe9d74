"""The owner's own reading: a JK-BD6A17S6P 7.1.0H with 13 cells, every value of it, through framer and dialect."""

from struct import pack

import pytest

from driver.battery.reading import Reading
from driver.protocol.dialect import JkUart
from driver.protocol.jkuart import REGISTERS, BatteryType, UartLive, UartSettings
from driver.protocol.jkuart_wire import UartFramer, payload
from tests.protocol.by_hand import cells, sealed, together

MILLIVOLTS = [4125, 4125, 4128, 4124, 4125, 4128, 4124, 4123, 4128, 4128, 4128, 4131, 4124]
PASSWORD = b"s3cretPASS"

# fmt: off
REGISTERS_OF_THE_EXAMPLE = {
    0x79: cells(MILLIVOLTS),
    0x80: pack(">H", 24), 0x81: pack(">H", 22), 0x82: pack(">H", 22),
    0x83: pack(">H", 5364),
    0x84: pack(">H", 0),
    0x85: pack("B", 99),
    0x86: pack("B", 2),
    0x87: pack(">H", 0),
    0x89: pack(">I", 0),
    0x8A: pack(">H", 13),
    0x8B: pack(">H", 0),
    0x8C: pack(">H", 0),
    0x8E: pack(">H", 5460), 0x8F: pack(">H", 3770),
    0x90: pack(">H", 4200), 0x91: pack(">H", 4100), 0x92: pack(">H", 5),
    0x93: pack(">H", 2900), 0x94: pack(">H", 3200), 0x95: pack(">H", 5),
    0x96: pack(">H", 300),
    0x97: pack(">H", 60), 0x98: pack(">H", 300),
    0x99: pack(">H", 25), 0x9A: pack(">H", 30),
    0x9B: pack(">H", 3300), 0x9C: pack(">H", 10), 0x9D: pack("B", 1),
    0x9E: pack(">H", 90), 0x9F: pack(">H", 70),
    0xA0: pack(">H", 100), 0xA1: pack(">H", 100),
    0xA2: pack(">H", 20),
    0xA3: pack(">H", 70), 0xA4: pack(">H", 70),
    0xA5: pack(">h", -20), 0xA6: pack(">h", -10),
    0xA7: pack(">h", -20), 0xA8: pack(">h", -10),
    0xA9: pack("B", 13),
    0xAA: pack(">I", 186),
    0xAB: pack("B", 0), 0xAC: pack("B", 0),
    0xAD: pack(">H", 725),
    0xAE: pack("B", 1),
    0xAF: pack("B", 1),
    0xB0: pack(">H", 10),
    0xB1: pack("B", 20),
    0xB2: PASSWORD,
    0xB3: pack("B", 0),
    0xB4: b"Input Us",
    0xB5: b"2106",
    0xB6: pack(">I", 0),
    0xB7: b"H7.X__S7.1.0H__",
    0xB8: pack("B", 0),
    0xB9: pack(">I", 186),
    0xBA: b"BT3072020120000200521001",
    0xC0: pack("B", 1),
}
# fmt: on
FRAME = sealed(together(REGISTERS_OF_THE_EXAMPLE))


@pytest.fixture
def reading() -> Reading:
    (frame,) = UartFramer().feed(FRAME)
    taken = JkUart().take(frame)
    assert taken is not None
    return taken


def records(reading: Reading) -> tuple[UartLive, UartSettings]:
    live, settings = reading.details
    assert isinstance(live, UartLive)
    assert isinstance(settings, UartSettings)
    return live, settings


def test_what_moves(reading: Reading) -> None:
    live, _ = records(reading)
    # fmt: off
    assert reading.cells == (
        4.125, 4.125, 4.128, 4.124, 4.125, 4.128, 4.124, 4.123, 4.128, 4.128, 4.128, 4.131, 4.124,
    )
    # fmt: on
    assert len(reading.cells) == 13
    assert reading.mos_temperature == 24
    assert reading.temperatures == (22, 22)
    assert reading.voltage == 53.64
    assert reading.current == 0
    assert reading.soc == 99
    assert live.temperature_sensors == 2
    assert reading.cycles == 0
    assert reading.charged_total == 0
    assert live.cycle_capacity == 0
    assert live.strings == 13
    assert reading.alarms == frozenset()
    assert reading.unknown_alarm_bits == 0
    assert live.status == 0  # operation mode: none
    assert (reading.charge_mosfet_on, reading.discharge_mosfet_on, reading.balancing) == (False, False, False)
    assert live.protocol_version == 1
    assert reading.monitor_only == ""


def test_protections(reading: Reading) -> None:
    _, settings = records(reading)
    assert (settings.pack_over_voltage, settings.pack_under_voltage) == (54.6, 37.7)
    assert (settings.cell_over_voltage, settings.cell_over_voltage_recovery) == (4.200, 4.100)
    assert settings.cell_over_voltage_delay == 5
    assert (settings.cell_under_voltage, settings.cell_under_voltage_recovery) == (2.900, 3.200)
    assert settings.cell_under_voltage_delay == 5
    assert settings.cell_difference_protection == 0.300
    assert (settings.discharge_over_current, settings.discharge_over_current_delay) == (60, 300)
    assert (settings.charge_over_current, settings.charge_over_current_delay) == (25, 30)
    assert (settings.mos_over_temperature, settings.mos_over_temperature_recovery) == (90, 70)
    assert (settings.box_over_temperature, settings.box_over_temperature_recovery) == (100, 100)
    assert settings.temperature_difference == 20
    assert (settings.charge_over_temperature, settings.discharge_over_temperature) == (70, 70)
    assert (settings.charge_under_temperature, settings.charge_under_temperature_recovery) == (-20, -10)
    assert (settings.discharge_under_temperature, settings.discharge_under_temperature_recovery) == (-20, -10)
    walls = reading.protections
    assert (walls.cell_over_voltage, walls.cell_under_voltage) == (4.200, 2.900)
    assert (walls.charge_current, walls.discharge_current) == (25, 60)
    assert (walls.charge_over_temperature, walls.charge_under_temperature) == (70, -20)
    assert (walls.discharge_over_temperature, walls.discharge_under_temperature) == (70, -20)
    assert (walls.mos_over_temperature, walls.balance_start) == (90, 3.300)


def test_settings_and_texts(reading: Reading) -> None:
    _, settings = records(reading)
    assert (settings.balance_start, settings.balance_trigger) == (3.300, 0.010)
    assert (settings.balancer_switch, reading.balance_switch) == (True, True)
    assert (settings.charge_switch, settings.discharge_switch) == (False, False)
    assert (reading.charge_switch, reading.discharge_switch) == (False, False)
    assert settings.current_calibration == 0.725
    assert settings.board_address == 1
    assert settings.battery_type is BatteryType.TERNARY_LITHIUM
    assert settings.sleep_time == 10
    assert settings.low_capacity_alarm == 20
    assert settings.dedicated_charger is False
    assert settings.device_id == "Input Us"
    assert (settings.runtime, reading.runtime) == (0, 0)
    assert settings.software_version == "H7.X__S7.1.0H__"
    assert settings.calibrating is False
    assert (settings.actual_capacity, reading.capacity) == (186, 186)
    assert settings.manufacturer_id == "BT3072020120000200521001"
    assert settings.cell_count_setting == 13
    assert (reading.identity.hardware, reading.identity.software) == ("H7.X", "7.1.0H")
    assert reading.identity.manufacturer_id is None  # a factory text tells no two units apart


def test_no_register_is_left_out(reading: Reading) -> None:
    for record in records(reading):
        for name in record.__dataclass_fields__:
            assert getattr(record, name) is not None, name


def test_the_password_is_in_nothing_that_is_returned(reading: Reading) -> None:
    live, settings = records(reading)
    assert PASSWORD in FRAME
    assert settings.password == "***"
    walk = REGISTERS.walk(payload(FRAME))
    for shown in (reading, live, settings, walk, reading.identity, reading.protections):
        for text in (repr(shown), str(shown)):
            assert PASSWORD.decode() not in text
            assert PASSWORD.hex() not in text
