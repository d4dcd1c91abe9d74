"""What a battery has gone through, worked out by hand."""

import pytest

from driver.battery.alarms import Alarm
from driver.battery.history import NONE, History, step
from tests.battery.packs import Timeline, ahead, reading


def lived() -> Timeline:
    timeline = Timeline()
    timeline.take(reading())
    return timeline


def test_energy_is_counted_for_each_side_while_the_bms_is_heard() -> None:
    timeline = lived()
    timeline.hear(reading(voltage=50.0, current=72.0), 1000)
    timeline.hear(reading(voltage=50.0, current=-36.0), 1000)
    timeline.silence(1000)
    timeline.hear(reading(voltage=50.0, current=36000.0), 1)
    timeline.hear(reading(voltage=50.0, current=None), 10)
    history = timeline.last.history
    assert history.charged_energy == pytest.approx(1.0)
    assert history.discharged_energy == pytest.approx(0.5)


def test_extremes() -> None:
    timeline = lived()
    timeline.hear(reading(ahead(3.40, 3.30), voltage=53.0, temperatures=(20.0, None, 31.0)), 2)
    timeline.hear(reading(ahead(0.0, 3.20), voltage=51.0, temperatures=()), 2)
    history = timeline.last.history
    assert (history.minimum_voltage, history.maximum_voltage) == (51.0, 53.0)
    assert (history.minimum_cell_voltage, history.maximum_cell_voltage) == (3.20, 3.40)
    assert (history.minimum_temperature, history.maximum_temperature) == (20.0, 31.0)


def test_discharges_are_counted_from_the_last_full_charge() -> None:
    timeline = lived()
    timeline.hear(reading(current=-72.0), 1000)
    timeline.hear(reading(current=36.0), 1000)
    assert timeline.last.history.drawn == pytest.approx(-10.0)
    assert timeline.last.history.since_full is None
    timeline.hear(reading(3.44, current=3.0, soc=99.0), 901)
    timeline.hear(reading(current=-36.0, monitor_only="of no version that is known"), 500)
    history = timeline.last.history
    assert (history.deepest_discharge, history.last_discharge) == (pytest.approx(-20.0), pytest.approx(-5.0))
    assert (history.full_charges, history.since_full) == (1, 500.0)
    timeline.hear(reading(current=100.0), 500)
    assert timeline.last.history.drawn == 0.0


def test_an_alarm_counts_once_in_an_event() -> None:
    timeline = lived()
    for _ in range(5):
        timeline.hear(reading(alarms=frozenset({Alarm.CELL_OVER_VOLTAGE, Alarm.PACK_OVER_VOLTAGE})), 3)
        timeline.hear(reading(), 30)
    timeline.hear(reading(), 60)
    timeline.hear(reading(alarms=frozenset({Alarm.CELL_UNDER_VOLTAGE, Alarm.CELL_OVER_VOLTAGE})), 3)
    timeline.hear(reading(alarms=frozenset({Alarm.PACK_UNDER_VOLTAGE, Alarm.MOS_OVER_TEMPERATURE})), 3)
    history = timeline.last.history
    assert (history.high_voltage_alarms, history.low_voltage_alarms) == (2, 2)


def test_a_restart_keeps_it_and_the_owner_may_clear_it() -> None:
    timeline = lived()
    timeline.hear(reading(current=-72.0), 1000)
    again = timeline.restart(after=5)
    again.take(reading(current=-72.0))
    assert again.last.history == timeline.last.history != NONE
    again.controller.clear_history()
    again.take(reading(3.30))
    assert again.last.history == History(
        minimum_voltage=pytest.approx(52.8),
        maximum_voltage=pytest.approx(52.8),
        minimum_cell_voltage=3.30,
        maximum_cell_voltage=3.30,
        minimum_temperature=25.0,
        maximum_temperature=25.0,
    )


@pytest.mark.parametrize(
    ("alarm", "counted"),
    [
        (Alarm.CELL_OVER_VOLTAGE, (1, 0)),
        (Alarm.PACK_OVER_VOLTAGE, (1, 0)),
        (Alarm.CELL_UNDER_VOLTAGE, (0, 1)),
        (Alarm.PACK_UNDER_VOLTAGE, (0, 1)),
        (Alarm.CHARGE_OVER_CURRENT, (0, 0)),
    ],
)
def test_which_alarms_are_of_a_voltage(alarm: Alarm, counted: tuple[int, int]) -> None:
    history = step(NONE, reading(), frozenset({alarm}), 1.0, full=False)
    assert (history.high_voltage_alarms, history.low_voltage_alarms) == counted


def test_a_full_charge_begins_the_last_discharge_anew() -> None:
    drained = step(NONE, reading(current=-72.0), frozenset(), 1000.0, full=False)
    filled = step(drained, reading(), frozenset(), 1.0, full=True)
    assert (filled.drawn, filled.last_discharge, filled.deepest_discharge) == (0.0, 0.0, pytest.approx(-20.0))
