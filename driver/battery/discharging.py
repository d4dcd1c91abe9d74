"""Empty, and no longer empty: a battery that has reached its end is not discharged again before it has been charged.

Cells recover by some 100 mV as soon as the load is off. Without this the load would come back, and go, all night.
"""

from dataclasses import dataclass

from .alarms import Alarm
from .envelope import Envelope
from .limits import Limit
from .reading import Reading

NEAR = 0.15  # V above the BMS's cut-off at which a charge is requested
RECOVERED = 0.20  # V above it that the lowest cell must have again, beside the band of its chemistry
LASTING = 60.0  # s for which it must have that, or for which a charge must look necessary
UNDER_VOLTAGE = frozenset({Alarm.CELL_UNDER_VOLTAGE, Alarm.PACK_UNDER_VOLTAGE})


@dataclass(frozen=True, slots=True)
class Spent:
    """What has been since the battery was last charged, and is over when it has recovered. A restart must know it."""

    empty: bool = False  # it has reached its end
    charge_requested: bool = False  # its lowest cell has come near the cut-off


UNSPENT = Spent()


class Discharging:
    """Keeps what the discharge side must remember between two readings."""

    def __init__(self, spent: Spent = UNSPENT) -> None:
        self.spent = spent
        self._near_for = self._recovered_for = 0.0  # s

    def limit(self, now: Reading, allowed: Limit, terms: Envelope, elapsed: float) -> Limit:
        """The discharge current that this reading allowed, or nothing while the battery has not recovered."""
        lowest = min(now.cells)
        recovered = lowest >= max(terms.chemistry.value.band_low, terms.cut_off + RECOVERED)
        self._recovered_for = self._recovered_for + elapsed if recovered else 0.0
        self._near_for = self._near_for + elapsed if lowest <= terms.cut_off + NEAR else 0.0
        empty, requested = self.spent.empty, self.spent.charge_requested
        if self._recovered_for >= LASTING:
            empty = requested = False
        if lowest <= terms.cut_off or now.alarms & UNDER_VOLTAGE:
            empty, self._recovered_for = True, 0.0
        self.spent = Spent(empty, requested or self._near_for >= LASTING)
        return Limit(0.0, "empty; a charge will end that") if empty and allowed.value > 0 else allowed
