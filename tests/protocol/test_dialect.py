"""Frames of JK UART-TTL: which yield a reading and which none, and what is remembered between them."""

import re
from collections.abc import Callable
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.reading import Reading
from driver.errors import LayoutError
from driver.protocol.dialect import DIALECTS, JkUart, dialect_names
from driver.protocol.jkuart import REGISTERS
from driver.protocol.jkuart_reading import MANDATORY
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL
from tests.protocol.by_hand import answer, sealed, together, usual


def taken(frame: bytes) -> Reading:
    reading = JkUart().take(frame)
    assert reading is not None
    return reading


def test_a_usual_answer() -> None:
    reading = taken(answer())
    assert reading.voltage == 13.21
    assert reading.current == 2.08
    assert reading.cells == (3.301, 3.302, 3.303, 3.304)
    assert (reading.soc, reading.cycles, reading.charged_total) == (50, 7, 900)
    assert (reading.mos_temperature, reading.temperatures) == (25, (21, 22))
    assert (reading.charge_mosfet_on, reading.discharge_mosfet_on, reading.balancing) == (True, True, False)
    assert (reading.charge_switch, reading.discharge_switch, reading.balance_switch) == (True, True, True)
    assert (reading.runtime, reading.tick) == (60000, 1000)
    assert reading.tick_may_rest
    assert reading.tick_period == 150
    assert reading.monitor_only == ""
    assert reading.balancing_cells is None


def test_registers_may_come_in_any_order() -> None:
    backwards = dict(reversed(usual().items()))
    assert taken(sealed(together(backwards))) == taken(answer())


# --- protocol version and current


def test_without_a_version_and_all_understood_the_encoding_is_the_old_one() -> None:
    reading = taken(answer({0xC0: None, 0x84: pack(">H", 11000)}))
    assert reading.current == -10.0
    assert "version 0" in reading.monitor_only
    assert taken(answer({0xC0: None, 0x84: pack(">H", 9500)})).current == 5.0


def test_version_0_said_aloud_is_the_same() -> None:
    reading = taken(answer({0xC0: b"\0", 0x84: pack(">H", 10000)}))
    assert reading.current == 0.0
    assert "version 0" in reading.monitor_only


def test_without_a_version_behind_an_unknown_register_there_is_no_reading() -> None:
    content = together(usual({0xC0: None})) + b"\xd0\x01"
    with pytest.raises(LayoutError, match=r"0xd0.*0xc0"):
        JkUart().take(sealed(content))


def test_a_version_behind_an_unknown_register_is_not_guessed() -> None:
    content = together(usual({0xC0: None})) + b"\xd0\xc0\x01"
    with pytest.raises(LayoutError, match="0xd0"):
        JkUart().take(sealed(content))


def test_an_unknown_register_after_the_version_is_read_but_does_not_control() -> None:
    reading = taken(sealed(together(usual()) + b"\xd0\x01"))
    assert reading.current == 2.08
    assert "0xd0" in reading.monitor_only


@pytest.mark.parametrize("version", [2, 3, 255])
def test_an_unknown_version_yields_no_reading(version: int) -> None:
    with pytest.raises(LayoutError, match=rf"version {version}\b.*0xc0"):
        JkUart().take(answer({0xC0: pack("B", version)}))


# --- what is missing


@pytest.mark.parametrize("name", MANDATORY)
def test_a_missing_mandatory_register_yields_no_reading_and_is_named(name: str) -> None:
    register = next(place for place, (found, _) in REGISTERS.rows.items() if found == name)
    with pytest.raises(LayoutError, match=rf"{name} is missing.*{register:#04x}"):
        JkUart().take(answer({register: None}))


def test_the_mandatory_registers() -> None:
    assert set(MANDATORY) == {"cells", "total_voltage", "current_code", "state_of_charge", "alarms", "status"}


def test_what_an_unknown_register_hides_is_named_with_it() -> None:
    head = {register: value for register, value in usual().items() if register < 0x8B}
    with pytest.raises(LayoutError, match=r"alarms.*0x8b.*0x8d"):
        JkUart().take(sealed(together(head) + b"\x8d\x00" + b"\x8b\x00\x00"))


@pytest.mark.parametrize("register", sorted(set(usual()) - {0x79, 0x83, 0x84, 0x85, 0x8B, 0x8C, 0xC0}))
def test_any_other_register_may_be_missing(register: int) -> None:
    reading = taken(answer({register: None}))
    assert (reading.voltage, reading.current) == (13.21, 2.08)
    assert reading.monitor_only == ""


def test_live_registers_alone_are_a_reading_without_settings() -> None:
    live = {register: value for register, value in usual().items() if register < 0x8E or register == 0xC0}
    reading = taken(sealed(together(live)))
    assert reading.voltage == 13.21
    assert (reading.capacity, reading.charge_switch, reading.runtime, reading.tick) == (None, None, None, None)
    assert reading.identity.software is None
    assert reading.protections.cell_over_voltage is None


def test_a_register_cut_off_yields_no_reading() -> None:
    with pytest.raises(LayoutError, match=r"0xba.*2 byte\(s\) are missing"):
        JkUart().take(sealed(together(usual({0xC0: None}))[:-2]))


# --- frames that are no readings


def test_an_answer_to_read_register_00_is_everything_as_well() -> None:
    assert taken(sealed(together(usual()), command=3)) == taken(answer())


def test_an_upload_nobody_asked_for_is_taken() -> None:
    assert taken(sealed(together(usual()), kind=2)) == taken(answer())


@pytest.mark.parametrize("register", [0x79, 0x83, 0x84, 0x85, 0xC0])
def test_one_register_that_somebody_else_asked_for_is_no_reading(register: int) -> None:
    assert JkUart().take(sealed(together({register: usual()[register]}), command=3)) is None


@pytest.mark.parametrize("command", [0, 1, 2, 4, 5, 7, 255])
def test_other_commands_are_no_readings(command: int) -> None:
    assert JkUart().take(sealed(together(usual()), command=command)) is None
    assert JkUart().take(sealed(b"\xab\x01", command=command)) is None


@pytest.mark.parametrize("content", [b"", b"\0"])
def test_an_answer_that_holds_nothing_is_no_reading(content: bytes) -> None:
    with pytest.raises(LayoutError, match=r"cells.*0x79"):
        JkUart().take(sealed(content))


@given(st.binary(max_size=300), st.sampled_from([3, 6]))
def test_whatever_the_payload_it_is_a_reading_or_refused_by_name(content: bytes, command: int) -> None:
    refusal, reading = "", None
    try:
        reading = JkUart().take(sealed(content, command=command))
    except LayoutError as exc:
        refusal = str(exc)
    assert reading is None or reading.cells
    assert bool(refusal) is bool(re.search(r"0x[0-9a-f]{2}", refusal))


@given(st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=3), st.integers(0, 3)), min_size=1, max_size=4))
def test_payloads_with_holes_are_readings_or_refused_and_tell_no_secret(edits: list[tuple[int, bytes, int]]) -> None:
    content = together(usual())
    for at, put, taken_out in edits:
        content = content[:at] + put + content[at + taken_out :]
    try:
        shown = repr(JkUart().take(sealed(content)))
    except LayoutError as exc:
        shown = str(exc)
    assert "hunter2" not in shown


# --- memory


def test_settings_that_change_back_and_forth_are_seen_at_once() -> None:
    dialect = JkUart()
    on, off = answer(), answer({0xAB: b"\0", 0x90: pack(">H", 3650)})
    for _ in range(3):
        for frame, charge, over_voltage in ((on, True, 3.6), (on, True, 3.6), (off, False, 3.65)):
            reading = dialect.take(frame)
            assert reading is not None
            assert (reading.charge_switch, reading.protections.cell_over_voltage) == (charge, over_voltage)
            assert reading == taken(frame)
            assert reading.details == taken(frame).details


def test_a_setting_in_an_unusual_place_is_seen_at_once() -> None:
    dialect = JkUart()
    rest = usual({0xAB: None})
    for value in (1, 0, 1):
        reading = dialect.take(sealed(together({0xAB: bytes((value,))} | rest)))
        assert reading is not None
        assert reading.charge_switch is bool(value)


@given(st.lists(st.sampled_from(sorted(usual())), max_size=6), st.data())
def test_a_dialect_remembers_nothing_that_is_not_so(registers: list[int], data: st.DataObject) -> None:
    dialect = JkUart()
    for register in registers:
        value = usual()[register]
        if register not in (0x79, 0xC0):
            value = data.draw(st.binary(min_size=len(value), max_size=len(value)))
        order = data.draw(st.permutations(sorted(usual())))
        changed = usual({register: value})
        frame = sealed(together({place: changed[place] for place in order}))
        reading = dialect.take(frame)
        assert reading == taken(frame)
        assert reading is not None
        assert reading.details == taken(frame).details


@given(st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=3), st.integers(0, 3)), min_size=1, max_size=4))
def test_after_a_usual_frame_any_other_is_read_as_if_it_were_the_first(edits: list[tuple[int, bytes, int]]) -> None:
    content = together(usual())
    for at, put, taken_out in edits:
        content = content[:at] + put + content[at + taken_out :]
    dialect = JkUart()
    dialect.take(answer())
    for take in (dialect.take, dialect.take):  # the second time it is the usual one itself
        assert outcome(take, sealed(content)) == outcome(JkUart().take, sealed(content))


def outcome(take: Callable[[bytes], Reading | None], frame: bytes) -> object:
    try:
        reading = take(frame)
    except LayoutError as exc:
        return str(exc)
    return reading and (reading, reading.details)


# --- the registry


def test_the_registry() -> None:
    assert "jk-uart" in dialect_names()
    for name, make in DIALECTS.items():
        dialect = make(2.0)
        assert dialect.name == name
        assert dialect.label
        assert dialect.talk.send(0.0)


def test_what_is_asked_and_how_long_an_answer_may_take() -> None:
    talk = JkUart(1.0).talk
    assert (talk.poll.request, talk.poll.wake) == (READ_ALL, ACTIVATE)
    assert (talk.poll.every, talk.poll.timeout) == (1.0, 0.5)
    assert JkUart(0.25).talk.poll.timeout == 0.25
    assert JkUart().baudrate == 115200


def test_only_registers_answer_the_question() -> None:
    """A BMS that answers the wake-up and nothing else is silent."""
    talk = JkUart(1.0).talk
    assert talk.send(0.0) == READ_ALL
    talk.receive(sealed(b"\0", command=1))
    assert talk.send(0.5) is None
    assert talk.unanswered == 1
    talk.receive(answer())
    assert talk.unanswered == 0
