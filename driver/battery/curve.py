"""Curves: points (x, share), linear between them and flat beyond both ends."""

from bisect import bisect_left
from typing import TypeAlias

Curve: TypeAlias = tuple[tuple[float, float], ...]  # (x, share 0 to 1), x rising


def along(curve: Curve, x: float) -> float:
    """The curve's value at x. A flat part is exactly flat and a 0 exactly 0: a limit of nearly 0 would not be one."""
    place = bisect_left(curve, (x,))
    if place == 0:
        return curve[0][1]
    before_x, before_y = curve[place - 1]
    if place == len(curve):
        return before_y
    next_x, next_y = curve[place]
    return before_y + (next_y - before_y) * ((x - before_x) / (next_x - before_x))


def inside(curve: Curve, low: float | None, high: float | None, margin: float) -> Curve:
    """The curve between two walls: 0 at and beyond them, its own values from `margin` inside of them, never more."""
    places = {x for x, _ in curve}
    if low is not None:
        places.add(low + margin)
    if high is not None:
        places.add(high - margin)
    points = [(x, along(curve, x)) for x in sorted(places) if (low is None or x > low) and (high is None or x < high)]
    if low is not None:
        points.insert(0, (low, 0.0))
    if high is not None:
        points.append((high, 0.0))
    return tuple(points)
