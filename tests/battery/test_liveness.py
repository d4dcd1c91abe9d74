"""Frozen readings: bytes that flow and say nothing new are silence."""

import pytest

from driver.battery.loss import Presence
from driver.battery.reading import Reading
from tests.battery.packs import BLUETOOTH, WIRE, Timeline, amounts, reading

LIVE, HOLD, LIMP, SAFE = Presence


def uart(tick: int | None) -> Reading:
    """Runtime in minutes; some units never move it."""
    return reading(tick=tick, tick_period=150.0, tick_may_rest=True)


def counted(tick: int) -> Reading:
    """A frame counter that always moves."""
    return reading(tick=tick, tick_period=15.0)


def minutes(timeline: Timeline, count: int, begin: int = 100) -> None:
    """A UART unit lives: its runtime moves once a minute."""
    for minute in range(count):
        timeline.hear(uart(begin + minute), 60)


def test_a_runtime_that_advanced_and_stands_still_is_silence_after_150_s() -> None:
    timeline = Timeline()
    minutes(timeline, 3)  # moved at 1, 61 and 121
    timeline.hear(uart(102), 91)
    assert (timeline.now, timeline.last.presence) == (271, LIVE)
    timeline.hear(uart(102), 1)
    outcome = timeline.last
    assert (outcome.presence, outcome.fresh, outcome.cable_alarm) == (LIMP, False, 1)
    assert outcome.explanation == "BMS repeats itself, limits lowered"
    assert amounts(outcome.limits) == (53.6, 20, 75)  # age 151 s: it was last alive at 121
    timeline.hear(uart(102), 1800)
    assert timeline.last.presence is SAFE
    assert timeline.last.explanation == "BMS repeats itself, charge and discharge stopped"


def test_a_runtime_that_moves_again_is_life() -> None:
    timeline = Timeline()
    minutes(timeline, 3)
    timeline.hear(uart(102), 300)
    shown = amounts(timeline.last.limits)
    outcome = timeline.hear(uart(103), 1)
    assert (outcome.presence, outcome.fresh, outcome.explanation) == (LIVE, True, "")
    assert amounts(outcome.limits) == shown
    timeline.hear(uart(103), 60)
    assert amounts(timeline.last.limits)[1:] == (100, 150)


@pytest.mark.parametrize("tick", [0, 4711, None])
def test_a_unit_that_never_moved_its_runtime_may_repeat_itself(tick: int | None) -> None:
    timeline = Timeline()
    timeline.hear(uart(tick), 600)
    assert {outcome.presence for _, outcome in timeline.outcomes if outcome} == {LIVE}


def test_a_counter_that_always_moves_may_rest_for_15_s() -> None:
    timeline = Timeline(timing=BLUETOOTH)
    for second in range(30):
        timeline.hear(counted(second), 1)
    timeline.hear(counted(29), 15)
    assert timeline.last.presence is LIVE
    timeline.hear(counted(29), 1)
    assert (timeline.last.presence, timeline.last.fresh, timeline.last.explanation) == (
        HOLD,
        True,
        "BMS repeats itself, last values held",
    )
    timeline.hear(counted(29), 15)
    assert (timeline.last.presence, timeline.last.fresh) == (HOLD, False)
    timeline.hear(counted(29), 60)
    assert timeline.last.presence is LIMP
    assert timeline.hear(counted(30), 1).presence is LIVE


def test_a_counter_that_never_moved_at_all_is_silence_too() -> None:
    timeline = Timeline(timing=BLUETOOTH)
    timeline.hear(counted(5), 16)
    assert timeline.last.presence is LIVE
    timeline.hear(counted(5), 1)
    assert timeline.last.presence is HOLD


def test_a_bms_without_a_tick_may_repeat_itself() -> None:
    timeline = Timeline(timing=WIRE)
    timeline.hear(reading(), 600)
    assert timeline.last.presence is LIVE


@pytest.mark.parametrize("off", [80, 1800])
def test_the_runtime_of_a_bms_that_was_off_has_rested_too(off: float) -> None:
    """Back to LIVE with the first reading, although the runtime is that of before."""
    timeline = Timeline()
    minutes(timeline, 3)
    timeline.silence(off)
    assert timeline.hear(uart(102), 1).presence is LIVE
    timeline.hear(uart(102), 59)
    assert timeline.last.presence is LIVE


@pytest.mark.parametrize("off", [10, 40, 75])
def test_a_bms_that_was_off_for_a_short_time_is_not_mistaken_for_a_frozen_one(off: float) -> None:
    timeline = Timeline()
    minutes(timeline, 3)
    timeline.silence(off)
    timeline.hear(uart(103), 60)
    assert {outcome.presence for now, outcome in timeline.outcomes if outcome and now > 180 + off} == {LIVE}


@pytest.mark.parametrize("pause", [20, 60])
def test_a_frozen_adapter_that_pauses_is_still_frozen(pause: float) -> None:
    timeline = Timeline()
    minutes(timeline, 3)
    for _ in range(6):
        timeline.silence(pause)
        timeline.hear(uart(102), 10)
    assert timeline.last.presence is LIMP


def test_after_the_silence_of_a_bms_that_was_off_it_may_freeze_again() -> None:
    timeline = Timeline()
    minutes(timeline, 3)
    timeline.silence(600)
    timeline.hear(uart(102), 151)
    assert timeline.last.presence is LIVE
    timeline.hear(uart(102), 1)
    assert timeline.last.presence is LIMP
