"""The simulated PB bus: what its packs say is what they are, and who says what when."""

import pytest

from driver.protocol.jk02 import AlarmBits, CellInfo, Variant
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_settings import Settings
from driver.protocol.jkpb_reading import PbPack
from driver.protocol.jkpb_wire import ACKNOWLEDGES, MASTER, REQUESTS, Answer, PbFramer, Register, Request
from driver.protocol.layout import read
from driver.protocol.rows import REDACTED
from driver.simulator.bms import PASSWORD
from driver.simulator.faults import Faults
from driver.simulator.pb import DROWSY_AFTER, PbLine, pb_line

S32 = Variant.S32
STATUS = REQUESTS[Request(1, Register.STATUS)]


def frame(line: PbLine, register: Register, address: int = 1) -> bytes:
    said = line.device.packs[address].says(register)
    assert said[300:] == ACKNOWLEDGES[Request(address, register)]
    return said[:300]


def heard(line: PbLine, request: bytes, now: float) -> bytes:
    return b"".join(data for _, data in line.hear(request, now))


def test_frames_are_consistent_in_themselves() -> None:
    line = pb_line(1, 1, cells=14, soc=0.35, profile="discharge")
    line.hear(STATUS, 0.0)
    line.hear(STATUS, 600.0)
    live = read(CellInfo, frame(line, Register.STATUS), S32)
    cells = live.cells[:14]
    assert all(cells)
    assert not any(live.cells[14:])
    assert live.cell_mask.bit_count() == 14
    assert live.voltage == pytest.approx(sum(cells), abs=0.001)
    assert live.average_cell == pytest.approx(sum(cells) / 14, abs=0.001)
    assert live.cell_difference == pytest.approx(max(cells) - min(cells), abs=0.001)
    assert (cells[live.highest_cell], cells[live.lowest_cell]) == (max(cells), min(cells))
    assert live.power == pytest.approx(abs(live.voltage * live.current), abs=0.01)
    assert live.current < 0
    assert live.remaining / live.full_capacity == pytest.approx(live.state_of_charge / 100, abs=0.006)
    assert live.uptime == pytest.approx(live.runtime, abs=1)


def test_alarms_and_mosfets_are_those_of_the_bms() -> None:
    line = pb_line(1, 1, profile="charge")
    line.device.bms.set(cell_over_voltage=3.3, cell_over_voltage_recovery=3.2)
    line.hear(STATUS, 0.0)
    line.hear(STATUS, 60.0)
    live = read(CellInfo, frame(line, Register.STATUS), S32)
    assert live.alarms & (AlarmBits.CELL_OVER_VOLTAGE | AlarmBits.PACK_OVER_VOLTAGE)
    assert live.charge_mosfet is False
    assert live.discharge_mosfet is True


def test_settings_are_those_of_the_owner_and_say_the_address() -> None:
    line = pb_line(5, 1)
    line.device.bms.set(cell_over_voltage=3.61, charge_switch=False)
    mine = read(Settings, frame(line, Register.SETTINGS, 5), S32)
    assert (mine.cell_over_voltage, mine.charge_switch, mine.device_address) == (3.61, False, 5)
    assert mine.cell_count == 16


def test_device_info_holds_a_password_that_nobody_reads() -> None:
    said = frame(pb_line(1, 1), Register.DEVICE_INFO)
    assert PASSWORD.encode() in said
    found = read(DeviceInfo, said, S32)
    assert found.passcode == REDACTED
    assert PASSWORD not in repr(found)


def test_what_it_says_is_a_reading() -> None:
    line = pb_line(1, 1)
    pack = PbPack("jk-pb", 1, 1.0, listening=False)
    readings = [pack.take(frame(line, register)) for register in Register]
    assert readings[:2] == [None, None]
    assert readings[2] is not None
    assert readings[2].monitor_only == ""


def test_only_old_slaves_put_5_into_byte_5() -> None:
    assert frame(pb_line(1, 1, firmware="15.10"), Register.STATUS)[5] == 5
    assert frame(pb_line(1, 1, firmware="15.41"), Register.STATUS)[5] == 0
    assert frame(pb_line(0, 1, firmware="15.10"), Register.SETTINGS, MASTER)[5] == 0


def test_new_firmware_ignores_a_status_request_after_a_quiet_period() -> None:
    for firmware, sizes in (("15.10", [308, 308, 308]), ("15.36", [0, 308, 0])):
        line = pb_line(1, 1, firmware=firmware)
        times = (10.0, 10.0 + DROWSY_AFTER / 2, 12.0)
        assert [len(heard(line, STATUS, now)) for now in times] == sizes
        assert len(heard(line, REQUESTS[Request(1, Register.SETTINGS)], 20.0)) == 308


def test_requests_are_understood_however_they_arrive() -> None:
    line = pb_line(1, 2, firmware="15.10")
    other = REQUESTS[Request(2, Register.SETTINGS)]
    assert heard(line, b"\x77" + STATUS[:4], 0.0) == b""
    assert len(heard(line, STATUS[4:], 0.01)) == 308
    assert len(heard(line, STATUS + other, 0.2)) == 616
    assert heard(line, STATUS[:4], 0.4) == b""
    assert heard(line, STATUS[4:], 0.9) == b""  # the line was quiet between
    assert heard(line, REQUESTS[Request(9, Register.STATUS)], 1.0) == b""


def test_a_sleeping_pack_is_silent() -> None:
    line = pb_line(1, 1, firmware="15.10")
    line.device.bms.asleep = True
    assert heard(line, STATUS, 0.0) == b""


def test_every_pack_has_a_battery_of_its_own() -> None:
    line = pb_line(1, 3, profile="discharge")
    assert len({bms.battery.soc for bms in line.batteries}) == 3
    before = [bms.battery.soc for bms in line.batteries]
    line.hear(STATUS, 0.0)
    line.hear(STATUS, 300.0)
    assert all(bms.battery.soc < soc for bms, soc in zip(line.batteries, before, strict=True))


class TestMaster:
    """A pack with address 0."""

    @staticmethod
    def said(line: PbLine, seconds: float) -> list[tuple[float, bytes]]:
        pieces: list[tuple[float, bytes]] = []
        while line.speaks_at < seconds:
            pieces += line.speak(line.speaks_at)
        return pieces

    def test_it_asks_as_the_recorded_one_does(self) -> None:
        line = pb_line(0, 2, firmware="15.10")
        pieces = self.said(line, 30.0)
        framer = PbFramer()
        order = [one[:2] for _, data in pieces for one in framer.feed(data)]
        begin = order.index((1, Register.STATUS))
        asked, settings = (1, Register.STATUS), (1, Register.SETTINGS)
        others = [(address, Register.STATUS) for address in range(2, 16)]
        own = [(0, Register.STATUS), (0, Register.SETTINGS)]
        one_round = [asked, asked, settings, settings, *others, *own]  # each of the first: trigger, then answer
        assert order[begin : begin + len(one_round)] == one_round

    def test_a_round_with_one_slave_takes_as_long_as_recorded(self) -> None:
        framer = PbFramer()
        times = [
            at
            for at, data in self.said(pb_line(0, 2), 60.0)
            for one in framer.feed(data)
            if isinstance(one, Answer) and one[:2] == (0, Register.STATUS)
        ]
        assert times[1] - times[0] == pytest.approx(7.2, abs=0.1)

    def test_faults_befall_its_slaves_too(self) -> None:
        line = pb_line(0, 3, faults=("dead:1",))
        framer = PbFramer()
        answers = {
            one.address for _, data in self.said(line, 20.0) for one in framer.feed(data) if isinstance(one, Answer)
        }
        assert answers == {0, 2}

    def test_what_was_not_heard_is_not_said_later(self) -> None:
        line = pb_line(0, 2)
        line.speak(0.0)
        assert sum(len(data) for _, data in line.speak(3600.0)) < 700


def test_without_a_master_nobody_speaks_unasked() -> None:
    line = pb_line(1, 2)
    assert line.speak(100.0) == []
    assert line.speaks_at == float("inf")


def test_a_dead_address_is_named() -> None:
    with pytest.raises(ValueError, match="dead:2"):
        Faults("dead:16")
