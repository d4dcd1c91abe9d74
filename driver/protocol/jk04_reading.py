"""JK04 records in the common words of `Reading`: monitors, for what control needs is not told."""

from dataclasses import dataclass

from ..battery.alarms import Alarm
from ..battery.reading import Identity, Protections, Reading
from ..errors import LayoutError
from .jk02 import Balancing
from .jk02_device import DeviceInfo
from .jk02_reading import TICK_PERIOD, fitted, has_factory_passcode, identity
from .jk04 import CellInfo04, Settings04

ALARMS: frozenset[Alarm] = frozenset()  # it signals none
IMPOSSIBLE = 10.0  # V; no cell has more
MONITOR = "JK04 tells neither current nor state of charge"


@dataclass(frozen=True, slots=True)
class Lasting04:
    """The slow half of a reading, worked out once while settings and device info stay the same."""

    identity: Identity
    protections: Protections
    settings: Settings04 | None
    device: DeviceInfo | None


def lasting(protocol: str, device: DeviceInfo | None, settings: Settings04 | None) -> Lasting04:
    """What follows from these records; `protocol` is the dialect's name."""
    protections = Protections(balance_start=settings.balance_start if settings else None)
    return Lasting04(identity(protocol, device), protections, settings, device)


def reading(live: CellInfo04, slow: Lasting04, doubt: str = "") -> Reading:
    """The reading of one frame. LayoutError when there is no cell, or one has an impossible voltage."""
    settings = slow.settings
    cells = fitted(live.cells, live.cell_mask, settings.cell_count if settings else 0)
    check_cells(cells)
    return Reading(
        identity=slow.identity,
        protections=slow.protections,
        voltage=sum(cells),
        current=None,
        cells=cells,
        balancing=live.balancing in (Balancing.CHARGING, Balancing.DISCHARGING),
        balance_switch=settings.balance_switch if settings else None,
        runtime=float(live.runtime),
        tick=live.counter,
        tick_period=TICK_PERIOD,
        factory_passcode=has_factory_passcode(slow.device),
        monitor_only=doubt or MONITOR,
        details=tuple(one for one in (live, settings, slow.device) if one is not None),
    )


def check_cells(cells: tuple[float, ...]) -> None:
    """LayoutError when a cell has a voltage that no cell has; 0 is a wire that is off."""
    for number, volts in enumerate(cells, 1):
        if not 0 <= volts <= IMPOSSIBLE:
            raise LayoutError(f"cell {number} reads {volts:g} V")
