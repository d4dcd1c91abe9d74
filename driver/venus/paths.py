"""Every path of com.victronenergy.battery that this driver publishes: one row each.

Paths, types and texts are the contract with Victron's programs: systemcalc, the GUI, the MQTT and Modbus bridges.
Rows stand in groups by what they draw on: while that is equal, none of them is computed. A path appears with its first
value and then stays, invalid while there is none. `published.py` rounds, holds and compares.

Decisions: the BMS's own alarms are measurements, so they become invalid with them; /ErrorCode stays 0 when the BMS is
lost, because /Alarms/BmsCable = 2 already notifies and a code would do so a second time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

from ..battery.alarms import Alarm, Severity
from ..battery.bank_outcome import BankOutcome, Modules
from ..battery.controller import Outcome
from ..battery.history import History
from ..battery.limits import Limits
from ..battery.loss import Presence
from ..battery.reading import Reading
from .derived import (
    Column,
    balancer_status,
    balancing_cells,
    consumed,
    highest,
    history_key,
    lowest,
    place,
    remaining,
    spread,
    time_to_go,
)
from .items import Value

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What does not change while the process runs."""

    version: str  # of this driver
    connection: str  # for people: "JK UART-TTL ttyUSB0"; Victron gives "VE.Can" a meaning of its own
    key: str  # who the battery is; shown as its serial number when the BMS has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """All that a row may draw on."""

    outcome: Outcome
    facts: Facts


@dataclass(frozen=True, slots=True)
class Row(Generic[Source]):
    """One path: D-Bus type ("d", "i", "s"), printf form of its text, and where its value comes from.

    `step` is a power of ten: values are rounded to it, and held while they stay within one step of what is published.
    """

    path: str
    signature: str
    form: str
    value: Callable[[Source], Value]
    step: float = 0.0
    always: bool = False  # the path exists before its first value
    limit: bool = False  # never published higher than computed: rounded down, and not held when it falls
    exists: Callable[[Source], bool] | None = None  # that there will be a value, though there is none yet


@dataclass(frozen=True, slots=True, eq=False)
class Group(Generic[Source]):
    """Rows, and all that they draw on."""

    key: Callable[[Source], object]
    rows: tuple[Row[Source], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One path a cell or sensor, counted from 1, and rows that draw on the published values of all of them."""

    path: str
    signature: str
    form: str
    values: Callable[[Reading], Column]
    step: float = 0.0
    derived: tuple[Row[Column], ...] = ()


def allowed(outcome: Outcome, limit: str, mosfet: str) -> int | None:
    """Whether a direction is open: by our limit when we control, else by the BMS's MOSFET."""
    if outcome.limits is not None:
        return int(getattr(outcome.limits, limit).value > 0)
    state = getattr(outcome.reading, mosfet) if outcome.fresh else None
    return None if state is None else int(state)


def charge_allowed(outcome: Outcome) -> int | None:
    """Whether the battery may be charged now."""
    return allowed(outcome, "charge_current", "charge_mosfet_on")


def discharge_allowed(outcome: Outcome) -> int | None:
    """Whether the battery may be discharged now."""
    return allowed(outcome, "discharge_current", "discharge_mosfet_on")


def modules(outcome: Outcome) -> Modules:
    """How many packs there are and what they do; one pack counts as present in a short silence."""
    if isinstance(outcome, BankOutcome):
        return outcome.modules
    heard = int(outcome.presence in (Presence.LIVE, Presence.HOLD))
    return Modules(heard, 1 - heard, inverted(charge_allowed(outcome)), inverted(discharge_allowed(outcome)))


def connection_information(outcome: Outcome) -> str:
    """One line for people; Modbus carries the first 16 characters. It changes with the state only."""
    if outcome.presence is not Presence.LIVE:
        return outcome.explanation or ("BMS lost" if outcome.presence is Presence.SAFE else "BMS silent")
    if outcome.limits is None and outcome.explanation:
        return f"Monitoring only: {outcome.explanation}"
    return outcome.explanation or "; ".join(outcome.alarm_words) or "Connected"


def state_key(outcome: Outcome) -> object:
    """What the rows of `STATE` draw on."""
    return (
        outcome.presence, outcome.explanation, outcome.limits is None, outcome.cable_alarm, outcome.cell_count,
        charge_allowed(outcome), discharge_allowed(outcome), modules(outcome), outcome.charge_requested,
        outcome.alarm_words,
    )  # fmt: skip


def inverted(value: int | None) -> int | None:
    """0 for 1 and 1 for 0."""
    return None if value is None else 1 - value


# fmt: off
FACTS: Group[Moment] = Group(lambda now: (now.facts, now.outcome.identity), (
    Row("/Mgmt/ProcessName",         "s", "%s",   lambda now: "dbus-jkbms"),
    Row("/Mgmt/ProcessVersion",      "s", "%s",   lambda now: now.facts.version),
    Row("/Mgmt/Connection",          "s", "%s",   lambda now: now.facts.connection),
    Row("/ProductId",                "i", "0x%X", lambda now: 0),  # generic; other ids change what systemcalc does
    Row("/ProductName",              "s", "%s",   lambda now: now.outcome.identity.model or "JK BMS"),
    Row("/DeviceName",               "s", "%s",   lambda now: now.outcome.identity.name),
    Row("/FirmwareVersion",          "s", "%s",   lambda now: now.outcome.identity.software),
    Row("/HardwareVersion",          "s", "%s",   lambda now: now.outcome.identity.hardware),
    Row("/Serial",                   "s", "%s",   lambda now: now.outcome.identity.serial or now.facts.key),
    Row("/Connected",                "i", "%d",   lambda now: 1),  # 0 would drop the monitor, but not the limits
    Row("/ErrorCode",                "i", "%d",   lambda now: 0),
    Row("/System/BatteriesSeries",   "i", "%d",   lambda now: 1),
))

STATE: Group[Outcome] = Group(state_key, (
    Row("/State",                    "i", "%d", lambda now: 10 if now.presence is Presence.SAFE else 9),
    Row("/ConnectionInformation",    "s", "%s", connection_information),
    Row("/Alarms/BmsCable",          "i", "%d", lambda now: now.cable_alarm),
    Row("/Io/AllowToCharge",         "i", "%d", charge_allowed),
    Row("/Io/AllowToDischarge",      "i", "%d", discharge_allowed),
    Row("/Info/ChargeRequest",       "i", "%d", lambda now: None if now.limits is None else int(now.charge_requested)),
    Row("/System/NrOfCellsPerBattery", "i", "%d", lambda now: now.cell_count),
    Row("/System/NrOfBatteries",     "i", "%d", lambda now: modules(now).online + modules(now).offline),
    Row("/System/BatteriesParallel", "i", "%d", lambda now: modules(now).online + modules(now).offline),
    Row("/System/NrOfModulesOnline", "i", "%d", lambda now: modules(now).online),
    Row("/System/NrOfModulesOffline", "i", "%d", lambda now: modules(now).offline),
    Row("/System/NrOfModulesBlockingCharge", "i", "%d", lambda now: modules(now).blocking_charge),
    Row("/System/NrOfModulesBlockingDischarge", "i", "%d", lambda now: modules(now).blocking_discharge),
))

HISTORY: Group[History] = Group(history_key, (  # what was never counted has no path
    Row("/History/CanBeCleared",       "i", "%d",      lambda now: 1),  # by a 1 to /History/Clear
    Row("/History/ChargedEnergy",      "d", "%.1fkWh", lambda now: now.charged_energy or None, 0.1),
    Row("/History/DischargedEnergy",   "d", "%.1fkWh", lambda now: now.discharged_energy or None, 0.1),
    Row("/History/MinimumVoltage",     "d", "%.2fV",   lambda now: now.minimum_voltage, 0.01),
    Row("/History/MaximumVoltage",     "d", "%.2fV",   lambda now: now.maximum_voltage, 0.01),
    Row("/History/MinimumCellVoltage", "d", "%.3fV",   lambda now: now.minimum_cell_voltage, 0.001),
    Row("/History/MaximumCellVoltage", "d", "%.3fV",   lambda now: now.maximum_cell_voltage, 0.001),
    Row("/History/DeepestDischarge",   "d", "%.1fAh",  lambda now: now.deepest_discharge or None, 0.1),
    Row("/History/LastDischarge",      "d", "%.1fAh",
        lambda now: now.last_discharge if now.deepest_discharge else None, 0.1),
    Row("/History/AutomaticSyncs",     "i", "%d",      lambda now: now.full_charges or None),
    Row("/History/MinimumTemperature", "d", "%.1fC",   lambda now: now.minimum_temperature, 0.1),
    Row("/History/MaximumTemperature", "d", "%.1fC",   lambda now: now.maximum_temperature, 0.1),
    Row("/History/TimeSinceLastFullCharge", "i", "%ds", lambda now: now.since_full, 100.0),
    Row("/History/HighVoltageAlarms",  "i", "%d",      lambda now: now.high_voltage_alarms or None),
    Row("/History/LowVoltageAlarms",   "i", "%d",      lambda now: now.low_voltage_alarms or None),
))

POWER: Group[Reading] = Group(attrgetter("voltage", "current", "mean_current", "soc", "remaining", "capacity"), (
    Row("/Dc/0/Voltage",             "d", "%.2fV",  lambda now: now.voltage, 0.01, always=True),
    Row("/Dc/0/Current",             "d", "%.1fA",  lambda now: now.current, 0.1, always=True),
    Row("/Dc/0/Power",               "d", "%.0fW",
        lambda now: None if now.current is None else now.voltage * now.current, 1.0, always=True),
    Row("/TimeToGo",                 "i", "%ds",    time_to_go, 100.0, exists=lambda now: consumed(now) is not None),
))

COUNTED: Group[Outcome] = Group(attrgetter("bms_soc", "count"), (
    Row("/SocBms",                   "d", "%.1f%%", lambda now: now.bms_soc, 0.1),  # what the BMS itself says
    Row("/SocConfidence",            "d", "%.0f%%",
        lambda now: None if now.count is None else now.count.confidence, 1.0),
))

CHARGE: Group[Reading] = Group(attrgetter("soc", "soh", "remaining", "capacity"), (
    Row("/Soc",                      "d", "%.1f%%", lambda now: now.soc, 0.1, always=True),
    Row("/Soh",                      "d", "%.0f%%", lambda now: now.soh, 0.1),
    Row("/Capacity",                 "d", "%.1fAh", remaining, 0.1),
    Row("/ConsumedAmphours",         "d", "%.1fAh", consumed, 0.1),
))

BALANCE: Group[Reading] = Group(lambda now: (now.balancing, now.balance_switch, balancer_status(now)), (
    Row("/Balancing",                "i", "%d",     lambda now: now.balancing),
    Row("/Balancer/Status",          "i", "%d",     balancer_status),
    Row("/Io/AllowToBalance",        "i", "%d",     lambda now: now.balance_switch),
))

MOSFETS: Group[Reading] = Group(attrgetter("mos_temperature"), (
    Row("/System/MOSTemperature",    "d", "%.1fC",  lambda now: now.mos_temperature, 0.1),
))

SUM: Group[Reading] = Group(attrgetter("cells"), (
    Row("/Voltages/Sum",             "d", "%.2fV",  lambda now: sum(now.cells), 0.01),
))

COMMON = (POWER, CHARGE, BALANCE, MOSFETS)  # to a pack and a bank
MEASURED = (*COMMON, SUM)

KNOWN: Group[Reading] = Group(attrgetter("capacity", "cycles", "charged_total"), (  # true while the BMS is silent
    Row("/InstalledCapacity",        "d", "%.0fAh", lambda now: now.capacity, 0.1),
    Row("/History/ChargeCycles",     "i", "%d",     lambda now: now.cycles),
    Row("/History/TotalAhDrawn",     "d", "%.0fAh",
        lambda now: None if now.charged_total is None else -now.charged_total, 1.0),
))

CONTROL: Group[Limits] = Group(attrgetter("charge_voltage", "charge_current", "discharge_current", "low_voltage"), (
    # these paths exist only while the battery controls
    Row("/Info/MaxChargeVoltage",    "d", "%.2fV",  lambda now: now.charge_voltage.value, 0.01, limit=True),
    Row("/Info/MaxChargeCurrent",    "d", "%.1fA",  lambda now: now.charge_current.value, 0.1, limit=True),
    Row("/Info/MaxDischargeCurrent", "d", "%.1fA",  lambda now: now.discharge_current.value, 0.1, limit=True),
    Row("/Info/BatteryLowVoltage",   "d", "%.2fV",  lambda now: now.low_voltage.value, 0.01),
    Row("/Info/ChargeMode",          "s", "%s",     lambda now: now.charge_voltage.reason),
    Row("/Info/ChargeLimitation",    "s", "%s",     lambda now: now.charge_current.reason),
    Row("/Info/DischargeLimitation", "s", "%s",     lambda now: now.discharge_current.reason),
))

SERIES: tuple[Series, ...] = (
    Series("/Voltages/Cell%d",       "d", "%.3fV",  lambda now: now.cells, 0.001, (
        Row("/System/MinCellVoltage",   "d", "%.3fV", lowest),
        Row("/System/MaxCellVoltage",   "d", "%.3fV", highest),
        Row("/System/MinVoltageCellId", "s", "%s",    place(lowest, "C")),
        Row("/System/MaxVoltageCellId", "s", "%s",    place(highest, "C")),
        Row("/Voltages/Diff",           "d", "%.3fV", spread, 0.001),
    )),
    Series("/Balances/Cell%d",       "i", "%d",     balancing_cells),
    Series("/System/Temperature%d",  "d", "%.1fC",  lambda now: now.temperatures, 0.1, (
        Row("/Dc/0/Temperature",            "d", "%.1fC", highest),
        Row("/System/MinCellTemperature",   "d", "%.1fC", lowest),
        Row("/System/MaxCellTemperature",   "d", "%.1fC", highest),
        Row("/System/MinTemperatureCellId", "s", "%s",    place(lowest, "T")),
        Row("/System/MaxTemperatureCellId", "s", "%s",    place(highest, "T")),
    )),
)
# fmt: on


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What is published of a reading."""

    measured: tuple[Group[Reading], ...]
    series: tuple[Series, ...]


PACK = Shape(MEASURED, SERIES)


def alarm_group(signalled: frozenset[Alarm]) -> Group[Reading]:
    """A row for each path that a protocol which knows these alarms can raise; of several alarms the worst wins.

    An alarm bit that nobody knows is a warning about the BMS itself.
    """

    def row(name: str) -> Row[Reading]:
        members = frozenset(alarm for alarm in Alarm if alarm.value.path == name)

        def severity(reading: Reading) -> int:
            unknown = Severity.WARNING if name == "InternalFailure" and reading.unknown_alarm_bits else Severity.NONE
            return max((alarm.value.severity for alarm in reading.alarms & members), default=unknown)

        return Row(f"/Alarms/{name}", "i", "%d", severity, always=True)

    names = {alarm.value.path: None for alarm in Alarm if alarm in signalled} | {"InternalFailure": None}
    return Group(attrgetter("alarms", "unknown_alarm_bits"), tuple(map(row, names)))
