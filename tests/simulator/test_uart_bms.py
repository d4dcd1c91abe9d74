import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.alarms import Alarm
from driver.battery.chemistry import Chemistry
from driver.battery.reading import Reading
from driver.protocol.dialect import JkUart
from driver.protocol.jkuart import AlarmBits
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL, UartFramer, payload
from driver.simulator.bms import PASSWORD, JkBms
from driver.simulator.cells import Battery
from driver.simulator.presets import settings
from driver.simulator.uart import UartBms

# as the protocol notes print them, not as the driver builds them
READ_ALL_PC = bytes.fromhex("4E57 0013 00000000 06 03 00 00 00000000 68 00000129")
READ_ALL_GPS = bytes.fromhex("4E57 0013 00000000 06 02 00 00 00000000 68 00000128")
READ_ALL_SHORT = bytes.fromhex("4E57 0012 00000000 06 03 00 00000000 68 00000128")
READ_VOLTAGE = bytes.fromhex("4E57 0013 00000000 03 03 00 83 00000000 68 000001A9")
WAKE = bytes.fromhex("4E57 0013 00000000 01 03 00 00 00000000 68 00000124")
PAIR = bytes.fromhex("4E57 0014 00000000 05 02 00 00 00 00000000 68 00000128")
CHARGE_OFF = bytes.fromhex("4E57 0014 00000000 02 02 00 AB 00 00000000 68 000001D0")


def frames(data: bytes) -> list[bytes]:
    return UartFramer().feed(data)


def reading(device: UartBms) -> Reading:
    (whole,) = frames(device.hear(READ_ALL))
    found = JkUart().take(whole)
    assert found is not None
    return found


@pytest.mark.parametrize("request_bytes", [READ_ALL_PC, READ_ALL_GPS, READ_ALL_SHORT], ids=["pc", "gps", "short"])
def test_the_three_forms_of_read_all(request_bytes: bytes) -> None:
    device = UartBms(JkBms())
    answer = device.hear(request_bytes)
    assert answer == device.reply()
    assert len(answer) == 243 + 3 * 16  # LENGTH is 241 + 3 × cells, and the start bytes
    assert sum(answer[:-4]) & 0xFFFF == int.from_bytes(answer[-4:], "big")
    assert answer[8:11] == bytes((6, 0, 1))


def test_the_registers_of_every_recorded_frame_in_their_order() -> None:
    content = payload(UartBms(JkBms()).reply())
    device = UartBms(JkBms())
    expected = [0x79, *range(0x80, 0x88), *range(0x89, 0x8D), *range(0x8E, 0xBB), 0xC0]
    assert sorted(device.registers()) == expected
    assert len(expected) == 59
    assert content[0] == 0x79
    assert content[-2:] == bytes((0xC0, 1))


def test_one_register() -> None:
    device = UartBms(JkBms())
    (whole,) = frames(device.hear(READ_VOLTAGE))
    assert payload(whole) == b"\x83" + round(device.bms.measured.voltage * 100).to_bytes(2, "big")
    assert whole[8] == 3
    unknown = bytes.fromhex("4E57 0013 00000000 03 03 00 FE 00000000 68 00000224")
    assert device.hear(unknown) == b""
    assert device.requests == 2


def test_reading_register_0_is_everything_under_command_3() -> None:
    device = UartBms(JkBms())
    (whole,) = frames(device.hear(bytes.fromhex("4E57 0013 00000000 03 03 00 00 00000000 68 00000126")))
    assert whole[8] == 3
    assert payload(whole) == payload(device.reply())
    assert JkUart().take(whole) == reading(device)


def test_a_sleeping_bms_answers_only_to_activate() -> None:
    device = UartBms(JkBms())
    device.bms.asleep = True
    assert device.hear(READ_ALL_PC) == b""
    (woken,) = frames(device.hear(WAKE))
    assert WAKE == ACTIVATE
    assert JkUart().take(woken) is None
    assert device.hear(READ_ALL_PC) == device.reply()


def test_attempts_to_write_are_counted_and_change_nothing() -> None:
    device = UartBms(JkBms())
    assert device.hear(PAIR + CHARGE_OFF) == b""
    assert (device.requests, device.writes) == (2, 1)
    assert device.bms.charge_mosfet_on


@given(st.binary(max_size=40), st.integers(1, 20), st.binary(max_size=40))
def test_requests_are_found_in_noise_and_pieces(before: bytes, cut: int, after: bytes) -> None:
    device = UartBms(JkBms())
    noise = before.replace(b"\x4e", b"\x00")
    heard = device.hear(noise + READ_ALL_PC[:cut]) + device.hear(READ_ALL_PC[cut:] + after.replace(b"\x4e", b"\x00"))
    assert len(frames(heard)) == 1


def test_damaged_requests_stay_unanswered_and_half_ones_can_be_forgotten() -> None:
    device = UartBms(JkBms())
    for at in range(len(READ_ALL_PC)):
        device.forget()
        damaged = READ_ALL_PC[:at] + bytes((READ_ALL_PC[at] ^ 1,)) + READ_ALL_PC[at + 1 :]
        assert device.hear(damaged) == b"", f"byte {at}"
    device.forget()
    assert device.hear(READ_ALL_PC) == device.reply()


def test_a_start_with_an_impossible_length_hides_no_request() -> None:
    device = UartBms(JkBms())
    assert device.hear(b"\x4e\x57\xff\xff" + READ_ALL_PC) == device.reply()
    assert device.hear(b"\x4e\x57\x00\x11" + READ_ALL_PC) == device.reply()


def test_replies_of_others_are_no_requests() -> None:
    device = UartBms(JkBms())
    assert device.hear(device.reply()) == b""
    assert device.requests == 0


def test_what_the_driver_decodes_is_what_the_bms_measured() -> None:
    bms = JkBms(Battery(count=13, capacity=100, soc=0.37, temperature=-7.0, seed=8))
    bms.step(30.0, -42.5)
    device = UartBms(bms)
    found, seen = reading(device), bms.measured
    assert found.cells == seen.cells
    assert found.voltage == pytest.approx(seen.voltage)
    assert found.current == -42.5
    assert found.soc == bms.soc
    assert found.temperatures == (round(seen.box_temperature), round(seen.battery_temperature))
    assert found.mos_temperature == round(seen.mos_temperature)
    assert found.alarms == {Alarm.BATTERY_UNDER_TEMPERATURE}
    assert (found.charge_mosfet_on, found.discharge_mosfet_on) == (False, True)
    assert (found.charge_switch, found.discharge_switch, found.balance_switch) == (True, True, True)
    assert (found.capacity, found.cycles, found.runtime) == (100, 44, bms.runtime // 60 * 60)
    assert found.monitor_only == ""


@pytest.mark.parametrize("amperes", [120.0, -150.0, 0.0, 0.35])
def test_current_and_its_direction(amperes: float) -> None:
    device = UartBms(JkBms())
    device.bms.step(1.0, amperes)
    assert reading(device).current == amperes


def test_every_setting_comes_back() -> None:
    own = settings(Chemistry.NMC, 14, 120, name="Boat", user_data="Harbour 3", firmware="11A___S11.52___")
    device = UartBms(JkBms(Battery(Chemistry.NMC, 14, capacity=120), own))
    found = reading(device)
    _, back = found.details
    for field in dataclasses.fields(type(own)):
        if field.name not in ("password", "runtime", "manufacturer_id"):
            assert getattr(back, field.name) == getattr(own, field.name), field.name
    assert found.identity.name == "Boat"
    assert found.identity.manufacturer_id == "Harbour 3Boat"
    assert (found.identity.hardware, found.identity.software) == ("11A", "11.52")


def test_settings_are_sent_as_they_are_now() -> None:
    device = UartBms(JkBms())
    assert reading(device).protections.cell_over_voltage == 3.65
    device.bms.set(cell_over_voltage=3.55)
    assert reading(device).protections.cell_over_voltage == 3.55


def test_alarms_go_over_the_wire() -> None:
    device = UartBms(JkBms(Battery(soc=0.02, spread=0.0)))
    while AlarmBits.DISCHARGE_UNDER_VOLTAGE not in device.bms.alarms:
        device.bms.step(1.0, -80.0)
    found = reading(device)
    assert Alarm.PACK_UNDER_VOLTAGE in found.alarms
    assert found.discharge_mosfet_on is False
    assert found.discharge_switch is True


def test_the_password_is_on_the_wire_and_nowhere_behind_the_driver_s_tables() -> None:
    device = UartBms(JkBms())
    assert PASSWORD.encode() in device.reply()
    found = reading(device)
    assert PASSWORD not in repr(found)
    assert PASSWORD not in repr(found.details)


def test_the_old_protocol_version_has_no_current_that_may_drive_limits() -> None:
    device = UartBms(JkBms(), protocol_version=0)
    device.bms.step(1.0, -12.5)
    assert 0xC0 not in device.registers()
    assert 0xB9 not in device.registers()
    found = reading(device)
    assert found.current == -12.5
    assert found.monitor_only


def test_no_protocol_version_has_a_current_that_cannot_be_sent() -> None:
    for version in (0, 1):
        device = UartBms(JkBms(), version)
        device.bms.step(1.0, 400.0)
        assert reading(device).current == (327.67 if version else 100.0)


@pytest.mark.parametrize(("real", "said"), [(-60.0, -40), (130.0, 100)])
def test_temperatures_end_where_their_code_ends(real: float, said: int) -> None:
    found = reading(UartBms(JkBms(Battery(temperature=real))))
    assert found.temperatures == (said, said)
    assert found.mos_temperature == said
