"""The scenarios of the closed loop, one row each: a pack, its house, and when it must be full."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from driver.battery.chemistry import Chemistry
from driver.battery.settings import ChargeSettings
from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.plant import Power, Site

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


def sunrise(now: float) -> float:
    """From nothing to 7 kW within four hours."""
    return min(7000.0, 7000.0 * now / (4 * HOUR))


def cold() -> JkBms:
    bms = pack(temperature=3.0, soc=0.85)
    bms.battery.ambient = 16.0
    return bms


def hot_mosfets() -> JkBms:
    bms = pack(soc=0.80)
    bms.set(mos_over_temperature=45, mos_over_temperature_recovery=40)
    return bms


def frozen() -> JkBms:
    bms = pack(temperature=1.0, soc=0.5)
    bms.battery.ambient = 16.0
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
    target: float = 3.45  # V per cell
    settings: ChargeSettings = DEFAULTS


SUN = Site(solar=steady(7000.0), load=steady(300.0))
FEED_IN = replace(SUN, feed_in=True)
STEPS = Site(solar=steady(7000.0), load=jumping)
TOO_MUCH = replace(FEED_IN, inverter=20.0)  # A that can be fed in: the rest lifts the battery
LEVEL, TAIL = "all cells in band", "tail current"
AHEAD = partial(pack, ahead=0.012)  # 60 mV at the target
SCENARIOS = {
    "a usual pack": Scenario(pack, SUN, 2, TAIL),
    "one cell 60 mV high": Scenario(AHEAD, SUN, 2, TAIL),
    "one cell 60 mV high, feed-in": Scenario(AHEAD, FEED_IN, 2.5, TAIL),
    "one cell 60 mV high, more sun than can be fed in": Scenario(AHEAD, TOO_MUCH, 2.5, TAIL),
    "16 cells of unequal capacity": Scenario(partial(pack, spread=3.0), SUN, 2, TAIL),
    "load steps of 5 kW": Scenario(pack, STEPS, 2, TAIL),
    "load steps of 5 kW, one cell high": Scenario(AHEAD, STEPS, 2, TAIL),
    "load steps of 5 kW, feed-in": Scenario(pack, replace(STEPS, feed_in=True), 2, TAIL),
    "load steps beside the Multi": Scenario(pack, Site(solar=steady(7000.0), dc_load=jumping), 2, TAIL),
    "clouds": Scenario(partial(pack, ahead=0.006), replace(SUN, solar=clouds), 2, TAIL),
    "cold morning": Scenario(cold, replace(SUN, solar=sunrise), 5, TAIL),
    "cold morning, feed-in": Scenario(cold, FEED_IN, 4, TAIL),
    "hot MOSFETs": Scenario(hot_mosfets, SUN, 2.5, TAIL),
    "hot MOSFETs, feed-in": Scenario(hot_mosfets, FEED_IN, 2.5, TAIL),
    "MPPTs that ignore CCL": Scenario(
        partial(pack, soc=0.80), TOO_MUCH, 4, TAIL, settings=ChargeSettings(max_charge_current=50.0)
    ),
    "280 Ah, 30 A": Scenario(pack, Site(grid_charger=30.0), 2.5, TAIL),
    "280 Ah, 200 A": Scenario(
        strong, Site(grid_charger=200.0), 2, TAIL, settings=ChargeSettings(max_charge_current=200.0)
    ),
    "8S": Scenario(partial(pack, count=8), Site(solar=steady(3500.0)), 2, TAIL),
    "8S, one cell high, feed-in": Scenario(
        partial(AHEAD, count=8), Site(solar=steady(3500.0), feed_in=True), 2.5, TAIL
    ),
    "12S": Scenario(partial(pack, count=12), Site(solar=steady(5000.0)), 2, TAIL),
    "15S": Scenario(partial(pack, count=15), Site(solar=steady(6500.0)), 2, TAIL),
    "24S": Scenario(partial(pack, count=24), Site(solar=steady(9000.0)), 2, TAIL),
    "14S NMC": Scenario(partial(pack, Chemistry.NMC, 14, soc=0.85), SUN, 1, LEVEL, 4.10),
    "24S LTO": Scenario(partial(pack, Chemistry.LTO, 24, soc=0.85), SUN, 1.5, LEVEL, 2.60),
}
