"""The closed loop with a BMS that falls silent, and with restarts, in every phase of a charge."""

from dataclasses import replace

import pytest

from driver.battery.alarms import Severity
from driver.battery.charge_mode import Phase
from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.plant import Site
from driver.simulator.protection import Side
from tests.closed_loop.bounds import OVERSHOOT
from tests.closed_loop.loop import Loop, calm, said

PHASES = [phase.value for phase in Phase]
SOLAR = Site(solar=lambda now: 7000.0, load=lambda now: 300.0)
SITES = {"solar": SOLAR, "feed-in": replace(SOLAR, feed_in=True)}


def charging(phase: str, site: Site) -> Loop:
    """A nearly full pack with one cell ahead, five minutes after that phase began."""
    battery = Battery(soc=0.91)
    battery.cells[4].charge += 0.006 * battery.cells[4].capacity
    loop = Loop(JkBms(battery), site)
    while not loop.samples or not said(loop.samples[-1]).startswith(phase):
        loop.run(60)
    return loop.run(300)


def check(loop: Loop) -> None:
    assert max(sample.highest for sample in calm(loop.samples)) <= 3.45 + OVERSHOOT
    assert not any(sample.blocked & Side.BOTH for sample in loop.samples)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("phase", PHASES)
def test_a_bms_that_is_lost_does_no_harm_in_any_phase(phase: str, site: str) -> None:
    loop = charging(phase, SITES[site])
    begun = len(loop.samples)
    loop.silent = True
    loop.run(2400)
    loop.silent = False
    loop.run(1200)
    check(loop)
    alarms = [sample.outcome.cable_alarm for sample in loop.samples[begun:] if sample.outcome]
    assert [now for before, now in zip([Severity.NONE, *alarms], alarms, strict=False) if now != before] == [1, 2, 0]
    assert phase != "absorption" or said(loop.samples[-1]).startswith(("absorption", "float"))


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("phase", PHASES)
def test_twenty_silent_seconds_change_no_limit_and_raise_no_alarm(phase: str, site: str) -> None:
    loop = charging(phase, SITES[site])
    before = loop.samples[-1].limits
    begun = len(loop.samples)
    loop.silent = True
    loop.run(20)
    seen = loop.samples[begun:]
    assert {sample.limits for sample in seen} == {before}
    assert {sample.outcome.cable_alarm for sample in seen if sample.outcome} == {Severity.NONE}


@pytest.mark.parametrize("clock", [0.0, -1.8e9, 1e8], ids=["in time", "in 1970", "in the future"])
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("phase", PHASES)
def test_a_restart_goes_on_in_the_same_phase(phase: str, site: str, clock: float) -> None:
    loop = charging(phase, SITES[site])
    loop.restart(clock)
    loop.run(60)
    assert said(loop.samples[-1]).removeprefix("rising slowly; then ").startswith(phase)
    loop.run(300)
    check(loop)
