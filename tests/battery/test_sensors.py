"""A temperature sensor that is lost lowers limits and opens none; an hour later only the stated share is left."""

from dataclasses import replace

import pytest

from driver.battery.envelope import Envelope
from driver.battery.limits import limits
from driver.battery.reading import Reading
from driver.battery.sensors import REMEMBERED, Sensors
from tests.battery.packs import Timeline, amounts, reading

WARM, COLD, HOT = (25.0, 25.0), (0.0, 25.0), (25.0, 58.0)


def terms() -> Envelope:
    timeline = Timeline()
    timeline.hear(reading(), 1)
    assert timeline.controller.terms is not None
    return timeline.controller.terms


def currents(sensors: Sensors, now: Reading, seconds: float = 1.0) -> tuple[float, float]:
    """CCL and DCL."""
    return amounts(sensors.allowed(now, terms(), seconds))[1:]


def without(now: Reading, *places: int) -> Reading:
    """The sensors at these places are lost."""
    return replace(
        now, temperatures=tuple(None if place in places else value for place, value in enumerate(now.temperatures))
    )


def alone(now: Reading) -> tuple[float, float]:
    """What a reading allows by itself."""
    return amounts(limits(now, terms()))[1:]


@pytest.mark.parametrize("temperatures", [WARM, COLD, HOT, (25.0, None), ()])
def test_while_all_sensors_tell_the_reading_alone_decides(temperatures: tuple[float | None, ...]) -> None:
    sensors, now = Sensors(), reading(temperatures=temperatures)
    assert [currents(sensors, now) for _ in range(3)] == [alone(now)] * 3


def test_a_warm_pack_is_derated_when_a_sensor_is_lost() -> None:
    sensors = Sensors()
    assert currents(sensors, reading()) == (100, 150)
    assert currents(sensors, without(reading(), 1)) == (50, 75)
    assert sensors.allowed(without(reading(), 1), terms(), 1.0).charge_current.reason == (
        "a battery temperature is missing"
    )


@pytest.mark.parametrize(("temperatures", "place"), [(COLD, 0), (HOT, 1)])
def test_a_lost_sensor_opens_nothing_for_an_hour(temperatures: tuple[float, float], place: int) -> None:
    sensors, now = Sensors(), reading(temperatures=temperatures)
    lowered, missing = currents(sensors, now), without(now, place)
    assert lowered[0] < alone(missing)[0]
    for _ in range(59):
        assert currents(sensors, missing, 60.0)[0] == lowered[0]
    assert currents(sensors, missing, 59.5)[0] == lowered[0]
    assert currents(sensors, missing, 0.5) == alone(missing)
    assert currents(sensors, missing, 1.0) == alone(missing)  # and then it is forgotten
    assert REMEMBERED == 59 * 60.0 + 60.0


def test_the_reason_says_whose_word_it_is() -> None:
    sensors = Sensors()
    sensors.allowed(reading(temperatures=COLD), terms(), 1.0)
    limit = sensors.allowed(reading(temperatures=(None, 25.0)), terms(), 1.0).charge_current
    assert limit == (0.0, "battery temperature, as its sensor told last")


def test_what_has_nothing_to_do_with_temperature_keeps_its_reason() -> None:
    sensors, missing = Sensors(), reading(temperatures=(None, 25.0), charge_mosfet_on=False)
    sensors.allowed(reading(temperatures=WARM), terms(), 1.0)
    assert sensors.allowed(missing, terms(), 1.0).charge_current == limits(missing, terms()).charge_current


def test_sensors_that_are_not_told_at_all_any_more_are_remembered_too() -> None:
    sensors = Sensors()
    currents(sensors, reading(temperatures=COLD))
    assert currents(sensors, reading(temperatures=()))[0] == 0
    assert currents(sensors, reading(temperatures=(0.0,)))[0] == 0
    assert currents(sensors, reading(temperatures=(25.0,)))[0] == 100  # the sensor in that place is back


def test_a_sensor_that_is_back_is_believed_and_begins_a_new_hour_when_it_is_lost_again() -> None:
    sensors = Sensors()
    currents(sensors, reading(temperatures=COLD))
    assert currents(sensors, reading(temperatures=(None, 25.0)), 3000.0)[0] == 0
    assert currents(sensors, reading(temperatures=WARM))[0] == 100
    assert currents(sensors, reading(temperatures=COLD))[0] == 0
    assert currents(sensors, reading(temperatures=(None, 25.0)), 3599.0)[0] == 0
    assert currents(sensors, reading(temperatures=(None, 25.0)), 1.0)[0] == 50


def test_hot_mosfets_stay_hot_when_their_sensor_is_lost() -> None:
    sensors, hot = Sensors(), reading(mos_temperature=89.0)
    lowered = currents(sensors, hot)
    assert lowered[1] < 75
    assert currents(sensors, reading(mos_temperature=None)) == lowered
    assert currents(sensors, reading(mos_temperature=None), REMEMBERED) == alone(reading(mos_temperature=None))


def test_what_another_sensor_says_meanwhile_counts() -> None:
    sensors = Sensors()
    currents(sensors, reading(temperatures=(10.0, 25.0)))
    first = currents(sensors, reading(temperatures=(None, 25.0)))[0]
    assert 0 < first <= 50
    assert currents(sensors, reading(temperatures=(None, -20.0)))[0] == 0
    assert currents(sensors, reading(temperatures=(None, 25.0)))[0] == first


def test_a_controller_keeps_a_cold_pack_uncharged_without_its_sensor() -> None:
    timeline = Timeline()
    timeline.hear(reading(temperatures=(0.0,)), 10)
    timeline.hear(reading(temperatures=(None,)), REMEMBERED - 60)
    assert amounts(timeline.last.limits)[1] == 0
    timeline.hear(reading(temperatures=(None,)), 600)
    assert amounts(timeline.last.limits)[1] == 50


def test_a_battery_that_became_uncertain_is_not_discharged_faster_for_a_lost_sensor() -> None:
    timeline = Timeline()
    timeline.hear(reading(temperatures=(-24.0,)), 60)
    before = amounts(timeline.last.limits)[2]
    assert before < 75
    timeline.hear(reading(count=15, temperatures=(None,)), 60)
    assert amounts(timeline.last.limits)[1] == 0
    assert amounts(timeline.last.limits)[2] <= before
