"""An evening and a night that empty the battery, and the sun of the next morning."""

from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.plant import Site
from driver.simulator.protection import Side
from tests.closed_loop.loop import Loop, shows

HOUR = 3600.0


def test_an_empty_battery_stops_once_and_starts_once() -> None:
    site = Site(
        solar=lambda now: 0.0 if now < 8 * HOUR else 4000.0,
        load=lambda now: 1200.0 + (2500.0 if now % 900 < 120 else 0.0),
    )
    loop = Loop(JkBms(Battery(soc=0.25)), site, dt=2.0).run(10 * HOUR)
    assert shows(loop.samples, lambda sample: sample.limits.discharge > 0) == [True, False, True]
    assert shows(loop.samples, lambda sample: sample.inverting) == [True, False, True]
    assert shows(loop.samples, lambda sample: bool(sample.outcome and sample.outcome.charge_requested))[-1] is False
    assert not any(sample.blocked & Side.DISCHARGE for sample in loop.samples if sample.lowest > 2.70)
