"""What a BMS says, in one vocabulary for all protocols.

Units: V, A (positive: charging), Ah, °C, s, %. `None` means "the device does not say", nothing else.
"""

from dataclasses import dataclass, field

from .alarms import Alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the BMS says it is. Key of name, DeviceInstance and history: see `identity.py`."""

    protocol: str  # "jk-uart", ...
    model: str | None = None
    name: str | None = None  # the owner's name for it, set in the app
    hardware: str | None = None
    software: str | None = None
    serial: str | None = None  # factory serial number (Bluetooth and PB only)
    manufacturer_id: str | None = None  # UART register 0xBA
    manufactured: str | None = None  # as the device writes it, e.g. "2307"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protections:
    """The BMS's own cut-offs and current limits: walls that the driver's limits stay inside."""

    cell_over_voltage: float | None = None  # V
    cell_under_voltage: float | None = None  # V
    charge_current: float | None = None  # A, charge over-current protection
    discharge_current: float | None = None  # A
    charge_over_temperature: float | None = None  # °C
    charge_under_temperature: float | None = None
    discharge_over_temperature: float | None = None
    discharge_under_temperature: float | None = None
    mos_over_temperature: float | None = None
    balance_start: float | None = None  # V, cell voltage
    requested_charge_voltage: float | None = None  # V, of a cell: what the BMS asks chargers for (RCV)
    requested_float_voltage: float | None = None  # V, of a cell (RFV)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One complete, validated moment of one battery."""

    identity: Identity
    protections: Protections
    voltage: float  # V
    current: float | None  # A, positive: charging
    cells: tuple[float, ...]  # V, one per configured cell; 0.0 where a sense wire is off
    soc: float | None = None  # %, 0 to 100
    temperatures: tuple[float | None, ...] = ()  # °C, battery sensors in the BMS's order; None: fitted, but no value
    mos_temperature: float | None = None  # °C
    alarms: frozenset[Alarm] = frozenset()
    unknown_alarm_bits: int = 0  # as transmitted
    charge_mosfet_on: bool | None = None  # actual state
    discharge_mosfet_on: bool | None = None
    balancing: bool | None = None
    balancing_cells: frozenset[int] | None = None  # 1-based; None: the protocol does not tell which
    charge_switch: bool | None = None  # the owner's setting in the app
    discharge_switch: bool | None = None
    balance_switch: bool | None = None
    heating: bool | None = None  # the BMS heats the battery
    capacity: float | None = None  # Ah, installed
    remaining: float | None = None  # Ah
    cycles: int | None = None
    charged_total: float | None = None  # Ah, sum over the battery's life
    soh: float | None = None  # %
    runtime: float | None = None  # s since first power-up
    tick: int | None = None  # moves while the BMS lives: runtime, uptime or frame counter
    tick_period: float = 0.0  # s in which a live BMS moves `tick` for certain
    tick_may_rest: bool = False  # some units never move it: standing still counts only after it was seen to move
    mean_current: float | None = None  # A, of the last minutes; set by the controller while the battery discharges
    factory_passcode: bool = False  # everybody knows it: it is still the one that the BMS was made with
    monitor_only: str = ""  # why this reading must not drive limits; empty: it may
    details: tuple[object, ...] = field(default=(), compare=False, repr=False)  # the protocol's own records

    def cell_name(self, index: int) -> str:
        """What people call the cell at this place of `cells`."""
        return f"cell {index + 1}"
