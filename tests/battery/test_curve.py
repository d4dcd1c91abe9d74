"""Curves, and the walls that they stay inside of."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.curve import Curve, along, inside

HILL: Curve = ((0.0, 0.0), (10.0, 1.0), (40.0, 1.0), (50.0, 0.2))


@pytest.mark.parametrize(
    ("x", "share"),
    [(-5, 0), (0, 0), (2.5, 0.25), (10, 1), (25, 1), (45, 0.6), (50, 0.2), (99, 0.2)],
)
def test_a_curve_is_linear_between_its_points_and_flat_beyond(x: float, share: float) -> None:
    assert along(HILL, x) == pytest.approx(share)


def test_one_point_is_a_constant() -> None:
    assert [along(((5.0, 0.4),), x) for x in (-9.0, 5.0, 9.0)] == [0.4, 0.4, 0.4]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (None, None, HILL),
        (-20.0, None, ((-20, 0), (-15, 0), *HILL)),
        (4.0, None, ((4, 0), (9, 0.9), *HILL[1:])),
        (10.0, None, ((10, 0), (15, 1), *HILL[2:])),
        (None, 40.0, (*HILL[:2], (35, 1), (40, 0))),
        (None, 47.0, ((0, 0), (10, 1), (40, 1), (42, 0.84), (47, 0))),
        (None, 70.0, (*HILL, (65, 0.2), (70, 0))),
        (20.0, 30.0, ((20, 0), (25, 1), (30, 0))),
        (20.0, 24.0, ((20, 0), (24, 0))),
        (60.0, 20.0, ((60, 0), (20, 0))),
    ],
)
def test_walls(low: float | None, high: float | None, expected: Curve) -> None:
    found = inside(HILL, low, high, 5.0)
    assert [x for x, _ in found] == [x for x, _ in expected]
    assert [share for _, share in found] == pytest.approx([share for _, share in expected])


def test_a_flat_part_is_exactly_flat_and_a_zero_exactly_zero() -> None:
    """A share of 0.9999999999999999 would blame the temperature; one of 1e-16 would keep an inverter on."""
    assert {along(HILL, 10 + step * 0.03) for step in range(1000)} == {1.0}
    for share in range(1, 1000):
        for end in (0.1, 3.55, 50.0):
            assert along(((end - 0.1, share / 1000), (end, 0.0)), end) == 0


TEMPERATURES = st.floats(-60.0, 120.0)


@given(
    st.lists(st.tuples(st.integers(-40, 100), st.floats(0.0, 1.0)), min_size=1, max_size=6, unique_by=lambda p: p[0]),
    st.none() | TEMPERATURES,
    st.none() | TEMPERATURES,
    TEMPERATURES,
)
def test_walls_raise_nothing_and_nothing_is_beyond_them(
    points: list[tuple[int, float]], low: float | None, high: float | None, x: float
) -> None:
    curve = tuple((float(at), share) for at, share in sorted(points))
    found = inside(curve, low, high, 5.0)
    assert 0 <= along(found, x) <= along(curve, x) + 1e-9
    if (low is not None and x <= low) or (high is not None and x >= high):
        assert along(found, x) == 0
    elif (low is None or x >= low + 5) and (high is None or x <= high - 5):
        assert along(found, x) == pytest.approx(along(curve, x))
    if low is None or high is None or low < high:
        assert all(before < after for (before, _), (after, _) in pairwise(found))
