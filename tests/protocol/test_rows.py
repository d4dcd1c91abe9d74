"""Rows and kinds: what is read is what is written, and what does not fit says so."""

import dataclasses
from enum import IntEnum, IntFlag

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.errors import LayoutError
from driver.protocol.rows import (
    REDACTED,
    Coded,
    Kind,
    Number,
    Row,
    Secret,
    Switch,
    Text,
    named_values,
    row,
    rows,
    table,
)


class Colour(IntEnum):
    RED = 0
    GREEN = 2


class Lamps(IntFlag):
    LEFT = 1
    RIGHT = 4


@table
class Sample:
    """A record."""

    height: float | None = row(0x10, Number(2, 100), "m", "above the sea")
    colour: int | None = row(0x20, Coded(1, Colour))
    password: str | None = row(0x30, Secret(4))


# fmt: off
INVERTIBLE = [
    Number(1), Number(2), Number(4), Number(2, signed=True), Number(2, 100), Number(2, 1000), Number(4, 1000),
    Number(2, 10, signed=True), Number(4, 1000, order="little"), Number(3, order="little"),
    Coded(1, Colour), Coded(2, Lamps),
]
# fmt: on


@given(st.sampled_from(INVERTIBLE), st.data())
def test_what_was_read_is_written_byte_for_byte(kind: Kind, data: st.DataObject) -> None:
    size = kind.size()
    assert size is not None
    raw = data.draw(st.binary(min_size=size, max_size=size))
    assert kind.write(kind.read(raw)) == raw


# --- numbers


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (Number(1), "ff", 255),
        (Number(2), "0102", 258),
        (Number(2, order="little"), "0102", 513),
        (Number(2, signed=True), "ffec", -20),
        (Number(2, signed=True), "7fff", 32767),
        (Number(2), "ffec", 65516),
        (Number(4), "00000118", 280),
        (Number(2, 100), "14e8", 53.52),
        (Number(2, 1000), "0cd4", 3.284),
        (Number(2, 10, signed=True), "fff6", -1.0),
    ],
)
def test_numbers(kind: Number, raw: str, value: float) -> None:
    assert kind.read(bytes.fromhex(raw)) == value
    assert kind.write(value) == bytes.fromhex(raw)


def test_whole_numbers_stay_whole_and_scaled_ones_are_exact() -> None:
    assert type(Number(2).read(b"\0\1")) is int
    assert Number(2, 1000).read(b"\x0c\xd4") == 3284 / 1000


def test_a_number_is_rounded_to_what_the_wire_carries() -> None:
    assert Number(2, 100).write(53.5249) == Number(2, 100).write(53.52)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Number(1), 256), (Number(1), -1), (Number(2, 100), 655.36), (Number(2, signed=True), 32768)],
)
def test_a_number_that_does_not_fit_is_refused(kind: Number, value: float) -> None:
    with pytest.raises(LayoutError, match="does not fit"):
        kind.write(value)


# --- switches, codes, texts


def test_switches() -> None:
    kind = Switch()
    assert kind.size() == 1
    assert [kind.read(bytes((byte,))) for byte in (0, 1, 2, 255)] == [False, True, None, None]
    assert [kind.write(value) for value in (False, True)] == [b"\0", b"\1"]


def test_codes_without_a_name_stay_numbers() -> None:
    kind = Coded(1, Colour)
    assert kind.read(b"\2") is Colour.GREEN
    unknown = kind.read(b"\7")
    assert unknown == 7
    assert not isinstance(unknown, Colour)


def test_flags_keep_the_bits_that_have_no_name() -> None:
    kind = Coded(2, Lamps)
    read = kind.read(b"\x80\x05")
    assert read & 0xFF == Lamps.LEFT | Lamps.RIGHT
    assert int(read) == 0x8005


def test_a_code_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LayoutError, match="does not fit"):
        Coded(1, Colour).write(256)
    with pytest.raises(LayoutError, match="does not fit"):
        Coded(2, Lamps).write(-1)


@given(st.text(st.characters(codec="latin-1", exclude_characters="\0"), max_size=8))
def test_texts(text: str) -> None:
    kind = Text(8)
    assert kind.read(kind.write(text)) == text
    assert len(kind.write(text)) == kind.size() == 8


def test_a_text_ends_with_its_last_character() -> None:
    assert Text(6).read(b"ab\0c\0\0") == "ab\0c"
    assert Text(6).read(b"caf\xe9  ") == "café  "
    assert Text(3).read(b"\0\0\0") == ""


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(LayoutError, match="longer than 3"):
        Text(3).write("abcd")


@given(st.binary(min_size=10, max_size=10))
def test_a_secret_is_never_looked_at(raw: bytes) -> None:
    kind = Secret(10)
    assert kind.read(raw) == REDACTED
    assert kind.write(REDACTED) == kind.write("anything") == bytes(10)
    assert kind.size() == 10


# --- tables


def test_a_table_is_a_frozen_record_of_keywords() -> None:
    sample = Sample(height=3.5)
    assert (sample.height, sample.colour, sample.password) == (3.5, None, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.height = 4.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        Sample(3.5)  # type: ignore[misc]
    assert not hasattr(sample, "__dict__")


def test_rows_come_in_the_order_of_the_table() -> None:
    assert [name for name, _ in rows(Sample)] == ["height", "colour", "password"]
    assert rows(Sample)[0][1] == Row(0x10, Number(2, 100), "m", "above the sea", secret=False)


def test_a_secret_kind_makes_a_secret_row() -> None:
    assert [one.secret for _, one in rows(Sample)] == [False, False, True]


def test_values_that_the_device_did_not_send_are_left_out() -> None:
    found = [(name, one.place, value) for name, one, value in named_values(Sample(colour=Colour.RED))]
    assert found == [("colour", 0x20, Colour.RED)]


def test_a_place_may_be_named_only_once() -> None:
    class Twice:
        one: int = row(0x10, Number(1))
        two: int = row(0x10, Number(1))

    with pytest.raises(TypeError, match="Twice: place 0x10"):
        table(Twice)
