"""Which packs of a bank stand on its bus bars now, and which have left it.

A pack leaves at once and comes back carefully: only when its voltage is near that of the others, because two batteries
of different voltage that are switched together know no limit but their resistance.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .controller import Outcome
from .envelope import Envelope
from .limits import Limits
from .loss import Presence
from .reading import Reading

CARRIES = 2.0  # A; a pack with more is on the bus bars, whatever its voltage says
CLOSE = 0.030  # V per cell to the others within which a pack is counted in
FAR = 0.060  # V per cell beyond which, without current, it cannot be on the same bus bars
FAR_FOR = 10.0  # s


class Standing(StrEnum):
    """Where a pack stands, in words that follow its name."""

    IN = "serves"
    SILENT = "is silent"  # since some seconds: gone for the others, and its own limits hold
    LEAVING = "is in maintenance, but still carries current"
    LOST = "is lost"
    OFF = "is switched off"
    MAINTENANCE = "is in maintenance"
    WAITING = "waits"  # its voltage is not that of the bank


ON_THE_BARS = (Standing.IN, Standing.SILENT, Standing.LEAVING)


@dataclass(slots=True, kw_only=True)
class Member:
    """One pack as its bank sees it in one look: what many ask about it is worked out once, when it is made."""

    name: str
    outcome: Outcome
    limits: Limits
    terms: Envelope | None  # None: nothing certain was read since the start
    resistance: float  # Ω per cell
    maintenance: bool = False  # the owner has announced that it leaves
    late: bool = False  # its readings should have come by now
    standing: Standing = field(default=Standing.LOST, init=False)  # as the roll says
    measured: Reading | None = field(init=False)  # what may be shown of it
    heard: bool = field(init=False)  # its readings come
    volts: float = field(init=False)  # V per cell as it was last heard, or 0
    carries: bool = field(init=False)  # it has told a current lately
    charges: bool = field(init=False)  # charge current may flow
    discharges: bool = field(init=False)
    capacity: float | None = field(init=False)  # Ah, as it is controlled with; None: not known

    def __post_init__(self) -> None:
        outcome, reading = self.outcome, self.outcome.reading
        self.capacity = None if self.terms is None else self.terms.capacity
        self.measured = reading if outcome.fresh else None
        if reading is None:
            self.heard = self.carries = False
            self.charges = self.discharges = True
            self.volts = 0.0
            return
        current = reading.current or 0.0
        self.heard = outcome.presence is Presence.LIVE and not self.late
        self.volts = reading.voltage / len(reading.cells)
        self.carries = outcome.fresh and abs(current) > CARRIES
        # a MOSFET that is known to be off stops the current, unless the current says no
        self.charges = reading.charge_mosfet_on is not False or current > CARRIES
        self.discharges = reading.discharge_mosfet_on is not False or -current > CARRIES


class Roll:
    """Keeps who is counted in."""

    def __init__(self) -> None:
        self._joined: dict[str, float] = {}  # s for which its voltage has been far from the others
        self._at = 0.0

    def call(self, members: Sequence[Member], now: float) -> None:
        """Tell each pack where it stands at monotonic second `now`."""
        elapsed, self._at = now - self._at, now
        heard = []
        for member in members:
            member.standing = self._plain(member)
            if member.standing is Standing.IN:
                heard.append(member)
            elif member.standing not in ON_THE_BARS:
                self._joined.pop(member.name, None)
        self._leave(heard, elapsed)
        self._join(heard)
        for member in heard:
            if member.name not in self._joined:
                member.standing = Standing.WAITING

    def _plain(self, member: Member) -> Standing:
        """Without a look at the others."""
        if member.maintenance:
            return Standing.LEAVING if member.carries else Standing.MAINTENANCE
        if member.outcome.presence in (Presence.LIMP, Presence.SAFE) or member.outcome.reading is None:
            return Standing.LOST
        if not (member.charges or member.discharges):
            return Standing.OFF
        if member.heard:
            return Standing.IN
        return Standing.SILENT if member.name in self._joined else Standing.LOST

    def _leave(self, heard: Iterable[Member], elapsed: float) -> None:
        """At most one at a time: the one that is farthest from the others; of two, the later one."""
        joined = [member for member in heard if member.name in self._joined]
        total, others = sum([member.volts for member in joined]), len(joined) - 1
        apart = {}
        for member in joined:
            name, volts = member.name, member.volts
            apart[name] = abs(volts - (total - volts) / others) if others else 0.0  # nobody is far from nobody
            far = apart[name] > FAR and not member.carries
            free = member.charges and member.discharges  # or it need not have their voltage
            self._joined[name] = self._joined[name] + elapsed if far and free else 0.0
        gone = [member.name for member in reversed(joined) if self._joined[member.name] >= FAR_FOR]
        if gone:
            del self._joined[max(gone, key=lambda name: round(apart[name], 6))]

    def _join(self, heard: Sequence[Member]) -> None:
        """Count in who is near; where nobody is in yet, the one in the middle is the first."""
        new = [member for member in heard if member.name not in self._joined]
        if not new:
            return
        if len(new) == len(heard):
            new.sort(key=lambda member: (not member.carries, member.volts))
            on = [member for member in new if member.carries] or new
            first = on[(len(on) - 1) // 2]
            self._joined[first.name] = 0.0
        inside = mean_volts([member for member in heard if member.name in self._joined])
        for member in new:
            if member.carries or abs(member.volts - inside) <= CLOSE:
                self._joined.setdefault(member.name, 0.0)


def apart(member: Member, members: Iterable[Member]) -> float:
    """V by which a pack differs from those that serve; positive: it is higher."""
    inside = [other for other in members if other.standing is Standing.IN]
    return (member.volts - mean_volts(inside)) * member.outcome.cell_count if inside else 0.0


def mean_volts(members: Sequence[Member]) -> float:
    """V per cell of packs that are heard, the mean."""
    return sum([member.volts for member in members]) / len(members)
