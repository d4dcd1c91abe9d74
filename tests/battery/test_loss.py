"""The table of the loss contract, entry by entry, on the pure functions."""

import pytest

from driver.battery.alarms import Alarm, Severity
from driver.battery.chemistry import Chemistry
from driver.battery.limits import Limit, Limits
from driver.battery.loss import (
    NOTHING_KNOWN,
    Extremes,
    Presence,
    RecentExtremes,
    Timing,
    at_rest,
    cable_alarm,
    limits_without_bms,
    moment_of,
    presence,
    safe_limits,
)
from tests.battery.packs import BLUETOOTH, WIRE, ahead, amounts, reading

LIVE, HOLD, LIMP, SAFE = Presence
RESTING = Extremes(3.30, 3.30, charge_blocked=False, discharge_blocked=False)
LAST = Limits(Limit(55.2, "a"), Limit(100.0, "b"), Limit(150.0, "c"), Limit(41.6, "d"))


@pytest.mark.parametrize(
    ("timing", "ride_through", "age", "state"),
    [
        (WIRE, 1800, 0, LIVE),
        (WIRE, 1800, 5, LIVE),
        (WIRE, 1800, 5.1, HOLD),
        (WIRE, 1800, 30, HOLD),
        (WIRE, 1800, 30.1, LIMP),
        (WIRE, 1800, 1800, LIMP),
        (WIRE, 1800, 1800.1, SAFE),
        (BLUETOOTH, 1800, 5.1, HOLD),
        (BLUETOOTH, 1800, 90, HOLD),
        (BLUETOOTH, 1800, 90.1, LIMP),
        (BLUETOOTH, 1800, 1800.1, SAFE),
        (WIRE, 0, 30, HOLD),
        (WIRE, 0, 30.1, SAFE),
        (WIRE, 20, 25, HOLD),
        (WIRE, 20, 30.1, SAFE),
    ],
)
def test_the_age_makes_the_state(timing: Timing, ride_through: float, age: float, state: Presence) -> None:
    assert presence(age, timing, ride_through) is state


@pytest.mark.parametrize(
    ("poll", "live", "show", "hold"),
    [(1.0, 5, 15, 30), (2.0, 6, 15, 30), (5.0, 15, 15, 30), (6.0, 18, 18, 30), (20.0, 60, 60, 60)],
)
def test_a_slow_poll_stretches_the_states_on_a_wire(poll: float, live: float, show: float, hold: float) -> None:
    assert Timing.wire(poll) == Timing(live, show, hold)


def test_bluetooth_may_reconnect_for_longer() -> None:
    assert Timing.bluetooth() == Timing(live=5, show=30, hold=90)


def test_each_state_has_its_alarm() -> None:
    assert [cable_alarm(state) for state in Presence] == [
        Severity.NONE,
        Severity.NONE,
        Severity.WARNING,
        Severity.ALARM,
    ]


@pytest.mark.parametrize("state", [LIVE, HOLD])
def test_a_short_silence_changes_no_limit(state: Presence) -> None:
    assert limits_without_bms(state, 0, LAST, RESTING, Chemistry.LFP, 16) is LAST


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        (-5, (53.6, 100, 150)),
        (0, (53.6, 100, 150)),
        (15, (53.6, 80, 131.25)),
        (30, (53.6, 60, 112.5)),
        (60, (53.6, 20, 75)),
        (600, (53.6, 20, 75)),
    ],
)
def test_limp_lowers_the_currents_over_a_minute(silent: float, expected: tuple[float, ...]) -> None:
    assert amounts(limits_without_bms(LIMP, silent, LAST, RESTING, Chemistry.LFP, 16)) == expected


BANDS = {Chemistry.LFP: (3.15, 3.40), Chemistry.NMC: (3.50, 4.05), Chemistry.LTO: (2.10, 2.50)}


@pytest.mark.parametrize("chemistry", Chemistry)
def test_limp_decides_each_side_by_the_band_of_its_chemistry(chemistry: Chemistry) -> None:
    low, high = BANDS[chemistry]
    for highest, lowest, charges, discharges in [
        (high, low, True, True),
        (high + 0.001, low, False, True),
        (high, low - 0.001, True, False),
        (high + 0.001, low - 0.001, False, False),
    ]:
        was = Extremes(highest, lowest, charge_blocked=False, discharge_blocked=False)
        begun, later = (limits_without_bms(LIMP, silent, LAST, was, chemistry, 16) for silent in (0, 60))
        assert begun.charge_current.value == (100 if charges else 0)
        assert later.charge_current.value == pytest.approx(20 if charges else 0)
        assert begun.discharge_current.value == (150 if discharges else 2)
        assert later.discharge_current.value == pytest.approx(75 if discharges else 0)


@pytest.mark.parametrize(
    ("charge_blocked", "discharge_blocked", "begun", "nearly", "later"),
    [
        (True, False, (53.6, 0, 150), (53.6, 0, 80), (53.6, 0, 75)),
        (False, True, (53.6, 100, 2), (53.6, 25.333, 2), (53.6, 20, 0)),
        (True, True, (53.6, 0, 2), (53.6, 0, 2), (53.6, 0, 0)),
    ],
)
def test_limp_keeps_a_side_closed_that_the_bms_had_blocked(
    charge_blocked: bool,
    discharge_blocked: bool,
    begun: tuple[float, ...],
    nearly: tuple[float, ...],
    later: tuple[float, ...],
) -> None:
    was = Extremes(3.30, 3.30, charge_blocked=charge_blocked, discharge_blocked=discharge_blocked)
    for silent, expected in ((0, begun), (56, nearly), (60, later)):
        assert amounts(limits_without_bms(LIMP, silent, LAST, was, Chemistry.LFP, 16)) == expected


def test_the_taper_floor_raises_nothing() -> None:
    last = Limits(LAST.charge_voltage, LAST.charge_current, Limit(1.5, "c"), LAST.low_voltage)
    was = Extremes(3.30, 3.00, charge_blocked=False, discharge_blocked=False)
    assert limits_without_bms(LIMP, 0, last, was, Chemistry.LFP, 16).discharge_current.value == 1.5
    closed = Limits(LAST.charge_voltage, LAST.charge_current, Limit(0.0, "c"), LAST.low_voltage)
    assert limits_without_bms(LIMP, 0, closed, was, Chemistry.LFP, 16).discharge_current.value == 0


@pytest.mark.parametrize(
    ("chemistry", "count", "last", "rest"),
    [
        (Chemistry.LFP, 16, 55.2, 53.6),
        (Chemistry.LFP, 16, 53.0, 53.0),
        (Chemistry.LFP, 4, 13.8, 13.4),
        (Chemistry.NMC, 14, 57.4, 54.6),
        (Chemistry.LTO, 20, 52.0, 47.0),
    ],
)
def test_limp_and_safe_fill_no_cell_beyond_its_rest_voltage(
    chemistry: Chemistry, count: int, last: float, rest: float
) -> None:
    before = Limits(Limit(last, "a"), LAST.charge_current, LAST.discharge_current, LAST.low_voltage)
    limp = limits_without_bms(LIMP, 0, before, RESTING, chemistry, count)
    safe = limits_without_bms(SAFE, 9999, before, RESTING, chemistry, count)
    assert limp.charge_voltage.value == pytest.approx(rest)
    assert amounts(safe) == (pytest.approx(rest), 0, 0)
    assert safe.low_voltage == limp.low_voltage == LAST.low_voltage


def test_a_charge_voltage_that_is_low_enough_keeps_its_reason() -> None:
    last = Limit(Chemistry.LFP.value.rest * 16, "cell 3 runs ahead")
    assert at_rest(last, Chemistry.LFP, 16, "BMS silent") is last


def test_without_a_chemistry_limp_is_safe() -> None:
    assert limits_without_bms(LIMP, 0, LAST, RESTING, None, 16) == safe_limits(LAST, None, 16, "BMS lost")
    assert amounts(safe_limits(LAST, None, 16, "BMS lost")) == (55.2, 0, 0)


def test_every_limit_says_why() -> None:
    full = Extremes(3.45, 3.10, charge_blocked=False, discharge_blocked=False)
    blocked = Extremes(3.30, 3.30, charge_blocked=True, discharge_blocked=True)
    said = [
        limit.reason
        for state, was in ((LIMP, RESTING), (LIMP, full), (LIMP, blocked), (SAFE, RESTING))
        for limits in [limits_without_bms(state, 10, LAST, was, Chemistry.LFP, 16)]
        for limit in (limits.charge_voltage, limits.charge_current, limits.discharge_current)
    ]
    assert said == [
        "BMS silent: rest voltage 3.35 V per cell",
        "BMS silent: falling to 20 %",
        "BMS silent: falling to 50 %",
        "BMS silent: rest voltage 3.35 V per cell",
        "BMS silent, and a cell was above 3.40 V",
        "BMS silent, and a cell was below 3.15 V",
        "BMS silent: rest voltage 3.35 V per cell",
        "BMS silent, and it had blocked charging",
        "BMS silent, and it had blocked discharging",
        "BMS lost: rest voltage 3.35 V per cell",
        "BMS lost",
        "BMS lost",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (3.41, 3.30, False, False)),
        ({"current": 50.0}, (3.41, 3.30, False, False)),
        ({"current": None}, (3.41, 3.30, False, False)),
        ({"current": -100.0}, (3.41, 3.40, False, False)),
        ({"charge_mosfet_on": False}, (3.41, 3.30, True, False)),
        ({"discharge_mosfet_on": False}, (3.41, 3.30, False, True)),
        ({"charge_mosfet_on": None, "discharge_mosfet_on": None}, (3.41, 3.30, False, False)),
        ({"alarms": frozenset({Alarm.CELL_OVER_VOLTAGE})}, (3.41, 3.30, True, False)),
        ({"alarms": frozenset({Alarm.CELL_UNDER_VOLTAGE})}, (3.41, 3.30, False, True)),
        ({"alarms": frozenset({Alarm.LOW_CAPACITY})}, (3.41, 3.30, False, False)),
    ],
)
def test_the_extremes_of_a_moment(changes: dict[str, object], expected: tuple[object, ...]) -> None:
    found = moment_of(reading(ahead(3.41, 3.30), **changes), resistance=0.001)
    assert (found.highest_cell, found.charge_blocked, found.discharge_blocked) == (expected[0], *expected[2:])
    assert found.lowest_cell == pytest.approx(expected[1])


def test_a_loaded_cell_is_corrected_by_half_a_milliohm_if_nothing_better_is_known() -> None:
    assert moment_of(reading(3.10, current=-100.0)).lowest_cell == pytest.approx(3.15)


@pytest.mark.parametrize(
    ("at", "expected"),
    [(50, 3.45), (60, 3.45), (71, 3.30)],
)
def test_the_extremes_of_the_last_minute_decide(at: int, expected: float) -> None:
    recent = RecentExtremes()
    recent.add(moment_of(reading(3.30)), -1.0)
    recent.add(moment_of(reading(3.45)), 0.0)
    for second in range(1, at + 1):
        recent.add(moment_of(reading(3.30)), second)
    assert recent.overall().highest_cell == expected


def test_a_reading_at_the_end_of_its_bucket_counts_for_a_minute_too() -> None:
    recent = RecentExtremes()
    recent.add(moment_of(reading(3.30)), -9.9)
    recent.add(moment_of(reading(3.45)), 0.0)
    recent.add(moment_of(reading(3.30)), 60.0)
    assert recent.overall().highest_cell == 3.45


def test_only_what_is_old_is_forgotten() -> None:
    recent = RecentExtremes()
    for second, cell in ((0.0, 3.30), (50.0, 3.45), (75.0, 3.30)):
        recent.add(moment_of(reading(cell)), second)
    assert recent.overall().highest_cell == 3.45


def test_the_extremes_of_a_minute_are_those_of_all_its_readings() -> None:
    recent = RecentExtremes()
    moments = {0.0: {"cells": ahead(3.20, 3.30)}, 15.0: {"cells": ahead(3.40, 3.30)}, 16.0: {"charge_mosfet_on": False}}
    for at, changes in {**moments, 40.0: {"discharge_mosfet_on": False}, 59.0: {}}.items():
        recent.add(moment_of(reading(**changes)), at)  # type: ignore[arg-type]
    assert recent.overall() == Extremes(3.40, 3.20, charge_blocked=True, discharge_blocked=True)


def test_however_often_readings_come_few_extremes_are_kept() -> None:
    recent = RecentExtremes()
    for tenth in range(6000):
        recent.add(RESTING, tenth / 10)
    assert len(recent._buckets) <= 8


def test_nothing_known_allows_nothing() -> None:
    limits = limits_without_bms(LIMP, 60, LAST, NOTHING_KNOWN, Chemistry.NMC, 14)
    assert amounts(limits)[1:] == (0, 0)
