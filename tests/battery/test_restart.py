"""A restart in every state: a battery known from before is not left off the bus, and nobody trusts a clock."""

from dataclasses import replace

import pytest

from driver.battery.chemistry import Chemistry
from driver.battery.loss import Presence
from driver.battery.memory import Memory
from driver.battery.reading import Identity, Reading
from driver.battery.settings import ChargeSettings
from tests.battery.packs import IDENTITY, NMC, SETTINGS, WALL, Timeline, ahead, amounts, lost, reading

LIVE, HOLD, LIMP, SAFE = Presence


@pytest.mark.parametrize(
    ("silent", "away", "state", "limits"),
    [
        (0, 2, LIMP, (53.6, 100, 150)),  # 17 s old when it is registered: LIMP, whose ramp has not begun
        (20, 2, LIMP, (53.6, 90.667, 141.25)),  # 37 s
        (60, 2, LIMP, (53.6, 37.333, 91.25)),  # 77 s
        (600, 2, LIMP, (53.6, 20, 75)),
        (1900, 2, SAFE, (53.6, 0, 0)),
        (0, 1784, LIMP, (53.6, 20, 75)),
        (0, 1786, SAFE, (53.6, 0, 0)),
        (0, 86400 * 365, SAFE, (53.6, 0, 0)),
    ],
    ids=lambda value: value.name if isinstance(value, Presence) else str(value),
)
def test_a_known_battery_that_stays_silent_is_registered_from_memory(
    silent: float, away: float, state: Presence, limits: tuple[float, ...]
) -> None:
    before = lost()
    before.silence(silent)
    timeline = before.restart(after=away)
    timeline.silence(14)
    assert {outcome for _, outcome in timeline.outcomes} == {None}
    timeline.silence(1)
    outcome = timeline.last
    assert (outcome.presence, outcome.since) == (state, 15)
    assert amounts(outcome.limits) == limits
    assert outcome.cable_alarm == (1 if state is LIMP else 2)
    assert (outcome.reading, outcome.fresh) == (None, False)
    assert (outcome.identity, outcome.cell_count, outcome.chemistry) == (IDENTITY, 16, Chemistry.LFP)


@pytest.mark.parametrize(
    ("wall", "why"),
    [
        (0.0, "1970"),
        (WALL - 1, "in the past"),
        (WALL + 100, "a little before the memory"),
        (float("nan"), "no clock"),
    ],
)
def test_a_clock_that_stands_in_the_past_makes_the_memory_old(wall: float, why: str) -> None:
    timeline = lost().restart(wall=wall)
    timeline.silence(15)
    assert timeline.last.presence is SAFE, why
    assert amounts(timeline.last.limits) == (53.6, 0, 0)


def test_a_clock_that_was_never_set_makes_the_memory_old() -> None:
    before = lost()
    before.wall = 100.0
    timeline = before.restart(wall=240.0)
    timeline.silence(15)
    assert timeline.last.presence is SAFE


def test_a_limp_that_began_before_the_restart_ends_in_time() -> None:
    before = lost()
    before.silence(1700)
    timeline = before.restart(after=5)
    timeline.silence(95)
    assert timeline.last.presence is LIMP
    timeline.silence(1)
    assert timeline.last.presence is SAFE


def test_without_ride_through_a_restart_knows_no_limp() -> None:
    settings = replace(SETTINGS, ride_through=0.0)
    before = Timeline(settings=settings)
    before.hear(reading(), 60)
    timeline = before.restart(after=1)
    timeline.silence(15)
    assert timeline.last.presence is SAFE
    assert amounts(timeline.last.limits) == (53.6, 0, 0)


def test_a_short_ride_through_may_end_before_the_hold_does() -> None:
    settings = replace(SETTINGS, ride_through=20.0)
    before = Timeline(settings=settings)
    before.hear(reading(), 60)
    timeline = before.restart(after=5)
    timeline.silence(15)
    assert timeline.last.presence is LIMP
    timeline.silence(1)
    assert timeline.last.presence is SAFE


@pytest.mark.parametrize(("cell", "limits"), [(3.45, (53.6, 0, 75)), (2.95, (53.6, 20, 0))])
def test_full_and_empty_are_remembered(cell: float, limits: tuple[float, ...]) -> None:
    timeline = lost(cell).restart(after=120)
    timeline.silence(15)
    assert amounts(timeline.last.limits) == limits


def test_a_restart_with_a_bms_that_answers_is_a_cold_start() -> None:
    before = lost()
    before.silence(1900)
    timeline = before.restart(after=3)
    timeline.silence(10)
    outcome = timeline.take(reading())
    assert (outcome.presence, outcome.fresh) == (LIVE, True)
    assert amounts(outcome.limits) == (55.2, 100, 150)


@pytest.mark.parametrize("away", [3, 7200], ids=["LIMP", "SAFE"])
def test_a_bms_that_answers_late_raises_nothing_at_once(away: float) -> None:
    before = lost()
    before.silence(120)
    timeline = before.restart(after=away)
    timeline.silence(30)
    shown = amounts(timeline.last.limits)
    outcome = timeline.take(reading())
    assert (outcome.presence, outcome.fresh, outcome.since) == (LIVE, True, 30)
    assert amounts(outcome.limits) == shown
    timeline.hear(reading(), 60)
    assert amounts(timeline.last.limits)[1:] == (100, 150)


def test_chemistry_is_recognised_anew_after_a_restart() -> None:
    timeline = lost().restart(after=7200)
    timeline.silence(20)
    assert timeline.last.chemistry is Chemistry.LFP
    outcome = timeline.take(reading(3.80, 14, protections=NMC))
    assert outcome.chemistry is Chemistry.NMC
    assert amounts(outcome.limits) == (53.6, 0, 0)  # 54.6 V at rest, but nothing rises at once


def test_once_the_bms_has_spoken_its_readings_count_and_not_the_memory() -> None:
    timeline = lost(3.45).restart(after=60)
    timeline.hear(reading(), 120)
    timeline.silence(90)
    assert amounts(timeline.last.limits) == (53.6, 20, 75)


def test_a_restart_while_silent_keeps_what_was_kept() -> None:
    before = lost()
    memory = before.controller.keep(120, WALL + 120)
    timeline = before.restart(after=60)
    timeline.silence(60)
    assert timeline.controller.keep(60, WALL + 240) == memory


def test_the_limits_of_the_last_reading_are_kept_not_those_of_limp() -> None:
    timeline = lost()
    live = timeline.controller.keep(120, WALL + 120)
    timeline.silence(100)
    assert timeline.controller.keep(220, WALL + 220) == live


def test_a_monitor_is_registered_as_a_monitor() -> None:
    timeline = lost(monitor_only="of no version that is known").restart(after=60)
    timeline.silence(15)
    assert timeline.last.limits is None
    assert timeline.last.presence is LIMP
    assert timeline.last.explanation == "BMS silent"


def test_a_memory_without_extremes_allows_nothing_in_limp() -> None:
    kept = lost().controller.keep(120, WALL)
    assert kept is not None
    memory = Memory(
        identity=Identity(protocol="jk-uart"),
        cell_count=16,
        heard_at=WALL,
        chemistry=kept.chemistry,
        limits=kept.limits,
    )
    timeline = Timeline(memory=memory, wall=WALL + 120)
    timeline.silence(15)
    assert (timeline.last.presence, amounts(timeline.last.limits)) == (LIMP, (53.6, 0, 0))


def test_an_uncertain_battery_after_a_restart_is_neither_charged_nor_discharged() -> None:
    """Registered from memory, so its limits stay; but nothing certain says what it may do."""
    timeline = lost().restart(after=60)
    timeline.silence(20)
    outcome = timeline.take(reading(monitor_only="of no version that is known"))
    assert (outcome.presence, outcome.explanation) == (LIVE, "of no version that is known")
    assert amounts(outcome.limits) == (53.6, 0, 0)
    timeline.silence(1900)
    assert (timeline.last.presence, amounts(timeline.last.limits)) == (SAFE, (53.6, 0, 0))


def test_an_uncertain_battery_that_speaks_in_time_after_a_restart_is_a_monitor() -> None:
    timeline = lost().restart(after=5)
    timeline.silence(3)
    assert timeline.take(reading(monitor_only="of no version that is known")).limits is None
    timeline.silence(60)
    assert timeline.last.limits is None


def test_other_settings_decide_after_a_restart() -> None:
    timeline = lost().restart(after=5)
    timeline.settings = ChargeSettings(max_charge_current=20.0)
    timeline.__post_init__()
    timeline.silence(2)
    assert amounts(timeline.take(reading()).limits) == (55.2, 20, 150)
    assert amounts(timeline.hear(reading(), 30).limits) == (55.2, 20, 280)


HIGH_CELL = ahead(3.52, 3.40)
OVER_A_LIMIT = {  # what is read for a while, and then once more after the restart
    "held by the highest cell": (reading(HIGH_CELL, current=50.0), reading(3.42, current=50.0)),
    "a cell ran ahead": (reading(HIGH_CELL, current=50.0), reading(3.40)),
    "empty": (reading(2.55, current=-50.0, soc=1.0), reading(2.95, soc=1.0)),
    "chargers heed nothing": (reading(3.30, current=180.0), reading(3.30, current=180.0)),
    "cold": (reading(temperatures=(2.0, 2.0)), reading(temperatures=(25.0, 25.0))),
    "a sensor is missing": (reading(temperatures=(None, 25.0)), reading()),
    "blocked": (reading(charge_switch=False, discharge_switch=False), reading()),
}


@pytest.mark.parametrize(("before", "after"), OVER_A_LIMIT.values(), ids=OVER_A_LIMIT)
def test_a_restart_opens_no_limit(before: Reading, after: Reading) -> None:
    timeline = Timeline()
    timeline.hear(reading(), 5)
    was = timeline.hear(before, 120)
    again = timeline.restart(after=5)
    first = again.take(after)
    for now, then in zip(amounts(first.limits), amounts(was.limits), strict=True):
        assert now <= then
    for _ in range(30):  # and from there on it goes as it would have gone on
        timeline.hear(after, 10)
        again.hear(after, 10)
        for now, then in zip(amounts(again.last.limits), amounts(timeline.last.limits), strict=True):
            assert now <= then + 1e-3 or now == pytest.approx(then, rel=0.02)


def test_a_request_for_a_charge_and_being_empty_outlast_a_restart() -> None:
    timeline = Timeline()
    timeline.hear(reading(2.55, current=-50.0), 120)
    assert timeline.last.charge_requested
    again = timeline.restart(after=5)
    for _ in range(5):
        assert again.hear(reading(2.95), 100).charge_requested
        assert amounts(again.last.limits)[2] == 0
    assert not again.hear(reading(3.25), 200).charge_requested
    assert amounts(again.last.limits)[2] == 150
