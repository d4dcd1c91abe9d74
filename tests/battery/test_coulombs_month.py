"""The driver's own state of charge over a month with a load that no BMS sees."""

from dataclasses import replace

import pytest

from driver.battery.loss import Timing
from driver.battery.settings import SocSource
from tests.battery.packs import SETTINGS, Timeline, reading

OWN = replace(SETTINGS, soc_source=SocSource.DRIVER)


def days(timeline: Timeline, seen: float, true: float, count: int) -> list[float]:
    """Days of 12 h of load and a charge to full: how far what is shown is off, at each minute, in %.

    The BMS sees `seen` A less than flow; its own state of charge goes astray by that.
    """
    worst = []
    for _ in range(count):
        left = 280.0
        for hour in range(24):
            charging = hour >= 12
            current = 12 * -true / 11 if charging else true
            for _minute in range(60):
                current_now = 0.0 if charging and left >= 280.0 else current
                left = min(280.0, left + current_now / 60)
                cell = 3.45 if charging and left > 279 else 3.30
                timeline.now += 60.0
                timeline.outcomes.clear()
                timeline.take(reading(cell, current=current_now - seen if current_now else 0.0, capacity=280.0))
                assert timeline.last.reading is not None
                assert timeline.last.reading.soc is not None
                worst.append(abs(timeline.last.reading.soc - left / 2.8))
    return worst


def test_thirty_days_with_a_hidden_load() -> None:
    """0.3 A that no BMS sees: less than 3 % off, and the raw figure of the BMS beside it."""
    timeline = Timeline(settings=replace(OWN, capacity=280.0), timing=Timing.wire(20.0))
    timeline.take(reading(3.30, soc=100.0))
    errors = days(timeline, seen=-0.3, true=-10.0, count=30)
    assert max(errors) < 3.0
    assert max(errors[10 * 1440 :]) < 0.5  # the offset is learned
    assert timeline.last.count is not None
    assert timeline.last.count.offset == pytest.approx(-0.3, abs=0.02)
    assert timeline.last.history.full_charges >= 29
    assert timeline.last.bms_soc == 60.0
