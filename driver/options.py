"""The options of config.ini: one class a section, one row an option. `config.py` reads, checks and explains them."""

# ruff: noqa: RUF009 (rows are made by functions, and each is a field of its own)

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from .battery.chemistry import Chemistry
from .battery.settings import ChargeSettings, Control
from .logs import LEVELS
from .option_rows import Points, choice, curve, number, text
from .protocol.dialect import dialect_names

BAUDRATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)

# Targets that fill a cell or spare it, V. Below, it would never be used; above, it is harmed.
CELL_CHARGE_VOLTAGE = {Chemistry.LFP: (3.30, 3.65), Chemistry.NMC: (3.70, 4.25), Chemistry.LTO: (2.30, 2.80)}
_TARGETS = ", ".join(f"{kind.name.lower()} {kind.value.charge:.2f} V" for kind in Chemistry)


class Ports(StrEnum):
    """What happens to serial ports that config.ini does not name."""

    AUTO = "auto"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The driver as a whole."""

    ports: Ports | None = choice(
        None,
        {ports.value: ports for ports in Ports},
        "auto: look for a JK BMS on every USB serial adapter that nobody uses. none: open only the ports that are "
        "named below. Without it: auto as long as this file has no battery, none otherwise.",
        example="none",
    )
    log_level: int = choice(
        logging.INFO, LEVELS, "How much the log says. debug repeats what is otherwise said once: for a fault report."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """One battery. NAME is yours: letters, digits, spaces, _ and -; the log uses it."""

    port: str = text(
        "",
        r"/(?!\S*://)\S+|(socket|rfc2217)://[^\s/?]+:\d{1,5}([/?]\S*)?",
        "a path like /dev/ttyUSB0, socket://HOST:PORT or rfc2217://HOST:PORT",
        "Where the BMS is connected: a serial port (its name under /dev/serial/by-id stays the same when adapters are "
        "plugged in another order), or an RS485-to-Ethernet adapter.",
        example="/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K3OAL-if00-port0",
    )
    protocol: str = choice(
        "jk-uart", {name: name for name in dialect_names()}, "The language that the BMS speaks on this port."
    )
    baudrate: int | None = choice(
        None,
        {str(rate): rate for rate in BAUDRATES},
        "Speed of the serial port. Without it: as the protocol has it, which is right for every known JK BMS.",
        example="115200",
    )
    poll_interval: float = number(1.0, "s", 1, 60, "The BMS is asked for new values this often.")
    id: str | None = text(
        None,
        r"[A-Za-z0-9_]{1,32}",
        "at most 32 letters, digits and _",
        "Settings and history on the GX belong to this id. Set it to exchange the BMS without losing them, or when two "
        "BMSs call themselves the same. Without it: what the BMS says about itself. Never change it later.",
        example="house",
    )
    name: str | None = text(
        None,
        r".{1,32}",
        "at most 32 printable characters",
        "Name on the GX when the battery is seen for the first time; later it is changed on the GX.",
        example="House battery",
    )
    control: Control = choice(
        Control.AUTO,
        {control.value: control for control in Control},
        "Whether this battery sets the limits of the whole system (DVCC). Only one can. auto: yes if it is the only "
        "battery. no: it is shown and nothing else.",
    )
    chemistry: Chemistry | None = choice(
        None,
        {chemistry.name.lower(): chemistry for chemistry in Chemistry},
        "Kind of cells: lfp (LiFePO4), nmc (lithium-ion, LCO as well) or lto. Without it: recognised from the "
        "over-voltage protection that is set in the BMS.",
        example="lfp",
    )
    capacity: float | None = number(
        None, "Ah", 1, 5000, "Capacity of the battery. Without it: as set in the BMS.", example=280
    )
    cell_charge_voltage: float | None = number(
        None,
        "V",
        2.3,
        4.25,
        f"Each cell is charged up to this voltage. Without it: {_TARGETS}. The driver stays below the over-voltage "
        "protection of the BMS whatever is set here.",
        example=3.45,
    )
    max_charge_current: float | None = number(
        None,
        "A",
        0,
        1000,
        "Never ask for a higher charge current. Without it: 0.5 times the capacity. Never more than 95 % of what is "
        "set in the BMS.",
        example=100,
    )
    max_discharge_current: float | None = number(
        None,
        "A",
        0,
        1000,
        "Never allow a higher discharge current. Without it: 1 times the capacity. Never more than 95 % of what is set "
        "in the BMS.",
        example=150,
    )
    ride_through: float = number(
        1800.0,
        "min",
        0,
        1440,
        "When the BMS falls silent, the system goes on this long with reduced currents; after that it neither charges "
        "nor discharges. 0: it stops as soon as the BMS counts as lost, after 30 s.",
        scale=60,
    )
    charge_by_high_cell: Points | None = curve(
        "V",
        1,
        5,
        "Share of the charge current that the highest cell's voltage allows.",
        example="3.40:1.0, 3.55:0.0",
        heading="Curves. Few batteries need them; without them they follow from the chemistry. A curve is points "
        "VALUE:SHARE, linear between and flat beyond; SHARE 1.0 is the whole current and 0.0 is none.",
    )
    charge_by_low_cell: Points | None = curve(
        "V",
        1,
        5,
        "Share of the charge current that the lowest cell's voltage allows: an empty cell is charged gently.",
        example="2.50:0.1, 2.90:1.0",
    )
    discharge_by_low_cell: Points | None = curve(
        "V",
        1,
        5,
        "Share of the discharge current that the lowest cell's voltage allows.",
        example="2.80:0.05, 3.00:1.0",
    )
    charge_by_temperature: Points | None = curve(
        "°C",
        -40,
        100,
        "Share of the charge current that the temperature of the cells allows.",
        example="0:0.0, 5:0.2, 15:1.0, 40:1.0, 50:0.0",
    )
    discharge_by_temperature: Points | None = curve(
        "°C",
        -40,
        100,
        "Share of the discharge current that the temperature of the cells allows.",
        example="-20:0.0, 0:1.0, 50:1.0, 60:0.0",
    )

    @property
    def place(self) -> str:
        """Where the BMS is: no two batteries are at the same place."""
        return self.port

    def charge_settings(self) -> ChargeSettings:
        """Return what the controller wants to know."""
        return ChargeSettings(
            control=self.control,
            chemistry=self.chemistry,
            capacity=self.capacity,
            cell_charge_voltage=self.cell_charge_voltage,
            max_charge_current=self.max_charge_current,
            max_discharge_current=self.max_discharge_current,
            charge_by_high_cell=self.charge_by_high_cell,
            charge_by_low_cell=self.charge_by_low_cell,
            discharge_by_low_cell=self.discharge_by_low_cell,
            charge_by_temperature=self.charge_by_temperature,
            discharge_by_temperature=self.discharge_by_temperature,
            ride_through=self.ride_through,
        )


class Check(NamedTuple):
    """What must hold between the options of one battery."""

    option: str  # that the sentence is about
    holds: Callable[[Battery], bool]
    sentence: str


def _fits_chemistry(battery: Battery) -> bool:
    voltage, chemistry = battery.cell_charge_voltage, battery.chemistry
    ranges = CELL_CHARGE_VOLTAGE.values() if chemistry is None else [CELL_CHARGE_VOLTAGE[chemistry]]
    return voltage is None or any(low <= voltage <= high for low, high in ranges)


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
    Check("cell_charge_voltage", _fits_chemistry, f"must fit the chemistry: {_RANGES}"),
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
