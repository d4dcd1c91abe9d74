"""Every recorded frame set, held against what is known of it from elsewhere."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from driver.battery.alarms import Alarm
from driver.battery.reading import Reading
from driver.protocol.dialect import JkUart
from driver.protocol.jkuart import REGISTERS, UartLive, UartSettings, current, current_code
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL, UartFramer, payload
from driver.protocol.jkuart_wire import frame as framed
from driver.protocol.tlv import read, write
from tests.protocol import recordings
from tests.protocol.recordings import KNOWN, MISPRINTED, TRUNCATED, Recording
from tests.protocol.witnesses import SECRETS, VALUES, objections

SETS = [name for name in KNOWN if name != MISPRINTED]
UNDER_VOLTAGE = "uart_16s_b1a24s15p_11.262h_undervoltage_alarm_opendtu"
UNDER_TEMPERATURE = "uart_16s_b1a24s15p_11.262h_undertemperature_alarm_opendtu"


def taken(name: str) -> Reading:
    reading = JkUart().take(recordings.load(name).frame)
    assert reading is not None
    return reading


def test_no_witness_objects(recording: Recording) -> None:
    reading = JkUart().take(recording.frame)
    assert reading is not None
    assert list(objections(recording, reading)) == []


def test_every_value_of_a_witness_is_compared(recording: Recording) -> None:
    assert {*recording.expected, *recording.derived} <= {*VALUES, *SECRETS}


def test_written_back_every_register_is_the_same(recording: Recording) -> None:
    content = payload(recording.frame)
    walk = REGISTERS.walk(content)
    assert walk.complete
    assert walk.end == len(content)
    written = write(read(UartLive, walk.registers)) | write(read(UartSettings, walk.registers))
    secret = {register for register, (_, row) in REGISTERS.rows.items() if row.secret}
    assert secret == {0xB2}
    again = b"".join(
        bytes((register,)) + (data if register in secret else written[register])
        for register, data in walk.registers.items()
    )
    assert again == content
    assert set(written) == set(walk.registers)
    assert written[0xB2] == bytes(10)


def test_the_frame_around_the_registers_is_written_the_same(recording: Recording) -> None:
    frame = recording.frame
    made = framed(payload(frame), frame[8], frame[9], frame[10])
    if recording.name == MISPRINTED:
        assert made[:-4] == frame[:-4]
    else:
        assert made == frame


def test_currents_are_written_as_the_bms_writes_them(recording: Recording) -> None:
    reading = JkUart().take(recording.frame)
    assert reading is not None
    code, version = recording.derived["current_raw"], recording.derived.get("protocol_version") or 0
    assert current(code, version) == reading.current
    assert current_code(current(code, version), version) == code


def test_the_password_shows_nowhere(recording: Recording) -> None:
    reading = JkUart().take(recording.frame)
    assert reading is not None
    password = recording.derived["parameter_password"]
    shown = " ".join(
        [repr(reading), str(reading), *map(repr, reading.details), repr(REGISTERS.walk(payload(recording.frame)))]
    )
    assert not password or password not in shown
    assert "***" in shown


def test_each_frame_is_found_in_the_stream(recording: Recording) -> None:
    framer = UartFramer()
    found = framer.feed(READ_ALL + recording.frame)
    if recording.name == MISPRINTED:
        assert found == []
        assert (framer.corrupt, framer.echoes) == (1, 1)
    else:
        assert found == [recording.frame]
        assert (framer.corrupt, framer.dropped, framer.echoes) == (0, 0, 1)


# --- in particular


@pytest.mark.recorded
def test_both_directions_of_current() -> None:
    currents = {name: taken(name).current for name in SETS}
    assert currents["uart_16s_b2a20s20p_11.26_arminjo_charging"] == 5.86
    assert currents["uart_14s_h6.x_s6.1.3s_syssi"] == 2.08
    assert currents["uart_16s_b1a24s15p_11.262h_discharging_opendtu"] == -8.80
    assert currents["uart_16s_bd6a17s6p_7.1.0h_syssi_pdus"] == -0.69
    assert currents[TRUNCATED] == -0.20
    assert currents["uart_16s_b2a20s20p_11.26_arminjo_idle"] == 0.0


@pytest.mark.recorded
def test_an_empty_battery_is_discharged_no_further() -> None:
    reading = taken(UNDER_VOLTAGE)
    assert reading.alarms == {Alarm.PACK_UNDER_VOLTAGE}
    assert (reading.charge_mosfet_on, reading.discharge_mosfet_on, reading.balancing) == (True, False, True)
    assert (reading.charge_switch, reading.discharge_switch, reading.balance_switch) == (True, True, True)
    assert reading.soc == 0


@pytest.mark.recorded
def test_a_cold_battery_is_not_charged() -> None:
    reading = taken(UNDER_TEMPERATURE)
    assert reading.alarms == {Alarm.BATTERY_UNDER_TEMPERATURE}
    assert (reading.charge_mosfet_on, reading.discharge_mosfet_on, reading.balancing) == (False, True, False)
    assert (reading.charge_switch, reading.discharge_switch) == (True, True)
    assert (reading.temperatures, reading.mos_temperature) == ((3, 3), 6)


@pytest.mark.recorded
def test_disconnected_cells_are_zero_and_still_counted() -> None:
    reading = taken("uart_13s_7.1.0h_syssi_faker")
    assert len(reading.cells) == 13
    assert reading.cells[:2] == (0.0, 0.0)
    assert min(reading.cells[2:]) > 4


@pytest.mark.recorded
def test_the_old_protocol_is_in_doubt_and_says_so() -> None:
    reading = taken(MISPRINTED)
    assert reading.current == 0.0
    assert "version 0" in reading.monitor_only
    assert {name: taken(name).monitor_only for name in SETS} == dict.fromkeys(SETS, "")


@pytest.mark.recorded
def test_identities() -> None:
    found = {name: taken(name).identity for name in KNOWN}
    seen = {name: (one.model, one.name, one.hardware, one.software) for name, one in found.items()}
    assert seen == {
        "uart_13s_7.1.0h_syssi_faker": (None, None, "H7.X", "7.1.0H"),
        "uart_13s_b2a24s20p_10.07_syssi_pdus": ("JK-B2A24S15P", "JK-B2A24S15P", "10.XW", "10.07"),
        "uart_14s_h6.x_s6.1.3s_syssi": (None, None, "H6.X", "6.1.3S"),
        "uart_16s_11a_11.52_truncated_pico": (None, "eve280Ah", "11A", "11.52"),
        "uart_16s_b1a24s15p_11.262h_discharging_opendtu": ("JK_B1A24S15P", "JK_B1A24S15P", "11.XW", "11.262H"),
        "uart_16s_b1a24s15p_11.262h_undertemperature_alarm_opendtu": (
            "JK_B1A24S15P",
            "JK_B1A24S15P",
            "11.XW",
            "11.262H",
        ),
        "uart_16s_b1a24s15p_11.262h_undervoltage_alarm_opendtu": ("JK_B1A24S15P", "JK_B1A24S15P", "11.XW", "11.262H"),
        "uart_16s_b2a20s20p_11.26_arminjo_charging": ("JK_B2A20S20P", "JK_B2A20S20P", "11.XW", "11.26"),
        "uart_16s_b2a20s20p_11.26_arminjo_idle": ("JK_B2A20S20P", "JK_B2A20S20P", "11.XW", "11.26"),
        "uart_16s_bd6a17s6p_7.1.0h_syssi_pdus": (None, None, "H7.X", "7.1.0H"),
        "uart_20s_protocol0_official_example": (None, None, None, "NW_1_0_0_200428"),
        "uart_4s_11.21h_powermon": (None, "EddieBlueBMS", "11.XW", "11.21H"),
        "uart_7s_b1a8s20p_11.51_public": ("JK_B1A8S20P", "JK_B1A8S20P", "11.XA", "11.51"),
    }
    owned = {name: one.manufacturer_id for name, one in found.items() if one.manufacturer_id}
    assert owned == {
        "uart_16s_b1a24s15p_11.262h_discharging_opendtu": "bekiJK_B1A24S15P",
        "uart_16s_b1a24s15p_11.262h_undertemperature_alarm_opendtu": "bekiJK_B1A24S15P",
        "uart_16s_b1a24s15p_11.262h_undervoltage_alarm_opendtu": "bekiJK_B1A24S15P",
        "uart_16s_b2a20s20p_11.26_arminjo_charging": "Armins__BMS1JK_B2A20S20P",
        "uart_16s_b2a20s20p_11.26_arminjo_idle": "Armins__BMSJK_B2A20S20P",
    }


# --- what must be refused


@pytest.mark.recorded
def test_the_vendors_misprinted_frame_is_refused() -> None:
    recording = recordings.load(MISPRINTED)
    framer = UartFramer()
    assert framer.feed(recording.recorded) + framer.gap() == []
    assert framer.corrupt >= 1
    assert sum(recording.recorded[:-4]) == 0x485C  # printed: 4923


@pytest.mark.recorded
def test_an_edited_frame_with_its_old_checksum_is_refused() -> None:
    edited = bytes.fromhex(recordings.vectors("uart_4s_11.21h_powermon")["edited_frame_with_bad_checksum"])
    framer = UartFramer()
    assert framer.feed(edited) + framer.gap() == []
    # a flipped bit of 0x8B: with a right checksum it would have been believed
    reading = JkUart().take(edited)
    assert reading is not None
    assert reading.alarms == {Alarm.LOW_CAPACITY, Alarm.MOS_OVER_TEMPERATURE}


@pytest.mark.recorded
def test_a_frame_is_whole_with_its_own_checksum_only() -> None:
    cut = recordings.load(TRUNCATED).recorded
    framer = UartFramer()
    assert framer.feed(cut) == []
    assert framer.missing == 3
    assert framer.feed(b"\0\x47\x41") + framer.gap() == []
    assert framer.feed(cut) == []
    assert framer.feed(b"\0\x47\x40") == [cut + b"\0\x47\x40"]


@pytest.mark.recorded
@pytest.mark.parametrize("family", ["pb_", "legacy_dd_a5", "balancer", "display", "neey", "ble_jk04"])
def test_frames_of_other_protocols_are_no_frames(family: str) -> None:
    if reason := recordings.missing():
        pytest.skip(reason)
    files = sorted(Path(recordings.FOLDER).glob(f"{family}*.json"))
    assert files
    framer = UartFramer()
    for path in files:
        for text in strings(json.loads(path.read_text())):
            assert framer.feed(bytes.fromhex(text)) + framer.gap() == []
    assert framer.good == 0


def strings(content: object) -> list[str]:
    """Every text of a JSON document that is bytes in hex."""
    match content:
        case str() if len(content) >= 16 and len(content) % 2 == 0 and set(content) <= set("0123456789abcdef"):
            return [content]
        case dict():
            return [text for value in content.values() for text in strings(value)]
        case list():
            return [text for value in content for text in strings(value)]
        case _:
            return []


# --- requests


@pytest.mark.recorded
def test_requests_are_the_recorded_ones_and_any_is_an_echo() -> None:
    commands = {one["name"]: bytes.fromhex(one["request"]) for one in recordings.vectors("uart_commands")["commands"]}
    assert commands["read all (source PC)"] == READ_ALL
    assert commands["activate"] == ACTIVATE
    framer = UartFramer()
    for request in commands.values():
        assert framer.feed(request) == []
        made = framed(payload(request), request[8], request[9], request[10])
        if request[4:8] == bytes(4):
            assert made == request
    assert framer.echoes == len(commands) == 13
    assert framer.dropped == 0


@pytest.mark.recorded
def test_a_reading_equals_itself_and_nothing_of_it_can_be_changed() -> None:
    reading = taken(SETS[0])
    assert reading == taken(SETS[0])
    assert replace(reading, soc=1.0) != reading
    with pytest.raises(AttributeError):
        reading.soc = 1.0  # type: ignore[misc]
