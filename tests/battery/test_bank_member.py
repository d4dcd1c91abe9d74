"""Who is counted in, to the edge: voltages, currents and times at which a pack joins and leaves its bank."""

import pytest

from tests.battery.banks import Banked, off
from tests.battery.packs import reading


def returned(cell: float, current: float = 0.0) -> str:
    """The state of a pack that comes back with that voltage, beside one at 3.30 V."""
    return Banked(2).hear(5).hear(100, B2=None).hear(1, B2=reading(cell, current=current)).states["B2"]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_pack_comes_back_within_30_mv_per_cell(sign: int) -> None:
    assert returned(3.30 + sign * 0.0285) == "serves"
    assert returned(3.30 + sign * 0.0315) == "waits"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_pack_with_more_than_2_a_is_on_the_bus_bars(sign: int) -> None:
    assert returned(3.40, sign * 2.1) == "serves"
    assert returned(3.40, sign * 2.0) == "waits"


@pytest.mark.parametrize(("apart", "state"), [(0.057, "serves"), (0.063, "waits"), (0.02, "serves")])
def test_a_pack_leaves_when_it_is_60_mv_per_cell_apart_for_10_s(apart: float, state: str) -> None:
    bank = Banked(3).hear(5).hear(9, B3=reading(3.30 + apart))
    assert bank.states["B3"] == "serves"
    assert bank.hear(1, B3=reading(3.30 + apart)).states["B3"] == state
    assert bank.states["B1"] == bank.states["B2"] == "serves"


def test_seconds_apart_count_in_a_row_only() -> None:
    far = reading(3.40)
    bank = Banked(3).hear(5).hear(9, B3=far).hear(1).hear(9, B3=far)
    assert bank.states["B3"] == "serves"
    assert bank.hear(1, B3=far).states["B3"] == "waits"


def test_a_pack_that_carries_current_does_not_leave_for_its_voltage() -> None:
    assert Banked(3).hear(5).hear(30, B3=reading(3.40, current=-2.1)).states["B3"] == "serves"
    assert Banked(3).hear(5).hear(30, B3=reading(3.40, current=-2.0)).states["B3"] == "waits"


def test_of_two_packs_that_are_apart_the_later_one_leaves_and_of_three_the_farthest() -> None:
    assert Banked(2).hear(5).hear(20, B2=reading(3.40)).states == {"B1": "serves", "B2": "waits"}
    assert Banked(2).hear(5).hear(20, B1=reading(3.40)).states == {"B1": "serves", "B2": "waits"}
    bank = Banked(3).hear(5).hear(10, B1=reading(3.42))
    assert bank.states == {"B1": "waits", "B2": "serves", "B3": "serves"}


def test_at_the_beginning_the_one_in_the_middle_is_the_first() -> None:
    bank = Banked(4).hear(B1=reading(3.20), B2=reading(3.29), B3=reading(3.30), B4=reading(3.40))
    assert bank.states == {"B1": "waits", "B2": "serves", "B3": "serves", "B4": "waits"}
    bank = Banked(4).hear(
        B1=reading(3.20, current=5.0), B2=reading(3.29), B3=reading(3.30), B4=reading(3.26, current=5.0)
    )
    assert bank.states == {"B1": "serves", "B2": "waits", "B3": "waits", "B4": "serves"}


@pytest.mark.parametrize(
    ("current", "state"), [(2.1, "serves"), (-2.1, "serves"), (1.5, "is switched off"), (2.0, "is switched off")]
)
def test_mosfets_that_are_off_are_not_believed_against_a_current(current: float, state: str) -> None:
    assert Banked(2).hear(5).hear(1, B2=off(current=current)).states["B2"] == state


def test_maintenance_waits_for_the_current_to_end() -> None:
    bank = Banked(2).hear(5)
    bank.maintenance = {"B2"}
    assert bank.hear(1, B2=reading(current=2.1)).states["B2"] == "is in maintenance, but still carries current"
    assert bank.hear(1, B2=reading(current=2.0)).states["B2"] == "is in maintenance"
    assert bank.hear(1, B2=None).states["B2"] == "is in maintenance"
