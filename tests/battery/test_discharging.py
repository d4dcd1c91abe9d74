"""An empty battery: not discharged again before it was charged, and a request to charge it."""

from dataclasses import replace

import pytest

from driver.battery.alarms import Alarm
from driver.battery.chemistry import Chemistry
from driver.battery.discharging import Discharging
from driver.battery.envelope import Envelope, envelope
from driver.battery.limits import Limit
from tests.battery.packs import PROTECTIONS, SETTINGS, Timeline, ahead, amounts, reading


def discharge(timeline: Timeline) -> float:
    return amounts(timeline.last.limits)[2]


def emptied() -> Timeline:
    timeline = Timeline()
    timeline.hear(reading(ahead(2.60, 2.9), current=-50.0), 1)
    assert discharge(timeline) == 0
    return timeline


def test_a_battery_at_its_cut_off_is_not_discharged_when_its_cells_only_recover() -> None:
    timeline = emptied()
    timeline.hear(reading(ahead(3.1499, 3.2)), 3600)
    assert discharge(timeline) == 0
    limits = timeline.last.limits
    assert limits is not None
    assert limits.discharge_current.reason == "empty; a charge will end that"
    assert limits.charge_current.value == 100


def test_it_is_discharged_again_when_it_was_charged_for_a_minute() -> None:
    timeline = emptied()
    timeline.hear(reading(3.15, current=40.0), 58)
    timeline.hear(reading(3.14, current=0.0), 1)
    timeline.hear(reading(3.15, current=40.0), 59)
    assert discharge(timeline) == 0
    timeline.hear(reading(3.15, current=40.0), 1)
    assert discharge(timeline) > 0
    timeline.hear(reading(3.15, current=40.0), 60)
    assert discharge(timeline) == 150


@pytest.mark.parametrize("alarm", [Alarm.CELL_UNDER_VOLTAGE, Alarm.PACK_UNDER_VOLTAGE])
def test_the_bms_says_that_it_is_empty(alarm: Alarm) -> None:
    timeline = Timeline()
    timeline.hear(reading(3.30, alarms=frozenset({alarm})), 70)
    timeline.hear(reading(3.30), 59)
    assert discharge(timeline) == 0
    timeline.hear(reading(3.30), 1)
    assert discharge(timeline) > 0


def test_another_protection_ends_when_it_ends() -> None:
    timeline = Timeline()
    timeline.hear(reading(3.30, alarms=frozenset({Alarm.DISCHARGE_OVER_CURRENT})), 70)
    timeline.hear(reading(3.30), 1)
    assert discharge(timeline) > 0


def test_a_high_cut_off_moves_what_counts_as_recovered() -> None:
    high = replace(PROTECTIONS, cell_under_voltage=3.00)
    timeline = Timeline()
    timeline.hear(reading(3.00, protections=high), 2)
    timeline.hear(reading(3.1999, protections=high), 100)
    assert discharge(timeline) == 0
    timeline.hear(reading(3.2001, protections=high), 61)
    assert discharge(timeline) > 0


def test_a_charge_is_requested_near_the_cut_off_and_until_the_cells_have_recovered() -> None:
    timeline = Timeline()
    timeline.hear(reading(ahead(2.7501, 2.9)), 100)
    assert not timeline.last.charge_requested
    timeline.hear(reading(ahead(2.7499, 2.9)), 59)
    assert not timeline.last.charge_requested
    timeline.hear(reading(ahead(2.7499, 2.9)), 1)
    assert timeline.last.charge_requested
    timeline.hear(reading(3.1499), 600)
    assert timeline.last.charge_requested
    timeline.hear(reading(3.15), 59)
    assert timeline.last.charge_requested
    timeline.hear(reading(3.15), 1)
    assert not timeline.last.charge_requested


def test_a_dip_requests_no_charge() -> None:
    timeline = Timeline()
    for _ in range(10):
        timeline.hear(reading(ahead(2.70, 2.9)), 50)
        timeline.hear(reading(3.0), 1)
    assert not timeline.last.charge_requested


def test_what_it_says_itself_is_said_only_when_something_else_would_be_allowed() -> None:
    discharging, bounds = Discharging(), terms()
    empty = reading(ahead(2.60, 2.9))
    assert discharging.limit(empty, Limit(0.0, "the BMS"), bounds, 0.0) == Limit(0.0, "the BMS")
    for amperes in (0.5, 150.0):
        found = discharging.limit(empty, Limit(amperes, "setting"), bounds, 1.0)
        assert found == Limit(0.0, "empty; a charge will end that")


def test_the_minute_begins_with_nothing() -> None:
    discharging, bounds = Discharging(), terms()
    discharging.limit(reading(2.72), Limit(150.0, "setting"), bounds, 59.5)
    assert not discharging.spent.charge_requested
    discharging.limit(reading(2.72), Limit(150.0, "setting"), bounds, 0.5)
    assert discharging.spent.charge_requested


def terms() -> Envelope:
    found = envelope(reading(), Chemistry.LFP, SETTINGS)
    assert isinstance(found, Envelope)
    return found
