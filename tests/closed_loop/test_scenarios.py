"""Charging in closed loop: each scenario is a row, and each keeps the same bounds, and reaches float in its hours."""

import pytest

from driver.simulator.plant import Site, Wanted
from tests.closed_loop.bounds import OVERSHOOT, SWINGS, TURNS, charged, measured
from tests.closed_loop.loop import Loop, said
from tests.closed_loop.scenarios import AHEAD, SCENARIOS, steady


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_keeps_its_bounds(name: str) -> None:
    scenario = SCENARIOS[name]
    loop = charged(scenario)
    found = measured(loop.samples, scenario.target)
    print(f"{name}: {found}: {said(loop.samples[-1])}")
    assert found.overshoot <= OVERSHOOT
    assert found.turns <= TURNS
    assert found.swings <= SWINGS
    assert found.trips == 0
    assert found.float_after is not None
    assert found.float_after <= scenario.hours
    assert said(loop.samples[-1]).startswith(f"float ({scenario.ends})")


def test_the_cell_that_is_60_mv_high_is_so_at_the_target() -> None:
    bms = AHEAD()
    loop = Loop(bms, Site(solar=steady(7000.0)), naive=Wanted(56.0, 20.0, 190.0))
    while max(bms.measured.cells) < 3.45:
        loop.run(10)
    *others, high = sorted(bms.measured.cells)
    assert high - sum(others) / len(others) == pytest.approx(0.060, abs=0.010)


def test_chargers_that_ignore_the_charge_current_are_held_by_the_voltage_within_a_minute() -> None:
    for name in ("MPPTs that ignore CCL", "cold morning, feed-in"):
        scenario = SCENARIOS[name]
        loop = Loop(scenario.bms(), scenario.site, scenario.settings).run(1800)
        before, after = loop.samples[:60], loop.samples[120:]
        assert max(sample.current for sample in before) > 100
        assert max(sample.current - sample.limits.charge for sample in after) <= 10
        assert sum(sample.current for sample in after) > 0
