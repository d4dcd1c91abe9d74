"""What the owner may set about the charge control of one battery. `None`: chosen from chemistry and BMS."""

from dataclasses import dataclass
from enum import Enum

from .chemistry import Chemistry
from .curve import Curve


class Control(Enum):
    """Whether a battery may have `/Info/*` paths: design 8c."""

    AUTO = "auto"  # the only battery controls
    YES = "yes"
    NO = "no"


class SocSource(Enum):
    """Whose state of charge is the battery's."""

    BMS = "bms"
    DRIVER = "driver"  # counted by this driver


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSettings:
    """Owner's settings; units V, A, Ah, s."""

    control: Control = Control.AUTO
    chemistry: Chemistry | None = None
    capacity: float | None = None
    soc_source: SocSource = SocSource.BMS
    cell_charge_voltage: float | None = None
    cell_float_voltage: float | None = None
    absorption_time: float = 4 * 3600.0  # s, the longest
    full_charge_interval: float = 14 * 86400.0  # s; a battery that was not full for so long is charged again
    max_charge_current: float | None = None
    max_discharge_current: float | None = None
    bms_share: float = 0.95  # of the BMS's own current limits
    charge_by_high_cell: Curve | None = None  # cell V -> share of the charge current
    charge_by_low_cell: Curve | None = None
    discharge_by_low_cell: Curve | None = None
    charge_by_soc: Curve | None = None  # % -> share
    discharge_by_soc: Curve | None = None
    charge_by_temperature: Curve | None = None  # °C -> share
    discharge_by_temperature: Curve | None = None
    ride_through: float = 1800.0  # s of LIMP before SAFE
