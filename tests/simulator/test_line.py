import itertools

import pytest

from driver.protocol.jkuart_wire import READ_ALL
from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.faults import Faults
from driver.simulator.line import BAUDRATE, THINKING, Line, jk_line
from driver.simulator.profiles import PROFILES, Cycle, charge, discharge, steady
from driver.simulator.uart import UartBms

BYTE = 10 / BAUDRATE


def line(**kwargs: object) -> Line:
    return Line(UartBms(JkBms()), **kwargs)


def test_without_a_pace_the_answer_comes_at_once() -> None:
    one = line()
    assert one.hear(READ_ALL, 7.0) == [(7.0, one.device.hear(READ_ALL))]
    assert one.hear(b"noise", 7.1) == []


def test_at_a_pace_it_comes_in_chunks_when_their_last_byte_was_sent() -> None:
    one = line(baudrate=BAUDRATE)
    sent = one.hear(READ_ALL, 7.0)

    assert b"".join(data for _, data in sent) == one.device.hear(READ_ALL)
    assert [len(data) for _, data in sent] == [16] * 18 + [3]
    begin = 7.0 + len(READ_ALL) * BYTE + THINKING
    assert [at for at, _ in sent] == pytest.approx([begin + min(n * 16, 291) * BYTE for n in range(1, 20)])


def test_a_request_during_an_answer_is_answered_after_it() -> None:
    one = line(baudrate=BAUDRATE)
    first = one.hear(READ_ALL, 7.0)
    second = one.hear(READ_ALL, 7.01)
    assert second[0][0] > first[-1][0]


def test_faults_and_pace_together() -> None:
    one = line(baudrate=BAUDRATE, faults=Faults("byte-by-byte:1ms"))
    sent = one.hear(READ_ALL, 0.0)
    assert {len(data) for _, data in sent} == {1}
    assert sent[-1][0] == pytest.approx(len(READ_ALL) * BYTE + THINKING + 291 * (0.001 + BYTE))
    one.faults.clear()
    assert len(one.hear(READ_ALL, 10.0)) == 19


def test_half_a_request_is_forgotten_after_a_silence_but_not_at_once() -> None:
    one = line()
    assert one.hear(READ_ALL[:9], 1.0) == []
    assert len(one.hear(READ_ALL[9:], 1.05)) == 1
    one.hear(READ_ALL[:9], 2.0)
    assert one.hear(READ_ALL[9:], 2.5) == []
    assert len(one.hear(READ_ALL, 2.6)) == 1


def test_the_battery_lives_between_two_requests() -> None:
    one = line(profile=lambda now, bms: -56.0)
    one.hear(READ_ALL, 100.0)
    assert one.device.bms.soc == 60
    one.hear(READ_ALL, 100.0 + 3600)
    assert one.device.bms.soc == 40


def test_speed_is_simulated_seconds_in_a_second() -> None:
    one = line(profile=lambda now, bms: -56.0, speed=600.0)
    one.hear(READ_ALL, 0.0)
    one.hear(READ_ALL, 6.0)
    assert one.device.bms.soc == 40


def test_without_a_profile_the_caller_steps_the_battery() -> None:
    one = line()
    before = one.device.bms.runtime
    one.hear(READ_ALL, 0.0)
    one.hear(READ_ALL, 1000.0)
    assert one.device.bms.runtime == before


def test_a_full_pack_is_held_below_its_protection() -> None:
    one = jk_line(profile="charge", soc=0.99)
    bms = one.device.bms
    one.hear(READ_ALL, 0.0)
    one.hear(READ_ALL, 1800.0)
    assert bms.soc == 100
    assert bms.measured.voltage == pytest.approx(16 * 3.45, abs=0.05)
    assert max(bms.measured.cells) < bms.settings.cell_over_voltage


def test_steady_moves_at_every_poll_and_goes_nowhere() -> None:
    bms = JkBms()
    amperes = [steady(float(second), bms) for second in range(4200)]
    assert sum(1 for a, b in itertools.pairwise(amperes) if abs(a - b) > 0.01) > 4000
    assert abs(sum(amperes)) / 3600 < 0.1  # Ah
    assert max(amperes) > 10
    assert min(amperes) < -10


def test_a_charger_holds_the_voltage_and_a_load_does_not_care() -> None:
    bms = JkBms(Battery(soc=0.7))
    assert charge(0.0, bms) == pytest.approx(84.0)
    for _ in range(3 * 3600):
        bms.step(1.0, charge(0.0, bms))
        assert bms.battery.voltage <= 55.2 + 0.05  # the cells move within the second
    assert 0 <= charge(0.0, bms) < 5
    assert discharge(0.0, bms) == -84.0
    bms.battery.cells[0].charge += 200
    assert charge(0.0, bms) == 0.0


def test_a_cycle_turns_at_both_ends() -> None:
    one = jk_line(profile="cycle")
    bms = one.device.bms
    seen: list[int] = []
    signs: list[bool] = []
    for second in range(0, 8 * 3600, 60):
        one.hear(READ_ALL, float(second))
        seen.append(bms.soc)
        if bms.measured.current:
            signs.append(bms.measured.current > 0)
        assert not bms.alarms or bms.soc <= 10
    assert sum(a != b for a, b in itertools.pairwise(signs)) >= 3
    assert max(seen) == 100
    assert 8 <= min(seen) <= 12


def test_a_cycle_gives_way_to_the_protections() -> None:
    bms, cycle = JkBms(), Cycle()
    assert cycle(0.0, bms) > 0
    bms.set(charge_switch=False)
    cycle(1.0, bms)
    assert cycle(2.0, bms) < 0
    bms.set(charge_switch=True, discharge_switch=False)
    cycle(3.0, bms)
    assert cycle(4.0, bms) > 0


def test_each_profile_can_be_named() -> None:
    assert list(PROFILES) == ["steady", "charge", "discharge", "cycle"]
    for name in PROFILES:
        assert jk_line(profile=name).profile is not None


def test_each_index_is_another_battery() -> None:
    first, second = jk_line(1).device, jk_line(2).device
    assert first.live().cells != second.live().cells
    assert first.bms.settings.manufacturer_id != second.bms.settings.manufacturer_id
    assert jk_line(1).device.live() == first.live()
