"""Chargers that do not heed the charge current are held back by the charge voltage: MPPTs ignore CCL while feeding in.

When a current stays above what is allowed, the pack may rise no further than the voltage at which that much less would
flow. It is a step of half the way each time, because the resistance is an estimate and chargers follow after seconds.
The way back is the same, but late, so that the voltage turns round four times an hour at most.
"""

from dataclasses import dataclass
from math import inf

OVER, UNDER, LEAST = 0.1, 0.25, 2.0  # shares of the allowed current, and A beside, by which a current may differ
FOLLOW = 10.0  # s in which chargers follow, before a current counts as one that will stay
MUCH, PATIENCE = (
    0.25,
    25.0,
)  # less than this share too much may be inexact chargers, which trim.py has so many s to trim
PART = 0.5  # of the way, at a time
LATE = 900.0  # s after it was lowered, before the ceiling rises; at once when it discharges the battery
FORGOTTEN = 4 * 3600.0  # s after it was lowered, when the chargers may be asked anew whether they heed the current
AT_CEILING = 0.010  # V per cell below the ceiling at which it is the ceiling that holds the battery


@dataclass(frozen=True, slots=True)
class Ceiling:
    """V per pack, and for how many s it has not been lowered."""

    volts: float = inf
    still: float = 0.0


NO_CEILING = Ceiling()


class Unheeded:
    """The ceiling of one battery, reading by reading."""

    def __init__(self, ceiling: Ceiling = NO_CEILING) -> None:
        self.ceiling = ceiling
        self._over_for = self._under_for = 0.0  # s

    def take(
        self, cells: tuple[float, ...], current: float, allowed: float, resistance: float, elapsed: float
    ) -> float:
        """The highest charge voltage, V per pack, at which no more than `allowed` A flow; infinite if all heed them.

        `current` is in A, `resistance` in Ω per cell, and this reading came `elapsed` s after the one before.
        """
        count, volts, excess = len(cells), sum(cells), current - allowed
        top, still = self.ceiling.volts, self.ceiling.still + elapsed
        held = volts >= top - AT_CEILING * count
        less = excess < -UNDER * allowed - LEAST and (still >= LATE or current < -LEAST)
        self._over_for = self._over_for + elapsed if excess > OVER * allowed + LEAST else 0.0
        self._under_for = self._under_for + elapsed if held and less else 0.0
        much = top < inf or excess > MUCH * allowed + LEAST
        step = PART * excess * resistance * count
        if self._over_for >= (FOLLOW if much else PATIENCE):
            top, still, self._over_for = min(top, volts) - step, 0.0, 0.0
        elif self._under_for >= FOLLOW:
            top, self._under_for = top - step, 0.0
        elif still >= FORGOTTEN:
            top = inf
        self.ceiling = Ceiling(top, still)
        return top
