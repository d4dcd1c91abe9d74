"""One pack on a bus: what it is to be asked when, and whether it answers. Times are monotonic seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from .jkpb_wire import Register

MISSES = 3  # questions for the status in a row, each asked twice, after which a pack counts as silent
SOON = 0.7  # of a poll interval that a pack which did not answer is moved forward in the queue
RETRY = 0.5  # s after which settings that did not come are asked for again; doubled each time
REFRESH: Mapping[Register, float] = {Register.SETTINGS: 60.0, Register.DEVICE_INFO: 600.0}  # s
SPREAD = 32  # not all packs refresh at once: the first time each is earlier by its address of so many parts


@dataclass(slots=True)
class Unit:
    """One address of a bus."""

    address: int
    poll_interval: float = 1.0
    known: bool = False  # it has answered since the start
    live: bool = False
    probed_at: float = -inf
    due: tuple[float, Register] = (inf, Register.STATUS)  # when to ask a live one next, and for what
    _due: dict[Register, float] = field(default_factory=dict)
    _failed: dict[Register, int] = field(default_factory=dict)  # questions in a row without an answer

    def asked(self, register: Register, now: float) -> None:
        """It is being asked: for a status in a fixed rhythm, or without a pause where the wire is too slow for that."""
        if register is Register.STATUS:
            self._set(register, max(self._due[register] + self.poll_interval, now + self.poll_interval / 2))

    def answered(self, register: Register, now: float) -> None:
        """It has answered. One that was silent is to be asked for everything: it may be another pack than before."""
        if not self.live:
            self.known = self.live = True
            self._failed.clear()
            self._due = {Register.DEVICE_INFO: now, Register.SETTINGS: now}
            self._set(Register.STATUS, now + self.poll_interval)
        elif register is not Register.STATUS:
            early = 0.0 if register in self._failed else self.address / SPREAD
            self._set(register, now + REFRESH[register] * (1 - early))
        self._failed[register] = 0

    def unanswered(self, register: Register, now: float) -> None:
        """It has not answered, although it was asked twice."""
        self._failed[register] = failed = self._failed.get(register, 0) + 1
        if register is Register.STATUS:
            self.live = self.live and failed < MISSES
            self.probed_at = now
            self._set(register, now - SOON * self.poll_interval)
        else:
            self._set(register, now + min(REFRESH[register], RETRY * 2 ** min(failed - 1, 16)))

    def _set(self, register: Register, due: float) -> None:
        self._due[register] = due
        self.due = min((at, one) for one, at in self._due.items())
