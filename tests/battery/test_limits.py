"""What one reading allows: examples as tables, numbers worked out by hand from the contract."""

from dataclasses import replace

import pytest

from driver.battery.alarms import Alarm
from driver.battery.chemistry import Chemistry
from driver.battery.envelope import Envelope, envelope
from driver.battery.limits import Limit, Limits, limits
from driver.battery.reading import Protections, Reading
from driver.battery.settings import ChargeSettings
from tests.battery.packs import LTO, NMC, PROTECTIONS, SETTINGS, ahead, amounts, reading


def bounds(now: Reading, settings: ChargeSettings = SETTINGS, chemistry: Chemistry = Chemistry.LFP) -> Envelope:
    found = envelope(now, chemistry, settings)
    assert isinstance(found, Envelope), found
    return found


def allowed(now: Reading, settings: ChargeSettings = SETTINGS, chemistry: Chemistry = Chemistry.LFP) -> Limits:
    return limits(now, bounds(now, settings, chemistry))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (55.2, 100, 150)),
        # the highest cell: all to 50 mV below the target of 3.45 V, 30 % at it, nothing 100 mV above
        ({"cells": ahead(3.40, 3.35)}, (55.2, 100, 150)),
        ({"cells": 3.425}, (55.2, 65, 150)),
        ({"cells": 3.45}, (55.2, 30, 150)),
        ({"cells": 3.50}, (54.4, 15, 150)),
        ({"cells": 3.55}, (53.6, 0, 150)),
        ({"cells": 3.70}, (53.6, 0, 150)),
        # a cell ahead lowers the charge voltage: half its lead at half the way, all of it at the target
        ({"cells": ahead(3.425, 3.405)}, (55.2 - 0.295 / 2, 65, 150)),
        ({"cells": ahead(3.45, 3.43)}, (55.2 - 0.295, 30, 150)),
        ({"cells": ahead(3.47, 3.45)}, (55.2 - 0.295 - 0.32, 24, 150)),
        ({"cells": ahead(3.45, 3.3)}, (53.6, 30, 150)),
        # the lowest cell: charged gently when empty; discharge falls to the taper floor, and to 0 at the cut-off
        ({"cells": ahead(2.90, 3.3)}, (55.2, 100, 60)),
        ({"cells": ahead(2.75, 3.3)}, (55.2, 55, 2)),
        ({"cells": ahead(2.61, 3.3)}, (55.2, 13, 2)),
        ({"cells": ahead(2.60, 3.3)}, (55.2, 10, 0)),
        ({"cells": ahead(2.00, 3.3)}, (55.2, 10, 0)),
        ({"cells": ahead(3.05, 3.3)}, (55.2, 100, 150)),
        ({"cells": ahead(2.925, 3.3)}, (55.2, 100, 75)),
        # a cell that cannot be read
        ({"cells": ahead(0.0, 3.3)}, (55.2, 0, 0)),
        ({"cells": ahead(1.99, 3.3)}, (55.2, 0, 0)),
        ({"cells": ahead(3.81, 3.3)}, (53.6, 0, 150)),
        # temperatures: LFP is not charged below 0 °C
        ({"temperatures": (0.0, 25.0)}, (55.2, 0, 150)),
        ({"temperatures": (25.0, 2.5)}, (55.2, 10, 150)),
        ({"temperatures": (5.0,)}, (55.2, 20, 150)),
        ({"temperatures": (10.0,)}, (55.2, 60, 150)),
        ({"temperatures": (15.0, 40.0)}, (55.2, 100, 150)),
        ({"temperatures": (45.0,)}, (55.2, 50, 150)),
        ({"temperatures": (50.0,)}, (55.2, 0, 100)),
        ({"temperatures": (-10.0,)}, (55.2, 0, 75)),
        ({"temperatures": (-20.0,)}, (55.2, 0, 0)),
        ({"temperatures": (60.0,)}, (55.2, 0, 0)),
        # a temperature that is missing (or 300 °C, which comes as missing) halves; it never hides a colder one
        ({"temperatures": ()}, (55.2, 50, 75)),
        ({"temperatures": (None,)}, (55.2, 50, 75)),
        ({"temperatures": (25.0, None)}, (55.2, 50, 75)),
        ({"temperatures": (-5.0, None)}, (55.2, 0, 75)),
        ({"temperatures": (None, -15.0)}, (55.2, 0, 37.5)),
        # MOSFETs: from 15 °C below their protection
        ({"mos_temperature": 75.0}, (55.2, 100, 150)),
        ({"mos_temperature": 82.5}, (55.2, 50, 75)),
        ({"mos_temperature": 90.0}, (55.2, 0, 0)),
        ({"mos_temperature": None}, (55.2, 50, 75)),
        ({"mos_temperature": 86.25, "temperatures": (None,)}, (55.2, 25, 37.5)),
        # what the BMS has closed
        ({"charge_switch": False}, (55.2, 0, 150)),
        ({"discharge_switch": False}, (55.2, 100, 0)),
        ({"charge_mosfet_on": False}, (55.2, 0, 150)),
        ({"discharge_mosfet_on": False}, (55.2, 100, 0)),
        ({"charge_mosfet_on": None}, (55.2, 0, 150)),
        ({"discharge_mosfet_on": None}, (55.2, 100, 0)),
        ({"charge_switch": None, "discharge_switch": None}, (55.2, 100, 150)),
    ],
)
def test_a_reading_allows(changes: dict[str, object], expected: tuple[float, ...]) -> None:
    found = allowed(reading(**changes))  # type: ignore[arg-type]
    values = [limit.value for limit in (found.charge_voltage, found.charge_current, found.discharge_current)]
    assert values == pytest.approx(expected, abs=1e-6)


CLOSES = {  # the BMS's own behaviour: over-voltage and cold stop charging only, under-voltage stops discharging only
    Alarm.LOW_CAPACITY: "",
    Alarm.MOS_OVER_TEMPERATURE: "charge discharge",
    Alarm.PACK_OVER_VOLTAGE: "charge",
    Alarm.CELL_OVER_VOLTAGE: "charge",
    Alarm.PACK_UNDER_VOLTAGE: "discharge",
    Alarm.CELL_UNDER_VOLTAGE: "discharge",
    Alarm.BATTERY_OVER_TEMPERATURE: "charge discharge",
    Alarm.BATTERY_UNDER_TEMPERATURE: "charge",
    Alarm.CHARGE_OVER_CURRENT: "charge",
    Alarm.DISCHARGE_OVER_CURRENT: "discharge",
    Alarm.CELL_DIFFERENCE: "charge",
    Alarm.BOX_OVER_TEMPERATURE: "charge discharge",
    Alarm.PROTECTION_309_A: "charge discharge",
    Alarm.PROTECTION_309_B: "charge discharge",
    Alarm.WIRE_RESISTANCE: "",
    Alarm.CELL_COUNT: "charge discharge",
    Alarm.CURRENT_SENSOR: "charge discharge",
    Alarm.CHARGE_SHORT_CIRCUIT: "charge",
    Alarm.CHARGE_OVER_TEMPERATURE: "charge",
    Alarm.COPROCESSOR: "charge discharge",
    Alarm.DISCHARGE_SHORT_CIRCUIT: "discharge",
    Alarm.DISCHARGE_OVER_TEMPERATURE: "discharge",
    Alarm.DISCHARGE_UNDER_TEMPERATURE: "discharge",
    Alarm.CHARGE_MOSFET: "charge",
    Alarm.DISCHARGE_MOSFET: "discharge",
    Alarm.GPS_DISCONNECTED: "",
    Alarm.DISCHARGE_START_FAILED: "discharge",
    Alarm.TEMPERATURE_SENSOR: "charge",
    Alarm.PARALLEL_MODULE: "",
    Alarm.SHORT_CIRCUIT_RELEASE: "charge discharge",
    Alarm.REMOTE_LOCK: "charge discharge",
    Alarm.CELL_DETECTION: "charge discharge",
    Alarm.CELL_POLARITY: "charge discharge",
    Alarm.BALANCER_FAULT: "",
    Alarm.BALANCER_OVER_TEMPERATURE: "",
}


@pytest.mark.parametrize("alarm", Alarm)
def test_an_alarm_closes_exactly_its_side(alarm: Alarm) -> None:
    found = allowed(reading(alarms=frozenset({alarm})))
    sides = CLOSES[alarm].split()
    assert amounts(found) == (55.2, 0 if "charge" in sides else 100, 0 if "discharge" in sides else 150)
    if "charge" in sides:
        assert found.charge_current.reason == f"BMS: {alarm.value.text}"
    if "discharge" in sides:
        assert found.discharge_current.reason == f"BMS: {alarm.value.text}"


@pytest.mark.parametrize(
    ("changes", "side", "reason"),
    [
        ({}, "charge_voltage", "charge voltage × cells"),
        ({}, "charge_current", "setting"),
        ({}, "low_voltage", "cell under-voltage protection × cells"),
        ({"cells": ahead(3.44, 3.42)}, "charge_voltage", "cell 3 runs ahead"),
        ({"cells": ahead(3.44, 3.30)}, "charge_current", "highest cell"),
        ({"cells": ahead(2.80, 3.30)}, "charge_current", "lowest cell"),
        ({"cells": ahead(2.90, 3.30)}, "discharge_current", "lowest cell"),
        ({"cells": ahead(2.60, 3.30)}, "discharge_current", "lowest cell at the BMS's under-voltage protection"),
        ({"cells": ahead(0.0, 3.30)}, "charge_current", "cell 3 reads 0.000 V"),
        ({"cells": ahead(0.0, 3.30)}, "discharge_current", "cell 3 reads 0.000 V"),
        ({"cells": ahead(4.5, 3.30)}, "charge_current", "cell 3 reads 4.500 V"),
        ({"cells": ahead(3.80, 3.30)}, "charge_current", "highest cell"),
        ({"temperatures": (3.0,)}, "charge_current", "battery temperature"),
        ({"temperatures": (3.0, None)}, "charge_current", "battery temperature"),
        ({"temperatures": (3.0, None)}, "discharge_current", "a battery temperature is missing"),
        ({"temperatures": (None, -10.0)}, "discharge_current", "a battery temperature is missing"),
        ({"temperatures": (None,), "mos_temperature": None}, "charge_current", "a battery temperature is missing"),
        ({"mos_temperature": None}, "charge_current", "the MOSFET temperature is missing"),
        ({"mos_temperature": 80.0, "temperatures": (3.0,)}, "charge_current", "battery temperature"),
        ({"mos_temperature": 80.0, "temperatures": (3.0,)}, "discharge_current", "MOSFET temperature"),
        ({"charge_switch": False}, "charge_current", "charging is switched off in the BMS"),
        ({"discharge_switch": False}, "discharge_current", "discharging is switched off in the BMS"),
        ({"charge_mosfet_on": False}, "charge_current", "the BMS holds its charging MOSFET off"),
        ({"discharge_mosfet_on": False}, "discharge_current", "the BMS holds its discharging MOSFET off"),
        (
            {"alarms": frozenset({Alarm.PACK_OVER_VOLTAGE, Alarm.CELL_OVER_VOLTAGE})},
            "charge_current",
            "BMS: cell voltage high",
        ),
    ],
)
def test_a_limit_says_why(changes: dict[str, object], side: str, reason: str) -> None:
    found: Limit = getattr(allowed(reading(**changes)), side)  # type: ignore[arg-type]
    assert found.reason == reason


PACKS = [
    # chemistry, cells, protections, cell V, CVL: the target, or the protection less 20 mV and 0.4 V per pack
    (Chemistry.LFP, 4, PROTECTIONS, 3.30, 4 * 3.45),
    (Chemistry.LFP, 8, PROTECTIONS, 3.30, 27.6),
    (Chemistry.LFP, 12, PROTECTIONS, 3.30, 41.4),
    (Chemistry.LFP, 15, PROTECTIONS, 3.30, 51.75),
    (Chemistry.LFP, 16, PROTECTIONS, 3.30, 55.2),
    (Chemistry.LFP, 24, PROTECTIONS, 3.30, 82.8),
    (Chemistry.LFP, 16, replace(PROTECTIONS, cell_over_voltage=3.45), 3.30, 16 * 3.43 - 0.4),
    (Chemistry.LFP, 8, replace(PROTECTIONS, cell_over_voltage=3.45), 3.30, 8 * 3.43 - 0.4),
    (Chemistry.LFP, 4, replace(PROTECTIONS, cell_over_voltage=3.45), 3.30, 4 * 3.43 - 0.4),
    (Chemistry.LFP, 16, replace(PROTECTIONS, cell_over_voltage=3.49), 3.30, 16 * 3.47 - 0.4),
    (Chemistry.LFP, 16, replace(PROTECTIONS, cell_over_voltage=3.50), 3.30, 55.2),
    (Chemistry.NMC, 7, NMC, 3.80, 28.7),
    (Chemistry.NMC, 13, NMC, 3.80, 53.3),
    (Chemistry.NMC, 14, NMC, 3.80, 57.4),
    (Chemistry.NMC, 14, replace(NMC, cell_over_voltage=4.10), 3.80, 14 * 4.08 - 0.4),
    (Chemistry.LTO, 20, LTO, 2.30, 52.0),
    (Chemistry.LTO, 24, replace(LTO, cell_over_voltage=2.60), 2.30, 24 * 2.58 - 0.4),
]


@pytest.mark.parametrize(("chemistry", "count", "protections", "cell", "voltage"), PACKS)
def test_a_balanced_pack_gets_exactly_what_its_chemistry_and_its_bms_allow(
    chemistry: Chemistry, count: int, protections: Protections, cell: float, voltage: float
) -> None:
    now = reading(cell, count, protections=protections)
    assert allowed(now, SETTINGS, chemistry).charge_voltage.value == pytest.approx(voltage, abs=1e-9)
    under = protections.cell_under_voltage
    assert under is not None
    assert allowed(now, SETTINGS, chemistry).low_voltage.value == pytest.approx(under * count)


@pytest.mark.parametrize(
    ("settings", "capacity", "charge", "discharge"),
    [
        (ChargeSettings(), 280.0, 140, 280),
        (ChargeSettings(), 500.0, 190, 285),  # 95 % of 200 A and 300 A
        (ChargeSettings(), 100.0, 50, 100),
        (ChargeSettings(), 1.0, 0.5, 1),
        (ChargeSettings(), 5000.0, 190, 285),
        (ChargeSettings(capacity=100.0), 280.0, 50, 100),
        (ChargeSettings(max_charge_current=170.0), 280.0, 170, 280),
        (ChargeSettings(max_charge_current=500.0), 280.0, 190, 280),
        (ChargeSettings(max_discharge_current=290.0), 280.0, 140, 285),
        (ChargeSettings(max_charge_current=0.0, max_discharge_current=0.0), 280.0, 0, 0),
        (ChargeSettings(max_charge_current=10.0, max_discharge_current=1.0), None, 10, 1),
    ],
)
def test_currents_are_the_smaller_of_setting_and_bms_or_of_capacity_and_bms(
    settings: ChargeSettings, capacity: float | None, charge: float, discharge: float
) -> None:
    assert amounts(allowed(reading(capacity=capacity), settings)) == (55.2, charge, discharge)


@pytest.mark.parametrize(
    ("settings", "capacity", "charge", "discharge"),
    [
        (ChargeSettings(), 280.0, "0.5 C", "1 C"),
        (ChargeSettings(), 900.0, "95 % of the BMS's own limit", "95 % of the BMS's own limit"),
        (SETTINGS, 280.0, "setting", "setting"),
    ],
)
def test_a_current_says_where_it_comes_from(
    settings: ChargeSettings, capacity: float, charge: str, discharge: str
) -> None:
    found = allowed(reading(capacity=capacity), settings)
    assert (found.charge_current.reason, found.discharge_current.reason) == (charge, discharge)


@pytest.mark.parametrize(("cell", "discharge"), [(2.01, 2), (2.00, 2), (1.99, 0)])
def test_a_bms_that_protects_nothing_does_not_open_an_implausible_cell(cell: float, discharge: float) -> None:
    careless = replace(PROTECTIONS, cell_under_voltage=1.50)
    now = reading(ahead(cell, 3.30), protections=careless)
    assert allowed(now).discharge_current.value == discharge


def test_where_the_bms_tells_no_limit_the_setting_stands_alone() -> None:
    silent = replace(PROTECTIONS, charge_current=None, discharge_current=None)
    assert amounts(allowed(reading(protections=silent))) == (55.2, 100, 150)


@pytest.mark.parametrize(("top", "floor"), [(150.0, 2.0), (2.5, 2.0), (1.0, 1.0), (0.0, 0.0)])
def test_the_taper_floor_is_never_above_the_setting(top: float, floor: float) -> None:
    settings = ChargeSettings(max_discharge_current=top)
    assert allowed(reading(2.70), settings).discharge_current.value == floor


BY_SOC = ChargeSettings(charge_by_soc=((80.0, 1.0), (90.0, 0.0)), discharge_by_soc=((10.0, 0.0), (20.0, 1.0)))


@pytest.mark.parametrize(
    ("soc", "charge", "discharge", "reasons"),
    [
        (50.0, 140, 280, ("0.5 C", "1 C")),
        (85.0, 70, 280, ("state of charge", "1 C")),
        (90.0, 0, 280, ("state of charge", "1 C")),
        (15.0, 140, 140, ("0.5 C", "state of charge")),
        (5.0, 140, 2, ("0.5 C", "state of charge")),  # a 0 would make a MultiPlus shut down
        (None, 0, 2, ("the state of charge is missing", "the state of charge is missing")),
    ],
)
def test_curves_over_the_state_of_charge(
    soc: float | None, charge: float, discharge: float, reasons: tuple[str, str]
) -> None:
    terms = envelope(reading(), Chemistry.LFP, BY_SOC)
    assert not isinstance(terms, str)
    found = limits(reading(soc=soc), terms)
    assert amounts(found)[1:] == (charge, discharge)
    assert (found.charge_current.reason, found.discharge_current.reason) == reasons


def test_without_curves_the_state_of_charge_matters_to_nobody() -> None:
    terms = envelope(reading(), Chemistry.LFP, ChargeSettings())
    assert not isinstance(terms, str)
    assert len({amounts(limits(reading(soc=soc), terms)) for soc in (0.0, 50.0, 100.0, None)}) == 1


def test_the_share_of_the_bms_s_own_limits_is_the_owners() -> None:
    settings = ChargeSettings(max_charge_current=500.0, max_discharge_current=500.0, bms_share=0.8)
    terms = envelope(reading(), Chemistry.LFP, settings)
    assert not isinstance(terms, str)
    found = limits(reading(), terms)
    assert found.charge_current == Limit(pytest.approx(160.0), "80 % of the BMS's own limit")
    assert found.discharge_current == Limit(pytest.approx(240.0), "80 % of the BMS's own limit")
