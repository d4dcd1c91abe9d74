"""Curves: points (x, share), linear between them and flat beyond both ends."""

from typing import TypeAlias

Curve: TypeAlias = tuple[tuple[float, float], ...]  # (x, share 0 to 1), x rising


def along(curve: Curve, x: float) -> float:
    """The curve's value at x. A flat part is exactly flat and a 0 exactly 0: a limit of nearly 0 would not be one."""
    before_x, before_y = curve[0]
    if x <= before_x:
        return before_y
    for next_x, next_y in curve:
        if x <= next_x:
            return before_y + (next_y - before_y) * ((x - before_x) / (next_x - before_x))
        before_x, before_y = next_x, next_y
    return before_y


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
