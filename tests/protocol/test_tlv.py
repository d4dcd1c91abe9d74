"""Sequences of id and value without lengths: where a walk ends, and what it refuses."""

from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.errors import LayoutError
from driver.protocol.rows import Coded, Number, Secret, Switch, Text, row, table
from driver.protocol.tlv import KEPT, Form, Registers, read, write


class Counted:
    """A length byte and as many bytes, at most three."""

    def size(self) -> None:
        return None

    def read(self, data: bytes) -> bytes:
        if data[0] > 3:
            raise LayoutError(f"{data[0]} are too many")
        return data[1:]

    def write(self, value: bytes) -> bytes:
        return bytes((len(value),)) + value


class Kind(IntEnum):
    A = 1


@table
class Head:
    """Some registers."""

    list: bytes | None = row(0x01, Counted())
    small: int | None = row(0x02, Number(1))
    wide: float | None = row(0x03, Number(2, 10), "V")


@table
class Tail:
    """Some more."""

    name: str | None = row(0x04, Text(3))
    on: bool | None = row(0x05, Switch())
    kind: int | None = row(0x06, Coded(1, Kind))
    password: str | None = row(0x07, Secret(4))


BOTH = Registers(Head, Tail)


def test_a_walk_splits_registers_in_any_order() -> None:
    walk = BOTH.walk(bytes.fromhex("05 01 03 0102 01 02 aabb 02 07"))
    assert walk.registers == {5: b"\x01", 3: b"\x01\x02", 1: b"\x02\xaa\xbb", 2: b"\x07"}
    assert list(walk.registers) == [5, 3, 1, 2]
    assert walk.places == {5: 1, 3: 3, 1: 6, 2: 10}
    assert (walk.complete, walk.unknown, walk.end) == (True, None, 11)


def test_an_empty_payload_is_complete() -> None:
    walk = BOTH.walk(b"")
    assert (walk.registers, walk.complete, walk.end) == ({}, True, 0)


def test_an_unknown_id_ends_the_walk() -> None:
    walk = BOTH.walk(bytes.fromhex("02 07 00 05 01"))
    assert walk.registers == {2: b"\x07"}
    assert (walk.complete, walk.unknown, walk.end) == (False, 0, 2)


def test_values_are_not_taken_for_ids() -> None:
    assert BOTH.walk(bytes.fromhex("03 0202 02 03")).registers == {3: b"\x02\x02", 2: b"\x03"}


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("0203 03", r"0x03 at byte 2.*2 byte\(s\) are missing"),
        ("0203 0301", r"0x03 at byte 2.*1 byte\(s\) are missing"),
        ("01", r"0x01 at byte 0.*no length byte"),
        ("0105aabb", r"0x01 at byte 0.*3 byte\(s\) are missing"),
        ("0203 0501 0204", r"0x02 comes twice.*byte 4"),
    ],
)
def test_what_is_cut_off_or_comes_twice_is_refused(payload: str, said: str) -> None:
    with pytest.raises(LayoutError, match=said):
        BOTH.walk(bytes.fromhex(payload))


@given(st.binary(max_size=60))
def test_a_walk_ends_whatever_the_bytes(payload: bytes) -> None:
    try:
        walk = BOTH.walk(payload)
    except LayoutError:
        return
    again = b"".join(bytes((register,)) + data for register, data in walk.registers.items())
    assert again == payload[: walk.end]
    assert all(
        payload[place : place + len(walk.registers[one])] == walk.registers[one] for one, place in walk.places.items()
    )
    assert walk.complete is (walk.end == len(payload))
    assert walk.complete or walk.unknown == payload[walk.end]


def test_a_register_stands_in_one_table_only() -> None:
    @table
    class Again:
        other: int | None = row(0x02, Number(1))

    with pytest.raises(TypeError, match="0x02 stands in two tables"):
        Registers(Head, Again)


def test_every_row_is_known_by_its_id() -> None:
    assert {place: name for place, (name, _) in BOTH.rows.items()} == {
        1: "list", 2: "small", 3: "wide", 4: "name", 5: "on", 6: "kind", 7: "password",
    }  # fmt: skip


# --- records


def test_absent_registers_are_none() -> None:
    head = read(Head, {3: b"\x00\x21", 5: b"\x01"})
    assert (head.list, head.small, head.wide) == (None, None, 3.3)
    assert read(Tail, {3: b"\x00\x21", 5: b"\x01"}) == Tail(on=True)


def test_what_cannot_be_is_refused_by_register_and_name() -> None:
    with pytest.raises(LayoutError, match=r"register 0x01 \(list\): 9 are too many"):
        read(Head, {1: b"\x09"})


def test_what_does_not_fit_is_refused_by_name_and_value() -> None:
    with pytest.raises(LayoutError, match=r"small = 256: .*does not fit"):
        write(Head(small=256))


@given(
    st.builds(
        Head,
        list=st.none() | st.binary(max_size=3),
        small=st.none() | st.integers(0, 255),
        wide=st.none() | st.integers(0, 65535).map(lambda raw: raw / 10),
    )
)
def test_what_is_written_is_read_again(head: Head) -> None:
    assert read(Head, write(head)) == head


def test_a_secret_is_written_as_nothing() -> None:
    assert write(Tail(name="ab", password="hush")) == {4: b"ab\0", 7: bytes(4)}


def test_a_walk_does_not_show_what_it_holds() -> None:
    walk = BOTH.walk(b"\x07hush")
    assert walk.registers[7] == b"hush"
    assert "hush" not in repr(walk)


# --- forms

USUAL = bytes.fromhex("05 01 03 0102 01 02 aabb 04 616263")


def form() -> Form[Head]:
    return Form(Head, USUAL, BOTH.walk(USUAL))


def test_a_payload_of_the_same_form_is_read_as_a_walk_reads_it() -> None:
    for payload in (USUAL, bytes.fromhex("05 01 03 ffff 01 02 0000 04 616263")):
        assert form().read(payload) == read(Head, BOTH.walk(payload).registers)


@pytest.mark.parametrize(
    "payload",
    [
        "05 00 03 0102 01 02 aabb 04 616263",  # another value that is none of the record's
        "05 01 03 0102 01 02 aabb 04 616264",
        "05 01 03 0102 01 02 aabb 04 616263 00",  # longer
        "05 01 03 0102 01 01 aa 02 04 616263",  # shorter inside, as long in sum
        "05 01 02 0102 01 02 aabb 04 616263",  # another id
        "05 01 03 0102 01 04 aabb 04 616263",  # a value that says another length
    ],
)
def test_any_other_payload_is_not_of_that_form(payload: str) -> None:
    assert form().read(bytes.fromhex(payload)) is None


def test_what_can_be_no_value_is_left_to_who_can_name_it() -> None:
    payload = bytes.fromhex("01 03 aabbcc")
    form = Form(Head, payload, BOTH.walk(payload))
    assert form.read(payload) == Head(list=b"\xaa\xbb\xcc")  # type: ignore[call-arg]
    longer = bytes.fromhex("01 04 aabbccdd")
    assert Form(Head, longer, BOTH.walk(longer)).read(longer) is None


def test_the_values_it_remembers_are_few() -> None:
    usual = form()
    for value in (*range(3 * KEPT), 0, 1):
        payload = USUAL.replace(b"\x03\x01\x02", b"\x03\x00" + bytes((value,)))
        assert usual.read(payload) == read(Head, BOTH.walk(payload).registers)
