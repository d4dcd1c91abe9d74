"""Settings of the owner and of the BMS that contradict each other: said before the first charge, not after it."""

from collections.abc import Iterator

from .envelope import CELL_MARGIN, FEED_IN_OFFSET, Envelope
from .reading import Protections
from .settings import ChargeSettings

LATE = 0.049  # V below the target at which balancing should have begun


def conflicts(terms: Envelope, protections: Protections, settings: ChargeSettings, count: int) -> tuple[str, ...]:
    """One sentence for each, with what the driver makes of it. `count` cells."""
    return tuple(_found(terms, protections, settings, count))


def _found(terms: Envelope, protections: Protections, settings: ChargeSettings, count: int) -> Iterator[str]:
    over, asked = protections.cell_over_voltage, protections.requested_charge_voltage
    wished, floating = settings.cell_charge_voltage, settings.cell_float_voltage
    used = f"charged to {terms.target:.3f} V"
    if over is not None and (wished or terms.chemistry.value.charge) > over - CELL_MARGIN - FEED_IN_OFFSET / count:
        yield (
            f"the target of {wished or terms.chemistry.value.charge} V per cell is too near to the BMS's over-voltage "
            f"protection of {over} V, of which chargers need {CELL_MARGIN + FEED_IN_OFFSET / count:.3f} V: {used}"
        )
    if wished is not None and asked is not None and asked < wished:
        yield f"cell_charge_voltage of {wished} V is more than the BMS asks for (RCV {asked} V): {used}"
    for name, value in (("cell_float_voltage", floating), ("RFV", protections.requested_float_voltage)):
        if value is not None and value > terms.target:
            yield f"{name} of {value} V is above the target: float at {terms.float_voltage:.3f} V"
    start = protections.balance_start
    if start is not None and start > terms.target:
        yield f"the BMS balances from {start} V on, and cells are {used}: it never balances"
    elif start is not None and start > terms.target - LATE:
        yield f"the BMS balances from {start} V on, and cells are {used}: little time to balance"
