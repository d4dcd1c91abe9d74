"""Alarms as people get them: one event one notification, each with its cell and value."""

from typing import Any

import pytest

from driver.battery.alarms import Alarm
from driver.battery.announced import words
from driver.battery.reading import Protections
from tests.battery.packs import Timeline, ahead, amounts, reading

HIGH, LOW = Alarm.PACK_OVER_VOLTAGE, Alarm.CELL_UNDER_VOLTAGE


def shown(timeline: Timeline) -> set[Alarm]:
    assert timeline.last.reading is not None
    return set(timeline.last.reading.alarms)


def test_an_alarm_is_shown_at_once_and_ends_when_it_was_gone_for_a_minute() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 5)
    timeline.hear(reading(alarms=frozenset({HIGH})), 1)
    assert shown(timeline) == {HIGH}
    timeline.hear(reading(), 59)
    assert shown(timeline) == {HIGH}
    timeline.hear(reading(), 1)
    assert shown(timeline) == set()


def test_an_alarm_that_flaps_is_one_event() -> None:
    timeline, seen = Timeline(), []
    for _ in range(10):
        timeline.hear(reading(alarms=frozenset({HIGH})), 3)
        seen.append(shown(timeline))
        timeline.hear(reading(alarms=frozenset({LOW})), 57)
        seen.append(shown(timeline))
    assert seen[0] == {HIGH}
    assert set(map(frozenset, seen[1:])) == {frozenset({HIGH, LOW})}


def test_the_words_stay_as_they_were_when_the_alarm_rose() -> None:
    timeline = Timeline()
    assert timeline.hear(reading(), 5).alarm_words == ()
    timeline.hear(reading(ahead(3.652, 3.5), alarms=frozenset({HIGH})), 1)
    timeline.hear(reading(ahead(3.700, 3.5), alarms=frozenset({HIGH, LOW})), 1)
    assert timeline.last.alarm_words == (
        "pack voltage high: cell 3 3.652 V, limit 3.650 V",
        "cell voltage low: cell 1 3.500 V, limit 2.600 V",
    )
    assert timeline.hear(reading(), 60).alarm_words == ()
    again = timeline.hear(reading(ahead(3.660, 3.5), alarms=frozenset({HIGH})), 1)
    assert again.alarm_words == ("pack voltage high: cell 3 3.660 V, limit 3.650 V",)


def test_a_bit_that_nobody_knows_is_shown_as_long_as_an_alarm_and_named() -> None:
    timeline = Timeline()
    timeline.hear(reading(unknown_alarm_bits=0x4000), 1)
    timeline.hear(reading(unknown_alarm_bits=0x8001), 1)
    assert timeline.last.alarm_words == (
        "alarm bit 0x4000, which this driver does not know",
        "alarm bit 0x0001, which this driver does not know",
        "alarm bit 0x8000, which this driver does not know",
    )
    assert timeline.last.reading is not None
    assert timeline.last.reading.unknown_alarm_bits == 0xC001
    timeline.hear(reading(), 59)
    assert timeline.last.reading.unknown_alarm_bits == 0x8001
    timeline.hear(reading(), 1)
    assert timeline.last.reading.unknown_alarm_bits == 0


def test_control_does_not_wait_for_the_end_of_what_is_shown() -> None:
    timeline = Timeline()
    timeline.hear(reading(alarms=frozenset({HIGH})), 5)
    assert amounts(timeline.last.limits)[1] == 0
    timeline.hear(reading(), 30)
    assert amounts(timeline.last.limits)[1] == pytest.approx(50)
    assert shown(timeline) == {HIGH}


@pytest.mark.parametrize(
    ("alarm", "changes", "text"),
    [
        (HIGH, {"cells": ahead(3.652, 3.5)}, "pack voltage high: cell 3 3.652 V, limit 3.650 V"),
        (HIGH, {"cells": ahead(3.652, 3.5), "protections": Protections()}, "pack voltage high: cell 3 3.652 V"),
        (LOW, {"cells": ahead(2.59, 2.9)}, "cell voltage low: cell 3 2.590 V, limit 2.600 V"),
        (Alarm.CELL_DIFFERENCE, {"cells": ahead(3.5, 3.2)}, "cell voltages far apart: cell 3 3.500 V, cell 1 3.200 V"),
        (Alarm.CHARGE_OVER_CURRENT, {"current": 151.04}, "charge current too high: 151.0 A"),
        (Alarm.CHARGE_OVER_CURRENT, {"current": None}, "charge current too high"),
        (Alarm.BATTERY_OVER_TEMPERATURE, {"temperatures": (61.0, None, 58.4)}, "battery too hot: 61 °C, 58 °C"),
        (Alarm.MOS_OVER_TEMPERATURE, {"mos_temperature": 91.0}, "MOSFETs too hot: 91 °C"),
        (Alarm.MOS_OVER_TEMPERATURE, {"mos_temperature": None}, "MOSFETs too hot"),
        (Alarm.LOW_CAPACITY, {"soc": 9.0}, "state of charge low: 9 %"),
        (Alarm.LOW_CAPACITY, {"soc": None}, "state of charge low"),
        (Alarm.COPROCESSOR, {}, "BMS faulty inside: coprocessor"),
    ],
)
def test_an_alarm_says_which_cell_and_value(alarm: Alarm, changes: dict[str, Any], text: str) -> None:
    assert words(alarm, reading(**changes)) == text
