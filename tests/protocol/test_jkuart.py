"""The tables of JK UART-TTL: ids and widths as the vendor has them, and the values that are no plain numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.errors import LayoutError
from driver.protocol.jkuart import (
    REGISTERS,
    AlarmBits,
    BatteryType,
    NumberedCells,
    StatusBits,
    Temperature,
    UartLive,
    UartSettings,
    UartWriteOnly,
    current,
    current_code,
)
from driver.protocol.rows import Number, rows

# id: width, as the vendor's document lists them; 0x79 carries its own length
# fmt: off
WIDTHS: dict[int, int | None] = {
    0x79: None, 0x80: 2, 0x81: 2, 0x82: 2, 0x83: 2, 0x84: 2, 0x85: 1, 0x86: 1, 0x87: 2, 0x89: 4, 0x8A: 2, 0x8B: 2,
    0x8C: 2, 0x8E: 2, 0x8F: 2, 0x90: 2, 0x91: 2, 0x92: 2, 0x93: 2, 0x94: 2, 0x95: 2, 0x96: 2, 0x97: 2, 0x98: 2,
    0x99: 2, 0x9A: 2, 0x9B: 2, 0x9C: 2, 0x9D: 1, 0x9E: 2, 0x9F: 2, 0xA0: 2, 0xA1: 2, 0xA2: 2, 0xA3: 2, 0xA4: 2,
    0xA5: 2, 0xA6: 2, 0xA7: 2, 0xA8: 2, 0xA9: 1, 0xAA: 4, 0xAB: 1, 0xAC: 1, 0xAD: 2, 0xAE: 1, 0xAF: 1, 0xB0: 2,
    0xB1: 1, 0xB2: 10, 0xB3: 1, 0xB4: 8, 0xB5: 4, 0xB6: 4, 0xB7: 15, 0xB8: 1, 0xB9: 4, 0xBA: 24,
    0xBB: 1, 0xBC: 1, 0xBD: 1, 0xBE: 2, 0xBF: 2, 0xC0: 1,
}
# fmt: on


def test_every_register_of_the_document_has_one_row_of_its_width() -> None:
    assert {place: row.kind.size() for place, (_, row) in REGISTERS.rows.items()} == WIDTHS


def test_what_is_only_ever_written_is_no_part_of_a_reading() -> None:
    read = {row.place for record in (UartLive, UartSettings) for _, row in rows(record)}
    assert {row.place for _, row in rows(UartWriteOnly)} == {0xBB, 0xBC, 0xBD, 0xBE, 0xBF} == set(WIDTHS) - read


def test_only_the_limits_of_cold_have_a_sign() -> None:
    signed = {row.place for _, row in REGISTERS.rows.values() if isinstance(row.kind, Number) and row.kind.signed}
    assert signed == {0xA5, 0xA6, 0xA7, 0xA8}


def test_only_the_password_is_secret() -> None:
    assert [name for name, row in REGISTERS.rows.values() if row.secret] == ["password"]


def test_alarm_bits_as_the_document_numbers_them() -> None:
    assert [(bit.name, bit.value) for bit in AlarmBits] == [
        ("LOW_CAPACITY", 0x0001),
        ("MOS_OVER_TEMPERATURE", 0x0002),
        ("CHARGE_OVER_VOLTAGE", 0x0004),
        ("DISCHARGE_UNDER_VOLTAGE", 0x0008),
        ("BATTERY_OVER_TEMPERATURE", 0x0010),
        ("CHARGE_OVER_CURRENT", 0x0020),
        ("DISCHARGE_OVER_CURRENT", 0x0040),
        ("CELL_DIFFERENCE", 0x0080),
        ("BOX_OVER_TEMPERATURE", 0x0100),
        ("BATTERY_LOW_TEMPERATURE", 0x0200),
        ("CELL_OVER_VOLTAGE", 0x0400),
        ("CELL_UNDER_VOLTAGE", 0x0800),
        ("PROTECTION_309_A", 0x1000),
        ("PROTECTION_309_B", 0x2000),
    ]


def test_status_bits_and_battery_types() -> None:
    assert [int(bit) for bit in StatusBits] == [1, 2, 4, 8]
    assert [one.name for one in BatteryType] == ["LFP", "TERNARY_LITHIUM", "LTO"]


# --- temperature code


@pytest.mark.parametrize(
    ("raw", "celsius"), [(0, 0), (25, 25), (99, 99), (100, 100), (101, -1), (110, -10), (140, -40)]
)
def test_temperatures(raw: int, celsius: int) -> None:
    assert Temperature().read(raw.to_bytes(2, "big")) == celsius
    assert Temperature().write(celsius) == raw.to_bytes(2, "big")


@given(st.integers(141, 0xFFFF))
def test_implausible_temperatures_are_none(raw: int) -> None:
    assert Temperature().read(raw.to_bytes(2, "big")) is None


@pytest.mark.parametrize("celsius", [-41, 101, 300])
def test_temperatures_outside_the_code_cannot_be_written(celsius: int) -> None:
    with pytest.raises(LayoutError, match=f"{celsius} °C"):
        Temperature().write(celsius)


# --- cells


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=32))
def test_cells(millivolts: list[int]) -> None:
    entries = b"".join(bytes((n, mv >> 8, mv & 255)) for n, mv in enumerate(millivolts, 1))
    data = bytes((len(entries),)) + entries
    volts = NumberedCells().read(data)
    assert volts == tuple(mv / 1000 for mv in millivolts)
    assert NumberedCells().write(volts) == data


@pytest.mark.parametrize("volts", [(70.0,), (-0.1,), (3.3,) * 33, ()])
def test_cells_that_do_not_fit_cannot_be_written(volts: tuple[float, ...]) -> None:
    with pytest.raises(LayoutError, match=r"does not fit|no list of 1 to 32 cells"):
        NumberedCells().write(volts)


# --- current


@pytest.mark.parametrize(
    ("code", "version", "amperes"),
    [
        (0x80D0, 1, 2.08),
        (0x0045, 1, -0.69),
        (0x83F4, 1, 10.12),
        (0x0370, 1, -8.80),
        (0x0000, 1, 0.0),
        (0x8000, 1, 0.0),
        (0xFFFF, 1, 327.67),
        (0x7FFF, 1, -327.67),
        (10000, 0, 0.0),
        (11000, 0, -10.0),
        (9500, 0, 5.0),
    ],
)
def test_currents_as_the_notes_give_them(code: int, version: int, amperes: float) -> None:
    assert current(code, version) == amperes
    assert str(current(code, version)) != "-0.0"


@given(st.integers(-32767, 32767), st.sampled_from([0, 1]))
def test_currents_are_written_as_they_are_read(centi: int, version: int) -> None:
    if version == 0 and not -55535 <= centi <= 10000:
        return
    assert current(current_code(centi / 100, version), version) == centi / 100


@pytest.mark.parametrize(("amperes", "version"), [(327.68, 1), (-327.68, 1), (100.01, 0), (-555.36, 0)])
def test_currents_that_do_not_fit_cannot_be_written(amperes: float, version: int) -> None:
    with pytest.raises(LayoutError, match="does not fit"):
        current_code(amperes, version)


@pytest.mark.parametrize("version", [2, 255])
def test_unknown_encodings_are_refused_both_ways(version: int) -> None:
    with pytest.raises(LayoutError, match=rf"version {version}\b"):
        current(0x80D0, version)
    with pytest.raises(LayoutError, match=rf"version {version}\b"):
        current_code(2.08, version)
