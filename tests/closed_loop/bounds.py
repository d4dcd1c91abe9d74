"""What every run in closed loop is held against."""

from collections.abc import Sequence
from dataclasses import dataclass

from driver.simulator.protection import Side
from tests.closed_loop.loop import Loop, Sample, calm, most_turns, said
from tests.closed_loop.scenarios import HOUR, Scenario

OVERSHOOT = 0.020  # V of the highest cell above the target, outside the first 10 s after a step
TURNS = 4  # of CVL in an hour
SWINGS = 4  # of CCL in an hour, of more than a tenth of it


@dataclass(frozen=True, slots=True)
class Figures:
    """One run."""

    overshoot: float  # V
    turns: int  # of CVL in the worst hour
    swings: int  # of CCL in the worst hour
    trips: int  # s in which a protection blocked
    float_after: float | None  # h


def measured(samples: Sequence[Sample], target: float) -> Figures:
    """What is held against the bounds."""
    top = max(sample.limits.charge for sample in samples)
    return Figures(
        max(sample.highest for sample in calm(samples)) - target,
        most_turns((sample.now, sample.limits.voltage) for sample in samples),
        most_turns(((sample.now, sample.limits.charge) for sample in samples), least=top / 10),
        sum(1 for sample in samples if sample.blocked & Side.BOTH),
        next((sample.now / HOUR for sample in samples if sample.outcome and said(sample).startswith("float")), None),
    )


def charged(scenario: Scenario) -> Loop:
    """A run of a scenario until it floats, or its hours are over, and a quarter of an hour more."""
    loop = Loop(scenario.bms(), scenario.site, scenario.settings)
    while loop.now < scenario.hours * HOUR and not (loop.samples and said(loop.samples[-1]).startswith("float")):
        loop.run(300)
    return loop.run(900)
