"""Limits fall at once and rise slowly, from what was shown last."""

from .envelope import Envelope
from .limits import Limit, Limits

RISE_TIME = 60.0  # s in which a current may rise from nothing to its full value
CELL_RISE = 0.001  # V per cell and s by which the charge voltage may rise
CELL_DEAD_BAND = 0.002  # V per cell below which a charge voltage that could rise does not


def eased(before: Limits, wanted: Limits, bounds: Envelope, count: int, elapsed: float) -> Limits:
    """Down at once, up slowly: what to show `elapsed` s after `before`, for `count` cells inside `bounds`."""
    share = elapsed / RISE_TIME
    return Limits(
        risen(before.charge_voltage, wanted.charge_voltage, CELL_RISE * count * elapsed, CELL_DEAD_BAND * count),
        risen(before.charge_current, wanted.charge_current, bounds.charge_current * share),
        risen(before.discharge_current, wanted.discharge_current, bounds.discharge_current * share),
        wanted.low_voltage,
    )


def risen(before: Limit, wanted: Limit, step: float, dead_band: float = 0.0) -> Limit:
    """At once down to `wanted`, up by at most `step`, and not at all inside the dead band."""
    room = wanted.value - before.value
    if room <= 0:
        return wanted
    if room <= dead_band:
        return Limit(before.value, wanted.reason)
    return wanted if room <= step else Limit(before.value + step, f"rising slowly; then {wanted.reason}")
