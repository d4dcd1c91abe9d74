"""Every path that is published: what it is called, its type, and how its text looks. The table is the contract."""

import re
from dataclasses import replace
from math import nan
from typing import Any

import pytest

from driver.battery.alarms import Alarm, Severity
from driver.battery.coulombs import Count
from driver.battery.history import History
from driver.battery.limits import Limit
from driver.battery.loss import Presence
from driver.venus.derived import balancer_status, consumed, remaining, time_to_go
from driver.venus.items import Item, Value
from driver.venus.paths import connection_information
from driver.venus.published import Published
from tests.venus.batteries import ALL_ALARMS, IDENTITY, LIMITS, READING, SAFE, moment, outcome, reading

CONTROL = """
/Info/MaxChargeVoltage               d  27.60V
/Info/MaxChargeCurrent               d  140.0A
/Info/MaxDischargeCurrent            d  200.0A
/Info/BatteryLowVoltage              d  22.40V
/Info/ChargeMode                     s  setting
/Info/ChargeRequest                  i  0
/Info/ChargeLimitation               s  0.5 C
/Info/DischargeLimitation            s  BMS limit less 5 %
"""
ALWAYS = """
/Mgmt/ProcessName                    s  dbus-jkbms
/Mgmt/ProcessVersion                 s  0.1.0
/Mgmt/Connection                     s  JK UART-TTL ttyUSB0
/ProductId                           i  0x0
/ProductName                         s  JK-B2A8S20P
/DeviceName                          s  House
/FirmwareVersion                     s  11.26
/HardwareVersion                     s  11.XW
/Serial                              s  2040612345
/Connected                           i  1
/ConnectionInformation               s  Connected
/State                               i  9
/ErrorCode                           i  0
/Dc/0/Voltage                        d  26.42V
/Dc/0/Current                        d  -20.0A
/Dc/0/Power                          d  -529W
/Dc/0/Temperature                    d  23.0C
/Soc                                 d  76.0%
/Soh                                 d  99%
/Capacity                            d  212.8Ah
/InstalledCapacity                   d  280Ah
/ConsumedAmphours                    d  -67.2Ah
/TimeToGo                            i  38200s
/Balancing                           i  1
/Balancer/Status                     i  2
/Io/AllowToCharge                    i  1
/Io/AllowToDischarge                 i  1
/Io/AllowToBalance                   i  1
/System/NrOfBatteries                i  1
/System/BatteriesParallel            i  1
/System/BatteriesSeries              i  1
/System/NrOfCellsPerBattery          i  8
/System/NrOfModulesOnline            i  1
/System/NrOfModulesOffline           i  0
/System/NrOfModulesBlockingCharge    i  0
/System/NrOfModulesBlockingDischarge i  0
/System/MinCellVoltage               d  3.299V
/System/MaxCellVoltage               d  3.305V
/System/MinVoltageCellId             s  C4
/System/MaxVoltageCellId             s  C5
/System/MinCellTemperature           d  22.0C
/System/MaxCellTemperature           d  23.0C
/System/MinTemperatureCellId         s  T1
/System/MaxTemperatureCellId         s  T2
/System/Temperature1                 d  22.0C
/System/Temperature2                 d  23.0C
/System/MOSTemperature               d  24.0C
/Voltages/Sum                        d  26.42V
/Voltages/Diff                       d  0.006V
/Voltages/Cell1                      d  3.301V
/Voltages/Cell2                      d  3.302V
/Voltages/Cell3                      d  3.303V
/Voltages/Cell4                      d  3.299V
/Voltages/Cell5                      d  3.305V
/Voltages/Cell6                      d  3.302V
/Voltages/Cell7                      d  3.302V
/Voltages/Cell8                      d  3.302V
/Balances/Cell1                      i  0
/Balances/Cell2                      i  0
/Balances/Cell3                      i  0
/Balances/Cell4                      i  0
/Balances/Cell5                      i  1
/Balances/Cell6                      i  0
/Balances/Cell7                      i  0
/Balances/Cell8                      i  0
/History/ChargeCycles                i  12
/History/TotalAhDrawn                d  -3457Ah
/History/CanBeCleared                i  1
/Alarms/BmsCable                     i  0
/Alarms/InternalFailure              i  0
/Alarms/LowSoc                       i  0
/Alarms/HighInternalTemperature      i  0
/Alarms/HighVoltage                  i  0
/Alarms/HighCellVoltage              i  0
/Alarms/LowVoltage                   i  0
/Alarms/LowCellVoltage               i  0
/Alarms/HighTemperature              i  0
/Alarms/LowChargeTemperature         i  0
/Alarms/HighChargeCurrent            i  0
/Alarms/HighDischargeCurrent         i  0
/Alarms/CellImbalance                i  0
/Alarms/HighChargeTemperature        i  0
/Alarms/LowTemperature               i  0
/Alarms/BatteryTemperatureSensor     i  0
"""
# paths that change Victron's pages or decisions, and that nobody may publish who does not mean them
NEVER = re.compile(
    r"/(NumberOfBmses|Settings/.*|NrOfDistributors|Redetect|Battery/.*|N2kDeviceInstance|Dc/1/.*|Dc/0/MidVoltage.*"
    r"|Errors/.*|Sense/.*|Mode|SystemSwitch|Relay/.*|Capabilities/.*|AirTemperature|Bus+Voltage|Diagnostics/.*)"
)


def table(text: str) -> dict[str, tuple[str, str]]:
    return {path: (kind, shown) for path, kind, shown in (line.split(None, 2) for line in text.splitlines() if line)}


def published(control: bool = True, alarms: frozenset[Alarm] = ALL_ALARMS) -> Published:
    return Published(alarms, control=control)


def values(**other: Any) -> dict[str, Value]:
    """All that a first moment publishes."""
    now = moment(**other)
    return published(now.outcome.limits is not None).changes(now)


@pytest.mark.parametrize(("limits", "expected"), [(LIMITS, ALWAYS + CONTROL), (None, ALWAYS)])
def test_a_battery_that_says_everything_publishes_this_table(limits: Any, expected: str) -> None:
    paths = published(limits is not None)
    items = {path: paths.item(path) for path in paths.changes(moment(limits=limits))}
    assert {path: (item.signature, item.text()) for path, item in items.items()} == table(expected)
    assert not [path for path in items if NEVER.fullmatch(path)]


@pytest.mark.parametrize("item", [Item("d", "%.2fV", nan), Item("d", "%g", 1e999)])
def test_what_is_no_number_is_invalid(item: Item) -> None:
    assert (item.value, item.text(), item.variant().signature) == (None, "---", "ai")


def test_without_protections_and_extras_only_the_core_exists() -> None:
    bare = reading(
        soc=None, temperatures=(), mos_temperature=None, balancing=None, balancing_cells=None, balance_switch=None,
        capacity=None, remaining=None, cycles=None, charged_total=None, soh=None, current=None,
        charge_mosfet_on=None, discharge_mosfet_on=None,
    )  # fmt: skip
    found = values(reading=bare, limits=None)
    gone = set(table(ALWAYS)) - set(found)
    assert {path: found[path] for path in ("/Soc", "/Dc/0/Current", "/Dc/0/Power")} == {
        "/Soc": None, "/Dc/0/Current": None, "/Dc/0/Power": None,
    }  # fmt: skip
    assert not set(found) - set(table(ALWAYS))
    assert {path for path in gone if not path.startswith("/Balances")} == {
        "/Soh", "/Capacity", "/InstalledCapacity", "/ConsumedAmphours", "/TimeToGo", "/Balancing", "/Balancer/Status",
        "/Io/AllowToCharge", "/Io/AllowToDischarge", "/Io/AllowToBalance", "/System/NrOfModulesBlockingCharge",
        "/System/NrOfModulesBlockingDischarge", "/System/MOSTemperature", "/System/Temperature1",
        "/System/Temperature2", "/Dc/0/Temperature", "/System/MinCellTemperature", "/System/MaxCellTemperature",
        "/System/MinTemperatureCellId", "/System/MaxTemperatureCellId", "/History/ChargeCycles",
        "/History/TotalAhDrawn",
    }  # fmt: skip


def test_a_sensor_without_a_value_has_a_path() -> None:
    found = values(reading=reading(temperatures=(None, 21.0)))
    assert found["/System/Temperature1"] is None
    assert (found["/Dc/0/Temperature"], found["/System/MinTemperatureCellId"]) == (21.0, "T2")


def test_a_silent_bms_leaves_limits_and_identity_and_no_measurement() -> None:
    paths = published()
    paths.changes(moment())
    gone = paths.changes(moment(**SAFE))
    kept = set(table(ALWAYS + CONTROL)) - {path for path, value in gone.items() if value is None}
    assert {path for path in kept if not path.startswith(("/Mgmt", "/Info"))} == {
        "/ProductId", "/ProductName", "/DeviceName", "/FirmwareVersion", "/HardwareVersion", "/Serial", "/Connected",
        "/ConnectionInformation", "/State", "/ErrorCode", "/InstalledCapacity", "/Io/AllowToCharge",
        "/Io/AllowToDischarge", "/System/NrOfBatteries", "/System/BatteriesParallel", "/System/BatteriesSeries",
        "/System/NrOfCellsPerBattery", "/System/NrOfModulesOnline", "/System/NrOfModulesOffline",
        "/System/NrOfModulesBlockingCharge", "/System/NrOfModulesBlockingDischarge", "/History/ChargeCycles",
        "/History/TotalAhDrawn", "/History/CanBeCleared", "/Alarms/BmsCable",
    }  # fmt: skip
    assert {path: value for path, value in gone.items() if value is not None} == {
        "/State": 10, "/Alarms/BmsCable": 2, "/ConnectionInformation": "BMS lost, charge and discharge stopped",
        "/System/NrOfModulesOnline": 0, "/System/NrOfModulesOffline": 1,
    }  # fmt: skip


def test_all_comes_back_with_the_first_reading() -> None:
    paths = published()
    first = paths.changes(moment())
    gone = paths.changes(moment(**SAFE))
    back = paths.changes(moment(reading(soc=75.0)))
    assert back == {path: first[path] for path in gone} | {"/Soc": 75.0}


def test_a_battery_known_from_memory_has_the_core_and_its_limits() -> None:
    paths = published()
    found = paths.changes(moment(None, **SAFE))
    assert {path for path, value in found.items() if value is None} == {
        "/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Power", "/Soc"
    } | {path for path in table(ALWAYS) if path.startswith("/Alarms") and path != "/Alarms/BmsCable"}  # fmt: skip
    assert (found["/System/NrOfCellsPerBattery"], found["/Info/MaxChargeVoltage"]) == (8, 27.6)
    later = paths.changes(moment())
    assert set(found) | set(later) == set(table(ALWAYS + CONTROL))


@pytest.mark.parametrize(
    ("state", "number", "online"),
    [(Presence.LIVE, 9, 1), (Presence.HOLD, 9, 1), (Presence.LIMP, 9, 0), (Presence.SAFE, 10, 0)],
)
def test_state_and_modules_follow_the_presence(state: Presence, number: int, online: int) -> None:
    found = values(presence=state)
    assert (found["/State"], found["/System/NrOfModulesOnline"], found["/System/NrOfModulesOffline"]) == (
        number, online, 1 - online,
    )  # fmt: skip
    assert (found["/Connected"], found["/ErrorCode"]) == (1, 0)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({}, "Connected"),
        ({"limits": None}, "Connected"),
        ({"limits": None, "explanation": "chemistry not certain"}, "Monitoring only: chemistry not certain"),
        ({"explanation": "register 0xd0 is unknown"}, "register 0xd0 is unknown"),
        ({"presence": Presence.HOLD}, "BMS silent"),
        ({"presence": Presence.HOLD, "explanation": "BMS silent, last values held"}, "BMS silent, last values held"),
        ({"presence": Presence.SAFE}, "BMS lost"),
    ],
)
def test_connection_information_says_why(told: dict[str, Any], text: str) -> None:
    assert connection_information(outcome(**told)) == text


def test_with_limits_a_direction_is_open_when_its_limit_is_not_zero() -> None:
    closed = replace(LIMITS, charge_current=Limit(0.0, "BMS has charging off"))
    found = values(limits=closed)
    assert (found["/Io/AllowToCharge"], found["/System/NrOfModulesBlockingCharge"]) == (0, 1)
    assert (found["/Io/AllowToDischarge"], found["/System/NrOfModulesBlockingDischarge"]) == (1, 0)


def test_without_limits_the_mosfets_tell() -> None:
    found = values(reading=reading(discharge_mosfet_on=False), limits=None)
    assert (found["/Io/AllowToCharge"], found["/Io/AllowToDischarge"]) == (1, 0)
    assert found["/System/NrOfModulesBlockingDischarge"] == 1


def test_each_alarm_reaches_its_path_with_its_severity() -> None:
    for alarm in Alarm:
        raised = {
            path: value
            for path, value in values(reading=reading(alarms=frozenset({alarm}))).items()
            if path.startswith("/Alarms/") and value
        }
        assert raised == {f"/Alarms/{alarm.value.path}": alarm.value.severity}


def test_of_two_alarms_on_one_path_the_worst_wins_and_ends_last() -> None:
    both = frozenset({Alarm.BATTERY_OVER_TEMPERATURE, Alarm.BOX_OVER_TEMPERATURE})
    paths = published()
    assert paths.changes(moment(reading(alarms=both)))["/Alarms/HighTemperature"] == 2
    assert "/Alarms/HighTemperature" not in paths.changes(moment(reading(alarms=frozenset([next(iter(both))]))))
    assert paths.changes(moment(reading(alarms=frozenset())))["/Alarms/HighTemperature"] == 0


def test_only_alarms_that_the_protocol_can_tell_have_a_path() -> None:
    found = published(alarms=frozenset({Alarm.LOW_CAPACITY})).changes(moment())
    assert {path for path in found if path.startswith("/Alarms")} == {
        "/Alarms/BmsCable", "/Alarms/InternalFailure", "/Alarms/LowSoc",
    }  # fmt: skip


def test_an_unknown_alarm_bit_is_a_warning() -> None:
    paths = published()
    assert paths.changes(moment())["/Alarms/InternalFailure"] == 0
    assert paths.changes(moment(reading(unknown_alarm_bits=0x4000))) == {"/Alarms/InternalFailure": 1}
    both = reading(unknown_alarm_bits=0x4000, alarms=frozenset({Alarm.PROTECTION_309_A}))
    assert paths.changes(moment(both)) == {"/Alarms/InternalFailure": 2}


def test_the_bms_s_own_state_of_charge_has_a_path_of_its_own() -> None:
    paths = published()
    assert "/SocConfidence" not in paths.changes(moment())
    count = Count(soc=70.0, shown=71.26, off=12.4)
    own = paths.changes(moment(reading(soc=71.26), bms_soc=80.04, count=count))
    assert {path: own[path] for path in ("/Soc", "/SocBms", "/SocConfidence")} == {
        "/Soc": 71.3, "/SocBms": 80.0, "/SocConfidence": 88.0,
    }  # fmt: skip
    silent = paths.changes(moment(bms_soc=80.04, count=count, **SAFE))
    assert (silent["/SocBms"], silent["/SocConfidence"]) == (None, None)


def test_alarms_are_told_in_words_where_there_is_no_other_trouble() -> None:
    paths = published()
    paths.changes(moment())
    words = ("cell voltage high: cell 3 3.652 V, limit 3.650 V", "MOSFETs too hot: 91 °C")
    assert paths.changes(moment(alarm_words=words)) == {"/ConnectionInformation": "; ".join(words)}
    silent = paths.changes(moment(alarm_words=words, presence=Presence.HOLD, explanation="BMS silent"))
    assert silent["/ConnectionInformation"] == "BMS silent"


@pytest.mark.parametrize("severity", Severity)
def test_the_cable_alarm_is_the_outcomes(severity: Severity) -> None:
    assert values(cable_alarm=severity)["/Alarms/BmsCable"] == severity


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"current": -100.0, "remaining": 100.0}, 3600),
        ({"current": -1.4}, None),  # 0.5 % of the capacity is hardly anything
        ({"current": -1.41}, 543319),
        ({"current": -100.0, "mean_current": -50.0, "remaining": 100.0}, 7200),
        ({"current": -100.0, "mean_current": -0.1, "remaining": 100.0}, 257143),
        ({"current": -1.0, "mean_current": -50.0}, None),
        ({"current": -2.0, "capacity": 390.0, "remaining": 3900.0}, 864_000),
        ({"current": 0.0}, None),
        ({"current": 20.0}, None),
        ({"current": None}, None),
        ({"remaining": None, "soc": None}, None),
        ({"remaining": None, "soc": 50.0, "current": -140.0}, 3600),
    ],
)
def test_time_to_go(fields: dict[str, Any], seconds: int | None) -> None:
    assert time_to_go(reading(**fields)) == seconds


def test_time_to_go_exists_though_there_is_none_now() -> None:
    assert values(reading=reading(current=5.0))["/TimeToGo"] is None
    assert "/TimeToGo" not in values(reading=reading(current=5.0, capacity=None))


def test_what_is_missing_from_full() -> None:
    assert consumed(reading(capacity=280.0, remaining=None, soc=100.0)) == 0.0
    assert consumed(reading(capacity=280.0, remaining=300.0)) == 0.0
    assert remaining(reading(capacity=None, remaining=None)) is None
    assert remaining(reading(capacity=None, remaining=12.0)) == 12.0


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"balancing": True}, 2),
        ({"balancing": None}, None),
        ({"balancing": False}, 1),
        ({"balancing": False, "balance_switch": False}, 0),
        ({"balancing": False, "cells": (2.9, 2.9)}, 0),  # below where it would begin
        ({"balancing": False, "alarms": frozenset({Alarm.CELL_DIFFERENCE})}, 3),
    ],
)
def test_balancer_status(fields: dict[str, Any], status: int | None) -> None:
    assert balancer_status(reading(**fields)) == status


def test_without_a_model_and_a_serial_number_there_are_still_both() -> None:
    found = values(identity=replace(IDENTITY, model=None, serial=None))
    assert (found["/ProductName"], found["/Serial"]) == ("JK BMS", "2040612345")


def test_a_missing_sense_wire_is_shown_as_it_is() -> None:
    found = values(reading=reading(cells=(3.3, 0.0, 3.3)))
    assert (found["/Voltages/Cell2"], found["/System/MinVoltageCellId"], found["/Voltages/Diff"]) == (0.0, "C2", 3.3)


def test_fewer_cells_leave_invalid_paths_and_more_cells_new_ones() -> None:
    paths = published()
    paths.changes(moment())
    fewer = paths.changes(moment(reading(cells=READING.cells[:6], balancing_cells=None)))
    assert (fewer["/Voltages/Cell7"], fewer["/Voltages/Cell8"]) == (None, None)
    assert fewer["/Balances/Cell1"] is None
    more = paths.changes(moment(reading(cells=(*READING.cells, 3.31))))
    assert (more["/Voltages/Cell9"], more["/System/MaxVoltageCellId"]) == (3.31, "C9")


HISTORY = """
/History/ChargedEnergy               d  12.3kWh
/History/DischargedEnergy            d  11.1kWh
/History/MinimumVoltage              d  24.10V
/History/MaximumVoltage              d  27.65V
/History/MinimumCellVoltage          d  3.012V
/History/MaximumCellVoltage          d  3.461V
/History/DeepestDischarge            d  -120.4Ah
/History/LastDischarge               d  0.0Ah
/History/TimeSinceLastFullCharge     i  7300s
/History/HighVoltageAlarms           i  2
/History/LowVoltageAlarms            i  1
"""


def test_what_was_counted_is_published() -> None:
    paths = published()
    counted = History(
        charged_energy=12.34, discharged_energy=11.11, minimum_voltage=24.1, maximum_voltage=27.65,
        minimum_cell_voltage=3.012, maximum_cell_voltage=3.461, deepest_discharge=-120.4, since_full=7300.0,
        high_voltage_alarms=2, low_voltage_alarms=1,
    )  # fmt: skip
    items = {path: paths.item(path) for path in paths.changes(moment(history=counted))}
    added = {path: (item.signature, item.text()) for path, item in items.items() if path not in values()}
    assert added == table(HISTORY)
    cleared = paths.changes(moment())
    assert {path for path, value in cleared.items() if value is None} == set(table(HISTORY))


def test_a_battery_that_nears_its_cut_off_requests_a_charge_if_it_controls() -> None:
    assert values(charge_requested=True)["/Info/ChargeRequest"] == 1
    assert "/Info/ChargeRequest" not in values(charge_requested=True, limits=None)
