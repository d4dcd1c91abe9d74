"""The charging of one battery from reading to reading: its phase, the cell that leads, and what both allow."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from .charge_mode import EMPTY, ChargeState, Phase, description, goal, step
from .curve import along
from .envelope import FEED_IN_OFFSET, Envelope
from .lead import NO_LEAD, Lead, Leading
from .limits import Limit, Limits
from .reading import Reading
from .trim import UNTRIMMED, Trim, Trimmed
from .unheeded import NO_CEILING, Ceiling, Unheeded

GLIDE = 0.0001  # V per cell and s by which the charge voltage falls to float: chargers then do not draw on the battery
CURRENT_HOLD = 1800.0  # s for which a charge current that the highest cell has lowered stays so
CLEAR = 0.100  # V below the target at which the highest cell at rest lowers no current any more
SAID_FOR = 60.0  # s for which a reason stays as it is


@dataclass(frozen=True, slots=True)
class Held:
    """The share of the charge current that the highest cell has left, and for how many s it has not been lowered."""

    share: float = 1.0
    still: float = 0.0


WHOLE = Held()


@dataclass(frozen=True, slots=True)
class Progress:
    """What a restart must know, or it would open a limit."""

    state: ChargeState = EMPTY
    lead: Lead = NO_LEAD
    held: Held = WHOLE
    ceiling: Ceiling = NO_CEILING
    trimmed: Trimmed = UNTRIMMED


BEGINNING = Progress()


class Charging:
    """Keeps what charging must remember between two readings."""

    def __init__(self, progress: Progress) -> None:
        self._state = progress.state
        self.given: ChargeState | None = None  # by whoever decides the phase for several batteries
        self._leading = Leading(progress.lead)
        self._filled = False
        self._goal: float | None = None  # V per cell, on its way down to float
        self._held = progress.held
        self._unheeded = Unheeded(progress.ceiling)
        self._trim = Trim(progress.trimmed)
        self._said: tuple[object, str] = (None, "")  # what a reason is about, and the reason
        self._said_for = 0.0  # s

    @property
    def progress(self) -> Progress:
        """What to keep."""
        return Progress(self._state, self._leading.lead, self._held, self._unheeded.ceiling, self._trim.trimmed)

    def has_filled(self) -> bool:
        """Whether a charge was completed since this was asked last."""
        filled, self._filled = self._filled, False
        return filled

    def is_due(self, terms: Envelope) -> bool:
        """Whether the battery was not full for so long that it is charged whatever its state of charge may be."""
        return self._state.phase is not Phase.FLOAT and self._state.since_full >= terms.full_charge_interval

    def limits(self, now: Reading, allowed: Limits, terms: Envelope, resistance: float, elapsed: float) -> Limits:
        """What this reading allowed (`limits.py`), further lowered by what was before.

        `resistance` is in Ω per cell; `elapsed` are the s since the reading before, 0 after a silence.
        """
        drop = (now.current or 0.0) * resistance
        phase = self._state.phase
        self._state = self.given or step(self._state, now, drop, terms, elapsed)
        self._filled |= self._state.phase is Phase.FLOAT and phase is not Phase.FLOAT
        charge = min(
            allowed.charge_current, self._by_high_cell(now, drop, terms, elapsed), key=lambda limit: limit.value
        )
        ceiling = self._unheeded.take(now.cells, now.current or 0.0, charge.value, resistance, elapsed)
        voltage = self._voltage(now, drop, allowed.charge_voltage, terms, elapsed)
        if ceiling < voltage.value:
            voltage = Limit(ceiling, f"{voltage.reason}; chargers do not heed the charge current")
        if ceiling < inf:
            self._trim = Trim()  # who heeds no current is not told another one
        told = self._trim.take(now.current or 0.0, charge.value, elapsed)
        if told < charge.value:
            charge = Limit(told, f"{charge.reason}; chargers take more than they are told")
        return Limits(voltage, charge, allowed.discharge_current, allowed.low_voltage)

    def _voltage(self, now: Reading, drop: float, led: Limit, terms: Envelope, elapsed: float) -> Limit:
        count = len(now.cells)
        full = terms.target * count
        over = max(now.cells) - terms.target
        need = full - led.value
        lowered = self._leading.take(need, over, count, elapsed)
        lowered = min(lowered, full - min(terms.chemistry.value.rest, terms.target) * count + FEED_IN_OFFSET)
        aim = goal(self._state, terms)
        if self._goal is not None:
            aim = max(aim, self._goal - GLIDE * elapsed)
        voltage = min(full - lowered, aim * count)
        self._goal = voltage / count
        reasons = self._reasons(now, drop, led, terms, led_now=need > 0, led_before=lowered > 0)
        return Limit(voltage, self._say(reasons, lowered > 0, elapsed))

    def _reasons(
        self, now: Reading, drop: float, led: Limit, terms: Envelope, *, led_now: bool, led_before: bool
    ) -> Iterator[str]:
        yield description(self._state, now, drop, terms)
        if led_now:
            yield led.reason
        elif led_before:
            yield "a cell ran ahead"
        elif self._state.phase is Phase.BULK:
            yield terms.target_reason

    def _say(self, reasons: Iterator[str], lowered: bool, elapsed: float) -> str:
        """The reasons in one line that changes at most once a minute, and with what it is about."""
        about = self._state.phase, self._state.reason, lowered
        self._said_for += elapsed
        if about != self._said[0] or self._said_for >= SAID_FOR:
            self._said, self._said_for = (about, "; ".join(reasons)), 0.0
        return self._said[1]

    def _by_high_cell(self, now: Reading, drop: float, terms: Envelope, elapsed: float) -> Limit:
        highest = max(now.cells)
        share, held = along(terms.charge_by_high_cell, highest), self._held
        still = 0.0 if share <= held.share else held.still + elapsed
        if share <= held.share or still >= CURRENT_HOLD or highest - drop <= terms.target - CLEAR:
            held = Held(share)
        self._held = Held(held.share, still)
        return Limit(terms.charge_current * held.share, "highest cell")
