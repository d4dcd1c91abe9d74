"""Which battery of a configuration sets the limits of the system."""

from ..battery.settings import Control
from ..config import Config
from .findings import Finding, good, warning


def who_controls(config: Config) -> Finding:
    """The bank, the marked battery, the only one, or none."""
    batteries = config.batteries
    for name, bank in config.banks.items():
        packs = [pack for pack, battery in batteries.items() if bank.has(pack, battery)]
        if not packs and batteries:
            return warning("control", f"bank {name} has no pack", "Name its packs, or remove control = no from them")
        return good("control", f"bank {name} sets the limits of the system: {', '.join(packs) or 'what is found'}")
    marked = [name for name, battery in batteries.items() if battery.control is Control.YES]
    if marked:
        return good("control", f"{marked[0]} sets the limits of the system")
    if len(batteries) + len(config.stopped) > 1:
        return warning(
            "control",
            "several batteries, and none has control = yes: all are shown, none sets limits",
            "Set control = yes in the section of one of them, or make a bank of them with [bank NAME]",
        )
    if any(battery.control is Control.NO for battery in batteries.values()):
        return warning("control", "control = no: the battery is only shown", "Remove it if the battery shall control")
    return good("control", "the only battery sets the limits of the system")
