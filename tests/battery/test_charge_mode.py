"""Bulk, absorption, float: when each begins and ends, and what is said to be missing."""

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from driver.battery.charge_mode import ChargeState, Phase, description, goal, step
from driver.battery.chemistry import Chemistry
from driver.battery.envelope import Envelope, envelope
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from tests.battery.packs import SETTINGS, ahead, reading

BULK, ABSORPTION, FLOAT = Phase
HOUR, DAY = 3600.0, 86400.0
FULL = ChargeState(phase=FLOAT, soc=100.0, reason="all cells in band")


def terms(**settings: Any) -> Envelope:
    found = envelope(reading(), Chemistry.LFP, replace(SETTINGS, **settings))
    assert isinstance(found, Envelope)
    return found


TERMS = terms()


def after(
    state: ChargeState, now: Reading, seconds: float, drop: float = 0.0, bounds: Envelope = TERMS, apart: float = 1.0
) -> ChargeState:
    """The state when the same reading has come for so long."""
    for _ in range(round(seconds / apart)):
        state = step(state, now, drop, bounds, apart)
    return state


def top(cells: float | tuple[float, ...] = 3.45, **changes: Any) -> Reading:
    """A battery at its target that still takes 30 A."""
    return reading(cells, **({"current": 30.0, "soc": 99.0} | changes))


def test_bulk_ends_when_a_cell_comes_within_30_mv_of_the_target() -> None:
    begin = ChargeState(since_full=5.0)
    assert after(begin, reading(ahead(3.4199, 3.3)), 1) == ChargeState(since_full=6.0)
    found = after(begin, reading(ahead(3.4200001, 3.3), soc=88.0), 1)
    assert found == ChargeState(phase=ABSORPTION, since_full=6.0, soc=88.0, reason="target reached")


@pytest.mark.parametrize(
    ("now", "seconds", "reason"),
    [
        (top(3.4200001), 900, "all cells in band"),
        (top(ahead(3.4199, 3.45), current=5.6), 3600, "tail current"),
        (top(ahead(3.4199, 3.45), current=-5.6), 3600, "tail current"),
        (top(ahead(3.4199, 3.45), current=0.0), 3600, "tail current"),
        (top(ahead(3.4199, 3.45), current=5.7), 4 * 3600, "after 4 h, the longest"),
        (top(ahead(3.4199, 3.45), current=None), 4 * 3600, "after 4 h, the longest"),
    ],
    ids=["level", "tail", "tail of a discharge", "no current", "longest", "current unknown"],
)
def test_absorption_ends(now: Reading, seconds: float, reason: str) -> None:
    begin = after(ChargeState(since_full=9.0), now, 60, apart=60)
    assert after(begin, now, seconds - 60, apart=60).phase is ABSORPTION
    found = after(begin, now, seconds, apart=60)
    assert found == ChargeState(phase=FLOAT, soc=99.0, reason=reason)


def test_the_longest_absorption_is_the_owners_choice_and_a_tail_needs_a_capacity() -> None:
    begin, short = ChargeState(phase=ABSORPTION), terms(absorption_time=HOUR)
    assert after(begin, top(ahead(3.4, 3.45)), HOUR, bounds=short, apart=60).reason == "after 1 h, the longest"
    unknown = replace(TERMS, capacity=None)
    assert after(begin, top(ahead(3.4, 3.45), current=0.0), 3600, bounds=unknown, apart=60).phase is ABSORPTION


def test_cells_that_only_the_current_lifts_are_not_in_band() -> None:
    begin = ChargeState(phase=ABSORPTION)
    assert after(begin, top(3.45), 900, drop=0.0299, apart=60).phase is FLOAT
    assert after(begin, top(3.45), 900, drop=0.0301, apart=60).phase is ABSORPTION


def test_a_load_interrupts_an_absorption_and_does_not_begin_it_anew() -> None:
    half = after(ChargeState(phase=ABSORPTION), top(current=5.0), 600, apart=60)
    paused = after(half, reading(3.36, current=-100.0, soc=99.0), 200, drop=-0.05, apart=10)
    assert (paused.level, paused.tail, paused.absorbed) == (600, 600, 600)
    lower = after(half, top(ahead(3.4, 3.45)), 10, apart=10)
    assert (lower.level, lower.tail, lower.absorbed) == (600, 600, 610)
    assert after(paused, top(), 240, apart=60).phase is ABSORPTION
    assert after(paused, top(), 300, apart=60).phase is FLOAT


@pytest.mark.parametrize("begin", [FULL, replace(FULL, phase=ABSORPTION, level=600.0, absorbed=600.0, tail=600.0)])
@pytest.mark.parametrize(
    ("now", "drop", "reason"),
    [
        (reading(3.33, soc=90.0), 0.0, "state of charge 10 % below full"),
        (reading(3.33, soc=90.1), 0.0, ""),
        (reading(3.2999, soc=100.0), 0.0, "cells at rest below the voltage of a full battery"),
        (reading(3.2999, soc=None), 0.0, "cells at rest below the voltage of a full battery"),
        (reading(3.3001, soc=None), 0.0, ""),
        (reading(3.26, soc=100.0), -0.0401, ""),
        (reading(3.34, soc=100.0), 0.0401, "cells at rest below the voltage of a full battery"),
    ],
)
def test_a_battery_that_was_used_is_charged_again(begin: ChargeState, now: Reading, drop: float, reason: str) -> None:
    assert after(begin, now, 290, drop, apart=10).phase is begin.phase
    found = after(begin, now, 300, drop, apart=10)
    if reason:
        assert found == ChargeState(since_full=300.0, reason=reason)
    else:
        assert (found.phase, found.emptier) == (begin.phase, 0.0)


def test_a_dip_is_no_use_of_the_battery() -> None:
    state = FULL
    for _ in range(20):
        state = after(state, reading(3.33, soc=0.0), 290, apart=10)
        state = after(state, reading(3.33, soc=100.0), 10, apart=10)
    assert state.phase is FLOAT


def test_full_is_the_highest_state_of_charge_that_the_bms_has_told_since() -> None:
    """A count that has drifted says 85 % when the battery is full."""
    drifted = ChargeState(phase=FLOAT, soc=None)
    drifted = after(drifted, reading(3.35, soc=None), 1)
    assert drifted.soc is None
    drifted = after(drifted, reading(3.35, soc=85.0), 1)
    drifted = after(drifted, reading(3.35, soc=None), 1)
    drifted = after(drifted, reading(3.35, soc=76.0), 400)
    assert (drifted.phase, drifted.soc) == (FLOAT, 85.0)
    assert after(drifted, reading(3.35, soc=75.0), 300).phase is BULK
    risen = after(drifted, reading(3.35, soc=100.0), 1)
    assert after(risen, reading(3.35, soc=89.0), 300).phase is BULK


def test_a_battery_that_was_long_not_full_is_charged() -> None:
    bounds = terms(full_charge_interval=2 * DAY)
    almost = after(FULL, reading(3.35, soc=100.0), 2 * DAY - 60, bounds=bounds, apart=60)
    assert almost.phase is FLOAT
    assert after(almost, reading(3.35, soc=100.0), 60, bounds=bounds, apart=60) == ChargeState(
        since_full=2 * DAY, reason="full charge every 2 days"
    )
    assert terms().full_charge_interval == 14 * DAY


def test_what_each_phase_aims_at() -> None:
    assert [goal(ChargeState(phase=phase), TERMS) for phase in Phase] == [3.45, 3.45, 3.375]


LATER = ChargeState(phase=ABSORPTION, level=301.0, tail=1801.0, absorbed=7201.0)


@pytest.mark.parametrize(
    ("state", "now", "bounds", "text"),
    [
        (ChargeState(), reading(), TERMS, "bulk"),
        (ChargeState(reason="why"), reading(), TERMS, "bulk (why)"),
        (FULL, reading(), TERMS, "float (all cells in band)"),
        (LATER, reading(3.34995), TERMS, "absorption, waiting for power: the highest cell needs 80 mV"),
        (
            LATER,
            reading((3.35005, *(3.30,) * 15)),
            TERMS,
            "absorption, waiting for power: the highest cell needs 70 mV",
        ),
        (
            LATER,
            top(ahead(3.409, 3.44), current=36.0),
            TERMS,
            "absorption: cell 3 needs 20 mV; 40 A above the tail current; ends in 2 h at the latest",
        ),
        (
            LATER,
            top(3.43, current=5.6),
            TERMS,
            "absorption: all cells in band, 10 min to go; tail current for 30 min more; ends in 2 h at the latest",
        ),
        (
            replace(LATER, level=0.0, absorbed=12601.0),
            top(3.43, current=None),
            TERMS,
            "absorption: all cells in band, 15 min to go; no tail current known; ends in 0.5 h at the latest",
        ),
    ],
)
def test_the_description_says_what_is_missing(state: ChargeState, now: Reading, bounds: Envelope, text: str) -> None:
    assert description(state, now, 0.0, bounds) == text


def test_without_a_reading_between_no_time_passes() -> None:
    state = replace(LATER, emptier=299.0)
    assert step(state, reading(3.2, soc=50.0), 0.0, TERMS, 0.0) == replace(state, soc=50.0)
    assert step(state, top(), 0.0, TERMS, inf).phase is FLOAT  # a time that did pass would count


def test_a_state_begins_with_nothing() -> None:
    assert ChargeState() == ChargeState(
        phase=BULK, absorbed=0, level=0, tail=0, emptier=0, since_full=0, soc=None, reason=""
    )
    assert after(ChargeState(phase=FLOAT), reading(3.2, soc=None), 299).phase is FLOAT


def test_settings_have_their_defaults() -> None:
    assert (ChargeSettings().absorption_time, ChargeSettings().full_charge_interval) == (4 * HOUR, 14 * DAY)


@pytest.mark.parametrize(
    ("state", "lowest", "said"),
    [
        (ChargeState(phase=ABSORPTION), 3.420 - 0.02001, "cell 3 needs 30 mV"),
        (ChargeState(phase=ABSORPTION), 3.420 - 0.01999, "cell 3 needs 20 mV"),
        (ChargeState(phase=ABSORPTION, level=900 - 600.5), 3.44, "all cells in band, 15 min to go"),
        (ChargeState(phase=ABSORPTION, level=900 - 599.5), 3.44, "all cells in band, 10 min to go"),
        (ChargeState(phase=ABSORPTION, tail=3600 - 3000.5), 3.40, "tail current for 55 min more"),
        (ChargeState(phase=ABSORPTION, tail=3600 - 2999.5), 3.40, "tail current for 50 min more"),
        (ChargeState(phase=ABSORPTION, absorbed=4 * HOUR - 3600.5), 3.40, "ends in 1.5 h at the latest"),
        (ChargeState(phase=ABSORPTION, absorbed=4 * HOUR - 3599.5), 3.40, "ends in 1 h at the latest"),
    ],
)
def test_what_is_missing_is_rounded_up(state: ChargeState, lowest: float, said: str) -> None:
    now = top(ahead(lowest, 3.45), current=3.0)
    assert said in description(state, now, 0.0, TERMS)


def test_a_fiftieth_of_the_capacity_is_a_tail_and_more_is_none() -> None:
    bounds = terms(capacity=250.0)
    state = ChargeState(phase=ABSORPTION)
    exact, more = top(ahead(3.40, 3.45), current=5.0), top(ahead(3.40, 3.45), current=5.5)
    assert step(state, exact, 0.0, bounds, 10.0).tail == 10.0
    assert "tail current for 60 min more" in description(state, exact, 0.0, bounds)
    assert step(state, more, 0.0, bounds, 10.0).tail == 0.0
    assert "10 A above the tail current" in description(state, more, 0.0, bounds)
