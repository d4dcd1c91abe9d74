"""Simulated packs on the same bus bars: who takes how much, and what a MOSFET or a breaker changes."""

import pytest

from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.line import jk_line
from driver.simulator.parallel import AGES, Parallel, put_together


def packs(*capacities: float) -> Parallel:
    return Parallel([JkBms(Battery(capacity=capacity, spread=0.0, soc=0.5)) for capacity in capacities])


def test_a_current_divides_by_resistance() -> None:
    bars = packs(280.0, 280.0)
    assert bars.step(1.0, 100.0) == pytest.approx(100.0)
    assert bars.currents == pytest.approx([50.0, 50.0])
    bars = packs(300.0, 100.0)
    flows = bars.divide(100.0)
    assert flows[0] > 2 * flows[1]
    assert sum(flows.values()) == pytest.approx(100.0)


def test_the_voltage_of_the_bus_bars_is_that_of_each_pack_behind_its_cable() -> None:
    bars = packs(300.0, 100.0)
    bars.step(1.0, -80.0)
    for pack, current in zip(bars.packs, bars.currents, strict=True):
        assert pack.battery.voltage + current * 0.001 == pytest.approx(bars.battery.voltage, abs=0.01)
    assert bars.battery.current_for(bars.battery.voltage) == pytest.approx(-80.0, abs=1.0)
    assert sum(bars.battery.rest_voltages) > bars.battery.voltage


def test_what_one_pack_does_not_take_the_others_do() -> None:
    bars = packs(280.0, 280.0)
    bars.packs[0].set(charge_switch=False)
    assert bars.divide(60.0) == {1: pytest.approx(60.0)}
    assert sorted(bars.divide(-60.0)) == [0, 1]
    bars.connected[1] = False
    assert bars.divide(60.0) == {}
    assert bars.step(1.0, 60.0) == 0.0
    assert not bars.charge_mosfet_on
    assert bars.discharge_mosfet_on


def test_a_full_and_an_empty_pack_charge_each_other() -> None:
    bars = Parallel([JkBms(Battery(soc=0.9)), JkBms(Battery(soc=0.2))])
    bars.step(1.0, 0.0)
    assert bars.currents[0] < -20 < 20 < bars.currents[1]
    assert bars.soc == 55
    assert bars.battery.soc == pytest.approx(0.2, abs=0.02)
    assert bars.capacity == 560.0


def test_lines_that_are_put_together_live_together() -> None:
    lines = [jk_line(index, profile=None) for index in (1, 2, 3)]
    put_together(lines, "charge")
    lines[0].hear(b"", 100.0)
    lines[1].hear(b"", 110.0)
    currents = [line.batteries[0].battery.current for line in lines]
    assert all(current > 0 for current in currents)
    assert currents[1] < currents[0] < currents[2]  # as their ages are
    assert AGES[1] > AGES[0] > AGES[2]
    assert sum(currents) == pytest.approx(0.3 * 840, abs=1.0)
