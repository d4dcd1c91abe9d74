"""The paths of a bank that differ from those of a pack: extremes that name the pack, and the state of each pack.

A bank has no paths for single cells: its packs have them.
"""

from ..battery.bank_outcome import PackState
from ..battery.bank_reading import BankReading, Place
from ..battery.reading import Reading
from .paths import COMMON, Group, Row, Shape


def bank(now: Reading) -> BankReading:
    """What a bank says is the reading of a bank."""
    assert isinstance(now, BankReading)
    return now


def degrees(place: Place | None) -> float | None:
    """Of an extreme, if any sensor tells one."""
    return None if place is None else place.value


def sensor(place: Place | None) -> str | None:
    """Which one that is."""
    return None if place is None else place.name


# fmt: off
CELLS: Group[Reading] = Group(lambda now: (now.voltage, bank(now).lowest_cell, bank(now).highest_cell), (
    Row("/Voltages/Sum",                "d", "%.2fV", lambda now: now.voltage, 0.01),
    Row("/Voltages/Diff",               "d", "%.3fV",
        lambda now: bank(now).highest_cell.value - bank(now).lowest_cell.value, 0.001),
    Row("/System/MinCellVoltage",       "d", "%.3fV", lambda now: bank(now).lowest_cell.value, 0.001),
    Row("/System/MaxCellVoltage",       "d", "%.3fV", lambda now: bank(now).highest_cell.value, 0.001),
    Row("/System/MinVoltageCellId",     "s", "%s",    lambda now: bank(now).lowest_cell.name),
    Row("/System/MaxVoltageCellId",     "s", "%s",    lambda now: bank(now).highest_cell.name),
))

TEMPERATURES: Group[Reading] = Group(lambda now: (bank(now).coldest, bank(now).hottest), (
    Row("/Dc/0/Temperature",            "d", "%.1fC", lambda now: degrees(bank(now).hottest), 0.1),
    Row("/System/MinCellTemperature",   "d", "%.1fC", lambda now: degrees(bank(now).coldest), 0.1),
    Row("/System/MaxCellTemperature",   "d", "%.1fC", lambda now: degrees(bank(now).hottest), 0.1),
    Row("/System/MinTemperatureCellId", "s", "%s",    lambda now: sensor(bank(now).coldest)),
    Row("/System/MaxTemperatureCellId", "s", "%s",    lambda now: sensor(bank(now).hottest)),
))

BANK = Shape((*COMMON, CELLS, TEMPERATURES), ())


def pack_group(number: int) -> Group[PackState]:
    """The rows of one pack, counted from 1. 1 to /Maintenance takes it out of the bank, 0 lets it come back."""
    return Group(lambda pack: pack, (
        Row(f"/Packs/{number}/Name",           "s", "%s",    lambda pack: pack.name),
        Row(f"/Packs/{number}/State",          "s", "%s",    lambda pack: pack.state),
        Row(f"/Packs/{number}/Maintenance",    "i", "%d",    lambda pack: int(pack.maintenance)),
        Row(f"/Packs/{number}/ChargeShare",    "d", "%.0f%%", lambda pack: pack.charge_share, 1.0, always=True),
        Row(f"/Packs/{number}/DischargeShare", "d", "%.0f%%", lambda pack: pack.discharge_share, 1.0, always=True),
    ))
# fmt: on
