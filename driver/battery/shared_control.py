"""One pack controls for several: the others may lower its limits and never raise them.

systemcalc combines nothing; at most one service of this driver has `/Info` paths. A pack that stands beside the
controlling one, with the same number of cells and the same chemistry, hangs on the same bus bars: charged as far as
the controlling pack, at the same voltage. A lost pack counts with what the loss contract leaves it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .controller import Outcome
from .limits import Limit, Limits


def together(own: Outcome, others: Sequence[tuple[str, Outcome]]) -> Outcome:
    """The controlling pack's outcome, with the limits of all, and a charge requested as soon as one pack needs it."""
    if own.limits is None:
        return own
    return replace(
        own,
        limits=lowered(own.limits, [(name, other.limits) for name, other in others if other.limits is not None]),
        charge_requested=own.charge_requested or any(other.charge_requested for _, other in others),
    )


def lowered(own: Limits, others: Iterable[tuple[str, Limits]]) -> Limits:
    """The controlling pack's limits, no higher than those of any other pack; the reason names the pack."""
    voltage, charge, discharge, low = own.charge_voltage, own.charge_current, own.discharge_current, own.low_voltage
    for name, other in others:
        voltage = _lower(voltage, other.charge_voltage, name)
        charge = _lower(charge, other.charge_current, name)
        discharge = _lower(discharge, other.discharge_current, name)
        if other.low_voltage.value > low.value:
            low = Limit(other.low_voltage.value, f"{name}: {other.low_voltage.reason}")
    return Limits(voltage, charge, discharge, low)


def _lower(own: Limit, other: Limit, name: str) -> Limit:
    return own if own.value <= other.value else Limit(other.value, f"{name}: {other.reason}")
