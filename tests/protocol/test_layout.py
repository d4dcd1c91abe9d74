"""Records of fixed length and their kinds: exact both ways, whole or refused, and impossible layouts never import."""

import math
import struct
from dataclasses import fields, replace
from enum import IntFlag
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from driver.errors import LayoutError
from driver.protocol.jk02 import CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_log import DetailLog, Entries, Logbook, Sample, Samples
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.kinds import (
    I8,
    I16,
    I32,
    LITTLE,
    MILLI_I16,
    MILLI_I32,
    MILLI_U16,
    MILLI_U32,
    U8,
    U16,
    U24,
    U32,
    Float,
    Floats,
    LongSwitch,
    Many,
    Sensor,
    Terminated,
)
from driver.protocol.layout import at, extent, layout, layout_of, read, write
from driver.protocol.neey import NeeyCellInfo, NeeyDeviceInfo
from driver.protocol.neey_settings import NeeySettings
from driver.protocol.rows import REDACTED, Coded, Kind, Number, Secret, Switch, Text, rows
from tests.protocol.fixed_mutants import RECORDS


class Bits(IntFlag):
    """Two of them."""

    ONE = 1
    TWO = 2


@layout(20, 24)
class Both:
    """A record of two variants."""

    voltage: float = at((2, 4), MILLI_U16, "V", "of the pack")
    cells: tuple[float, ...] = at((4, 6), (Many(2, MILLI_U16), Many(3, MILLI_U16)), "V")
    warm: float | None = at((10, 14), Sensor())
    bits: int = at((12, 16), Coded(2, Bits, LITTLE))
    newer: int | None = at((None, 18), U16)
    secret: str = at((14, 20), Secret(4))


KINDS: list[Kind] = [
    U8, I8, U16, I16, U24, U32, I32, MILLI_U16, MILLI_I16, MILLI_U32, MILLI_I32, Number(2, 100, order=LITTLE),
    Many(3, U16), Many(2, MILLI_U16), Many(2, U32), Many(2, Number(2, 1000)), Floats(2), Float(), Sensor(),
    LongSwitch(), Switch(), Coded(2, Bits, LITTLE), Coded(4, Bits, LITTLE), Text(5), Entries(), Samples(),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=repr)
@given(data=st.data())
def test_what_a_kind_reads_it_writes_back(kind: Kind, data: st.DataObject) -> None:
    size = kind.size()
    assert size is not None
    raw = data.draw(st.binary(min_size=size, max_size=size))
    if isinstance(kind, Switch | LongSwitch):
        raw = bytes((raw[0] & 1,)).ljust(size, b"\0")
    try:
        value = kind.read(raw)
    except LayoutError:
        assert isinstance(kind, Floats)
        return
    assume(value is not None)
    assert kind.write(value) == raw


def test_a_record_reads_each_variant_at_its_own_places() -> None:
    old = bytes.fromhex("0000 e40c 0100 0200 0000 ff00 0300 73656372 0000")
    assert read(Both, old) == Both(voltage=3.3, cells=(0.001, 0.002), warm=25.5, bits=3, newer=None, secret=REDACTED)
    new = bytes.fromhex("00000000 e40c 0100 0200 0300 0000 30f8 0400 0900 73656372")
    assert read(Both, new, 1) == Both(
        voltage=3.3, cells=(0.001, 0.002, 0.003), warm=None, bits=Bits(4), newer=9, secret=REDACTED
    )


def test_a_record_is_written_over_what_is_there() -> None:
    background = bytes(range(24))
    record = read(Both, background, 1)
    assert write(record, background, 1) == background
    changed = write(replace(record, voltage=1.234, warm=None, newer=None), background, 1)
    assert changed == background[:4] + b"\xd2\x04" + background[6:14] + b"\x30\xf8" + background[16:]


def test_a_secret_is_neither_read_nor_written() -> None:
    background = bytes(14) + b"PIN!" + bytes(2)
    record = read(Both, background)
    assert record.secret == REDACTED
    assert b"PIN!" in write(replace(record, secret="abcd"), background)
    assert "PIN" not in repr(record)


@pytest.mark.parametrize(("size", "variant"), [(19, 0), (21, 0), (20, 1), (0, 1)])
def test_a_frame_of_another_length_is_refused(size: int, variant: int) -> None:
    with pytest.raises(LayoutError, match=f"{size} bytes are no Both: {(20, 24)[variant]} were expected"):
        read(Both, bytes(size), variant)
    with pytest.raises(LayoutError, match=f"a background of {size} bytes: {(20, 24)[variant]}"):
        write(read(Both, bytes((20, 24)[variant]), variant), bytes(size), variant)


def test_errors_name_field_and_place() -> None:
    @layout(8)
    class Singles:
        both: tuple[float, ...] = at(0, Floats(2))

    with pytest.raises(LayoutError, match="both at byte 0: number 2 of 2 is nan"):
        read(Singles, struct.pack("<2f", 1.0, math.nan))
    with pytest.raises(LayoutError, match=r"voltage = 65.536: 65.536 does not fit into 2 byte"):
        write(replace(read(Both, bytes(20)), voltage=65.536), bytes(20))


@pytest.mark.parametrize(
    ("sizes", "first", "second", "message"),
    [
        ((8,), (0, U32), (3, U16), "other at byte 3 overlaps one, which ends at 4"),
        ((8,), (0, U32), (6, U32), "other ends at byte 10, the frame at 8"),
        ((8, 8), ((0, 0), U32), ((4, 3), U16), "other at byte 3 overlaps one"),
        ((8, 8), (0, U32), ((4, 4), U16), r"one: 1 offset\(s\) and 2 kind\(s\) for 2 variant"),
        ((8, 8), ((0, 0), (U32,)), ((4, 4), U16), r"one: 2 offset\(s\) and 1 kind\(s\) for 2 variant"),
    ],
)
def test_an_impossible_layout_is_refused(sizes: tuple[int, ...], first: Any, second: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):

        @layout(*sizes)
        class Impossible:
            one: int = at(*first)
            other: int = at(*second)


def test_rows_are_known_to_whoever_shows_records() -> None:
    assert [name for name, _ in rows(Both)] == ["voltage", "cells", "warm", "bits", "newer", "secret"]
    assert dict(rows(Both))["voltage"].place == 4
    assert [row.secret for _, row in rows(Both)] == [False] * 5 + [True]
    assert extent(dict(layout_of(Both).rows[0])["cells"]) == slice(4, 8)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
@given(data=st.data())
def test_values_are_of_the_types_that_the_fields_name(record: type, data: st.DataObject) -> None:
    for variant, size in enumerate(layout_of(record).sizes):
        frame = data.draw(st.one_of(st.binary(min_size=size, max_size=size), st.just(bytes(size))))
        try:
            value = read(record, frame, variant)
        except LayoutError:
            continue
        hints = get_type_hints(record)
        for field in fields(value):
            known = hints[field.name]
            kinds = get_args(known) if get_origin(known) is UnionType else (known,)
            types = tuple(get_origin(kind) or kind for kind in kinds)
            actual = getattr(value, field.name)
            whole = field.name == "nominal_capacity"  # v1 counts whole Ah, v2 does not
            assert isinstance(actual, (*types, int) if whole else types), f"{field.name}: {actual!r}"


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
@given(data=st.data())
def test_any_bytes_are_read_and_written_back_or_refused(record: type, data: st.DataObject) -> None:
    for variant, size in enumerate(layout_of(record).sizes):
        frame = data.draw(st.binary(min_size=size, max_size=size))
        try:
            again = write(read(record, frame, variant), frame, variant)
        except LayoutError:
            continue
        assert again == frame


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_row_has_its_say(record: type) -> None:
    assert record.__doc__
    for name, row in rows(record):
        assert name == name.lower()
        assert row.unit in {"", "V", "A", "Ah", "W", "Ω", "°C", "s", "ms", "µs", "h", "min", "%"}


@given(st.lists(st.floats(0, 65), min_size=4, max_size=6))
def test_too_many_values_are_refused(values: list[float]) -> None:
    for kind in (Many(3, MILLI_U16), Floats(3)):
        with pytest.raises(LayoutError, match=f"{len(values)} values where 3 have room"):
            kind.write(tuple(values))
    assert Many(6, U16).write((1, 2)) == bytes.fromhex("010002000000000000000000")
    assert Floats(2).write((1.0,)) == bytes.fromhex("0000803f00000000")


def test_singles_that_do_not_fit_are_refused() -> None:
    for kind, value in ((Float(), 1e39), (Floats(1), (1e39,)), (Float(), "x")):
        with pytest.raises(LayoutError, match="does not fit into singles"):
            kind.write(value)  # type: ignore[attr-defined]


def test_what_is_no_number_says_nothing() -> None:
    for raw in ("0000c07f", "0000807f", "000080ff"):
        assert Float().read(bytes.fromhex(raw)) is None
    assert Float().read(bytes.fromhex("cdcccc3d")) == struct.unpack("<f", bytes.fromhex("cdcccc3d"))[0]


@pytest.mark.parametrize(("tenths", "celsius"), [(-200, -20.0), (-10, -1.0), (0, 0.0), (10, 1.0), (600, 60.0)])
def test_temperatures_have_their_sign(tenths: int, celsius: float) -> None:
    raw = tenths.to_bytes(2, "little", signed=True)
    assert Sensor().read(raw) == celsius
    assert Sensor().write(celsius) == raw


def test_a_sensor_that_is_not_there_has_no_temperature() -> None:
    assert Sensor().read(bytes.fromhex("30f8")) is None
    assert Sensor().read(bytes.fromhex("31f8")) == -199.9


@pytest.mark.parametrize(("raw", "value"), [("00000000", False), ("01000000", True), ("02000000", None)])
def test_a_switch_is_on_or_off_or_says_nothing(raw: str, value: bool | None) -> None:
    assert LongSwitch().read(bytes.fromhex(raw)) is value
    assert Switch().read(bytes.fromhex(raw)[:1]) is value


def test_a_text_ends_at_its_nul() -> None:
    kind = Terminated(6)
    assert kind.read(b"ab\0cd\0") == "ab"
    assert kind.read(b"abcdef") == "abcdef"
    assert kind.write("ab") == b"ab\0"
    assert kind.write("abcdef") == b"abcdef"
    assert kind.read("Grüße".encode("latin-1") + b"\0") == "Grüße"
    with pytest.raises(LayoutError, match="longer than 6"):
        kind.write("abcdefg")


def test_logs_have_as_much_room_as_they_have() -> None:
    log = read(Logbook, bytes(300))
    assert len(log.entries) == 50
    with pytest.raises(LayoutError, match="51 entries where 50 have room"):
        write(replace(log, entries=((1, 2),) * 51), bytes(300))
    detail = read(DetailLog, bytes(300))
    assert isinstance(detail.samples[0], Sample)
    with pytest.raises(LayoutError, match="13 samples where 12 have room"):
        write(replace(detail, samples=detail.samples + detail.samples[:1]), bytes(300))
    again = read(Logbook, write(replace(log, count=1, entries=((7, 9),)), bytes(300)))
    assert again.entries[:2] == ((7, 9), (0, 0))


def test_both_offsets_of_a_row_are_those_of_the_notes() -> None:
    places = {name: [dict(table)[name].place for table in layout_of(CellInfo).rows] for name in ("voltage", "alarms")}
    assert places == {"voltage": [118, 150], "alarms": [136, 166]}


@pytest.mark.parametrize(
    "records",
    [
        (CellInfo, Settings, DeviceInfo),
        (CellInfo04, Settings04, DeviceInfo),
        (NeeyCellInfo, NeeySettings, NeeyDeviceInfo),
    ],
)
def test_the_records_of_one_device_have_no_name_in_common(records: tuple[type, ...]) -> None:
    """`read --json` puts them all into one object."""
    names = [name for record in records for name, _ in rows(record)]
    assert {name for name in names if names.count(name) > 1} == set()
