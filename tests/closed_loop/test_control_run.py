"""The control run: fixed limits, as a charger without this driver would have, break every bound. So the model can."""

import pytest

from driver.simulator.bms import JkBms
from driver.simulator.cells import Battery
from driver.simulator.plant import Site, Wanted
from driver.simulator.protection import Side
from tests.closed_loop.loop import Loop, calm

NAIVE = Wanted(voltage=56.8, charge=140.0, discharge=190.0)
TARGET = 3.45


@pytest.mark.parametrize("feed_in", [False, True])
def test_a_naive_charge_voltage_drives_the_highest_cell_into_the_protection(feed_in: bool) -> None:
    battery = Battery(soc=0.95)
    battery.cells[4].charge += 0.012 * battery.cells[4].capacity
    loop = Loop(JkBms(battery), Site(solar=lambda now: 7000.0, feed_in=feed_in), naive=NAIVE).run(2 * 3600)
    assert max(sample.highest for sample in calm(loop.samples)) > TARGET + 0.1
    assert any(sample.blocked & Side.CHARGE for sample in loop.samples)


def test_mppts_ignore_the_charge_current_with_feed_in_and_not_without() -> None:
    current = {}
    for feed_in in (False, True):
        site = Site(solar=lambda now: 6000.0, feed_in=feed_in)
        loop = Loop(JkBms(Battery(soc=0.5)), site, naive=Wanted(55.2, 20.0, 190.0)).run(120)
        current[feed_in] = loop.samples[-1].current
    assert current[False] == pytest.approx(20, abs=1)
    assert current[True] > 100


def test_with_feed_in_and_more_sun_than_it_can_feed_in_the_battery_sees_the_offset() -> None:
    site = Site(solar=lambda now: 9000.0, feed_in=True, inverter=20.0)
    loop = Loop(JkBms(Battery(soc=0.98, spread=0.0)), site, naive=Wanted(54.4, 100.0, 190.0)).run(3600)
    assert 16 * loop.samples[-1].highest == pytest.approx(54.8, abs=0.02)


def test_a_multi_stops_only_for_a_discharge_current_of_nothing() -> None:
    for discharge, inverting in ((2.0, True), (0.0, False)):
        loop = Loop(JkBms(Battery(soc=0.5)), Site(load=lambda now: 2000.0), naive=Wanted(55.2, 100.0, discharge)).run(
            60
        )
        assert loop.samples[-1].inverting is inverting
        assert (loop.samples[-1].current < -30) is inverting


def test_a_load_that_ends_lifts_the_battery_until_the_chargers_have_followed() -> None:
    site = Site(solar=lambda now: 5000.0, load=lambda now: 5000.0 if now < 600 else 0.0)
    loop = Loop(JkBms(Battery(soc=0.9)), site, naive=Wanted(53.6, 10.0, 190.0)).run(660)
    after = [sample.current for sample in loop.samples if sample.now > 600]
    assert max(after) > 40
    assert after[-1] < 15


def shown(site: Site, limits: Wanted, seconds: int = 60, soc: float = 0.5) -> Loop:
    return Loop(JkBms(Battery(soc=soc, spread=0.0)), site, naive=limits).run(seconds)


def test_with_no_charge_current_an_mppt_serves_the_loads_and_nothing_else() -> None:
    loaded = shown(Site(solar=lambda now: 6000.0, load=lambda now: 2120.0), Wanted(55.2, 0.0, 190.0))
    assert loaded.plant.mppt == pytest.approx(40, abs=1)
    assert loaded.samples[-1].current == pytest.approx(0, abs=1)
    assert shown(Site(solar=lambda now: 6000.0), Wanted(55.2, 0.0, 190.0)).plant.mppt == 0


def test_a_multi_charges_with_what_the_mppts_leave_in_whole_amperes() -> None:
    loop = shown(Site(solar=lambda now: 530.0, grid_charger=100.0), Wanted(55.2, 50.4, 190.0))
    assert loop.plant.mppt == pytest.approx(10, abs=0.2)
    assert loop.plant.multi == pytest.approx(40, abs=0.01)


@pytest.mark.parametrize("feed_in", [False, True])
def test_a_charge_voltage_below_the_battery_is_held_and_discharges_only_with_feed_in(feed_in: bool) -> None:
    loop = shown(Site(solar=lambda now: 3000.0, feed_in=feed_in), Wanted(52.0, 100.0, 190.0))
    assert loop.plant.mppt < 1 or feed_in
    assert (loop.samples[-1].current < -50) is feed_in


def test_limits_reach_the_chargers_one_to_six_seconds_after_they_have_changed() -> None:
    late = set()
    for second in range(9):
        loop = shown(Site(grid_charger=50.0), Wanted(55.2, 0.0, 190.0), 30 + second)
        loop.naive = Wanted(55.2, 50.0, 190.0)
        changed = loop.now
        while loop.run(1).plant.multi == 0:
            pass
        late.add(loop.now - 1 - changed)
    assert min(late) >= 1
    assert max(late) in (5, 6)
