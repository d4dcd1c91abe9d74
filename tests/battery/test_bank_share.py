"""How the shares of a bank's packs are learned, and what they are while nothing is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.bank_share import Shares
from tests.battery.banks import Banked
from tests.battery.packs import reading


def shares(**capacities: float | None) -> Shares:
    made = Shares()
    made.attend(capacities)
    return made


def test_shares_begin_as_the_capacities_are() -> None:
    assert shares(B1=300.0, B2=100.0).of == {"B1": 0.75, "B2": 0.25}
    assert shares(B1=300.0, B2=None).of == {"B1": 0.5, "B2": 0.5}


def test_a_larger_share_counts_at_the_second_look() -> None:
    made = shares(B1=100.0, B2=100.0)
    made.learn({"B1": 70.0, "B2": 30.0}, 200.0, 1.0)
    assert made.of["B1"] == 0.5
    made.learn({"B1": 72.0, "B2": 28.0}, 200.0, 1.0)
    assert made.of["B1"] == pytest.approx(0.7)
    assert made.of["B2"] == pytest.approx(0.5, abs=0.01)  # and a smaller one slowly
    for _ in range(600):
        made.learn({"B1": 70.0, "B2": 30.0}, 200.0, 1.0)
    assert made.of == {"B1": pytest.approx(0.7), "B2": pytest.approx(0.3, abs=1e-4)}


def test_a_step_that_falls_between_two_readings_is_no_share() -> None:
    made = shares(B1=100.0, B2=100.0)
    made.learn({"B1": 100.0, "B2": 0.0}, 200.0, 1.0)
    made.learn({"B1": 100.0, "B2": 100.0}, 200.0, 1.0)
    assert made.of == {"B1": pytest.approx(0.5, abs=0.01), "B2": pytest.approx(0.5, abs=0.01)}


@pytest.mark.parametrize("currents", [{"B1": 1.5, "B2": 0.5}, {"B1": 50.0, "B2": -51.0}, {"B1": 50.0}])
def test_little_current_and_a_pack_without_one_teach_nothing(currents: dict[str, float]) -> None:
    made = shares(B1=100.0, B2=100.0)
    for _ in range(9):
        made.learn(currents, 200.0, 1.0)
    assert made.of == {"B1": 0.5, "B2": 0.5}


def test_an_overloaded_pack_has_at_least_that_share_of_what_the_bank_may() -> None:
    made = shares(B1=100.0, B2=100.0)
    made.watch({"B1": 42.0, "B2": 30.0}, {"B1": 40.0, "B2": 40.0}, 60.0)  # no more than 5 % over
    assert made.of == {"B1": 0.5, "B2": 0.5}
    made.watch({"B1": 48.0, "B2": 30.0}, {"B1": 40.0, "B2": 40.0}, 60.0)
    assert made.of == {"B1": 0.8, "B2": 0.5}
    made.watch({"B1": 70.0, "B2": 30.0}, {"B1": 40.0, "B2": 40.0}, 60.0)
    assert made.of == {"B1": 1.0, "B2": 0.5}
    made.watch({"B1": 70.0, "B2": 70.0}, {"B1": 0.0, "B2": 0.0}, 0.0)  # nothing is allowed: nothing divides
    assert made.of == {"B1": 1.0, "B2": 0.5}


def test_a_pack_that_lies_about_its_current_does_not_overload_the_others() -> None:
    bank = Banked(2).hear(5)
    bank.hear(B1=reading(current=150.0), B2=reading(current=-200.0))
    assert bank.limits[1] == pytest.approx(200.0 * 100 / 150, abs=0.01)
    bank.hear(2, B1=reading(current=150.0), B2=reading(current=-200.0))  # what it gets does not fall: less
    assert bank.limits[1] == 100.0
    assert bank.reasons[1] == "B1: setting"


def test_a_pack_that_is_overdue_hides_no_overload() -> None:
    bank = Banked(2).hear(5)
    bank.hear(1, B1=reading(current=190.0), B2=None)
    assert bank.limits[1] == 200.0
    bank.hear(1, B1=reading(current=190.0), B2=None)
    assert bank.limits[1] == pytest.approx(200.0 * 100 / 190, abs=0.01)


def test_no_share_falls_to_nothing() -> None:
    made = shares(B1=100.0, B2=100.0)
    for _ in range(3000):
        made.learn({"B1": 100.0, "B2": 0.0}, 200.0, 1.0)
        made.attend({"B1": 100.0, "B2": 100.0})
    assert made.of == {"B1": pytest.approx(1.0), "B2": 0.125}


def test_who_leaves_hands_his_share_to_the_others_and_keeps_it_for_his_return() -> None:
    made = shares(B1=100.0, B2=100.0, B3=200.0)
    made.attend({"B1": 100.0, "B2": 100.0})
    assert made.of == {"B1": 0.5, "B2": 0.5}
    assert made.before == {"B3": 0.5}
    made.attend({"B1": 100.0, "B2": 100.0, "B3": 200.0})
    assert made.of == {"B1": 0.5, "B2": 0.5, "B3": 0.5}  # careful, until current tells more
    for _ in range(600):
        made.learn({"B1": 0.0, "B2": 0.0, "B3": 0.0}, 400.0, 1.0)
    assert made.of == {name: pytest.approx(1 / 3, abs=1e-3) for name in ("B1", "B2", "B3")}
    made.attend({"B3": 200.0})
    assert made.of == {"B3": pytest.approx(1.0, abs=1e-3)}


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from("ABCD")), st.lists(st.floats(-200, 200), min_size=4, max_size=4)),
        max_size=30,
    )
)
def test_shares_of_all_packs_together_are_never_less_than_the_whole_for_long(
    story: list[tuple[set[str], list[float]]],
) -> None:
    made = Shares()
    for present, currents in story:
        made.attend(dict.fromkeys(sorted(present), 100.0))
        made.learn({name: currents["ABCD".index(name)] for name in present}, 400.0, 1.0)
        assert made.of.keys() == present
        assert all(share > 0 for share in made.of.values())


@given(
    st.lists(st.floats(-150, 150), min_size=3, max_size=3),
    st.sets(st.sampled_from(["B1", "B2", "B3"])),
    st.floats(2.6, 3.6),
)
def test_a_bank_never_may_do_more_than_its_packs_together(currents: list[float], silent: set[str], cell: float) -> None:
    bank = Banked(3)
    bank.hear(3, **{f"B{n}": reading(cell, current=current) for n, current in enumerate(currents, 1)})
    bank.hear(9, **dict.fromkeys(silent))
    limits = bank.last.limits
    assert limits is not None
    members = {member.name: member.limits for member in bank.members()}
    for side in ("charge_current", "discharge_current"):
        own = [getattr(members[name], side).value for name in members if name not in silent]
        most = sum(own) or sum(getattr(limits, side).value for limits in members.values())
        assert 0 <= getattr(limits, side).value <= most + 1e-6
        assert getattr(limits, side).reason
    assert limits.charge_voltage.value <= min(own.charge_voltage.value for own in members.values()) + 1e-6
