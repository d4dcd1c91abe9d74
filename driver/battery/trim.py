"""Chargers that take more than they are told are told less: 117 A flow where 100 A are allowed.

What they take too much is measured, and the charge current is lowered by half of it at a time, until what flows is what
is allowed. It is told more again when they follow it and less flows, or after hours.
"""

from dataclasses import dataclass

NEAR, LEAST = 0.02, 1.0  # share of the allowed current, and A beside, that are not worth it
MOST = 0.25  # share of the allowed current; who takes still more heeds nothing: unheeded.py
FOLLOW = 10.0  # s in which chargers follow, before a current counts as one that will stay
PART = 0.5  # of the way, at a time
FORGOTTEN = 4 * 3600.0  # s after it was last changed


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The share by which the charge current is lowered, and for how many s it has stayed so."""

    share: float = 0.0
    still: float = 0.0


UNTRIMMED = Trimmed()


class Trim:
    """The trim of one battery, reading by reading."""

    def __init__(self, trimmed: Trimmed = UNTRIMMED) -> None:
        self.trimmed = trimmed
        self._over_for = self._under_for = 0.0  # s

    def take(self, current: float, allowed: float, elapsed: float) -> float:
        """What to tell chargers, so that `allowed` A flow. This reading came `elapsed` s after the one before."""
        share, still = self.trimmed.share, self.trimmed.still + elapsed
        excess, little = current - allowed, NEAR * allowed + LEAST
        follows = abs(current - allowed * (1 - share)) <= little
        self._over_for = self._over_for + elapsed if little < excess else 0.0
        self._under_for = self._under_for + elapsed if share and follows and excess < -little else 0.0
        if allowed > LEAST and max(self._over_for, self._under_for) >= FOLLOW:
            share, still = min(max(share + PART * excess / allowed, 0.0), MOST), 0.0
            self._over_for = self._under_for = 0.0
        elif still >= FORGOTTEN:
            share = 0.0
        self.trimmed = Trimmed(share, still)
        return allowed * (1 - share)
