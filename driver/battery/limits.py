"""How much the battery may be charged and discharged: pure functions, each cap a line, the smallest wins.

A number is never without its reason. Nothing here catches an error: an impossible reading never gets here, and a
missing value lowers a limit, never raises one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .chemistry import Chemistry
from .reading import Reading

Curve: TypeAlias = Sequence[tuple[float, float]]  # (x, share), x rising; flat beyond both ends


@dataclass(frozen=True, slots=True)
class Limit:
    """A value in V or A, and why it is not higher (for low_voltage: why not lower)."""

    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The four values that DVCC reads. All of them exist together or not at all."""

    charge_voltage: Limit  # V, CVL
    charge_current: Limit  # A, CCL, >= 0
    discharge_current: Limit  # A, DCL, >= 0
    low_voltage: Limit  # V, /Info/BatteryLowVoltage
