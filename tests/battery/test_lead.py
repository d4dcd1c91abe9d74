"""How far and how long a cell that runs ahead lowers the charge voltage."""

import pytest

from driver.battery.lead import Lead, Leading


def lowered(leading: Leading, need: float, seconds: float, over: float = 0.0, apart: float = 1.0) -> float:
    """What is lowered when the same has been needed for so long."""
    for _ in range(round(seconds / apart)):
        found = leading.take(need, over, 16, apart)
    return found


def test_the_first_reading_counts_at_once() -> None:
    assert Leading(Lead()).take(0.5, 0.0, 16, 0.0) == 0.5


def test_what_lasts_five_seconds_lowers_and_what_is_shorter_does_not() -> None:
    leading = Leading(Lead())
    lowered(leading, 0.0, 10)
    assert lowered(leading, 0.5, 5) == 0.0
    assert lowered(leading, 0.1, 1) == 0.1
    assert lowered(leading, 0.5, 5) == 0.1
    assert lowered(leading, 0.5, 1) == 0.5


def test_a_slow_poll_lowers_at_once() -> None:
    leading = Leading(Lead())
    leading.take(0.0, 0.0, 16, 0.0)
    assert leading.take(0.5, 0.0, 16, 5.1) == 0.5


def test_it_stays_for_half_an_hour_and_then_goes_slowly() -> None:
    leading = Leading(Lead())
    leading.take(0.5, 0.0, 16, 0.0)
    assert lowered(leading, 0.0, 1800) == 0.5
    assert leading.lead == Lead(0.5, 1800.0)
    assert lowered(leading, 0.0, 1) == pytest.approx(0.5 - 0.0008)
    assert lowered(leading, 0.0, 100) == pytest.approx(0.5 - 101 * 0.0008)
    assert lowered(leading, 0.3, 600) == 0.3
    assert lowered(leading, 0.0, 600) == 0.0


def test_falling_further_begins_the_half_hour_anew() -> None:
    leading = Leading(Lead(0.5, 1799.0))
    assert leading.take(0.6, 0.0, 16, 1.0) == 0.6
    assert leading.lead.still == 0.0


def test_a_cell_that_stays_over_its_target_lowers_more_and_more() -> None:
    leading = Leading(Lead())
    assert lowered(leading, 0.2, 9, over=0.01) == 0.2
    assert lowered(leading, 0.2, 1, over=0.01) == pytest.approx(0.2 + 0.16)
    assert lowered(leading, 0.2, 9, over=0.01) == pytest.approx(0.2 + 0.16)
    assert lowered(leading, 0.2, 1, over=0.01) == pytest.approx(0.2 + 0.32)
    assert lowered(leading, 0.3, 6, over=0.00301) == pytest.approx(0.3 + 0.32)
    assert lowered(leading, 0.3, 100, over=0.003) == pytest.approx(0.3 + 0.32)


def test_only_what_is_over_all_the_time_lowers_more() -> None:
    leading = Leading(Lead())
    for _ in range(10):
        lowered(leading, 0.2, 3, over=0.05)
        assert lowered(leading, 0.2, 1, over=0.0) == 0.2


def test_what_was_lowered_more_is_forgotten_with_the_rest() -> None:
    leading = Leading(Lead())
    lowered(leading, 0.2, 10, over=0.01)
    assert lowered(leading, 0.0, 1801) == pytest.approx(0.36 - 0.0008)
    assert lowered(leading, 0.0, 600) == 0.0
    assert lowered(leading, 0.1, 7) == 0.1


def test_a_little_over_3_mv_counts_and_the_ten_seconds_begin_anew() -> None:
    leading = Leading(Lead())
    lowered(leading, 0.2, 20, over=0.003)
    assert lowered(leading, 0.2, 14, over=0.0031) == 0.2
    assert lowered(leading, 0.2, 1, over=0.0031) == pytest.approx(0.2 + 16 * 0.0031)
