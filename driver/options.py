"""The options of config.ini: one class a section, one row an option. `config.py` reads, checks and explains them."""

# ruff: noqa: RUF009 (rows are made by functions, and each is a field of its own)

import re
from dataclasses import dataclass, fields, replace

from .battery.chemistry import Chemistry
from .battery.settings import ChargeSettings, Control, SocSource
from .driver_options import Driver as Driver
from .driver_options import Ports as Ports
from .option_rows import Points, choice, curve, number, text, whole
from .protocol.detected import AUTO
from .protocol.dialect import BLUETOOTH, BUSES, LISTENING, dialect_names

BAUDRATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
# Targets that fill a cell or spare it, V. Below, it would never be used; above, it is harmed.
CELL_CHARGE_VOLTAGE = {Chemistry.LFP: (3.30, 3.65), Chemistry.NMC: (3.70, 4.25), Chemistry.LTO: (2.30, 2.80)}
_TARGETS = ", ".join(f"{kind.name.lower()} {kind.value.charge:.2f} V" for kind in Chemistry)

MAC = "(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"
AT = " address "  # between port and address of a place; no port has a blank
MASTER_ROUND = 7.2  # s in which a JK master asks all of its packs, recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """One battery. NAME is yours: letters, digits, spaces, _ and -; the log uses it."""

    port: str = text(
        "",
        rf"/(?!\S*://)\S+|(socket|rfc2217)://[^\s/?]+:\d{{1,5}}([/?]\S*)?|{MAC}|ble:\S(.{{0,28}}\S)?",
        "a path like /dev/ttyUSB0, socket://HOST:PORT, rfc2217://HOST:PORT, a Bluetooth address or ble:NAME",
        "Where the BMS is connected: a serial port (its name under /dev/serial/by-id stays the same when adapters are "
        "plugged in another order), an RS485-to-Ethernet adapter, or Bluetooth, by the address of the BMS "
        "(C8:47:80:12:34:56) or by the name that it has in the JK app (ble:NAME); the command scan lists both.",
        example="/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K3OAL-if00-port0",
    )
    protocol: str = choice(
        "jk-uart",
        {name: name for name in (*dialect_names(), AUTO)},
        "The language that the BMS speaks on this port. On a Bluetooth port the default is jk-ble. auto: on a serial "
        "port it is found out, by listening for a second and then asking in one language after the other; what answers "
        "is remembered. A language that is named is spoken at once.",
    )
    address: int | None = whole(
        None,
        0,
        15,
        "Address of a PB pack on its RS485 bus, as its DIP switches set it (jk-pb: 1 to 15). Packs on one port are "
        "sections with the same port and different addresses. Without it: every pack that answers becomes a battery of "
        "its own, NAME 1, NAME 2, ... by its address. jk-pb-listen is for a bus where a pack with address 0 is the "
        "master: nothing is sent, and its packs are shown and nothing else.",
        example=1,
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
        r"(?=.{1,32}$)_*[A-Za-z0-9][A-Za-z0-9_]*",
        "at most 32 letters, digits and _, not only _",
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
    soc_source: SocSource = choice(
        SocSource.BMS,
        {source.value: source for source in SocSource},
        "Whose state of charge is shown and used. bms: as the BMS counts. driver: counted from the current, put right "
        "by each full charge and by cells at rest, never by touching the BMS. Both need the right capacity.",
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
        "Never ask for a higher charge current. Without it: 0.5 times the capacity. Never more than bms_share "
        "of what is set in the BMS.",
        example=100,
    )
    max_discharge_current: float | None = number(
        None,
        "A",
        0,
        1000,
        "Never allow a higher discharge current. Without it: 1 times the capacity. Never more than bms_share of "
        "what is set in the BMS.",
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
    cell_float_voltage: float | None = number(
        None,
        "V",
        2.1,
        4.25,
        "A full cell is held at this voltage. Without it: what the BMS asks for (RFV), or else a little above the "
        "voltage of a cell at rest. Never above the voltage that cells are charged to.",
        example=3.35,
        heading="The end of a charge, and how near to the BMS's limits. Few batteries need these.",
    )
    absorption_time: float = number(
        4 * 3600.0, "h", 0.1, 24, "A full charge ends after this time, however uneven the cells still are.", scale=3600
    )
    full_charge_interval: float = number(
        14 * 86400.0,
        "days",
        1,
        365,
        "A battery that was not charged to the full for so long is, so that its cells are balanced and its state of "
        "charge is counted anew.",
        scale=86400,
    )
    bms_share: float = number(0.95, "%", 10, 100, "Share of the BMS's own current limits that is used.", scale=0.01)
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
    charge_by_soc: Points | None = curve(
        "%",
        0,
        100,
        "Share of the charge current that the state of charge allows. Off without it, and while a full charge is due.",
        example="85:1.0, 90:0.0",
    )
    discharge_by_soc: Points | None = curve(
        "%",
        0,
        100,
        "Share of the discharge current that the state of charge allows, but for 2 A. Off without it.",
        example="10:0.0, 20:1.0",
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
    adapter: str = text(
        "auto",
        rf"auto|hci\d{{1,2}}|{MAC}",
        "auto, hci0, hci1, ... or the address of an adapter",
        "Bluetooth adapter for this battery. Its address stays the same when adapters are plugged in another order. "
        "auto: a USB adapter if there is one, else the built-in one.",
        example="auto",
        heading="Bluetooth. What is left out is right for most.",
    )
    pairing: str = text(
        "no",
        r"no|yes|\d{6}",
        "no, yes or a passkey of six digits",
        "Whether to pair with a Bluetooth BMS before it is read. Few need it: some with firmware 19.26 and newer.",
        example="no",
        secret=True,
    )
    power_cycle: bool = choice(
        True,
        {"yes": True, "no": False},
        "Whether the driver may switch a Bluetooth adapter off and on when nothing else brings the battery back. It "
        "does so only when no other battery and nobody else is connected over that adapter.",
    )

    def __post_init__(self) -> None:
        if self.id:  # as keys have none at their ends
            object.__setattr__(self, "id", self.id.strip("_"))
        if self.bluetooth and self.protocol in ("jk-uart", AUTO):  # which nobody speaks over the air
            object.__setattr__(self, "protocol", BLUETOOTH[0])

    @property
    def bluetooth(self) -> bool:
        """Whether the BMS is connected over the air."""
        return self.port.startswith("ble:") or re.fullmatch(MAC, self.port) is not None

    @property
    def place(self) -> str:
        """Where the BMS is: no two batteries are at the same place."""
        if self.bluetooth:
            return self.port if self.port.startswith("ble:") else self.port.upper()
        return self.port if self.address is None else f"{self.port}{AT}{self.address}"

    @property
    def shares_port(self) -> bool:
        """Whether other batteries may be on the same port."""
        return self.protocol in BUSES

    @property
    def undecided(self) -> bool:
        """Whether the protocol is to be found out."""
        return self.protocol == AUTO

    @property
    def every_pack(self) -> bool:
        """Whether this stands for whatever packs there are on a bus."""
        return self.shares_port and self.address is None

    @property
    def only_heard(self) -> bool:
        """Whether somebody else asks the BMS, and it is not the driver's to control."""
        return self.protocol in LISTENING

    @property
    def rhythm(self) -> float:
        """Seconds from one reading to the next."""
        return max(self.poll_interval, MASTER_ROUND) if self.only_heard else self.poll_interval

    def speaking(self, protocol: str) -> "Battery":
        """The battery that this section stands for when its BMS turns out to speak this."""
        made = replace(self, protocol=protocol)
        if made.only_heard:
            return replace(made, control=Control.NO)
        if made.every_pack and made.control is Control.YES:  # which of them, nobody has said
            return replace(made, control=Control.AUTO)
        return made

    def at(self, address: int) -> "Battery":
        """The battery at this address of the bus that this section without an address stands for."""
        return replace(
            self,
            address=address,
            id=self.id and f"{self.id}_{address}",
            name=self.name and f"{self.name} {address}",
        )

    def charge_settings(self) -> ChargeSettings:
        """Return what the controller wants to know."""
        return ChargeSettings(**{field.name: getattr(self, field.name) for field in fields(ChargeSettings)})
