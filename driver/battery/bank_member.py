"""Which packs of a bank stand on its bus bars now, and which have left it.

A pack leaves at once and comes back carefully: only when its voltage is near that of the others, because two batteries
of different voltage that are switched together know no limit but their resistance.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from .controller import Outcome
from .envelope import Envelope
from .limits import Limits
from .loss import Presence
from .reading import Reading

CARRIES = 2.0  # A; a pack with more is on the bus bars, whatever its voltage says
CLOSE = 0.030  # V per cell to the others within which a pack is counted in
FAR = 0.060  # V per cell beyond which, without current, it cannot be on the same bus bars
FAR_FOR = 10.0  # s


class Standing(Enum):
    """Where a pack stands, in words that follow its name."""

    IN = "serves"
    SILENT = "is silent"  # since some seconds: gone for the others, and its own limits hold
    LEAVING = "is in maintenance, but still carries current"
    LOST = "is lost"
    OFF = "is switched off"
    MAINTENANCE = "is in maintenance"
    WAITING = "waits"  # its voltage is not that of the bank


ON_THE_BARS = frozenset({Standing.IN, Standing.SILENT, Standing.LEAVING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One pack as its bank sees it."""

    name: str
    outcome: Outcome
    limits: Limits
    terms: Envelope | None  # None: nothing certain was read since the start
    resistance: float  # Ω per cell
    maintenance: bool = False  # the owner has announced that it leaves
    late: bool = False  # its readings should have come by now

    @property
    def heard(self) -> bool:
        """Whether its readings come."""
        return self.outcome.presence is Presence.LIVE and self.outcome.reading is not None and not self.late

    @property
    def measured(self) -> Reading | None:
        """What may be shown of it."""
        return self.outcome.reading if self.outcome.fresh else None

    @property
    def carries(self) -> bool:
        """Whether it has told a current lately."""
        return self.measured is not None and abs(self.measured.current or 0.0) > CARRIES

    @property
    def capacity(self) -> float | None:
        """Ah, as it is controlled with; None: not known."""
        return self.terms.capacity if self.terms else None

    def lets(self, *, charging: bool) -> bool:
        """Whether current of that side may flow: a MOSFET that is known to be off stops it, unless current says no."""
        reading = self.outcome.reading
        if reading is None:
            return True
        flows = (reading.current or 0.0) * (1 if charging else -1) > CARRIES
        return flows or (reading.charge_mosfet_on if charging else reading.discharge_mosfet_on) is not False


class Roll:
    """Keeps who is counted in."""

    def __init__(self) -> None:
        self._joined: dict[str, float] = {}  # s for which its voltage has been far from the others
        self._at = 0.0

    def call(self, members: Sequence[Member], now: float) -> dict[str, Standing]:
        """Where each pack stands at monotonic second `now`."""
        elapsed, self._at = now - self._at, now
        standings = {member.name: self._plain(member) for member in members}
        for name, standing in standings.items():
            if standing not in (Standing.IN, Standing.SILENT, Standing.LEAVING):
                self._joined.pop(name, None)
        heard = [member for member in members if standings[member.name] is Standing.IN]
        self._leave(heard, elapsed)
        self._join(heard)
        waiting = {member.name: Standing.WAITING for member in heard if member.name not in self._joined}
        return standings | waiting

    def _plain(self, member: Member) -> Standing:
        """Without a look at the others."""
        if member.maintenance:
            return Standing.LEAVING if member.carries else Standing.MAINTENANCE
        if member.outcome.presence in (Presence.LIMP, Presence.SAFE) or member.outcome.reading is None:
            return Standing.LOST
        if not (member.lets(charging=True) or member.lets(charging=False)):
            return Standing.OFF
        if member.heard:
            return Standing.IN
        return Standing.SILENT if member.name in self._joined else Standing.LOST

    def _leave(self, heard: Iterable[Member], elapsed: float) -> None:
        """At most one at a time: the one that is farthest from the others; of two, the later one."""
        joined = [member for member in heard if member.name in self._joined]
        total, others = sum(map(_volts, joined)), max(1, len(joined) - 1)
        alone = len(joined) == 1  # from whom nobody is far
        apart = {
            member.name: 0.0 if alone else abs(_volts(member) - (total - _volts(member)) / others) for member in joined
        }
        for member in joined:
            free = member.lets(charging=True) and member.lets(charging=False)  # or it need not have their voltage
            far = free and apart[member.name] > FAR and not member.carries
            self._joined[member.name] = self._joined[member.name] + elapsed if far else 0.0
        gone = [member.name for member in reversed(joined) if self._joined[member.name] >= FAR_FOR]
        if gone:
            del self._joined[max(gone, key=lambda name: round(apart[name], 6))]

    def _join(self, heard: Sequence[Member]) -> None:
        """Count in who is near; where nobody is in yet, the one in the middle is the first."""
        new = [member for member in heard if member.name not in self._joined]
        if new and len(new) == len(heard):
            new.sort(key=lambda member: (not member.carries, _volts(member)))
            on = [member for member in new if member.carries] or new
            first = on[(len(on) - 1) // 2]
            self._joined[first.name] = 0.0
        inside = [member for member in heard if member.name in self._joined]
        for member in new:
            if member.carries or _distance(member, inside) <= CLOSE:
                self._joined.setdefault(member.name, 0.0)


def apart(member: Member, standings: Mapping[str, Standing], members: Iterable[Member]) -> float:
    """V by which a pack differs from those that serve; positive: it is higher."""
    inside = [other for other in members if standings[other.name] is Standing.IN]
    return (_volts(member) - mean_volts(inside)) * member.outcome.cell_count if inside else 0.0


def mean_volts(members: Sequence[Member]) -> float:
    """V per cell of packs that are heard, the mean."""
    return sum(map(_volts, members)) / len(members)


def _distance(member: Member, others: Sequence[Member]) -> float:
    """V per cell between a pack and others; none without others."""
    return abs(_volts(member) - mean_volts(others)) if others else 0.0


def _volts(member: Member) -> float:
    assert member.outcome.reading is not None  # it is heard
    return member.outcome.reading.voltage / len(member.outcome.reading.cells)
