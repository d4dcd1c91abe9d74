"""What the controller does with an owner's wishes about the state of charge, in few and long steps."""

from dataclasses import replace

import pytest

from driver.battery.loss import Timing
from driver.battery.settings import SocSource
from tests.battery.packs import SETTINGS, Timeline, ahead, amounts, reading

OWN = replace(SETTINGS, soc_source=SocSource.DRIVER)
DAY = 86400.0


def test_the_own_state_of_charge_replaces_the_bms_s_and_what_remains() -> None:
    timeline = Timeline(settings=replace(OWN, capacity=200.0), timing=Timing.wire(100.0))
    timeline.take(reading(soc=50.0, capacity=280.0))
    timeline.hear(reading(soc=50.0, current=-100.0, capacity=280.0), 360, 60)
    shown = timeline.last.reading
    assert shown is not None
    assert shown.soc == pytest.approx(45.0)
    assert shown.remaining == pytest.approx(90.0)
    assert timeline.last.bms_soc == 50.0


@pytest.mark.parametrize("own", [True, False])
def test_it_is_shown_only_to_who_wants_it(own: bool) -> None:
    timeline = Timeline(settings=OWN if own else SETTINGS, timing=Timing.wire(100.0))
    timeline.hear(reading(soc=50.0), 60, 60)
    timeline.hear(reading(soc=50.0, current=-140.0, capacity=280.0), 360, 60)
    shown = timeline.last.reading
    assert shown is not None
    assert (shown.soc == 50.0) is not own


def test_a_capacity_that_the_bms_tells_is_enough_and_none_is_not() -> None:
    for capacity, counted in ((280.0, True), (None, False)):
        timeline = Timeline(settings=OWN)
        timeline.take(reading(soc=50.0, capacity=capacity))
        assert timeline.last.reading is not None
        assert (timeline.last.reading.remaining == 140.0) is counted


@pytest.mark.parametrize(("since_full", "charge"), [(2 * DAY - 100, 0.0), (2 * DAY, 100.0)])
def test_a_ceiling_of_the_state_of_charge_gives_way_when_a_full_charge_is_due(since_full: float, charge: float) -> None:
    settings = replace(SETTINGS, charge_by_soc=((80.0, 1.0), (90.0, 0.0)), full_charge_interval=2 * DAY)
    timeline = Timeline(settings=settings, timing=Timing.wire(DAY))
    timeline.take(reading(soc=90.0))
    timeline.hear(reading(soc=90.0), since_full, since_full / 2)
    timeline.hear(reading(soc=90.0), 60, 60)
    assert amounts(timeline.last.limits)[1] == charge
    usual = Timeline(settings=replace(settings, charge_by_soc=None), timing=Timing.wire(DAY))
    assert amounts(usual.take(reading(soc=90.0)).limits)[1] == 100.0


def test_a_verified_full_charge_puts_the_count_right_once() -> None:
    timeline = Timeline(settings=OWN, timing=Timing.wire(100.0))
    timeline.take(reading(3.44, soc=90.0, current=3.0))
    timeline.hear(reading(3.44, soc=90.0, current=3.0), 800, 100)
    assert timeline.last.count is not None
    assert timeline.last.count.soc < 91.0
    timeline.hear(reading(3.44, soc=90.0, current=3.0), 100, 100)
    assert timeline.last.count.soc == 100.0
    timeline.hear(reading(3.40, soc=90.0, current=-28.0), 360, 60)
    assert timeline.last.count.soc == pytest.approx(99.0, abs=0.1)


def test_a_charge_that_ends_because_it_took_too_long_proves_nothing() -> None:
    timeline = Timeline(settings=replace(OWN, absorption_time=300.0), timing=Timing.wire(100.0))
    timeline.take(reading(ahead(3.45, 3.38), soc=80.0, current=30.0))
    timeline.hear(reading(ahead(3.45, 3.38), soc=80.0, current=30.0), 600, 100)
    assert timeline.last.history.full_charges == 1
    assert timeline.last.count is not None
    assert timeline.last.count.soc < 85.0


def test_the_first_count_begins_with_the_bms_however_long_ago_the_process_began() -> None:
    timeline = Timeline(settings=OWN, timing=Timing.wire(100.0))
    timeline.hear(reading(soc=50.0, current=-28.0), 3600, 3600)
    assert timeline.last.count is not None
    assert timeline.last.count.soc == 50.0
