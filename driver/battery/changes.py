"""The last changes of a battery's limits, with their reasons: why the charge current was what it was an hour ago."""

import json
from collections import deque
from dataclasses import fields
from typing import NamedTuple

from .limits import Limit, Limits

KEPT = 100
WORTH = {"charge_voltage": 0.1, "charge_current": 5.0, "discharge_current": 5.0, "low_voltage": 0.1}  # V, A
NAMES = tuple(field.name for field in fields(Limits))


class Change(NamedTuple):
    """One limit that has changed at monotonic second `at`."""

    at: float
    name: str  # of the attribute of Limits
    limit: Limit


class Changes:
    """The last `KEPT` changes: by more than a little, to or from 0, or for another reason."""

    def __init__(self) -> None:
        self.last: deque[Change] = deque(maxlen=KEPT)
        self._noted: dict[str, Limit] = {}

    def take(self, limits: Limits, now: float) -> None:
        """Note what differs from what was noted before."""
        for name in NAMES:
            limit: Limit = getattr(limits, name)
            before = self._noted.get(name)
            if limit != before and (before is None or _differs(before, limit, WORTH[name])):
                self._noted[name] = limit
                self.last.append(Change(now, name, limit))

    def text(self, now: float) -> str:
        """All of them as JSON, oldest first: lists of s before `now`, name, value and reason."""
        return json.dumps([(round(now - at, 1), name, *limit) for at, name, limit in self.last])


def _differs(before: Limit, limit: Limit, worth: float) -> bool:
    """A reason that only goes on (a rise, a ramp) is none of its own."""
    moved = abs(limit.value - before.value)
    return moved >= worth or (limit.value == 0) != (before.value == 0) or (moved > 0 and limit.reason != before.reason)
