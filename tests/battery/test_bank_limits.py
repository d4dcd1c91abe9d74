"""The limits of a bank: learned for each direction by itself, named steadily, and closed where nothing is known."""

from dataclasses import replace

import pytest

from driver.battery.settings import ChargeSettings
from tests.battery.banks import Banked
from tests.battery.packs import PROTECTIONS, reading


def told(bank: Banked, first: float, second: float, seconds: int = 3) -> Banked:
    """New readings with these currents, second by second."""
    for _ in range(seconds):
        bank.hear(1, B1=reading(current=first), B2=reading(current=second))
    return bank


def test_each_direction_learns_by_itself() -> None:
    bank = told(Banked(2).hear(5), 70.0, 30.0)
    assert bank.limits[1:] == (pytest.approx(100 / 0.7, abs=0.1), 300.0)
    bank = told(Banked(2).hear(5), -70.0, -30.0)
    assert bank.limits[1:] == (200.0, pytest.approx(150 / 0.7, abs=0.1))


def test_readings_that_are_not_new_teach_nothing() -> None:
    bank = Banked(2).hear(5)
    bank.hear(1, B1=reading(current=70.0), B2=reading(current=30.0))
    for _ in range(5):
        bank.look()
    assert bank.last.packs[0].charge_share == 50


def test_the_pack_that_sets_a_limit_is_named_until_another_sets_it_clearly() -> None:
    weak = {"B2": ChargeSettings(max_charge_current=99.0, max_discharge_current=150.0)}
    bank = told(Banked(2, weak).hear(5), 50.2, 49.8, 60)
    assert bank.reasons[1] == "B2: setting"
    bank = told(bank, 50.6, 49.4, 60)  # now the first may do less, by 1.4 %
    assert bank.reasons[1] == "B2: setting"
    assert told(bank, 53.0, 47.0, 60).reasons[1] == "B1: setting"


def test_the_low_voltage_is_the_highest_of_all_packs() -> None:
    careful = reading(protections=replace(PROTECTIONS, cell_under_voltage=2.8))
    limits = Banked(2).hear(B2=careful).last.limits
    assert limits is not None
    assert limits.low_voltage == (pytest.approx(44.8), "B2: cell under-voltage protection × cells")


def test_a_bank_that_was_not_looked_at_for_long_divides_by_nothing() -> None:
    bank = told(Banked(2).hear(5), 100.0, 0.0)
    bank.now += 4.0
    bank.hear(1, B1=reading(current=100.0), B2=reading())
    assert 0 < bank.limits[1] <= 200.0
