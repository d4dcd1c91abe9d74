"""The resistance of a pack's cells, seen in the steps of its current."""

import pytest

from driver.battery.resistance import TYPICAL, Resistance
from tests.battery.packs import reading


def steps(milliohms: list[float], amps: float = 50.0, apart: float = 1.0, count: int = 16) -> Resistance:
    """A pack whose load goes on and off, each time with the resistance named."""
    resistance, now = Resistance(), 0.0
    for milliohm in milliohms:
        loaded = 52.8 - amps * count * milliohm / 1000
        for voltage, current in ((52.8, 0.0), (loaded, -amps)):
            now += apart
            resistance.take(reading(count=count, voltage=voltage, current=current), now)
        now += 100.0  # what the load does when it goes off is not asked here
    return resistance


@pytest.mark.parametrize(
    ("milliohms", "found"),
    [
        ([], 0.5),
        ([1.0, 1.0], 0.5),
        ([1.0, 1.0, 1.0], 1.0),
        ([0.3, 0.3, 0.3], 0.3),
        ([0.2, 1.5, 0.9], 0.9),
        ([0.05, 2.1, -1.0, 0.0], 0.5),  # not of the same moment
        ([0.05, 1.0, 2.1, 1.0, -1.0, 1.0], 1.0),
        ([0.3] * 20 + [1.0] * 5, 1.0),
        ([0.3] * 20 + [1.0] * 4, 0.3),
        ([1.0] * 5 + [0.3] * 5, 0.3),
        ([0.095] * 3, 0.5),
        ([0.105] * 3, 0.105),
        ([2.1] * 3, 0.5),
        ([1.99] * 3, 1.99),
    ],
)
def test_the_middle_one_of_the_last_nine_steps(milliohms: list[float], found: float) -> None:
    assert steps(milliohms).per_cell == pytest.approx(found / 1000)


@pytest.mark.parametrize(("amps", "seen"), [(20.0, True), (19.9, False)])
def test_small_steps_do_not_count(amps: float, seen: bool) -> None:
    assert steps([1.0] * 3, amps=amps).per_cell == pytest.approx(0.001 if seen else TYPICAL)


@pytest.mark.parametrize(("apart", "seen"), [(5.0, True), (5.1, False)])
def test_readings_far_apart_do_not_count(apart: float, seen: bool) -> None:
    assert steps([1.0] * 3, apart=apart).per_cell == pytest.approx(0.001 if seen else TYPICAL)


def test_it_is_the_resistance_of_one_cell() -> None:
    assert steps([1.0] * 3, count=4).per_cell == pytest.approx(0.001)


def test_a_reading_without_a_current_parts_its_neighbours() -> None:
    resistance = Resistance()
    for now in range(20):
        current, voltage = ((0.0, 52.8), (None, 52.8), (-50.0, 52.0), (None, 52.0))[now % 4]
        resistance.take(reading(voltage=voltage, current=current), float(now))
    assert resistance.per_cell == TYPICAL
