"""A hundred days of sun and clouds at five latitudes: every day keeps the bounds, and sunny days end full."""

from itertools import groupby

import pytest

from tests.closed_loop.bounds import OVERSHOOT, SWINGS, TURNS
from tests.closed_loop.season import LATITUDES, season

# latitude -> full charges at least, days between two of them at most: what the sun of March to June gives
FULL = {0: (80, 7), 23: (80, 7), 40: (75, 7), 52: (55, 28), 65: (35, 45)}
BALANCED = 0.030  # V between the cells with the highest at the top, once the balancer has had some charges to work


@pytest.mark.parametrize("latitude", LATITUDES)
def test_a_hundred_days(latitude: int) -> None:
    days = list(season(latitude))
    assert max(day.figures.overshoot for day in days) <= OVERSHOOT
    assert max(day.figures.turns for day in days) <= TURNS
    assert max(day.figures.swings for day in days) <= SWINGS
    assert sum(day.figures.trips for day in days) == 0
    least, longest = FULL[latitude]
    assert sum(day.full for day in days) >= least
    assert max(len(list(group)) for full, group in groupby(days, lambda day: day.full) if not full) < longest
    assert max(day.spread for day in days[-10:]) <= BALANCED
