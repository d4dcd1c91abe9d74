"""One battery's control: readings and time go in, what D-Bus shall show comes out. No I/O, no clock.

`now` is monotonic seconds everywhere. Limits fall at once and rise slowly; while the BMS is silent they follow the
contract of `loss.py`. A battery that is not certain is a monitor: its outcome has no limits and says why.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from .alarms import Severity
from .chemistry import Chemistry
from .envelope import Envelope, envelope, recognise
from .limits import Limit, Limits, limits
from .liveness import Liveness
from .loss import (
    Extremes,
    Presence,
    RecentExtremes,
    Timing,
    cable_alarm,
    limits_without_bms,
    moment_of,
    presence,
    safe_limits,
)
from .memory import Memory
from .reading import Identity, Protections, Reading
from .settings import ChargeSettings

RISE_TIME = 60.0  # s in which a current may rise from nothing to its full value
CELL_RISE = 0.001  # V per cell and s by which the charge voltage may rise
CELL_DEAD_BAND = 0.002  # V per cell below which a charge voltage that could rise does not
POWER_UP = 20.0  # s for which a state of charge of 0 after a power-up is not believed: uart-ttl.md section 3
RESTART_GRACE = 15.0  # s after start for which a known battery may be silent before it is registered all the same


EXPLANATIONS = {
    Presence.HOLD: "BMS silent, last values held",
    Presence.LIMP: "BMS silent, limits lowered",
    Presence.SAFE: "BMS lost, charge and discharge stopped",
}

_BoundsKey: TypeAlias = tuple[Protections, float | None, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one battery has to say now."""

    presence: Presence
    since: float  # monotonic s at which that state began
    identity: Identity
    cell_count: int
    reading: Reading | None  # the last complete one; None: none since the start (registered from memory)
    fresh: bool  # False: no measurement may be shown
    limits: Limits | None  # None: monitoring only, the /Info paths do not exist
    cable_alarm: Severity
    explanation: str  # one line for people; empty when all is well
    chemistry: Chemistry | None = None  # None: not certain


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
        self._liveness = Liveness()
        self._recent = RecentExtremes()
        self._reading: Reading | None = None
        self._heard = started  # when the last good reading came
        self._chemistry: Chemistry | None = None
        self._doubt = ""  # why this battery has no limits, or is not charged
        self._bounds: tuple[_BoundsKey, Envelope | str] | None = None  # made anew when the key changes
        self._envelope: Envelope | None = None  # the last one that was certain
        self._limits: Limits | None = None  # as they stood when the BMS was last heard
        self._shown: tuple[Limits, float] | None = None  # the last limits handed out, and when
        self._zero_soc_since: float | None = None
        self._presence = Presence.LIVE
        self._since = started
        self._memory = memory
        if memory is not None:
            age = wall - memory.heard_at
            longest = settings.ride_through + timing.hold
            self._heard = started - (age if 0 <= age <= longest else longest + 1.0)

    def take(self, reading: Reading, now: float) -> Outcome:
        """A reading has come: what to show. A frozen one counts as silence."""
        if not self._liveness.alive(reading, now):
            self._heard = min(self._heard, self._liveness.moved_at)
            return self._outcome_at(now)
        wanted = self._wanted(reading, now)
        reading = self._without_power_up_soc(reading, now)
        self._recent.add(moment_of(reading), now)
        self._reading, self._heard, self._limits = reading, now, wanted
        return self._outcome_at(now)

    def step(self, now: float) -> Outcome | None:
        """Time has passed without a reading: what to show; None: nothing is known, the battery is not registered."""
        if self._reading is None:
            if self._memory is None or now - self._started < RESTART_GRACE:
                return None
            self._chemistry, self._limits = self._memory.chemistry, self._memory.limits
        return self._outcome_at(now)

    def keep(self, now: float, wall: float) -> Memory | None:
        """What to keep over a restart; None before the first reading. `wall` is the Unix time of `now`."""
        if self._reading is None:
            return self._memory
        return Memory(
            identity=self._reading.identity,
            cell_count=len(self._reading.cells),
            heard_at=wall - (now - self._heard),
            chemistry=self._chemistry,
            limits=self._limits,
            extremes=self._recent.overall(),
        )

    def _without_power_up_soc(self, reading: Reading, now: float) -> Reading:
        empty = self._chemistry is not None and min(reading.cells) < self._chemistry.value.band_low
        if reading.soc != 0 or reading.cycles != 0 or empty:
            self._zero_soc_since = None
            return reading
        if self._zero_soc_since is None:
            self._zero_soc_since = now
        return replace(reading, soc=None) if now - self._zero_soc_since < POWER_UP else reading

    def _wanted(self, reading: Reading, now: float) -> Limits | None:
        """The limits to show for this reading; None: it is a monitor."""
        found = self._certain(reading)
        if isinstance(found, Envelope):
            self._doubt, self._envelope = "", found
            return self._eased(limits(reading, found), found, len(reading.cells), now)
        self._doubt = found
        return self._uncharged(reading, found) if self._shown is not None else None

    def _certain(self, reading: Reading) -> Envelope | str:
        """The envelope of this reading, or what is in the way of one."""
        if reading.monitor_only:
            return reading.monitor_only
        key = (reading.protections, reading.capacity, len(reading.cells))
        if self._bounds is not None and self._bounds[0] == key and self._chemistry is not None:
            return self._bounds[1]
        if self._envelope is not None and self._reading is not None and len(self._reading.cells) != key[2]:
            return f"the number of cells has changed from {len(self._reading.cells)} to {key[2]}: restart the driver"
        if self._chemistry is None:
            found = recognise(reading, self._settings.chemistry)
            if isinstance(found, str):
                return found
            self._chemistry = found
        self._bounds = key, envelope(reading, self._chemistry, self._settings)
        return self._bounds[1]

    def _uncharged(self, reading: Reading, why: str) -> Limits:
        """A battery that is in control has become uncertain: it stays in control, and is not charged.

        To give up its limits would release the chargers; to stop discharging would black out the house.
        """
        assert self._shown is not None
        before = self._shown[0]
        nothing = Limit(0.0, why)
        charge_voltage = before.charge_voltage
        if self._chemistry is not None:
            rest = Limit(self._chemistry.value.rest * len(reading.cells), why)
            charge_voltage = min(rest, charge_voltage, key=lambda limit: limit.value)
        discharge = nothing
        if self._envelope is not None:
            discharge = min(limits(reading, self._envelope).discharge_current, before.discharge_current)
        return Limits(charge_voltage, nothing, discharge, before.low_voltage)

    def _eased(self, wanted: Limits, bounds: Envelope, count: int, now: float) -> Limits:
        """Down at once, up slowly, beginning at what was shown last."""
        if self._shown is None:
            return wanted
        before, elapsed = self._shown[0], min(now - self._shown[1], self._timing.live)
        share = elapsed / RISE_TIME
        return Limits(
            _rise(before.charge_voltage, wanted.charge_voltage, CELL_RISE * count * elapsed, CELL_DEAD_BAND * count),
            _rise(before.charge_current, wanted.charge_current, bounds.charge_current * share),
            _rise(before.discharge_current, wanted.discharge_current, bounds.discharge_current * share),
            wanted.low_voltage,
        )

    def _outcome_at(self, now: float) -> Outcome:
        age = now - self._heard
        state = presence(age, self._timing, self._settings.ride_through)
        if self._reading is None and state in (Presence.LIVE, Presence.HOLD):
            state = Presence.LIMP  # registered from memory: never better than that
        if state is not self._presence:
            self._presence, self._since = state, now
        if self._reading is not None:
            identity, count = self._reading.identity, len(self._reading.cells)
        else:
            assert self._memory is not None  # `step` answers None before
            identity, count = self._memory.identity, self._memory.cell_count
        shown = self._limits
        if shown is not None:
            if state is not Presence.LIVE and self._chemistry is not None:
                silent = age - self._timing.hold
                shown = limits_without_bms(state, silent, shown, self._was(), self._chemistry, count)
            self._shown = shown, now
        return Outcome(
            presence=state,
            since=self._since,
            identity=identity,
            cell_count=count,
            reading=self._reading,
            fresh=self._reading is not None and age <= self._timing.show,
            limits=shown,
            cable_alarm=cable_alarm(state),
            explanation=self._doubt if state is Presence.LIVE else EXPLANATIONS[state],
            chemistry=self._chemistry,
        )

    def _was(self) -> Extremes:
        if self._reading is not None:
            return self._recent.overall()
        if self._memory is not None and self._memory.extremes is not None:
            return self._memory.extremes
        return Extremes(highest_cell=99.0, lowest_cell=0.0, charge_blocked=True, discharge_blocked=True)


def _rise(before: Limit, wanted: Limit, step: float, dead_band: float = 0.0) -> Limit:
    """At once down to `wanted`, up by at most `step`, and not at all inside the dead band."""
    room = wanted.value - before.value
    if room <= 0:
        return wanted
    if room <= dead_band:
        return Limit(before.value, wanted.reason)
    return wanted if room <= step else Limit(before.value + step, f"rising slowly; then {wanted.reason}")
