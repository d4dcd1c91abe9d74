"""Temperature sensors that fall silent: what they told last counts for a while longer.

A missing temperature leaves a stated share of a current (`limits.py`). A cold pack does not become warm because the
wire of its sensor breaks, so for an hour that share opens no limit that the last temperature had lowered. After that
nothing is known any more, and the share alone holds: one broken contact does not block a battery for ever.
"""

from dataclasses import replace
from itertools import zip_longest

from .envelope import Envelope
from .limits import Limit, Limits, limits
from .reading import Reading

REMEMBERED = 3600.0  # s in which a pack hardly changes its temperature; chosen here


class Sensors:
    """What the temperature sensors of one battery told last."""

    def __init__(self) -> None:
        self._temperatures: tuple[float | None, ...] = ()
        self._mos: float | None = None
        self._missing_for = 0.0  # s

    def allowed(self, now: Reading, terms: Envelope, elapsed: float) -> Limits:
        """The limits for this reading, `elapsed` s after the one before; no lost sensor has opened one."""
        allowed, told = limits(now, terms), self._recalled(now, elapsed)
        if told is now:
            return allowed
        before = limits(told, terms)
        return Limits(
            allowed.charge_voltage,
            _lower(allowed.charge_current, before.charge_current),
            _lower(allowed.discharge_current, before.discharge_current),
            allowed.low_voltage,
        )

    def _recalled(self, now: Reading, elapsed: float) -> Reading:
        """The reading with what its missing sensors told last, while that counts; the same one when none is missing."""
        temperatures, mos = now.temperatures, now.mos_temperature
        if mos is None or None in temperatures or len(temperatures) < len(self._temperatures):
            before = zip_longest(temperatures, self._temperatures)
            recalled = tuple(value if value is not None else told for value, told in before)
            known_mos = mos if mos is not None else self._mos
            if recalled != temperatures or known_mos != mos:
                self._missing_for += elapsed
                if self._missing_for < REMEMBERED:
                    self._temperatures, self._mos = recalled, known_mos
                    return replace(now, temperatures=recalled, mos_temperature=known_mos)
        self._temperatures, self._mos, self._missing_for = temperatures, mos, 0.0
        return now


def _lower(now: Limit, before: Limit) -> Limit:
    return now if now.value <= before.value else Limit(before.value, f"{before.reason}, as its sensor told last")
