"""Alarms in the driver's words. Each protocol maps its bits to these; `venus/paths.py` maps these to D-Bus paths.

`blocks_charge` and `blocks_discharge` say what the BMS itself does: over-voltage and cold stop charging only,
under-voltage stops discharging only. Source: protocol notes of both JK alarm tables (uart-ttl section 7, ble
section 9). Severity is Victron's: 1 warning, 2 alarm.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum


class Severity(IntEnum):
    """Victron's levels of `/Alarms/*`."""

    NONE = 0
    WARNING = 1
    ALARM = 2


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One kind of alarm."""

    text: str
    path: str  # below /Alarms/
    severity: Severity
    blocks_charge: bool = False
    blocks_discharge: bool = False


W, A = Severity.WARNING, Severity.ALARM


# fmt: off
class Alarm(Enum):
    """text, path below /Alarms/, severity, blocks_charge, blocks_discharge."""

    LOW_CAPACITY               = AlarmRow("state of charge low",            "LowSoc",                  W)
    MOS_OVER_TEMPERATURE       = AlarmRow("MOSFETs too hot",                "HighInternalTemperature", A, True,  True)
    # JK raises these two as a by-product of reaching full, so they are warnings: users.md need 21
    PACK_OVER_VOLTAGE          = AlarmRow("pack voltage high",              "HighVoltage",             W, True,  False)
    CELL_OVER_VOLTAGE          = AlarmRow("cell voltage high",              "HighCellVoltage",         W, True,  False)
    PACK_UNDER_VOLTAGE         = AlarmRow("pack voltage low",               "LowVoltage",              A, False, True)
    CELL_UNDER_VOLTAGE         = AlarmRow("cell voltage low",               "LowCellVoltage",          A, False, True)
    BATTERY_OVER_TEMPERATURE   = AlarmRow("battery too hot",                "HighTemperature",         A, True,  True)
    BATTERY_UNDER_TEMPERATURE  = AlarmRow("battery too cold to charge",     "LowChargeTemperature",    A, True,  False)
    CHARGE_OVER_CURRENT        = AlarmRow("charge current too high",        "HighChargeCurrent",       A, True,  False)
    DISCHARGE_OVER_CURRENT     = AlarmRow("discharge current too high",     "HighDischargeCurrent",    A, False, True)
    CELL_DIFFERENCE            = AlarmRow("cell voltages far apart",        "CellImbalance",           A, True,  False)
    BOX_OVER_TEMPERATURE       = AlarmRow("battery box too hot",            "HighTemperature",         A, True,  True)
    # what "309_A" and "309_B" are is not documented; a protection of unknown kind blocks both sides
    PROTECTION_309_A           = AlarmRow("309_A protection",               "InternalFailure",         A, True,  True)
    PROTECTION_309_B           = AlarmRow("309_B protection",               "InternalFailure",         A, True,  True)
    # JK02 and balancers; where the notes do not say what the BMS does, the side that the alarm speaks of is blocked
    WIRE_RESISTANCE            = AlarmRow("resistance of a sense wire high", "InternalFailure",        W)
    CELL_COUNT                 = AlarmRow("number of cells not as set",     "InternalFailure",         A, True,  True)
    CURRENT_SENSOR             = AlarmRow("current sensor faulty",          "InternalFailure",         A, True,  True)
    CHARGE_SHORT_CIRCUIT       = AlarmRow("short circuit while charging",   "HighChargeCurrent",       A, True,  False)
    CHARGE_OVER_TEMPERATURE    = AlarmRow("battery too hot to charge",      "HighChargeTemperature",   A, True,  False)
    COPROCESSOR                = AlarmRow("BMS faulty inside: coprocessor", "InternalFailure",         A, True,  True)
    DISCHARGE_SHORT_CIRCUIT    = AlarmRow("short circuit while discharging", "HighDischargeCurrent",   A, False, True)
    DISCHARGE_OVER_TEMPERATURE = AlarmRow("battery too hot to discharge",   "HighTemperature",         A, False, True)
    DISCHARGE_UNDER_TEMPERATURE = AlarmRow("battery too cold to discharge", "LowTemperature",          A, False, True)
    CHARGE_MOSFET              = AlarmRow("charging MOSFET faulty",         "InternalFailure",         A, True,  False)
    DISCHARGE_MOSFET           = AlarmRow("discharging MOSFET faulty",      "InternalFailure",         A, False, True)
    GPS_DISCONNECTED           = AlarmRow("GPS module disconnected",        "InternalFailure",         W)
    DISCHARGE_START_FAILED     = AlarmRow("discharging failed to start",    "InternalFailure",         A, False, True)
    # with a sensor that lies nothing says whether it is too cold to charge
    TEMPERATURE_SENSOR         = AlarmRow("temperature sensor faulty",      "BatteryTemperatureSensor", A, True, False)
    PARALLEL_MODULE            = AlarmRow("parallel module faulty",         "InternalFailure",         W)
    SHORT_CIRCUIT_RELEASE      = AlarmRow("short circuit is not released",  "InternalFailure",         A, True,  True)
    REMOTE_LOCK                = AlarmRow("locked from afar (GPS)",         "InternalFailure",         A, True,  True)
    CELL_DETECTION             = AlarmRow("a cell is not detected",         "InternalFailure",         A, True,  True)
    CELL_POLARITY              = AlarmRow("a cell has the wrong polarity",  "InternalFailure",         A, True,  True)
    BALANCER_FAULT             = AlarmRow("balancer faulty",                "InternalFailure",         W)
    BALANCER_OVER_TEMPERATURE  = AlarmRow("balancer too hot",               "HighInternalTemperature", A)
# fmt: on
