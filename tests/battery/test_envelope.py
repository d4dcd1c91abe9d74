"""What the owner sets, and what the BMS's own protections leave of it."""

from dataclasses import replace

import pytest

from driver.battery.chemistry import Chemistry
from driver.battery.curve import along
from driver.battery.limits import limits
from driver.battery.settings import ChargeSettings
from tests.battery.packs import LTO, NMC, PROTECTIONS, reading
from tests.battery.test_limits import allowed, bounds

WIDE_OPEN = ChargeSettings(
    max_charge_current=100.0,
    max_discharge_current=100.0,
    cell_charge_voltage=3.65,
    charge_by_high_cell=((3.70, 1.0), (3.90, 0.0)),
    charge_by_low_cell=((2.0, 1.0),),
    discharge_by_low_cell=((2.0, 1.0),),
    charge_by_temperature=((-40.0, 1.0), (100.0, 1.0)),
    discharge_by_temperature=((20.0, 1.0),),
)


@pytest.mark.parametrize("target", [3.30, 3.35, 3.40, 3.55])
def test_the_owner_sets_the_target(target: float) -> None:
    settings = ChargeSettings(cell_charge_voltage=target)
    assert allowed(reading(3.25), settings).charge_voltage.value == pytest.approx(16 * target)
    assert allowed(reading(target), settings).charge_current.value == pytest.approx(0.3 * 140)


def test_a_target_below_the_rest_voltage_has_no_floor_above_it() -> None:
    settings = ChargeSettings(cell_charge_voltage=3.30)
    assert allowed(reading(3.40), settings).charge_voltage.value == pytest.approx(16 * 3.30)


def test_no_setting_leads_over_the_protection_of_a_cell() -> None:
    high = allowed(reading(3.60), WIDE_OPEN)
    assert high.charge_voltage.value == pytest.approx(16 * 3.63 - 0.4)
    assert high.charge_voltage.reason == "the BMS's over-voltage protection less a margin"
    assert high.charge_current.value == 100
    assert allowed(reading(3.635), WIDE_OPEN).charge_current.value == pytest.approx(50)
    assert allowed(reading(3.64), WIDE_OPEN).charge_current.value == 0


@pytest.mark.parametrize(
    ("celsius", "charge", "discharge"),
    [
        (-25, 0, 0),
        (-22.5, 0, 50),
        (-20, 0, 100),
        (-17.5, 50, 100),
        (-15, 100, 100),
        (55, 100, 100),
        (57.5, 50, 100),
        (60, 0, 100),
        (62.5, 0, 50),
        (65, 0, 0),
        (-60, 0, 0),
        (120, 0, 0),
    ],
)
def test_no_setting_leads_over_a_temperature_protection(celsius: float, charge: float, discharge: float) -> None:
    found = allowed(reading(temperatures=(float(celsius),)), WIDE_OPEN)
    assert found.charge_current.value == pytest.approx(charge)
    assert found.discharge_current.value == pytest.approx(discharge)


def test_a_bms_without_temperature_protections_leaves_the_curves_as_they_are() -> None:
    protections = replace(
        PROTECTIONS,
        charge_over_temperature=None,
        charge_under_temperature=None,
        discharge_over_temperature=None,
        discharge_under_temperature=None,
    )
    found = bounds(reading(protections=protections))
    assert found.charge_by_temperature == ((0, 0), (5, 0.2), (15, 1), (40, 1), (50, 0))
    assert found.discharge_by_temperature == ((-20, 0), (0, 1), (45, 1), (60, 0))


@pytest.mark.parametrize(("protection", "begin", "end"), [(80.0, 65, 80), (None, 75, 90), (0.0, 75, 90)])
def test_the_mosfets_protection_ends_their_curve(protection: float | None, begin: float, end: float) -> None:
    found = bounds(reading(protections=replace(PROTECTIONS, mos_over_temperature=protection)))
    assert found.by_mos_temperature == ((begin, 1), (end, 0))


# share of the current at a temperature or cell voltage, per chemistry: what the cells of that kind stand
CURVES = [
    (Chemistry.LFP, "charge_by_low_cell", ((2.60, 0.1), (2.75, 0.55), (2.90, 1))),
    (Chemistry.LFP, "discharge_by_low_cell", ((2.80, 0), (2.925, 0.5), (3.05, 1))),
    (Chemistry.LFP, "charge_by_temperature", ((0, 0), (5, 0.2), (10, 0.6), (15, 1), (40, 1), (50, 0))),
    (Chemistry.LFP, "discharge_by_temperature", ((-20, 0), (-10, 0.5), (0, 1), (45, 1), (60, 0))),
    (Chemistry.NMC, "charge_by_low_cell", ((2.80, 0.1), (3.00, 0.55), (3.20, 1))),
    (Chemistry.NMC, "discharge_by_low_cell", ((3.10, 0), (3.25, 0.5), (3.40, 1))),
    (Chemistry.NMC, "charge_by_temperature", ((0, 0), (5, 0.2), (10, 0.6), (15, 1), (40, 1), (50, 0))),
    (Chemistry.NMC, "discharge_by_temperature", ((-20, 0), (-10, 0.5), (0, 1), (45, 1), (60, 0))),
    (Chemistry.LTO, "charge_by_low_cell", ((1.70, 0.1), (1.80, 0.55), (1.90, 1))),
    (Chemistry.LTO, "discharge_by_low_cell", ((1.80, 0), (1.90, 0.5), (2.00, 1))),
    (Chemistry.LTO, "charge_by_temperature", ((-30, 0), (-20, 0.5), (-10, 1), (45, 1), (50, 0.5), (55, 0))),
    (Chemistry.LTO, "discharge_by_temperature", ((-30, 0), (-20, 0.5), (-10, 1), (45, 1), (55, 0))),
]
OF_CHEMISTRY = {Chemistry.LFP: (3.30, PROTECTIONS), Chemistry.NMC: (3.80, NMC), Chemistry.LTO: (2.30, LTO)}


@pytest.mark.parametrize(("chemistry", "curve", "points"), CURVES)
def test_a_chemistry_has_its_curves(chemistry: Chemistry, curve: str, points: tuple[tuple[float, float], ...]) -> None:
    cell, protections = OF_CHEMISTRY[chemistry]
    wide = replace(
        protections,
        charge_under_temperature=None,
        charge_over_temperature=None,
        discharge_under_temperature=None,
        discharge_over_temperature=None,
    )
    found = getattr(bounds(reading(cell, protections=wide), chemistry=chemistry), curve)
    for x, share in points:
        assert along(found, x) == pytest.approx(share)


def test_an_owners_curve_takes_the_place_of_the_chemistrys() -> None:
    gentle = ChargeSettings(
        max_charge_current=100.0,
        max_discharge_current=100.0,
        charge_by_high_cell=((3.20, 1.0), (3.40, 0.0)),
        charge_by_low_cell=((2.60, 0.0), (3.60, 1.0)),
        discharge_by_low_cell=((2.60, 0.0), (3.60, 1.0)),
        charge_by_temperature=((20.0, 0.0), (30.0, 1.0)),
        discharge_by_temperature=((15.0, 0.0), (35.0, 1.0)),
    )
    now = reading(3.30)
    bound = bounds(now, gentle)
    assert along(bound.charge_by_high_cell, 3.30) == pytest.approx(0.5)
    assert along(bound.charge_by_low_cell, 3.10) == pytest.approx(0.5)
    assert along(bound.discharge_by_low_cell, 3.10) == pytest.approx(0.5)
    assert along(bound.charge_by_temperature, 24.0) == pytest.approx(0.4)
    assert along(bound.discharge_by_temperature, 23.0) == pytest.approx(0.4)
    found = limits(now, bound)
    assert found.charge_current.value == pytest.approx(50)
    assert found.discharge_current.value == pytest.approx(50)
