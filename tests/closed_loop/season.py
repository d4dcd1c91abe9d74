"""A hundred days in one house. Steps are long while nothing can happen, and short where a charge or a battery ends.

At night the current follows from the loads alone and cells move by microvolts in a second: ten minutes in one step
are as good as 600 seconds. A charger that holds a voltage needs steps in which the charge hardly changes: a minute from
90 % on, and with a cell near its target, or near empty, 15 s: shorter than any hold of the controller.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.plant import Site
from tests.closed_loop.bounds import Figures, measured
from tests.closed_loop.loop import Loop, Sample, said
from tests.closed_loop.scenarios import HOUR
from tests.closed_loop.weather import DAY, Weather

DAYS = 100
LATITUDES = (0, 23, 40, 52, 65)
TARGET = 3.45
NEAR_FULL, NEAR_EMPTY = TARGET - 0.060, 3.10  # V of a cell
SOON_FULL = 0.9  # state of charge
FINE, SOON, DAYLIGHT, NIGHT = 15.0, 60.0, 300.0, 600.0  # s


def load(now: float) -> float:
    """A house: 250 W always, a kettle in the morning, a stove at noon, 1.2 kW in the evening."""
    hour = now % DAY / HOUR
    return 250.0 + 2000.0 * (7 <= hour < 7.2) + 2500.0 * (12 <= hour < 12.7) + 950.0 * (18 <= hour < 22.5)


def battery() -> Battery:
    """16 cells that differ in capacity, and lose between 0 and 5 mA by themselves."""
    made, draw = Battery(soc=0.6, spread=1.5), Random(7)
    for cell in made.cells:
        cell.leak = draw.uniform(0.0, 0.005)
    return made


@dataclass(frozen=True, slots=True)
class Today:
    """One day of it."""

    figures: Figures
    full: bool  # a charge was completed
    soc: tuple[float, float]  # the lowest and the highest, 0 to 1
    spread: float  # V between the cells, when the highest stood highest
    dark: float  # h in which the Multi did not invert


def season(latitude: float, days: int = DAYS) -> Iterator[Today]:
    """Day by day."""
    weather = Weather(latitude)
    bms = JkBms(battery())
    loop = Loop(bms, Site(solar=weather.solar, load=load, minimum_soc=15.0), dt=NIGHT)
    filled = 0
    for day in range(1, days + 1):
        loop.samples.clear()
        low = high = bms.battery.soc
        while loop.now < day * DAY - 1e-6:
            bms.battery.ambient = weather.cellar(loop.now)
            loop.dt = min(_step(loop, weather), day * DAY - loop.now)
            loop.run(loop.dt)
            low, high = min(low, bms.battery.soc), max(high, bms.battery.soc)
        outcome = loop.samples[-1].outcome
        assert outcome is not None
        full, filled = outcome.history.full_charges > filled, outcome.history.full_charges
        yield Today(measured(loop.samples, TARGET), full, (low, high), _spread(loop.samples), _dark(loop.samples))


def _step(loop: Loop, weather: Weather) -> float:
    if not loop.samples:
        return FINE
    last = loop.samples[-1]
    floats = said(last).startswith("float")
    if last.lowest < NEAR_EMPTY or (last.highest > NEAR_FULL and not floats):
        return FINE
    if weather.solar(loop.now) <= 0 and weather.solar(loop.now + NIGHT) <= 0:
        return NIGHT
    return SOON if loop.bms.battery.soc > SOON_FULL else DAYLIGHT


def _spread(samples: list[Sample]) -> float:
    top = max(samples, key=lambda sample: sample.highest)
    return top.highest - top.lowest


def _dark(samples: list[Sample]) -> float:
    before = samples[0].now
    hours = 0.0
    for sample in samples:
        hours += 0.0 if sample.inverting else (sample.now - before) / HOUR
        before = sample.now
    return hours
