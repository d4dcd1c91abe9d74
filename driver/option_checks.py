"""What must hold between the options of one battery."""

from collections.abc import Callable
from typing import NamedTuple

from .battery.settings import Control
from .option_rows import Points
from .options import CELL_CHARGE_VOLTAGE, Battery
from .protocol.dialect import BLUETOOTH, BUSES


class Check(NamedTuple):
    """What must hold between the options of one battery."""

    option: str  # that the sentence is about
    holds: Callable[[Battery], bool]
    sentence: str


def _fits_chemistry(battery: Battery) -> bool:
    voltage, chemistry = battery.cell_charge_voltage, battery.chemistry
    ranges = CELL_CHARGE_VOLTAGE.values() if chemistry is None else [CELL_CHARGE_VOLTAGE[chemistry]]
    return voltage is None or any(low <= voltage <= high for low, high in ranges)


def _floats_below_charge(battery: Battery) -> bool:
    floating, charge = battery.cell_float_voltage, battery.cell_charge_voltage
    return floating is None or charge is None or floating <= charge


def _shares(points: Points | None) -> list[float]:
    return [share for _, share in points or ()]


def _rises(points: Points | None) -> bool:
    return _shares(points) == sorted(_shares(points))


def _falls_to_zero(points: Points | None) -> bool:
    shares = _shares(points)
    return not shares or (shares == sorted(shares, reverse=True) and shares[-1] == 0)


def _rises_then_falls(points: Points | None) -> bool:
    shares = _shares(points)
    top = shares.index(max(shares)) if shares else 0
    return shares[:top] == sorted(shares[:top]) and shares[top:] == sorted(shares[top:], reverse=True)


_RANGES = ", ".join(
    f"{kind.name.lower()} {low:.2f} to {high:.2f} V" for kind, (low, high) in CELL_CHARGE_VOLTAGE.items()
)
_RISING = "the share must not fall as the lowest cell's voltage rises"
_ONE_TOP = "the share must rise with the temperature to one top and fall after it"

CHECKS: tuple[Check, ...] = (
    Check("port", lambda battery: bool(battery.place), "is missing: it says where the BMS is connected"),
    Check(
        "protocol",
        lambda battery: not battery.place or battery.bluetooth == (battery.protocol in BLUETOOTH),
        f"{' and '.join(BLUETOOTH)} are spoken over Bluetooth and nowhere else: the port must be its address",
    ),
    Check(
        "adapter",
        lambda battery: battery.adapter == "auto" or battery.bluetooth,
        "is only for Bluetooth: this battery has another port",
    ),
    Check(
        "address",
        lambda battery: battery.address is None or battery.shares_port,
        f"is only for {' and '.join(BUSES)}: other BMSs have a port of their own",
    ),
    Check(
        "address",
        lambda battery: battery.address != 0 or battery.only_heard or not battery.shares_port,
        "0 is the master of its bus, which asks by itself and would be disturbed: set the pack's DIP switches to an "
        "address from 1 to 15, or only listen, with protocol = jk-pb-listen",
    ),
    Check(
        "control",
        lambda battery: battery.control is not Control.YES or not battery.only_heard,
        "a pack that is only listened to cannot control: the JK master does",
    ),
    Check(
        "control",
        lambda battery: battery.control is not Control.YES or battery.only_heard or not battery.every_pack,
        "this section stands for every pack on its bus: give it an address to say which one controls",
    ),
    Check("cell_charge_voltage", _fits_chemistry, f"must fit the chemistry: {_RANGES}"),
    Check("cell_float_voltage", _floats_below_charge, "must not be above cell_charge_voltage"),
    Check(
        "charge_by_high_cell",
        lambda battery: _falls_to_zero(battery.charge_by_high_cell),
        "the share must fall as the highest cell's voltage rises, and end with 0",
    ),
    Check("charge_by_low_cell", lambda battery: _rises(battery.charge_by_low_cell), _RISING),
    Check("discharge_by_low_cell", lambda battery: _rises(battery.discharge_by_low_cell), _RISING),
    Check("charge_by_temperature", lambda battery: _rises_then_falls(battery.charge_by_temperature), _ONE_TOP),
    Check("discharge_by_temperature", lambda battery: _rises_then_falls(battery.discharge_by_temperature), _ONE_TOP),
)
