"""The mean discharge current, of which the time to go is made."""

import pytest

from driver.battery.mean_current import MeanCurrent
from tests.battery.packs import Timeline, reading


def mean(timeline: Timeline) -> float | None:
    assert timeline.last.reading is not None
    return timeline.last.reading.mean_current


def test_it_begins_with_the_first_and_follows_within_minutes() -> None:
    timeline = Timeline()
    timeline.hear(reading(current=-0.5), 1)
    assert mean(timeline) == -0.5
    timeline = Timeline()
    timeline.hear(reading(current=-10.0), 1)
    assert mean(timeline) == -10.0
    timeline.hear(reading(current=-110.0), 30)
    assert mean(timeline) == pytest.approx(-19.5, abs=0.2)
    timeline.hear(reading(current=-110.0), 1500)
    assert mean(timeline) == pytest.approx(-110.0, abs=1.0)


def test_there_is_none_while_nothing_is_drawn() -> None:
    timeline = Timeline()
    for current in (0.0, 0.5, 20.0, None):
        timeline.hear(reading(current=-100.0), 60)
        timeline.hear(reading(current=current), 1)
        assert mean(timeline) is None
        timeline.hear(reading(current=-10.0), 1)
        assert mean(timeline) == -10.0


def test_a_long_step_is_the_whole_way() -> None:
    one = MeanCurrent()
    one.take(reading(current=-10.0), 1.0)
    assert one.take(reading(current=-40.0), 900.0).mean_current == -40.0
    assert one.take(reading(current=-70.0), 150.0).mean_current == -55.0
