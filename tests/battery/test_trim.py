"""Chargers that take more than they are told: what flows becomes what is allowed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.trim import MOST, Trim, Trimmed
from tests.battery.packs import Timeline, amounts, reading


def run(trim: Trim, seconds: int, current: float, allowed: float = 100.0) -> float:
    """What is told after so many readings, one a second."""
    told = 0.0
    for _ in range(seconds):
        told = trim.take(current, allowed, 1.0)
    return told


def charge(trim: Trim, seconds: int, charger: Callable[[float], float], allowed: float = 100.0) -> list[float]:
    """What flows, second by second, from a charger that follows what it is told with a time constant of 3 s."""
    flows, told = [0.0], allowed
    for _ in range(seconds):
        flows.append(flows[-1] + (charger(told) - flows[-1]) * 0.28)
        told = trim.take(flows[-1], allowed, 1.0)
    return flows


@pytest.mark.parametrize("charger", [lambda told: 1.17 * told, lambda told: told + 9.0, lambda told: 1.25 * told])
def test_what_flows_becomes_what_is_allowed_within_two_minutes_and_stays(charger: Callable[[float], float]) -> None:
    flows = charge(Trim(), 3600, charger)
    assert max(flows) > 108
    assert max(flows[120:]) <= 103.0
    assert min(flows[120:]) >= 96.0
    assert max(flows[300:]) - min(flows[300:]) < 0.5  # it does not swing


def test_chargers_that_do_as_they_are_told_are_left_alone() -> None:
    for charger in (lambda told: told, lambda told: min(told, 40.0), lambda told: 1.029 * told):
        trim = Trim()
        charge(trim, 600, charger)
        assert trim.trimmed.share == 0.0


@pytest.mark.parametrize(("allowed", "fits", "too_much"), [(100.0, 103.0, 103.1), (50.0, 52.0, 52.1), (2.0, 3.0, 3.1)])
def test_a_little_more_does_not_matter(allowed: float, fits: float, too_much: float) -> None:
    assert run(Trim(), 100, fits, allowed) == allowed
    assert run(Trim(), 100, too_much, allowed) < allowed


def test_half_of_it_every_ten_seconds() -> None:
    trim = Trim()
    assert run(trim, 9, 110.0) == 100.0
    assert run(trim, 1, 110.0) == pytest.approx(95.0)
    assert run(trim, 9, 105.0) == pytest.approx(95.0)
    assert run(trim, 1, 105.0) == pytest.approx(92.5)
    assert run(trim, 500, 103.0) == pytest.approx(92.5)


def test_what_passes_within_ten_seconds_does_not_count() -> None:
    trim = Trim()
    for _ in range(10):
        run(trim, 9, 150.0)
        assert run(trim, 1, 100.0) == 100.0


def test_not_more_than_a_quarter() -> None:
    assert run(Trim(), 600, 300.0) == pytest.approx(75.0)


@pytest.mark.parametrize(("allowed", "told"), [(0.0, 0.0), (1.0, 1.0), (1.1, 1.1 * 0.75)])
def test_next_to_nothing_is_not_trimmed(allowed: float, told: float) -> None:
    assert run(Trim(), 600, 30.0, allowed) == pytest.approx(told)


@pytest.mark.parametrize(("current", "more"), [(82.9, True), (77.1, True), (83.1, False), (76.9, False), (20.0, False)])
def test_told_more_again_when_they_follow_and_less_flows(current: float, more: bool) -> None:
    trim = Trim(Trimmed(0.2))
    run(trim, 5, 20.0)
    assert run(trim, 9, current) == pytest.approx(80.0)
    told = run(trim, 1, current)
    assert told == pytest.approx(80.0 + (100 - current) / 2 if more else 80.0)


def test_almost_as_much_as_is_allowed_will_do() -> None:
    trim = Trim(Trimmed(0.03))
    assert run(trim, 600, 97.0) == pytest.approx(97.0)
    assert run(Trim(Trimmed(0.031)), 600, 96.9) > 97.0


def test_it_is_forgotten_after_four_hours() -> None:
    trim = Trim()
    run(trim, 10, 110.0)
    assert run(trim, 14399, 20.0) == pytest.approx(95.0)
    assert run(trim, 1, 20.0) == 100.0
    run(trim, 10, 110.0)
    run(trim, 14000, 20.0)
    run(trim, 10, 110.0)
    assert run(trim, 14399, 20.0) == pytest.approx(90.0)


NUMBERS = st.floats(0, 1000)


@given(st.lists(st.tuples(st.floats(-500, 1000), NUMBERS, st.floats(0, 60)), max_size=60), st.floats(0, MOST))
def test_never_more_than_allowed_and_never_less_than_three_quarters(
    steps: list[tuple[float, float, float]], share: float
) -> None:
    trim = Trim(Trimmed(share))
    for current, allowed, elapsed in steps:
        told = trim.take(current, allowed, elapsed)
        assert allowed * (1 - MOST) - 1e-9 <= told <= allowed


def test_the_published_limit_is_trimmed_says_so_and_a_restart_knows() -> None:
    """100 A allowed, of which chargers make 8 % more."""
    timeline = Timeline()
    timeline.hear(reading(current=100.0), 60)
    assert amounts(timeline.last.limits)[1] == 100
    assert timeline.hear(reading(current=108.0), 10).limits is not None
    assert amounts(timeline.last.limits)[1] == 96
    assert timeline.last.limits is not None
    assert timeline.last.limits.charge_current.reason == "setting; chargers take more than they are told"
    assert timeline.last.limits.charge_voltage.value == 55.2
    again = timeline.restart(after=5)
    assert amounts(again.hear(reading(current=100.0), 60).limits)[1] == 96


def test_who_heeds_no_current_is_not_told_another_one() -> None:
    timeline = Timeline()
    timeline.hear(reading(current=108.0), 30)
    assert amounts(timeline.last.limits)[1] < 100
    timeline.hear(reading(current=160.0), 100)
    assert amounts(timeline.last.limits)[1] == 100
    assert timeline.last.limits is not None
    assert timeline.last.limits.charge_voltage.reason.endswith("chargers do not heed the charge current")
