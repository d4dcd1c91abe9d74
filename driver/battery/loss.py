"""What happens to the limits of a battery whose BMS falls silent: LIVE -> HOLD -> LIMP -> SAFE.

Age is counted from the last validated, complete reading. Charge and discharge are decided each by itself: a full
battery must not black out the house, an empty one must not be kept from charging. CVL does the work, because MPPTs
ignore CCL while they feed in; it is never 0 and never invalid. Source: the project's loss contract,
docs/loss-of-bms.md.
"""

from dataclasses import dataclass
from enum import Enum

from .alarms import Severity
from .chemistry import Chemistry
from .limits import TAPER_FLOOR, Limit, Limits
from .reading import Reading
from .resistance import TYPICAL

LIMP_RAMP = 60.0  # s over which LIMP lowers the currents
LIMP_CHARGE_SHARE = 0.2
LIMP_DISCHARGE_SHARE = 0.5
WINDOW = 60.0  # s of readings whose extremes decide what LIMP allows


class Presence(Enum):
    """How long ago the BMS was heard, as the loss contract names it."""

    LIVE = "live"
    HOLD = "hold"
    LIMP = "limp"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Timing:
    """Ages in s at which a state ends."""

    live: float
    show: float  # measurements stay valid until then
    hold: float

    @classmethod
    def wire(cls, poll_interval: float) -> "Timing":
        """Serial links: three polls, at least 5 s; 15 s; 30 s."""
        live = max(3 * poll_interval, 5.0)
        return cls(live, max(15.0, live), max(30.0, live))

    @classmethod
    def bluetooth(cls) -> "Timing":
        """Bluetooth links: a reconnect takes longer and is no emergency."""
        return cls(5.0, 30.0, 90.0)


@dataclass(frozen=True, slots=True)
class Extremes:
    """What the last readings say about how full and how empty the battery was."""

    highest_cell: float  # V
    lowest_cell: float  # V, compensated for load
    charge_blocked: bool  # by a protection or a MOSFET
    discharge_blocked: bool


NOTHING_KNOWN = Extremes(highest_cell=99.0, lowest_cell=0.0, charge_blocked=True, discharge_blocked=True)


def moment_of(reading: Reading, resistance: float = TYPICAL) -> Extremes:
    """The extremes of one reading. The low side is compensated for load: V + I × R, I discharging, R in Ω per cell."""
    load = max(0.0, -(reading.current or 0.0))
    return Extremes(
        max(reading.cells),
        min(reading.cells) + load * resistance,
        reading.charge_mosfet_on is False or any(alarm.value.blocks_charge for alarm in reading.alarms),
        reading.discharge_mosfet_on is False or any(alarm.value.blocks_discharge for alarm in reading.alarms),
    )


class RecentExtremes:
    """Extremes over at least the last `WINDOW` seconds, kept in a few buckets of 10 s."""

    BUCKET = 10.0

    def __init__(self) -> None:
        self._buckets: list[tuple[float, Extremes]] = []

    def add(self, extremes: Extremes, now: float) -> None:
        """Take the extremes of a reading received at `now`, in s."""
        while self._buckets and now - self._buckets[0][0] > WINDOW + self.BUCKET:
            del self._buckets[0]
        if self._buckets and now - self._buckets[-1][0] < self.BUCKET:
            begun, known = self._buckets[-1]
            if known != (wider := _wider(known, extremes)):
                self._buckets[-1] = (begun, wider)
        else:
            self._buckets.append((now, extremes))

    def overall(self) -> Extremes:
        """The extremes of the whole window. There must have been a reading."""
        overall = self._buckets[0][1]
        for _, extremes in self._buckets[1:]:
            overall = _wider(overall, extremes)
        return overall


def _wider(one: Extremes, other: Extremes) -> Extremes:
    return Extremes(
        max(one.highest_cell, other.highest_cell),
        min(one.lowest_cell, other.lowest_cell),
        one.charge_blocked or other.charge_blocked,
        one.discharge_blocked or other.discharge_blocked,
    )


def presence(age: float, timing: Timing, ride_through: float) -> Presence:
    """The state that belongs to an age, both in s. A `ride_through` of 0 knows no LIMP."""
    if age <= timing.live:
        return Presence.LIVE
    if age <= timing.hold:
        return Presence.HOLD
    return Presence.LIMP if age <= ride_through else Presence.SAFE


def cable_alarm(state: Presence) -> Severity:
    """`/Alarms/BmsCable` in that state."""
    return {Presence.LIMP: Severity.WARNING, Presence.SAFE: Severity.ALARM}.get(state, Severity.NONE)


def limits_without_bms(
    state: Presence, silent: float, last: Limits, was: Extremes, chemistry: Chemistry | None, cell_count: int
) -> Limits:
    """Limits in HOLD, LIMP and SAFE.

    `silent` is for how many s the age has been beyond HOLD, `last` the limits that stood when the BMS was last heard.
    """
    if state in (Presence.LIVE, Presence.HOLD):
        return last
    if state is Presence.SAFE or chemistry is None:
        return safe_limits(last, chemistry, cell_count, "BMS lost")
    row = chemistry.value
    done = min(1.0, max(0.0, silent) / LIMP_RAMP)
    return Limits(
        at_rest(last.charge_voltage, chemistry, cell_count, "BMS silent"),
        _limp_charge(last.charge_current, done, was, row.band_high),
        _limp_discharge(last.discharge_current, done, was, row.band_low),
        last.low_voltage,
    )


def safe_limits(last: Limits, chemistry: Chemistry | None, cell_count: int, why: str) -> Limits:
    """No current in or out, and no more voltage than cells at rest have. Never above `last`."""
    nothing = Limit(0.0, why)
    return Limits(at_rest(last.charge_voltage, chemistry, cell_count, why), nothing, nothing, last.low_voltage)


def at_rest(last: Limit, chemistry: Chemistry | None, cell_count: int, why: str) -> Limit:
    """A charge voltage that fills nothing: the smaller of the last one and rest voltage × cells, with its reason."""
    if chemistry is None or last.value <= (rest := chemistry.value.rest * cell_count):
        return last
    return Limit(rest, f"{why}: rest voltage {chemistry.value.rest:.2f} V per cell")


def _limp_charge(last: Limit, done: float, was: Extremes, band_high: float) -> Limit:
    if was.charge_blocked:
        return Limit(0.0, "BMS silent, and it had blocked charging")
    if was.highest_cell > band_high:
        return Limit(0.0, f"BMS silent, and a cell was above {band_high:.2f} V")
    return Limit(last.value * (1 - (1 - LIMP_CHARGE_SHARE) * done), "BMS silent: falling to 20 %")


def _limp_discharge(last: Limit, done: float, was: Extremes, band_low: float) -> Limit:
    if was.discharge_blocked or was.lowest_cell < band_low:
        why = "it had blocked discharging" if was.discharge_blocked else f"a cell was below {band_low:.2f} V"
        floor = min(last.value, TAPER_FLOOR) if done < 1.0 else 0.0
        return Limit(floor, f"BMS silent, and {why}")
    return Limit(last.value * (1 - (1 - LIMP_DISCHARGE_SHARE) * done), "BMS silent: falling to 50 %")
