"""Charging in closed loop: each scenario is a row, and each keeps the same bounds, and reaches float in its hours."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from driver.battery.chemistry import Chemistry
from driver.battery.settings import ChargeSettings
from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.plant import Power, Site
from driver.simulator.protection import Side
from tests.closed_loop.loop import Loop, Sample, calm, most_turns

OVERSHOOT = 0.020  # V above the target
TURNS = 4  # of CVL in an hour
SWINGS = 6  # of CCL in an hour, of more than a tenth of it
HOUR = 3600.0


def pack(chemistry: Chemistry = Chemistry.LFP, count: int = 16, ahead: float = 0.0, **battery: float) -> JkBms:
    """Nearly full; the fifth cell is `ahead` by that share of its capacity."""
    cells = Battery(chemistry, count, **({"soc": 0.93} | battery))  # type: ignore[arg-type]
    cells.cells[4].charge += ahead * cells.cells[4].capacity
    return JkBms(cells)


def steady(watts: float) -> Power:
    return lambda now: watts


def jumping(now: float) -> float:
    """5 kW for ten minutes, nothing for ten."""
    return 5000.0 if now % 1200 < 600 else 300.0


def clouds(now: float) -> float:
    """The sun comes and goes every three minutes."""
    return 7000.0 if now % 360 < 180 else 1500.0


def cold() -> JkBms:
    bms = pack(temperature=3.0, soc=0.85)
    bms.battery.ambient = 16.0
    return bms


def hot_mosfets() -> JkBms:
    bms = pack(soc=0.80)
    bms.set(mos_over_temperature=45, mos_over_temperature_recovery=40)
    return bms


def strong() -> JkBms:
    bms = pack(soc=0.80)
    bms.set(charge_over_current=250)
    return bms


DEFAULTS = ChargeSettings()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A pack, its house, and the hours in which float must be reached, with the reason why."""

    bms: Callable[[], JkBms]
    site: Site
    hours: float
    ends: str
    target: float = 3.45
    settings: ChargeSettings = DEFAULTS


SUN = Site(solar=steady(7000.0), load=steady(300.0))
LEVEL, TAIL = "all cells in band", "tail current"
SCENARIOS = {
    "a usual pack": Scenario(pack, SUN, 3, TAIL),
    "one cell 60 mV high": Scenario(partial(pack, ahead=0.012), SUN, 4, TAIL),
    "one cell 60 mV high, feed-in": Scenario(
        partial(pack, ahead=0.012), Site(solar=steady(7000), feed_in=True), 4, TAIL
    ),
    "unequal capacities": Scenario(partial(pack, spread=3.0), SUN, 4.5, TAIL),
    "load steps of 5 kW": Scenario(pack, Site(solar=steady(7000.0), load=jumping), 4, TAIL),
    "load steps, one cell high": Scenario(
        partial(pack, ahead=0.012), Site(solar=steady(7000.0), load=jumping), 5, TAIL
    ),
    "load steps, feed-in": Scenario(pack, Site(solar=steady(7000.0), load=jumping, feed_in=True), 4, TAIL),
    "clouds": Scenario(partial(pack, ahead=0.006), Site(solar=clouds, load=steady(300.0)), 5, TAIL),
    "more sun than can be fed in": Scenario(
        partial(pack, ahead=0.012), Site(solar=steady(7000.0), feed_in=True, inverter=20.0), 5, TAIL
    ),
    "cold morning": Scenario(cold, SUN, 6, TAIL),
    "hot MOSFETs": Scenario(hot_mosfets, SUN, 4, TAIL),
    "30 A": Scenario(pack, Site(grid_charger=30.0), 4, TAIL),
    "200 A": Scenario(strong, Site(grid_charger=200.0), 3, TAIL, settings=ChargeSettings(max_charge_current=200.0)),
    "8S": Scenario(partial(pack, count=8), Site(solar=steady(3500.0)), 3, TAIL),
    "8S, feed-in": Scenario(partial(pack, count=8, ahead=0.012), Site(solar=steady(3500.0), feed_in=True), 5, TAIL),
    "12S": Scenario(partial(pack, count=12), Site(solar=steady(5000.0)), 3, TAIL),
    "15S": Scenario(partial(pack, count=15), Site(solar=steady(6500.0)), 3, TAIL),
    "24S": Scenario(partial(pack, count=24), Site(solar=steady(9000.0)), 3, TAIL),
    "14S NMC": Scenario(partial(pack, Chemistry.NMC, 14, soc=0.85), Site(solar=steady(7000.0)), 4, LEVEL, 4.10),
    "24S LTO": Scenario(partial(pack, Chemistry.LTO, 24, soc=0.85), Site(solar=steady(7000.0)), 4, LEVEL, 2.60),
}


def figures(loop: Loop, target: float) -> dict[str, float]:
    """What is held against the bounds."""
    samples = loop.samples
    top = max(sample.limits.charge for sample in samples)
    return {
        "overshoot": max(sample.highest for sample in calm(samples)) - target,
        "turns of CVL": most_turns((sample.now, sample.limits.voltage) for sample in samples),
        "swings of CCL": most_turns(((sample.now, sample.limits.charge) for sample in samples), least=top / 10),
        "trips": sum(1 for sample in samples if sample.blocked & Side.BOTH),
    }


def said(sample: Sample) -> str:
    assert sample.outcome is not None
    assert sample.outcome.limits is not None
    return sample.outcome.limits.charge_voltage.reason


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_keeps_its_bounds(name: str) -> None:
    scenario = SCENARIOS[name]
    loop = Loop(scenario.bms(), scenario.site, scenario.settings)
    while loop.now < scenario.hours * HOUR and not (loop.samples and said(loop.samples[-1]).startswith("float")):
        loop.run(300)
    loop.run(900)
    found = figures(loop, scenario.target)
    floats = [sample.now for sample in loop.samples if said(sample).startswith("float")]
    print(f"{name}: {found}, float after {floats[0] / HOUR if floats else 99:.2f} h: {said(loop.samples[-1])}")
    assert found["overshoot"] <= OVERSHOOT
    assert found["turns of CVL"] <= TURNS
    assert found["swings of CCL"] <= SWINGS
    assert found["trips"] == 0
    assert said(loop.samples[-1]).startswith(f"float ({scenario.ends})")
