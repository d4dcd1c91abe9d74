"""Records of NEEY / Heltec balancers in the common words of `Reading`: monitors, for a balancer stops no current."""

from dataclasses import dataclass

from ..battery.alarms import Alarm
from ..battery.reading import Identity, Protections, Reading
from ..errors import LayoutError
from .jk02_reading import TICK_PERIOD, legible
from .jk04_reading import IMPOSSIBLE, check_cells
from .layout import layout_of, read
from .neey import SLOTS, Generation, NeeyCellInfo, NeeyDeviceInfo, Operation
from .neey_settings import NeeySettings
from .neey_wire import Command

MONITOR = "a balancer measures no battery current and stops none"
# bit masks over the cells -> alarm
CELL_ALARMS = {
    "not_detected": Alarm.CELL_DETECTION,
    "over_voltage": Alarm.CELL_OVER_VOLTAGE,
    "under_voltage": Alarm.CELL_UNDER_VOLTAGE,
    "polarity": Alarm.CELL_POLARITY,
    "resistance_high": Alarm.WIRE_RESISTANCE,
}
FAULTS = {
    "hot": Alarm.BALANCER_OVER_TEMPERATURE,
    "charging_fault": Alarm.BALANCER_FAULT,
    "discharging_fault": Alarm.BALANCER_FAULT,
    "memory_faults": Alarm.BALANCER_FAULT,
}
OPERATIONS = {
    Operation.WRONG_CELL_COUNT: Alarm.CELL_COUNT,
    Operation.RESISTANCE_HIGH: Alarm.WIRE_RESISTANCE,
    Operation.LOW_VOLTAGE: Alarm.PACK_UNDER_VOLTAGE,
    Operation.OVER_TEMPERATURE: Alarm.BALANCER_OVER_TEMPERATURE,
    Operation.HOST_FAILS: Alarm.BALANCER_FAULT,
    Operation.TOO_HOT_TO_BALANCE: Alarm.BALANCER_OVER_TEMPERATURE,
}
ALARMS = frozenset(CELL_ALARMS.values()) | frozenset(FAULTS.values()) | frozenset(OPERATIONS.values())


@dataclass(frozen=True, slots=True)
class Lasting:
    """The slow half of a reading."""

    identity: Identity
    protections: Protections
    settings: NeeySettings
    device: NeeyDeviceInfo | None


class NeeyUnit:
    """One balancer. The length of its settings tells how its other frames are laid out, so they come first."""

    def __init__(self, protocol: str) -> None:
        """`protocol` is the dialect's name."""
        self._protocol = protocol
        self.forget()

    def forget(self) -> None:
        """Another balancer may be there now."""
        self._device: NeeyDeviceInfo | None = None
        self._settings: bytes | None = None
        self._slow: Lasting | None = None

    def take(self, frame: bytes) -> Reading | None:
        """The reading of a frame; None for frames that hold none. LayoutError when bytes and table disagree."""
        match frame[4]:
            case Command.DEVICE_INFO:
                self._device, self._slow = read(NeeyDeviceInfo, frame), None
            case Command.SETTINGS:
                self._settings, self._slow = frame, None
            case Command.CELL_INFO if self._settings is not None:
                generation = generation_of(self._settings)
                if self._slow is None:
                    self._slow = lasting(self._protocol, self._device, read(NeeySettings, self._settings, generation))
                return reading(read(NeeyCellInfo, frame, generation), self._slow)
        return None


def generation_of(settings: bytes) -> Generation:
    """The layout that belongs to a settings frame."""
    return Generation(layout_of(NeeySettings).sizes.index(len(settings)))


def lasting(protocol: str, device: NeeyDeviceInfo | None, settings: NeeySettings) -> Lasting:
    """What follows from these records; `protocol` is the dialect's name."""
    identity = Identity(protocol=protocol)
    if device is not None:
        identity = Identity(
            protocol=protocol,
            model=legible(device.model),
            hardware=legible(device.hardware),
            software=legible(device.software),
            manufactured=legible(device.manufactured),
        )
    protections = Protections(
        cell_over_voltage=settings.cell_over_voltage,
        cell_under_voltage=settings.cell_under_voltage,
        balance_start=settings.balance_start,
    )
    return Lasting(identity, protections, settings, device)


def reading(live: NeeyCellInfo, slow: Lasting) -> Reading:
    """The reading of one frame. LayoutError when there is no cell, or a voltage is impossible."""
    settings = slow.settings
    configured = settings.cell_count if settings.cell_count <= SLOTS else 0
    cells = live.cells[: configured or min(live.last_cell + 1, SLOTS)]
    check_cells(cells)
    if live.voltage is None or not 0 <= live.voltage <= IMPOSSIBLE * SLOTS:
        raise LayoutError(f"the voltage is {live.voltage}")
    return Reading(
        identity=slow.identity,
        protections=slow.protections,
        voltage=live.voltage,
        current=None,  # a number in v2 may be one; nobody has shown it
        cells=cells,
        soc=_within(live.state_of_charge, 100.0),
        temperatures=(live.temperature_1, live.temperature_2),
        mos_temperature=live.mos_temperature,
        alarms=_alarms(live, len(cells)),
        balancing=live.operation == Operation.BALANCING,
        balancing_cells=_balancing_cells(live, cells),
        balance_switch=settings.balance_switch,
        capacity=_within(live.capacity, 5000.0),
        remaining=_within(live.remaining, 5000.0),
        runtime=None if slow.device is None else float(slow.device.runtime),
        tick=live.counter,
        tick_period=TICK_PERIOD,
        monitor_only=MONITOR,
        details=tuple(one for one in (live, settings, slow.device) if one is not None),
    )


def _within(value: float | None, most: float) -> float | None:
    return value if value is not None and 0 <= value <= most else None


def _alarms(live: NeeyCellInfo, count: int) -> frozenset[Alarm]:
    """What is wrong; masks speak of cells that exist only: unused channels are flagged as not detected."""
    fitted = (1 << count) - 1
    found = {alarm for name, alarm in CELL_ALARMS.items() if getattr(live, name) & fitted}
    found |= {alarm for name, alarm in FAULTS.items() if getattr(live, name)}
    found |= {alarm for operation, alarm in OPERATIONS.items() if live.operation == operation}
    return frozenset(found)


def _balancing_cells(live: NeeyCellInfo, cells: tuple[float, ...]) -> frozenset[int]:
    """The lowest cell while it is charged, the highest while it is discharged; the sign of the current tells."""
    if live.operation != Operation.BALANCING or not live.balance_current:
        return frozenset()
    busy = min(cells) if live.balance_current > 0 else max(cells)
    return frozenset({cells.index(busy) + 1})
