"""What could be written, held against commands that other drivers and the vendor's app have sent."""

from functools import reduce
from operator import xor
from typing import Any

import pytest

from driver.protocol.balancer_wire import BalancerFramer, request
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_settings import Controls, Settings
from driver.protocol.jk02_wire import COMMAND, Jk02Framer
from driver.protocol.jk04 import Settings04
from driver.protocol.kinds import Float
from driver.protocol.layout import layout_of
from driver.protocol.neey_settings import NeeySettings
from driver.protocol.neey_wire import NeeyFramer
from driver.protocol.registers import JK02_WRITES, JK04_WRITES, NEEY_WRITES, Write
from driver.protocol.rows import rows
from tests.protocol.fixed_names import COMMANDS
from tests.protocol.recordings import vectors

FACTORY_ONLY = {0x00, *range(0x05, 0x0D), 0x0E, 0x0F, 0x10, 0x11, 0x12}  # calibration of NEEY devices: not in the table


def sets_of(*families: str) -> Any:
    names = [name for name in COMMANDS if name.startswith(families)]
    return pytest.mark.parametrize("recording", [pytest.param(name, marks=pytest.mark.recorded) for name in names])


def command(register: int, value: bytes) -> bytes:
    body = (COMMAND + bytes((register, len(value))) + value).ljust(19, b"\0")
    return body + bytes((sum(body) & 0xFF,))


def row(table: tuple[Write, ...], number: int) -> list[Write]:
    return [one for one in table if number in one.numbers]


@sets_of("ble")
def test_jk_commands_of_others_fit_the_table(recording: str) -> None:
    for one in vectors(recording)["commands"]:
        sent, number = bytes.fromhex(one["request"]), int(one["register"], 16)
        framer = Jk02Framer()
        assert framer.feed(sent) == []
        assert (framer.echoes, framer.dropped) == (1, 0)
        if not one["length"]:
            continue
        table = JK04_WRITES if "Jk04" in one["test"] else JK02_WRITES
        fits = [known for known in row(table, number) if known.kind and known.kind.size() == one["length"]]
        assert fits, f"register {number:02X} with {one['length']} bytes"
        value = sent[6 : 6 + one["length"]]
        assert sent[:10] == command(number, value)[:10]
        for known in fits:
            assert known.kind is not None
            wanted = one["value_float32"] if isinstance(known.kind, Float) else None
            assert wanted is None or known.kind.write(wanted) == value


@sets_of("neey")
def test_neey_commands_of_others_fit_the_table(recording: str) -> None:
    for one in vectors(recording)["commands"]:
        sent = bytes.fromhex(one["request"])
        framer = NeeyFramer()
        assert framer.feed(sent) == []
        assert framer.echoes == 1
        assert sent[-2] in (sum(sent[:-2]) & 0xFF, reduce(xor, sent[:-2]))
        if sent[4] == 5:
            assert row(NEEY_WRITES, sent[5]) or sent[5] in FACTORY_ONLY


@sets_of("balancer")
def test_balancer_commands_and_their_answers_are_known(recording: str) -> None:
    for one in vectors(recording)["commands"]:
        sent, framer = bytes.fromhex(one["request"]), BalancerFramer()
        assert framer.feed(sent) == []
        assert framer.echoes == 1
        assert (one["name"] == "read status") == (sent == request())
        if "response" in one:
            answer = bytes.fromhex(one["response"])
            assert framer.feed(answer) == [answer]
            if one["name"] != "read status":  # an answer to a write repeats what was accepted, and holds no status
                assert answer[2:6] == sent[2:6]
                assert not any(answer[6:-1])


def test_the_same_number_means_one_thing_in_a_variant() -> None:
    for table in (JK02_WRITES, JK04_WRITES, NEEY_WRITES):
        for variant in range(len(table[0].numbers)):
            numbers = [one.numbers[variant] for one in table if one.numbers[variant] is not None]
            assert len(set(numbers)) == len(numbers)


def test_in_32s_the_number_follows_from_the_place() -> None:
    """The vendor's register map: settings of 4 bytes, one after the other, are numbered so."""
    places = {name: known.place for name, known in layout_of(Settings).rows[1]}
    for one in JK02_WRITES:
        number = one.numbers[1]
        if number is not None and number <= 0x22:
            assert number == (places[one.name] - 6) // 4 + 1
            assert one.kind is not None
            assert one.kind.size() == 4


def test_what_is_written_is_what_is_read() -> None:
    """Registers and rows of a name carry the same scale."""
    for table, record in ((JK02_WRITES, Settings), (JK04_WRITES, Settings04)):
        known = dict(rows(record))
        for one in table:
            if one.name in known and one.kind is not None:
                assert one.kind.read(one.kind.write(1)) == 1
                assert getattr(one.kind, "div", 1) == getattr(known[one.name].kind, "div", 1)


def test_every_name_is_that_of_a_row_or_says_what_it_does() -> None:
    known = {name for record in (Settings, DeviceInfo, Settings04, NeeySettings) for name, _ in rows(record)}
    known |= {name.lower() for name in Controls.__members__}
    known |= {f"connection_resistance_{number}" for number in range(1, 25)}
    others = {one.name for one in (*JK02_WRITES, *JK04_WRITES, *NEEY_WRITES)} - known
    assert others == {
        "voltage_calibration", "current_calibration", "shut down", "restart", "preset for Li-ion", "preset for LFP",
        "preset for LTO", "emergency mode", "clock", "factory settings", "erase the stored data",
    }  # fmt: skip
