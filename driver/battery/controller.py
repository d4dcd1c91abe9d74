"""One battery's control: readings and time go in, what D-Bus shall show comes out. No I/O, no clock.

`now` is monotonic seconds everywhere. Limits fall at once and rise slowly; while the BMS is silent they follow the
contract of `loss.py`. A battery that is not certain is a monitor: its outcome has no limits and says why.
"""

from dataclasses import dataclass, replace
from math import inf

from .alarms import Severity
from .announced import Announced
from .certainty import Certainty
from .changes import Changes
from .charge_mode import IN_BAND, TAIL, ChargeState
from .charging import BEGINNING, Charging
from .chemistry import Chemistry
from .coulombs import CoulombCounter, Count
from .discharging import UNSPENT, Discharging
from .easing import RISE_TIME, eased, risen
from .envelope import Envelope
from .history import NONE, History, step
from .limits import Limit, Limits
from .liveness import Liveness
from .loss import (
    Extremes,
    Presence,
    RecentExtremes,
    Timing,
    at_rest,
    cable_alarm,
    limits_without_bms,
    moment_of,
    presence,
    safe_limits,
)
from .mean_current import MeanCurrent
from .memory import Memory
from .power_up import PowerUp
from .reading import Identity, Reading
from .resistance import Resistance
from .sensors import Sensors
from .settings import ChargeSettings, SocSource

RESTART_GRACE = 15.0  # s after start for which a known battery may be silent before it is registered all the same

CONSEQUENCES = {
    Presence.HOLD: "last values held",
    Presence.LIMP: "limits lowered",
    Presence.SAFE: "charge and discharge stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one battery has to say now."""

    presence: Presence
    since: float  # monotonic s at which that state began
    identity: Identity
    cell_count: int
    reading: (
        Reading | None
    )  # the last complete one, its alarms as announced; None: none since the start (registered from memory)
    fresh: bool  # False: no measurement may be shown
    limits: Limits | None  # None: monitoring only, the /Info paths do not exist
    cable_alarm: Severity
    explanation: str  # one line for people; empty when all is well
    chemistry: Chemistry | None = None  # None: not certain
    history: History = NONE
    charge_requested: bool = False  # the battery nears its cut-off: /Info/ChargeRequest
    conflicts: tuple[str, ...] = ()  # settings of owner and BMS that contradict each other
    bms_soc: float | None = None  # %, as the BMS says, whatever the reading's is
    count: Count | None = None  # the driver's own; None: not asked for, or without a beginning
    alarm_words: tuple[str, ...] = ()  # a sentence for each alarm that is shown, as it was when it rose


def failsafe(last: Outcome, now: float, reason: str) -> Outcome:
    """The outcome of a battery whose own control code failed at monotonic second `now`: SAFE, whatever it said last.

    `reason` is for people. A battery without limits stays without them.
    """
    return replace(
        last,
        presence=Presence.SAFE,
        since=last.since if last.presence is Presence.SAFE else now,
        fresh=False,
        limits=None if last.limits is None else safe_limits(last.limits, last.chemistry, last.cell_count, reason),
        cable_alarm=cable_alarm(Presence.SAFE),
        explanation=reason,
    )


class Controller:
    """The control of one battery."""

    def __init__(
        self, settings: ChargeSettings, timing: Timing, started: float, memory: Memory | None = None, wall: float = 0.0
    ) -> None:
        """`started` is now; `wall` the Unix time that belongs to it, which dates the memory."""
        self._settings = settings
        self._timing = timing
        self._started = started
        self._memory = memory
        self._liveness = Liveness()
        self._power_up = PowerUp()
        self._resistance = Resistance()
        self._recent = RecentExtremes()
        self._certainty = Certainty(settings)
        self._sensors = Sensors()
        self._discharging = Discharging(UNSPENT if memory is None else memory.spent)
        self._announced = Announced()
        self._counter = CoulombCounter(None if memory is None else memory.count)
        self._mean_current = MeanCurrent()
        self._bms_soc: float | None = None
        self._history = NONE if memory is None else memory.history
        self.changes = Changes()  # of the limits that were handed out
        self._charging = Charging(BEGINNING if memory is None else memory.progress)
        self._reading: Reading | None = None
        self._heard = started if memory is None else started - memory.age(wall)  # when the last good reading came
        self._repeats = False  # what comes is not new
        self._doubt = ""  # why this battery has no limits, or is not charged
        self._limits = None if memory is None else memory.limits  # as they stood when the BMS was last heard
        self._shown: Limits | None = None  # the last limits handed out
        self._presence: Presence | None = None
        self._since = started

    def take(self, reading: Reading, now: float) -> Outcome:
        """A reading has come: what to show. A frozen one counts as silence."""
        self._repeats = not self._liveness.alive(reading, now)
        if self._repeats:
            self._heard = min(self._heard, self._liveness.moved_at)
            return self._outcome_at(now)
        silence = now - self._heard
        heard_before = self._reading is not None and silence <= self._timing.live
        elapsed = silence if heard_before else 0.0
        certain = self._certainty.of(reading)
        reading = self._power_up.believed(reading, self._chemistry(), now, heard_before)
        self._bms_soc = reading.soc
        reading = self._own_soc(reading, silence if self._reading is not None else inf)
        wanted = self._wanted(reading, certain, elapsed)
        self._resistance.take(reading, now)
        self._recent.add(moment_of(reading, self._resistance.per_cell), now)
        shown, alarms = self._announced.take(reading, elapsed), self._reading.alarms if self._reading else frozenset()
        full = self._charging.has_filled()
        if full and self._charging.progress.state.reason in (IN_BAND, TAIL):
            self._counter.full()
        self._history = step(self._history, reading, shown.alarms - alarms, elapsed, full=full)
        self._reading = self._mean_current.take(shown, elapsed)
        self._heard, self._limits = now, wanted
        return self._outcome_at(now)

    def step(self, now: float) -> Outcome | None:
        """Time has passed without a reading: what to show; None: nothing is known, the battery is not registered."""
        if self._reading is None and (self._memory is None or now - self._started < RESTART_GRACE):
            return None
        return self._outcome_at(now)

    def resume(self, shown: Outcome) -> None:
        """Go on after a failure of this code: limits rise from those of the `failsafe` that was shown meanwhile."""
        self._limits = self._shown = shown.limits

    @property
    def terms(self) -> Envelope | None:
        """The bounds inside which this battery is controlled; None while nothing certain was read."""
        return self._certainty.envelope

    @property
    def resistance(self) -> float:
        """Of a cell, in Ω."""
        return self._resistance.per_cell

    def charge_as(self, state: ChargeState) -> None:
        """Take over a phase that is decided elsewhere, for this battery and others, from now on."""
        self._charging.given = state

    def clear_history(self) -> None:
        """Begin it anew."""
        self._history = NONE

    def keep(self, now: float, wall: float) -> Memory | None:
        """What to keep over a restart; None before the first reading. `wall` is the Unix time of `now`."""
        if self._reading is None:
            return self._memory
        return Memory(
            identity=self._reading.identity,
            cell_count=len(self._reading.cells),
            heard_at=wall - (now - self._heard),
            chemistry=self._chemistry(),
            limits=self._limits,
            extremes=self._recent.overall(),
            progress=self._charging.progress,
            spent=self._discharging.spent,
            history=self._history,
            count=self._counter.count,
        )

    def _chemistry(self) -> Chemistry | None:
        """As this process has recognised it, or else an earlier one."""
        return self._certainty.chemistry or (self._memory.chemistry if self._memory else None)

    def _own_soc(self, reading: Reading, silence: float) -> Reading:
        """The reading, `silence` s after the one before, with the driver's own state of charge where it is wanted."""
        capacity = self._settings.capacity or reading.capacity
        if self._settings.soc_source is SocSource.BMS or not capacity:
            return reading
        count = self._counter.take(reading, capacity, self._chemistry(), silence)
        return reading if count is None else replace(reading, soc=count.shown, remaining=capacity * count.shown / 100)

    def _wanted(self, reading: Reading, found: Envelope | str, elapsed: float) -> Limits | None:
        """The limits to show for this reading, `elapsed` s after the one before; None: it is a monitor."""
        if isinstance(found, str):
            self._doubt = found
            return None if self._shown is None else self._uncharged(reading, self._shown, found, elapsed)
        self._doubt = ""
        if found.charge_by_soc is not None and self._charging.is_due(found):
            found = replace(found, charge_by_soc=None)
        allowed = self._sensors.allowed(reading, found, elapsed)
        wanted = self._charging.limits(reading, allowed, found, self._resistance.per_cell, elapsed)
        discharge = self._discharging.limit(reading, wanted.discharge_current, found, elapsed)
        wanted = Limits(wanted.charge_voltage, wanted.charge_current, discharge, wanted.low_voltage)
        before = self._shown or self._kept(len(reading.cells))
        return wanted if before is None else eased(before, wanted, found, len(reading.cells), elapsed)

    def _kept(self, cell_count: int) -> Limits | None:
        """The limits that an earlier process handed out: a restart opens none."""
        memory = self._memory
        return memory.limits if memory is not None and memory.cell_count == cell_count else None

    def _uncharged(self, reading: Reading, before: Limits, why: str, elapsed: float) -> Limits:
        """A battery that is in control has become uncertain: it stays in control, and is not charged.

        To give up its limits would release the chargers; to stop discharging would black out the house. After a
        restart nothing certain says how far it may be discharged, so then it is not.
        """
        nothing, bounds = Limit(0.0, why), self._certainty.envelope
        count = min(len(reading.cells), self._certainty.cell_count or len(reading.cells))
        discharge = nothing
        if bounds is not None:
            wanted = self._sensors.allowed(reading, bounds, elapsed).discharge_current
            discharge = risen(before.discharge_current, wanted, bounds.discharge_current * elapsed / RISE_TIME)
        charge_voltage = at_rest(before.charge_voltage, self._chemistry(), count, why)
        return Limits(charge_voltage, nothing, discharge, before.low_voltage)

    def _outcome_at(self, now: float) -> Outcome:
        age, ride_through = now - self._heard, self._settings.ride_through
        state = presence(age, self._timing, ride_through)
        if self._reading is not None:
            identity, count = self._reading.identity, len(self._reading.cells)
        else:
            assert self._memory is not None  # `step` answers None before
            identity, count = self._memory.identity, self._memory.cell_count
            if state in (Presence.LIVE, Presence.HOLD):  # registered from memory: never better than LIMP
                state = Presence.LIMP if age <= ride_through else Presence.SAFE
        if state is not self._presence:
            self._presence, self._since = state, now
        if self._limits is not None:
            self._shown = self._limits
            if state is not Presence.LIVE:
                silent = age - self._timing.hold
                self._shown = limits_without_bms(state, silent, self._limits, self._was(), self._chemistry(), count)
            self.changes.take(self._shown, now)
        return Outcome(
            presence=state,
            since=self._since,
            identity=identity,
            cell_count=count,
            reading=self._reading,
            fresh=self._reading is not None and age <= self._timing.show,
            limits=self._shown,
            cable_alarm=cable_alarm(state),
            explanation=self._explanation(state),
            chemistry=self._chemistry(),
            history=self._history,
            charge_requested=self._discharging.spent.charge_requested,
            conflicts=self._certainty.conflicts,
            bms_soc=self._bms_soc,
            count=self._counter.count,
            alarm_words=self._announced.words,
        )

    def _explanation(self, state: Presence) -> str:
        if state is Presence.LIVE:
            return self._doubt
        cause = "BMS lost" if state is Presence.SAFE else "BMS silent"
        if self._repeats:
            cause = "BMS repeats itself"
        return cause if self._limits is None else f"{cause}, {CONSEQUENCES[state]}"

    def _was(self) -> Extremes:
        """The extremes that decide what LIMP allows."""
        if self._reading is None and self._memory is not None:
            return self._memory.extremes
        return self._recent.overall()
