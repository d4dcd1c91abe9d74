"""How the current of a bank divides among its packs, for one direction: learned from what flows, carefully.

Packs in parallel share by their resistance and state of charge, not by their size. A share that turns out larger
counts at the second look, one that turns out smaller counts slowly. Where nothing was learned, shares are as capacity.
"""

from collections import deque
from collections.abc import Mapping

LOOKS = 2  # in a row that must agree: packs are read within a second, and a step of load falls between
SETTLES = 60.0  # s, time constant with which a share falls
LEAST_RATE = 0.01  # C; a smaller current of the bank says nothing about shares
LEAST_CURRENT = 3.0  # A
OVER = 1.05  # times its own limit; a pack with more than that is overloaded
FLOOR = 0.25  # of the share by capacity, below which none falls: a pack that takes nothing now may do so soon


class Shares:
    """One direction of one bank."""

    def __init__(self) -> None:
        self.of: dict[str, float] = {}  # of the packs that are present, by name
        self.before: dict[str, float] = {}  # of those that have left
        self._seen: deque[dict[str, float]] = deque(maxlen=LOOKS)

    def attend(self, present: Mapping[str, float | None]) -> None:
        """These packs are there now, with their capacities in Ah. Who leaves hands his share to the others."""
        by_capacity = proportions(present)
        if present.keys() == self.of.keys():
            self.of = {name: max(share, FLOOR * by_capacity[name]) for name, share in self.of.items()}
            return
        gone = {name: share for name, share in self.of.items() if name not in present}
        left = 1.0 - sum(gone.values())
        self.before |= gone
        stayed = {name: share / left if share < left else 1.0 for name, share in self.of.items() if name in present}
        back = {name: max(self.before.pop(name, 0.0), by_capacity[name]) for name in present if name not in stayed}
        self.of = stayed | back
        self._seen.clear()

    def watch(self, currents: Mapping[str, float], own: Mapping[str, float], allowed: float) -> None:
        """Where the sum tells nothing, because a pack is missing in it or lies: a pack with more than its `own` limit.

        While the bank keeps to what it is `allowed`, in A, that pack has at least such a share of it.
        """
        for name, current in currents.items():
            if current > OVER * own[name] and allowed > 0:
                self.of[name] = max(self.of[name], min(1.0, current / allowed))

    def learn(self, currents: Mapping[str, float], capacity: float | None, elapsed: float) -> bool:
        """Each pack's current in this direction, in A, from readings of one moment, `elapsed` s after the last look.

        Whether there was anything to learn.
        """
        total, part = sum(currents.values()), min(1.0, elapsed / SETTLES)
        if currents.keys() != self.of.keys() or total < max(LEAST_CURRENT, LEAST_RATE * (capacity or 0.0)):
            self._seen.clear()
            whole = max(1.0, sum(self.of.values()))  # more than that where packs came back, or carried for others
            self.of = {name: share + (share / whole - share) * part for name, share in self.of.items()}
            return False
        self._seen.append({name: max(0.0, current / total) for name, current in currents.items()})
        if len(self._seen) < LOOKS:
            return True
        for name, share in self.of.items():
            lasting = min(seen[name] for seen in self._seen)
            self.of[name] = max(lasting, share + (lasting - share) * part)
        return True


def proportions(capacities: Mapping[str, float | None]) -> dict[str, float]:
    """Shares by capacity; equal ones where a capacity is not known."""
    known = [capacity for capacity in capacities.values() if capacity]
    if len(known) < len(capacities):
        return {name: 1.0 / len(capacities) for name in capacities}
    return {name: (capacity or 0.0) / sum(known) for name, capacity in capacities.items()}
