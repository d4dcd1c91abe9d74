"""What a reading says of a JK UART-TTL frame: implausible values, alarms, states and switches, who it is."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.alarms import Alarm
from driver.battery.reading import Reading
from driver.errors import LayoutError
from driver.protocol.dialect import JkUart
from driver.protocol.jkuart import AlarmBits
from driver.protocol.jkuart_reading import ALARMS
from tests.protocol.by_hand import answer, cells


def taken(frame: bytes) -> Reading:
    reading = JkUart().take(frame)
    assert reading is not None
    return reading


# --- what is implausible


def test_a_state_of_charge_above_100_is_not_said() -> None:
    assert taken(answer({0x85: b"\xff"})).soc is None
    assert taken(answer({0x85: b"\x65"})).soc is None
    assert taken(answer({0x85: b"\x64"})).soc == 100


def test_300_degrees_are_a_sensor_without_a_value() -> None:
    reading = taken(answer({0x80: pack(">H", 300), 0x81: pack(">H", 300)}))
    assert reading.mos_temperature is None
    assert reading.temperatures == (None, 22)


def test_a_dead_cell_is_a_cell() -> None:
    reading = taken(answer({0x79: cells([0, 3302, 3303, 3304])}))
    assert reading.cells == (0.0, 3.302, 3.303, 3.304)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"\x00", "0 bytes"),
        (b"\x04\x01\x0c\xe5\x02", "4 bytes"),
        (cells([3300] * 33), "99 bytes"),
        (b"\x06\x01\x0c\xe5\x01\x0c\xe5", "entry 2 is numbered 1"),
        (b"\x06\x00\x0c\xe5\x01\x0c\xe5", "entry 1 is numbered 0"),
    ],
)
def test_impossible_lists_of_cells_yield_no_reading(value: bytes, said: str) -> None:
    with pytest.raises(LayoutError, match=rf"0x79 \(cells\).*{said}"):
        JkUart().take(answer({0x79: value}))


@pytest.mark.parametrize(("sensors", "seen"), [(0, ()), (1, (21,)), (2, (21, 22)), (3, (21, 22))])
def test_as_many_temperatures_as_sensors(sensors: int, seen: tuple[int, ...]) -> None:
    assert taken(answer({0x86: pack("B", sensors)})).temperatures == seen


def test_without_a_count_both_sensors_are_taken() -> None:
    assert taken(answer({0x86: None})).temperatures == (21, 22)


def test_below_zero() -> None:
    reading = taken(answer({0x81: pack(">H", 101), 0x82: pack(">H", 140)}))
    assert reading.temperatures == (-1, -40)


@pytest.mark.parametrize(
    ("actual", "setting", "capacity"), [(270, 280, 270), (0, 280, 280), (None, 280, 280), (None, None, None)]
)
def test_the_actual_capacity_counts_where_it_is_known(
    actual: int | None, setting: int | None, capacity: int | None
) -> None:
    changes = {0xB9: actual, 0xAA: setting}
    packed = {register: None if value is None else pack(">I", value) for register, value in changes.items()}
    assert taken(answer(packed)).capacity == capacity


# --- alarms and switches


@pytest.mark.parametrize("bit", AlarmBits, ids=lambda bit: bit.name)
def test_each_alarm_bit_is_one_alarm(bit: AlarmBits) -> None:
    reading = taken(answer({0x8B: pack(">H", bit)}))
    assert reading.alarms == {ALARMS[bit]}
    assert reading.unknown_alarm_bits == 0


def test_alarm_bits_by_number() -> None:
    numbers = {bit: next(iter(taken(answer({0x8B: pack(">H", 1 << bit)})).alarms)) for bit in range(14)}
    assert numbers == {
        0: Alarm.LOW_CAPACITY,
        1: Alarm.MOS_OVER_TEMPERATURE,
        2: Alarm.PACK_OVER_VOLTAGE,
        3: Alarm.PACK_UNDER_VOLTAGE,
        4: Alarm.BATTERY_OVER_TEMPERATURE,
        5: Alarm.CHARGE_OVER_CURRENT,
        6: Alarm.DISCHARGE_OVER_CURRENT,
        7: Alarm.CELL_DIFFERENCE,
        8: Alarm.BOX_OVER_TEMPERATURE,
        9: Alarm.BATTERY_UNDER_TEMPERATURE,
        10: Alarm.CELL_OVER_VOLTAGE,
        11: Alarm.CELL_UNDER_VOLTAGE,
        12: Alarm.PROTECTION_309_A,
        13: Alarm.PROTECTION_309_B,
    }


def test_reserved_alarm_bits_are_told_as_they_are() -> None:
    reading = taken(answer({0x8B: b"\xc0\x08"}))
    assert reading.alarms == {Alarm.PACK_UNDER_VOLTAGE}
    assert reading.unknown_alarm_bits == 0xC000
    assert type(reading.unknown_alarm_bits) is int


@pytest.mark.parametrize("status", range(16))
def test_states_by_mask(status: int) -> None:
    reading = taken(answer({0x8C: pack(">H", status)}))
    seen = (reading.charge_mosfet_on, reading.discharge_mosfet_on, reading.balancing)
    assert seen == (bool(status & 1), bool(status & 2), bool(status & 4))


def test_states_and_switches_are_apart() -> None:
    reading = taken(answer({0x8C: b"\0\0", 0xAB: b"\1", 0xAC: b"\0"}))
    assert (reading.charge_mosfet_on, reading.charge_switch) == (False, True)
    assert (reading.discharge_mosfet_on, reading.discharge_switch) == (False, False)


def test_a_switch_that_is_neither_on_nor_off_says_nothing() -> None:
    assert taken(answer({0xAB: b"\x02"})).charge_switch is None


# --- who it is


@pytest.mark.parametrize(
    ("text", "name", "model", "manufacturer"),
    [
        (b"BT3072020120000200521001", None, None, None),
        (b"BT1048020120000200521001", None, None, None),
        (b"Input UserdaJK_B2A20S20P", "JK_B2A20S20P", "JK_B2A20S20P", None),
        (b"Input Userdahouse\0\0\0\0\0\0\0", "house", None, None),
        (b"house\0\0\0\0\0\0\0JK-B2A20S20P", "JK-B2A20S20P", "JK-B2A20S20P", "houseJK-B2A20S20P"),
        (b"\0\0\0\0\0\0\0\0\0\0\0\0JK_B2A20S20P", "JK_B2A20S20P", "JK_B2A20S20P", None),
        (b"            JK_B2A20S20P", "JK_B2A20S20P", "JK_B2A20S20P", None),
        (bytes(24), None, None, None),
        # what lies behind the end of a text is not part of it
        (b"mine\0\x01\x02\x03\0\0\0\0left\0\x07old\0\0\0", "left", None, "mineleft"),
        (b"mine________JK_B2A8S20P_", "JK_B2A8S20P", "JK_B2A8S20P", "mine________JK_B2A8S20P_"),
        (b"b\xe9ki\0\0\0\0\0\0\0\0caf\xe9 \x1b[1m\0\0\0", "caf\xe9 [1m", None, "b\xe9kicaf\xe9 [1m"),
    ],
)
def test_names(text: bytes, name: str | None, model: str | None, manufacturer: str | None) -> None:
    identity = taken(answer({0xBA: text})).identity
    assert (identity.name, identity.model, identity.manufacturer_id) == (name, model, manufacturer)
    assert identity.protocol == "jk-uart"


@pytest.mark.parametrize(
    ("text", "hardware", "software"),
    [
        (b"H7.X__S7.1.0H__", "H7.X", "7.1.0H"),
        (b"11.XW_S11.262H_", "11.XW", "11.262H"),
        (b"11A___S11.52___", "11A", "11.52"),
        (b"NW_1_0_0_200428", None, "NW_1_0_0_200428"),
        (bytes(15), None, None),
        (b"11.XW_S11.26\0\x07\x07", "11.XW", "11.26"),
    ],
)
def test_versions(text: bytes, hardware: str | None, software: str | None) -> None:
    identity = taken(answer({0xB7: text})).identity
    assert (identity.hardware, identity.software) == (hardware, software)


@given(st.binary(min_size=24, max_size=24), st.binary(min_size=15, max_size=15), st.binary(min_size=4, max_size=4))
def test_texts_can_be_shown_whatever_the_bytes(owner: bytes, version: bytes, date: bytes) -> None:
    identity = taken(answer({0xBA: owner, 0xB7: version, 0xB5: date})).identity
    for text in (identity.name, identity.model, identity.manufacturer_id, identity.software, identity.hardware):
        assert text is None or (text and text.isprintable())
    assert identity.manufactured is None or identity.manufactured.isprintable()
