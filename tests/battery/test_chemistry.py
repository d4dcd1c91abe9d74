"""The voltages of each chemistry: the table of the loss contract, and that no two can be confused."""

from itertools import combinations

import pytest

from driver.battery.alarms import Alarm, Severity
from driver.battery.chemistry import Chemistry
from driver.battery.envelope import recognise
from driver.battery.reading import Protections
from tests.battery.packs import reading


@pytest.mark.parametrize(
    ("chemistry", "rest", "low", "high"),
    [
        (Chemistry.LFP, 3.35, 3.15, 3.40),
        (Chemistry.NMC, 3.90, 3.50, 4.05),
        (Chemistry.LTO, 2.35, 2.10, 2.50),
    ],
)
def test_rest_voltage_and_band(chemistry: Chemistry, rest: float, low: float, high: float) -> None:
    row = chemistry.value
    assert (row.rest, row.band_low, row.band_high) == (rest, low, high)


@pytest.mark.parametrize("chemistry", Chemistry)
def test_the_voltages_of_a_chemistry_are_in_order(chemistry: Chemistry) -> None:
    row = chemistry.value
    assert row.plausible_low < row.band_low < row.rest < row.band_high < row.charge < row.protection_high
    assert row.protection_low <= row.protection_high
    assert row.charge < row.plausible_high


@pytest.mark.parametrize(("one", "other"), list(combinations(Chemistry, 2)))
def test_no_protection_belongs_to_two(one: Chemistry, other: Chemistry) -> None:
    first, second = sorted((one.value, other.value), key=lambda row: row.protection_low)
    assert first.protection_high < second.protection_low


PROTECTED = {
    Chemistry.LTO: (2.40, 2.70, 2.85, 2.90),
    Chemistry.LFP: (3.45, 3.55, 3.60, 3.65, 3.75, 3.80),
    Chemistry.NMC: (4.00, 4.10, 4.18, 4.20, 4.25, 4.35, 4.50),
    None: (0.0, 2.39, 2.91, 3.20, 3.44, 3.81, 3.99, 4.51, 5.0),
}


@pytest.mark.parametrize(
    ("over", "chemistry"), [(over, chemistry) for chemistry, overs in PROTECTED.items() for over in overs]
)
def test_the_protection_tells_the_chemistry(over: float, chemistry: Chemistry | None) -> None:
    cell = chemistry.value.rest if chemistry else 3.30
    found = recognise(reading(cell, protections=Protections(cell_over_voltage=over)), None)
    assert found is chemistry or (chemistry is None and f"protects at {over} V" in str(found))


@pytest.mark.parametrize(
    ("chemistry", "over", "lowest", "highest"),
    [(Chemistry.LFP, 3.65, 2.0, 3.80), (Chemistry.NMC, 4.20, 2.5, 4.35), (Chemistry.LTO, 2.80, 1.5, 2.90)],
)
def test_cells_at_the_ends_of_what_is_plausible_agree(
    chemistry: Chemistry, over: float, lowest: float, highest: float
) -> None:
    protections = Protections(cell_over_voltage=over)
    for cell, agrees in [(lowest, True), (highest, True), (lowest - 0.001, False), (highest + 0.001, False)]:
        assert (recognise(reading(cell, protections=protections), None) is chemistry) is agrees


def test_every_alarm_has_a_text_a_path_and_a_severity() -> None:
    for alarm in Alarm:
        row = alarm.value
        assert row.text
        assert row.path.isalnum()
        assert row.severity in (Severity.WARNING, Severity.ALARM)
    texts = [alarm.value.text for alarm in Alarm]
    assert len(set(texts)) == len(texts)


def test_what_reaching_full_brings_about_is_no_more_than_a_warning() -> None:
    assert Alarm.PACK_OVER_VOLTAGE.value.severity is Severity.WARNING
    assert Alarm.CELL_OVER_VOLTAGE.value.severity is Severity.WARNING
