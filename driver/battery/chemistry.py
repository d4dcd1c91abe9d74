"""Cell chemistries: the voltages that follow from them, and how one is recognised without guessing.

Rest voltages and bands are the contract of `loss.py`; the ranges of the cell over-voltage protection that tell a
chemistry are those that JK's own presets and the recorded frames show (LFP 3.45 to 3.65 V, NMC 4.05 to 4.20 V).
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class ChemistryRow:
    """Voltages of one cell, V."""

    name: str
    rest: float  # CVL per cell while the BMS is silent
    band_low: float  # below: discharging stops when the BMS is silent
    band_high: float  # above: charging stops when the BMS is silent
    charge: float  # target, unless the owner sets another
    float_voltage: float  # once full
    recharge: float  # a battery whose cells rest below is charged again
    protection_low: float  # over-voltage protection within these tells this chemistry
    protection_high: float
    plausible_low: float  # a resting or charging cell is never outside these
    plausible_high: float


# fmt: off
class Chemistry(Enum):
    """name, rest, band, charge target, float, recharge, range of the over-voltage protection, of plausible cells."""

    LFP = ChemistryRow("LFP", 3.35, 3.15, 3.40, 3.45, 3.375, 3.30, 3.45, 3.80, 2.0, 3.80)
    NMC = ChemistryRow("NMC", 3.90, 3.50, 4.05, 4.10, 4.050, 3.95, 4.00, 4.50, 2.5, 4.35)
    LTO = ChemistryRow("LTO", 2.35, 2.10, 2.50, 2.60, 2.450, 2.35, 2.40, 2.90, 1.5, 2.90)
# fmt: on
