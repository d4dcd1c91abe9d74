"""Chargers that do not heed the charge current: how far the voltage gives way, and when it comes back."""

from math import inf

import pytest

from driver.battery.unheeded import Unheeded

OHMS = 0.001  # per cell
COUNT = 16


def run(unheeded: Unheeded, seconds: int, current: float, allowed: float = 50.0, cell: float = 3.30) -> float:
    """The ceiling after so many readings, one a second."""
    found = inf
    for _ in range(seconds):
        found = unheeded.take((cell,) * COUNT, current, allowed, OHMS, 1.0)
    return found


def lowered() -> Unheeded:
    """Just lowered to 52.3 V because of 112 A."""
    unheeded = Unheeded()
    assert run(unheeded, 10, 112.5) == pytest.approx(52.3)
    return unheeded


@pytest.mark.parametrize(("allowed", "heeded", "ignored"), [(50.0, 57.0, 57.1), (0.0, 2.0, 2.1), (100.0, 112.0, 112.1)])
def test_a_current_somewhat_over_the_allowed_one_is_heeded(allowed: float, heeded: float, ignored: float) -> None:
    assert run(Unheeded(), 600, heeded, allowed) == inf
    assert run(Unheeded(), 600, ignored, allowed) < 52.8


def test_what_passes_within_ten_seconds_does_not_count() -> None:
    unheeded = Unheeded()
    for _ in range(9):
        assert run(unheeded, 9, 200.0) == inf
        assert run(unheeded, 1, 50.0) == inf
    assert run(unheeded, 9, 200.0) == inf
    assert run(unheeded, 1, 200.0) == pytest.approx(52.8 - 0.5 * 150 * OHMS * COUNT)


@pytest.mark.parametrize(("current", "seconds"), [(57.1, 25), (64.5, 25), (64.6, 10)])
def test_who_may_only_be_inexact_has_time_to_be_trimmed(current: float, seconds: int) -> None:
    unheeded = Unheeded()
    assert run(unheeded, seconds - 1, current) == inf
    assert run(unheeded, 1, current) < 52.8


def test_it_goes_half_of_the_way_every_ten_seconds_from_where_it_is() -> None:
    unheeded = lowered()
    assert run(unheeded, 9, 90.0, cell=3.29) == pytest.approx(52.3)
    assert run(unheeded, 1, 90.0, cell=3.29) == pytest.approx(52.3 - 0.32)
    assert run(unheeded, 10, 90.0, cell=3.20) == pytest.approx(51.2 - 0.32)


@pytest.mark.parametrize(("current", "rises"), [(35.5, False), (35.4, True)])
def test_it_rises_after_a_quarter_of_an_hour_when_it_is_what_holds_the_battery(current: float, rises: bool) -> None:
    unheeded = lowered()
    assert run(unheeded, 908, current, cell=3.27) == pytest.approx(52.3)
    found = run(unheeded, 1, current, cell=3.27)
    assert found == pytest.approx(52.3 + (0.5 * 14.6 * OHMS * COUNT if rises else 0.0))
    if rises:
        assert run(unheeded, 9, current, cell=3.27) == pytest.approx(found)
        assert run(unheeded, 1, current, cell=3.27) > found


def test_it_does_not_rise_while_there_is_no_sun() -> None:
    assert run(lowered(), 2000, 0.0, cell=3.2585) == pytest.approx(52.3)
    assert run(lowered(), 2000, 0.0, cell=3.259) > 52.3


def test_a_ceiling_that_draws_on_the_battery_rises_at_once() -> None:
    unheeded = lowered()
    assert run(unheeded, 9, -20.0, cell=3.27) == pytest.approx(52.3)
    assert run(unheeded, 1, -20.0, cell=3.27) == pytest.approx(52.3 + 0.5 * 70 * OHMS * COUNT)
    assert run(lowered(), 100, -2.0, cell=3.27) == pytest.approx(52.3)


def test_chargers_are_asked_anew_after_four_hours() -> None:
    unheeded = lowered()
    assert run(unheeded, 14399, 0.0, cell=3.20) == pytest.approx(52.3)
    assert run(unheeded, 1, 0.0, cell=3.20) == inf


def test_the_four_hours_and_the_quarter_begin_when_it_was_lowered_last() -> None:
    unheeded = lowered()
    run(unheeded, 800, 50.0, cell=3.27)
    now = run(unheeded, 10, 100.0, cell=3.27)
    assert run(unheeded, 908, 0.0, cell=3.27) == pytest.approx(now)
    assert run(unheeded, 1, 0.0, cell=3.27) > now
