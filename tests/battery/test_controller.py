"""Outages in virtual time: the loss contract as a person at the GX would see it, second by second."""

from dataclasses import replace
from itertools import pairwise

import pytest

from driver.battery.alarms import Alarm, Severity
from driver.battery.chemistry import Chemistry
from driver.battery.controller import Controller, Outcome, failsafe
from driver.battery.loss import Presence, Timing
from driver.battery.settings import ChargeSettings
from tests.battery.packs import BLUETOOTH, SETTINGS, WIRE, Timeline, amounts, lost, reading

LIVE, HOLD, LIMP, SAFE = Presence
NONE, WARNING, ALARM = Severity

# the last cell voltage; what the limits are while it is heard; in LIMP after 15 s of it; after 60 s; and in SAFE
AT_330 = (3.30, (55.2, 100, 150), (53.6, 80, 131.25), (53.6, 20, 75), (53.6, 0, 0))
AT_345 = (3.45, (55.2, 30, 150), (53.6, 0, 131.25), (53.6, 0, 75), (53.6, 0, 0))
AT_295 = (2.95, (55.2, 100, 90), (53.6, 80, 2), (53.6, 20, 0), (53.6, 0, 0))
HEARD, QUARTER, RAMPED, LOST = 1, 2, 3, 4

# how long the outage lasts; state, column above, alarm and whether measurements are shown at its end
ON_A_WIRE = [
    (5, LIVE, HEARD, NONE, True),
    (15, HOLD, HEARD, NONE, True),
    (20, HOLD, HEARD, NONE, False),
    (45, LIMP, QUARTER, WARNING, False),
    (90, LIMP, RAMPED, WARNING, False),
    (600, LIMP, RAMPED, WARNING, False),
    (1800, LIMP, RAMPED, WARNING, False),
    (1801, SAFE, LOST, ALARM, False),
    (2400, SAFE, LOST, ALARM, False),
]
ON_BLUETOOTH = [
    (5, LIVE, HEARD, NONE, True),
    (20, HOLD, HEARD, NONE, True),
    (30, HOLD, HEARD, NONE, True),
    (45, HOLD, HEARD, NONE, False),
    (90, HOLD, HEARD, NONE, False),
    (105, LIMP, QUARTER, WARNING, False),
    (150, LIMP, RAMPED, WARNING, False),
    (1801, SAFE, LOST, ALARM, False),
]


@pytest.mark.parametrize("pack", [AT_330, AT_345, AT_295], ids=lambda pack: f"{pack[0]:.2f} V")
@pytest.mark.parametrize(
    ("timing", "seconds", "state", "column", "alarm", "fresh"),
    [*((WIRE, *row) for row in ON_A_WIRE), *((BLUETOOTH, *row) for row in ON_BLUETOOTH)],
)
def test_an_outage_has_exactly_these_limits_and_alarms(
    timing: Timing,
    seconds: float,
    state: Presence,
    column: int,
    alarm: Severity,
    fresh: bool,
    pack: tuple[float, *tuple[tuple[float, ...], ...]],
) -> None:
    timeline = lost(pack[0], timing)
    assert amounts(timeline.last.limits) == pack[HEARD]
    timeline.silence(seconds)
    outcome = timeline.last
    assert (outcome.presence, outcome.cable_alarm, outcome.fresh) == (state, alarm, fresh)
    assert amounts(outcome.limits) == pack[column]
    assert outcome.reading is not None


@pytest.mark.parametrize("timing", [WIRE, BLUETOOTH])
def test_twenty_seconds_are_nothing(timing: Timing) -> None:
    timeline = lost(3.30, timing)
    before = timeline.last.limits
    timeline.silence(20)
    timeline.hear(reading(3.30), 5)
    seen = [outcome for now, outcome in timeline.outcomes if now >= 120]
    assert {outcome.cable_alarm for outcome in seen if outcome} == {NONE}
    assert {outcome.limits for outcome in seen if outcome} == {before}
    assert timeline.last.presence is LIVE


def test_each_state_and_its_alarm_come_once_and_in_order() -> None:
    timeline = lost()
    timeline.silence(2000)
    seen = [(outcome.presence, outcome.cable_alarm) for _, outcome in timeline.outcomes if outcome]
    changes = [seen[0], *(now for before, now in pairwise(seen) if now != before)]
    assert changes == [(LIVE, NONE), (HOLD, NONE), (LIMP, WARNING), (SAFE, ALARM)]
    begins = {outcome.presence: outcome.since for _, outcome in timeline.outcomes if outcome}
    assert begins == {LIVE: 1, HOLD: 126, LIMP: 151, SAFE: 1921}


def test_the_ramp_is_a_straight_line_from_the_begin_of_limp() -> None:
    timeline = lost()
    timeline.silence(95)
    ramp = {now - 150: amounts(outcome.limits) for now, outcome in timeline.outcomes if outcome and now > 150}
    for silent, (voltage, charge, discharge) in ramp.items():
        done = min(1, silent / 60)
        assert voltage == 53.6
        assert charge == pytest.approx(100 - 80 * done, abs=0.001)
        assert discharge == pytest.approx(150 - 75 * done, abs=0.001)


def test_without_ride_through_the_battery_is_stopped_after_the_hold() -> None:
    timeline = Timeline(settings=replace(SETTINGS, ride_through=0.0))
    timeline.hear(reading(), 10)
    timeline.silence(30)
    assert (timeline.last.presence, amounts(timeline.last.limits)) == (HOLD, (55.2, 100, 150))
    timeline.silence(1)
    assert (timeline.last.presence, timeline.last.cable_alarm) == (SAFE, ALARM)
    assert amounts(timeline.last.limits) == (53.6, 0, 0)
    assert LIMP not in {outcome.presence for _, outcome in timeline.outcomes if outcome}


@pytest.mark.parametrize(
    ("changes", "live", "quarter", "ramped"),
    [
        ({"alarms": frozenset({Alarm.CELL_OVER_VOLTAGE})}, (55.2, 0, 150), (53.6, 0, 131.25), (53.6, 0, 75)),
        ({"alarms": frozenset({Alarm.BATTERY_UNDER_TEMPERATURE})}, (55.2, 0, 150), (53.6, 0, 131.25), (53.6, 0, 75)),
        ({"alarms": frozenset({Alarm.CELL_UNDER_VOLTAGE})}, (55.2, 100, 0), (53.6, 80, 0), (53.6, 20, 0)),
        ({"alarms": frozenset({Alarm.MOS_OVER_TEMPERATURE})}, (55.2, 0, 0), (53.6, 0, 0), (53.6, 0, 0)),
        ({"charge_mosfet_on": False}, (55.2, 0, 150), (53.6, 0, 131.25), (53.6, 0, 75)),
        ({"discharge_mosfet_on": False}, (55.2, 100, 0), (53.6, 80, 0), (53.6, 20, 0)),
        ({"charge_switch": False}, (55.2, 0, 150), (53.6, 0, 131.25), (53.6, 0, 75)),
        ({"discharge_switch": False}, (55.2, 100, 0), (53.6, 80, 0), (53.6, 20, 0)),
    ],
)
def test_what_the_bms_had_blocked_stays_blocked_and_the_other_side_does_not(
    changes: dict[str, object], live: tuple[float, ...], quarter: tuple[float, ...], ramped: tuple[float, ...]
) -> None:
    timeline = lost(3.30, **changes)
    assert amounts(timeline.last.limits) == live
    timeline.silence(45)
    assert amounts(timeline.last.limits) == quarter
    timeline.silence(45)
    assert amounts(timeline.last.limits) == ramped


def test_a_protection_within_the_last_minute_counts_as_blocked() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 60)
    timeline.hear(reading(alarms=frozenset({Alarm.DISCHARGE_OVER_CURRENT})), 2)
    timeline.hear(reading(), 55)
    assert amounts(timeline.last.limits)[2] > 100
    timeline.silence(45)
    assert amounts(timeline.last.limits)[2] == 2
    timeline.silence(45)
    assert amounts(timeline.last.limits)[2] == 0


def test_a_cell_that_only_its_load_pulls_down_is_not_empty() -> None:
    loaded, resting = lost(3.12, current=-100.0), lost(3.12)
    loaded.silence(90)
    resting.silence(90)
    assert amounts(loaded.last.limits)[2] == 75
    assert amounts(resting.last.limits)[2] == 0


def test_the_load_is_corrected_by_the_packs_own_resistance() -> None:
    """1 mΩ per cell: 100 A pull a cell of 3.18 V down to 3.08 V."""
    timeline = Timeline()
    timeline.hear(reading(3.18), 5)
    for _ in range(3):
        timeline.hear(reading(3.08, current=-100.0), 5)
        timeline.hear(reading(3.18), 5)
    timeline.hear(reading(3.08, current=-100.0), 75)
    timeline.silence(90)
    assert amounts(timeline.last.limits)[2] == 75


@pytest.mark.parametrize("seconds", [45, 300, 1900], ids=["from LIMP", "from late LIMP", "from SAFE"])
def test_the_way_back_begins_where_the_silence_ended(seconds: float) -> None:
    timeline = lost()
    timeline.silence(seconds)
    before = amounts(timeline.last.limits)
    timeline.now += 0.4
    outcome = timeline.take(reading())
    assert (outcome.presence, outcome.fresh, outcome.cable_alarm, outcome.explanation) == (LIVE, True, NONE, "")
    assert amounts(outcome.limits) == before
    timeline.hear(reading(), 1)
    voltage, charge, discharge = amounts(timeline.last.limits)
    assert voltage == pytest.approx(before[0] + 0.016)
    assert charge == pytest.approx(before[1] + 100 / 60, abs=0.001)
    assert discharge == pytest.approx(before[2] + 150 / 60, abs=0.001)
    timeline.hear(reading(), 60)
    assert amounts(timeline.last.limits)[1:] == (100, 150)
    timeline.hear(reading(), 40)
    assert amounts(timeline.last.limits)[0] == pytest.approx(55.2, abs=0.032)


def test_limits_rise_with_time_not_with_the_number_of_looks() -> None:
    one, other = lost(), lost()
    for timeline in (one, other):
        timeline.silence(1900)
        timeline.take(reading())
    one.hear(reading(), 12, every=1.0)
    for _ in range(3):
        other.silence(3)
        other.now += 1
        other.take(reading())
    assert amounts(one.last.limits) == (53.6 + 12 * 0.016, 20, 30)
    assert amounts(other.last.limits) == (53.6 + 12 * 0.016, 20, 30)


def test_a_slow_poll_lets_limits_rise_too() -> None:
    timeline = lost()
    timeline.silence(1900)
    timeline.take(reading())
    timeline.hear(reading(), 10, every=WIRE.live)
    assert amounts(timeline.last.limits)[1] == pytest.approx(100 * 10 / 60, abs=0.001)


def test_a_current_may_rise_by_any_little() -> None:
    timeline = Timeline()
    timeline.hear(reading(3.4003), 5)
    assert amounts(timeline.last.limits)[1] == pytest.approx(99.58)
    timeline.hear(reading(), 1)
    assert amounts(timeline.last.limits)[1] == 100


def test_limits_fall_at_once() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 10)
    timeline.hear(reading(cells=(3.50,) * 16, temperatures=(7.5, 25.0)), 1)
    assert amounts(timeline.last.limits)[1] == pytest.approx(100 * 0.15)


def test_the_charge_voltage_falls_for_what_lasts_five_seconds() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 10)
    timeline.hear(reading(3.50), 5)
    assert amounts(timeline.last.limits)[0] == 55.2
    timeline.hear(reading(3.50), 1)
    assert amounts(timeline.last.limits)[0] == pytest.approx(55.2 - 16 * 0.05)


def test_a_charge_voltage_that_could_rise_by_a_little_stays() -> None:
    timeline = Timeline()
    timeline.hear(reading((*(3.42,) * 15, 3.4245)), 5)
    low = timeline.last.limits
    assert low is not None
    assert low.charge_voltage.value == pytest.approx(55.2 - 0.030625)
    timeline.hear(reading(3.42), 100)
    assert timeline.last.limits is not None
    assert timeline.last.limits.charge_voltage.value == low.charge_voltage.value
    assert timeline.last.limits.charge_voltage.reason == (
        "absorption, waiting for power: the highest cell needs 10 mV; a cell ran ahead"
    )


@pytest.mark.parametrize(("every", "short"), [(0.9, 0.0304), (1.1, 0.016)])
def test_a_rise_ends_within_2_mv_per_cell(every: float, short: float) -> None:
    timeline = lost()
    timeline.silence(1900)
    timeline.take(reading())
    timeline.hear(reading(), 150, every)
    assert amounts(timeline.last.limits)[0] == pytest.approx(55.2 - short, abs=0.0006)


def test_a_rising_limit_says_what_it_rises_to() -> None:
    timeline = lost()
    timeline.silence(1900)
    timeline.take(reading())
    timeline.hear(reading(), 2)
    limits = timeline.last.limits
    assert limits is not None
    assert limits.charge_voltage.reason == "rising slowly; then bulk; charge voltage × cells"
    assert limits.charge_current.reason == "rising slowly; then setting"


def test_the_outcome_says_in_words_what_has_happened() -> None:
    timeline = lost()
    said = [timeline.last.explanation]
    for seconds in (20, 40, 1900):
        timeline.silence(seconds)
        said.append(timeline.last.explanation)
    assert said == [
        "",
        "BMS silent, last values held",
        "BMS silent, limits lowered",
        "BMS lost, charge and discharge stopped",
    ]


def test_a_monitor_says_only_that_its_bms_is_silent() -> None:
    timeline = lost(protections=replace(reading().protections, cell_over_voltage=None))
    said = {}
    for seconds in (20, 40, 1900):
        timeline.silence(seconds)
        said[timeline.last.explanation] = timeline.last.limits
    assert said == {"BMS silent": None, "BMS lost": None}
    assert timeline.last.cable_alarm is ALARM


def test_the_outcome_names_battery_and_chemistry() -> None:
    outcome = lost().last
    assert (outcome.cell_count, outcome.identity, outcome.chemistry) == (16, reading().identity, Chemistry.LFP)


def failed() -> tuple[Timeline, Outcome]:
    timeline = lost()
    return timeline, failsafe(timeline.last, timeline.now, "fault inside the driver")


def test_a_battery_whose_control_failed_is_safe() -> None:
    timeline, outcome = failed()
    assert (outcome.presence, outcome.fresh, outcome.cable_alarm) == (SAFE, False, ALARM)
    assert (outcome.since, outcome.explanation) == (120, "fault inside the driver")
    assert amounts(outcome.limits) == (53.6, 0, 0)
    assert outcome.limits is not None
    assert outcome.limits.charge_current.reason == "fault inside the driver"
    assert outcome.reading is timeline.last.reading
    assert failsafe(outcome, 300, "fault inside the driver") == outcome


def test_a_monitor_whose_code_failed_stays_a_monitor() -> None:
    timeline = lost(monitor_only="of no version that is known")
    assert failsafe(timeline.last, 121, "fault").limits is None


def test_after_a_failure_limits_rise_from_what_was_shown() -> None:
    timeline, outcome = failed()
    timeline.controller.resume(outcome)
    timeline.silence(1)
    assert amounts(timeline.last.limits) == (53.6, 0, 0)
    timeline.hear(reading(), 1)
    charge = amounts(timeline.last.limits)[1]
    assert 0 < charge < 5


def test_nothing_is_known_before_the_first_reading() -> None:
    controller = Controller(ChargeSettings(), WIRE, 0.0)
    assert [controller.step(now) for now in (0.0, 15.0, 3600.0)] == [None, None, None]
    assert controller.keep(3600.0, 1.8e9) is None


def test_the_first_reading_begins_the_state() -> None:
    timeline = Timeline()
    timeline.silence(7)
    assert timeline.take(reading()).since == 7
    assert amounts(timeline.last.limits) == (55.2, 100, 150)
