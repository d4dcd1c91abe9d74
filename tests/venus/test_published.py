"""Rounding, the dead band, and that only what changed is named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.alarms import Alarm
from driver.battery.limits import Limit
from driver.venus.paths import CONTROL, FACTS, KNOWN, MEASURED, SERIES, STATE
from driver.venus.published import DIGITS, Published, settled, settled_limit
from tests.venus.batteries import ALL_ALARMS, LIMITS, READING, moment, reading

STEPS = sorted(DIGITS)


def begun() -> Published:
    paths = Published(ALL_ALARMS, control=True)
    paths.changes(moment())
    return paths


def test_the_same_moment_changes_nothing() -> None:
    assert begun().changes(moment()) == {}


def test_an_equal_reading_changes_nothing() -> None:
    assert begun().changes(moment(replace(READING, identity=replace(READING.identity)))) == {}


def test_a_millivolt_of_jitter_changes_nothing() -> None:
    paths = Published(ALL_ALARMS, control=True)
    paths.changes(moment(reading(cells=(3.3, 3.3, 3.3), voltage=27.365)))
    for jitter in (0.001, -0.001, 0.0, 0.001, -0.001):
        cells = (3.3 + jitter, 3.3 - jitter, 3.3)
        assert paths.changes(moment(reading(cells=cells, voltage=27.365 + jitter))) == {}


def test_two_millivolts_are_told_with_what_follows_from_them() -> None:
    assert begun().changes(moment(reading(cells=(3.301, 3.302, 3.303, 3.297, 3.305, 3.302, 3.302, 3.302)))) == {
        "/Voltages/Cell4": 3.297, "/System/MinCellVoltage": 3.297, "/Voltages/Diff": 0.008,
    }  # fmt: skip


def test_nobody_sees_the_rests_of_binary_numbers() -> None:
    paths = begun()
    rough = reading(voltage=27.360000000000003, current=0.1 + 0.2, cells=(3.2800000000000002,) * 8)
    found = paths.changes(moment(rough))
    assert (found["/Dc/0/Voltage"], found["/Dc/0/Current"], found["/Voltages/Cell1"]) == (27.36, 0.3, 3.28)


def test_what_rises_slowly_arrives() -> None:
    paths, seen = begun(), [26.42]
    for millivolts in range(26420, 26521):
        seen += [value for path, value in paths.changes(moment(reading(voltage=millivolts / 1000))).items()
                 if path == "/Dc/0/Voltage"]  # fmt: skip
    assert seen[-1] == pytest.approx(26.51, abs=0.011)
    assert len(seen) <= 11


def test_an_idle_battery_shows_exactly_nothing() -> None:
    paths = Published(ALL_ALARMS, control=True)
    paths.changes(moment(reading(current=0.1)))
    found = paths.changes(moment(reading(current=0.0)))
    assert (str(found["/Dc/0/Current"]), str(found["/Dc/0/Power"])) == ("0.0", "0.0")


def test_nothing_is_never_shown_with_a_minus() -> None:
    found = Published(ALL_ALARMS, control=True).changes(moment(reading(current=-0.01, charged_total=0.0)))
    assert [str(found[path]) for path in ("/Dc/0/Current", "/Dc/0/Power", "/History/TotalAhDrawn")] == ["0.0"] * 3


def test_a_full_battery_shows_exactly_full() -> None:
    paths = Published(ALL_ALARMS, control=True)
    paths.changes(moment(reading(soc=99.0)))
    assert paths.changes(moment(reading(soc=100.0, remaining=280.0)))["/Soc"] == 100.0


@given(step=st.sampled_from(STEPS), held=st.floats(-1e6, 1e6) | st.none(), value=st.floats(-1e6, 1e6))
def test_what_is_shown_is_at_most_one_step_off(step: float, held: float | None, value: float) -> None:
    assert abs(settled(step, held, value) - value) <= step * 1.002


@given(step=st.sampled_from([0.01, 0.1]), held=st.floats(0, 1000) | st.none(), value=st.floats(0, 1000))
def test_a_limit_is_never_shown_higher_than_it_is(step: float, held: float | None, value: float) -> None:
    shown = settled_limit(step, held, value)
    assert value - step * 1.002 <= shown <= value + 1e-6


def test_a_limit_falls_at_once_and_rises_by_more_than_a_step() -> None:
    def limit(amperes: float) -> object:
        found = paths.changes(moment(limits=replace(LIMITS, charge_current=Limit(amperes, "0.5 C"))))
        return found.get("/Info/MaxChargeCurrent", "unchanged")

    paths = begun()
    assert limit(139.98) == 139.9
    assert limit(140.0) == "unchanged"
    assert limit(140.02) == 140.0
    assert limit(0.05) == 0.0
    assert limit(0.0) == "unchanged"


@pytest.mark.parametrize("value", [55.2, 13.8 * 4, 27.6, 3.45 * 16, 28.8, 100.0, 0.3])
def test_a_limit_on_a_step_is_shown_as_it_is(value: float) -> None:
    assert settled_limit(0.01, None, value) == round(value, 2)


def test_every_step_has_its_decimals() -> None:
    series = [row for column in SERIES for row in (column, *column.derived)]
    groups = [FACTS, STATE, *MEASURED, KNOWN, CONTROL]
    rows = [*series, *(row for group in groups for row in group.rows)]
    assert not [row.path for row in rows if row.step and row.step not in DIGITS]
    assert all(10.0**-digits == pytest.approx(step) for step, digits in DIGITS.items())


def test_reasons_are_told_when_they_change() -> None:
    limits = replace(LIMITS, charge_current=Limit(140.0, "highest cell"))
    assert begun().changes(moment(limits=limits)) == {"/Info/ChargeLimitation": "highest cell"}


def test_an_alarm_is_told_once() -> None:
    paths = begun()
    raised = moment(reading(alarms=frozenset({Alarm.CELL_UNDER_VOLTAGE})))
    assert paths.changes(raised) == {"/Alarms/LowCellVoltage": 2}
    assert paths.changes(moment(reading(alarms=frozenset({Alarm.CELL_UNDER_VOLTAGE})))) == {}
    assert paths.changes(moment()) == {"/Alarms/LowCellVoltage": 0}
