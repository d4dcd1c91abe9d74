"""The driver's own state of charge: the current counted, and put right where the battery shows what it holds.

A JK sees no current below about 0.5 A and so loses some percent a week. What flows unseen, and what charging costs, is
learned as an offset from one full charge to the next. A charge that was seen to end says 100 %; cells at rest tell as
well, where their voltage depends on their charge. What is shown follows slowly and never jumps; the BMS's own state of
charge is used for the beginning and for times in which the BMS was not heard. Nothing is ever written to the BMS.
"""

from dataclasses import dataclass, replace

from .chemistry import Chemistry
from .curve import Curve, along
from .reading import Reading

SLEW = 0.05  # % per s by which what is shown may follow: 1.8 C
COUNTED = 60.0  # s; over a longer silence the BMS's own count is taken
UNSEEN = 0.25  # A that may flow unseen beside the offset
INEXACT = 0.01  # share of what was counted
AT_FIRST, AFTER_SILENCE, WHEN_FULL, AT_REST = 20.0, 2.0, 1.0, 8.0  # % by which it may be off
MOST_OFF = 50.0  # %
LEARNED_FROM = 12 * 3600.0  # s between two full charges that say something about the offset
LEARNED = 0.5  # share of what one such time says
MOST_OFFSET = 1.0  # A
REST_RATE, REST_TIME = 0.005, 3600.0  # C, and s below it, after which cells are at rest
AT_FLOAT = 0.010  # V below its float voltage at which a cell that rests is held there by chargers: nothing leaves it
REST: dict[Chemistry, tuple[float, Curve]] = {  # up to which voltage it tells; V of the lowest cell -> %
    Chemistry.LFP: (3.20, ((2.50, 0.0), (2.85, 2.0), (3.05, 5.0), (3.20, 10.0))),
    Chemistry.NMC: (
        4.20,
        ((3.00, 0.0), (3.40, 5.0), (3.50, 10.0), (3.60, 25.0), (3.71, 50.0), (3.97, 80.0), (4.18, 100.0)),
    ),
    Chemistry.LTO: (2.60, ((1.80, 0.0), (2.05, 5.0), (2.13, 10.0), (2.26, 50.0), (2.43, 90.0), (2.60, 100.0))),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What was counted, and what a restart must know."""

    soc: float  # %
    shown: float  # %, on its way there
    off: float = AT_FIRST  # % by which it may be off
    offset: float = 0.0  # A, learned
    charge: float | None = None  # Ah without offset since the last full charge; None: not all of it was heard
    since_full: float = 0.0  # s
    told: float | None = None  # %, by the BMS, last

    @property
    def confidence(self) -> float:
        """In %: 100 less what it may be off."""
        return 100.0 - self.off


class CoulombCounter:
    """The own state of charge of one battery, reading by reading."""

    def __init__(self, count: Count | None = None) -> None:
        self.count = count  # None: there has been no beginning
        self._rested = 0.0  # s

    def take(self, now: Reading, capacity: float, chemistry: Chemistry | None, silence: float) -> Count | None:
        """The count after this reading, `silence` s after the one before; infinite after a restart.

        `capacity` is in Ah. None: the BMS has told no state of charge to begin with.
        """
        if self.count is None:
            self.count = None if now.soc is None else Count(soc=now.soc, shown=now.soc, told=now.soc)
            return self.count
        count = replace(self.count, told=self.count.told if now.soc is None else now.soc)
        if now.current is None or silence > COUNTED:
            count = _told(count, self.count.told, silence)
            self._rested = 0.0
        else:
            resting = abs(now.current) <= REST_RATE * capacity
            held = resting and chemistry is not None and min(now.cells) >= chemistry.value.float_voltage - AT_FLOAT
            count = _counted(count, now.current, 0.0 if held else count.offset, capacity, silence)
            self._rested = self._rested + silence if resting else 0.0
        if chemistry is not None and self._rested >= REST_TIME:
            count = _rested(count, min(now.cells), chemistry)
        step = SLEW * silence if silence <= COUNTED else 0.0
        shown = min(max(count.soc, count.shown - step), count.shown + step)
        self.count = replace(count, shown=shown)
        return self.count

    def full(self) -> None:
        """A charge has ended because the battery was full."""
        count = self.count
        if count is None:
            return
        offset = count.offset
        if count.charge is not None and count.since_full >= LEARNED_FROM:
            found = -count.charge * 3600 / count.since_full
            offset = min(max(offset + LEARNED * (found - offset), -MOST_OFFSET), MOST_OFFSET)
        self.count = replace(count, soc=100.0, off=WHEN_FULL, offset=offset, charge=0.0, since_full=0.0)


def _rested(count: Count, lowest: float, chemistry: Chemistry) -> Count:
    """Held to what the lowest cell says, if it does."""
    most, curve = REST[chemistry]
    if lowest > most:
        return count
    says = along(curve, lowest)
    soc = min(max(count.soc, says - AT_REST), says + AT_REST)
    return replace(count, soc=_inside(soc), off=min(count.off, AT_REST))


def _counted(count: Count, current: float, offset: float, capacity: float, elapsed: float) -> Count:
    hours = elapsed / 3600
    moved = 100 * (current + offset) * hours / capacity
    return replace(
        count,
        soc=_inside(count.soc + moved),
        off=min(count.off + 100 * UNSEEN * hours / capacity + INEXACT * abs(moved), MOST_OFF),
        charge=None if count.charge is None else count.charge + current * hours,
        since_full=count.since_full + elapsed,
    )


def _told(count: Count, before: float | None, silence: float) -> Count:
    """As far as the BMS has counted meanwhile; a time that was not counted says nothing about the offset."""
    moved = 0.0 if count.told is None or before is None else count.told - before
    off = count.off + INEXACT * abs(moved) + (AFTER_SILENCE if silence > COUNTED else 0.0)
    return replace(count, soc=_inside(count.soc + moved), off=min(off, MOST_OFF), charge=None)


def _inside(soc: float) -> float:
    return min(max(soc, 0.0), 100.0)
