"""The paths of a bank that differ from those of a pack: extremes that name the pack, and the state of each pack.

A bank has no paths for single cells: its packs have them.
"""

from collections.abc import Callable, Sequence

from ..battery.bank_outcome import PackState
from ..battery.bank_reading import BankReading
from ..battery.reading import Reading
from .derived import Column, highest, lowest, spread
from .paths import COMMON, Group, Row, Shape


def cells(now: Reading) -> Column:
    """Of all packs."""
    return now.cells


def temperatures(now: Reading) -> Column:
    """Of all packs."""
    return now.temperatures


def place(
    extreme: Callable[[Column], float | None], values: Callable[[Reading], Column]
) -> Callable[[Reading], str | None]:
    """Which pack and cell or sensor has the extreme: "B2 C07". The first of equals."""

    def value(now: Reading) -> str | None:
        assert isinstance(now, BankReading)
        ids: Sequence[str] = now.cell_ids if values is cells else now.temperature_ids
        found = extreme(values(now))
        return None if found is None else ids[values(now).index(found)]

    return value


# fmt: off
CELLS: Group[Reading] = Group(lambda now: (now.cells, now.voltage), (
    Row("/Voltages/Sum",                "d", "%.2fV", lambda now: now.voltage, 0.01),
    Row("/Voltages/Diff",               "d", "%.3fV", lambda now: spread(now.cells), 0.001),
    Row("/System/MinCellVoltage",       "d", "%.3fV", lambda now: lowest(now.cells), 0.001),
    Row("/System/MaxCellVoltage",       "d", "%.3fV", lambda now: highest(now.cells), 0.001),
    Row("/System/MinVoltageCellId",     "s", "%s",    place(lowest, cells)),
    Row("/System/MaxVoltageCellId",     "s", "%s",    place(highest, cells)),
))

TEMPERATURES: Group[Reading] = Group(lambda now: now.temperatures, (
    Row("/Dc/0/Temperature",            "d", "%.1fC", lambda now: highest(now.temperatures), 0.1),
    Row("/System/MinCellTemperature",   "d", "%.1fC", lambda now: lowest(now.temperatures), 0.1),
    Row("/System/MaxCellTemperature",   "d", "%.1fC", lambda now: highest(now.temperatures), 0.1),
    Row("/System/MinTemperatureCellId", "s", "%s",    place(lowest, temperatures)),
    Row("/System/MaxTemperatureCellId", "s", "%s",    place(highest, temperatures)),
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
