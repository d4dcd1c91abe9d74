"""How the current of a bank divides among its packs, for one direction: learned from what flows, carefully.

Packs in parallel share by their resistance and state of charge, not by their size. A share that turns out larger
counts at the second look, because packs are read within a second, and a step of load falls between; one that turns out
smaller counts slowly. Where nothing was learned, shares are as capacity.
"""

from collections.abc import Mapping

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
        self._present: Mapping[str, float | None] = {}  # with their capacities
        self._floor: dict[str, float] = {}
        self._seen: dict[str, float] | None = None  # at the look before, if it taught anything

    def attend(self, present: Mapping[str, float | None]) -> None:
        """These packs are there now, with their capacities in Ah. Who leaves hands his share to the others."""
        if present == self._present:
            return
        self._present = present
        by_capacity = proportions(present)
        self._floor = {name: FLOOR * share for name, share in by_capacity.items()}
        gone = {name: share for name, share in self.of.items() if name not in present}
        left = 1.0 - sum(gone.values())
        self.before |= gone
        stayed = {
            name: max(share / left if share < left else 1.0, self._floor[name])
            for name, share in self.of.items()
            if name in present
        }
        back = {name: max(self.before.pop(name, 0.0), by_capacity[name]) for name in present if name not in stayed}
        self.of = stayed | back
        self._seen = None

    def watch(self, currents: Mapping[str, float], own: Mapping[str, float], allowed: float) -> None:
        """Where the sum tells nothing, because a pack is missing in it or lies: a pack with more than its `own` limit.

        While the bank keeps to what it is `allowed`, in A, that pack has at least such a share of it.
        """
        for name, current in currents.items():
            if current > OVER * own[name] and allowed > 0:
                self.of[name] = max(self.of[name], min(1.0, current / allowed))

    def learn(self, currents: Mapping[str, float], capacity: float, elapsed: float) -> bool:
        """Each pack's current in this direction, in A, from readings of one moment, `elapsed` s after the last look.

        `capacity` is that of all packs, in Ah. Whether there was anything to learn.
        """
        total, part = sum(currents.values()), min(1.0, elapsed / SETTLES)
        if total < max(LEAST_CURRENT, LEAST_RATE * capacity) or currents.keys() != self.of.keys():
            self._seen = None
            whole = sum(self.of.values())
            if whole > 1.0:  # packs came back, or carried for others
                for name, share in self.of.items():
                    self._fall(name, share / whole, part)
            return False
        before, self._seen = self._seen, {name: current / total for name, current in currents.items()}
        if before is not None:
            for name, seen in self._seen.items():
                self._fall(name, min(seen, before[name]), part)
        return True

    def _fall(self, name: str, lasting: float, part: float) -> None:
        """Up to what lasts at once, and down to it slowly."""
        share = self.of[name]
        self.of[name] = max(lasting, share + (lasting - share) * part, self._floor[name])


def proportions(capacities: Mapping[str, float | None]) -> dict[str, float]:
    """Shares by capacity; equal ones where a capacity is not known."""
    known = [capacity for capacity in capacities.values() if capacity]
    if len(known) < len(capacities):
        return {name: 1.0 / len(capacities) for name in capacities}
    return {name: (capacity or 0.0) / sum(known) for name, capacity in capacities.items()}
