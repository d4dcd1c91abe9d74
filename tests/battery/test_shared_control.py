"""Two packs of which one controls: the other may only lower."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.limits import Limit, Limits
from driver.battery.shared_control import lowered
from driver.battery.shared_control import together as shown_for_all
from tests.battery.packs import Timeline, ahead, amounts, lost, reading


def limits(voltage: float, charge: float, discharge: float, low: float) -> Limits:
    return Limits(Limit(voltage, "v"), Limit(charge, "c"), Limit(discharge, "d"), Limit(low, "l"))


OWN = limits(55.2, 100, 150, 41.6)


@pytest.mark.parametrize(
    ("other", "expected", "reasons"),
    [
        ((55.2, 100, 150, 41.6), (55.2, 100, 150, 41.6), ("v", "c", "d", "l")),
        ((56.0, 200, 200, 40.0), (55.2, 100, 150, 41.6), ("v", "c", "d", "l")),
        ((54.0, 200, 200, 40.0), (54.0, 100, 150, 41.6), ("Left: v", "c", "d", "l")),
        ((56.0, 0, 200, 40.0), (55.2, 0, 150, 41.6), ("v", "Left: c", "d", "l")),
        ((56.0, 200, 0, 40.0), (55.2, 100, 0, 41.6), ("v", "c", "Left: d", "l")),
        ((56.0, 200, 200, 44.8), (55.2, 100, 150, 44.8), ("v", "c", "d", "Left: l")),
    ],
)
def test_another_pack_lowers_each_limit_by_itself(
    other: tuple[float, ...], expected: tuple[float, ...], reasons: tuple[str, ...]
) -> None:
    found = lowered(OWN, [("Left", limits(*other))])
    assert tuple(value for value, _ in astuple(found)) == expected
    assert tuple(reason for _, reason in astuple(found)) == reasons


def test_the_lowest_of_many_counts() -> None:
    others = [("Left", limits(55.0, 50, 150, 41.6)), ("Right", limits(54.5, 80, 20, 41.6))]
    found = lowered(OWN, others)
    assert amounts(found) == (54.5, 50, 20)
    assert found.charge_voltage.reason == "Right: v"
    assert found.charge_current.reason == "Left: c"


def test_alone_nothing_changes() -> None:
    assert lowered(OWN, []) == OWN


NUMBERS = st.floats(0, 1000)
ANY = st.builds(limits, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


@given(ANY, st.lists(ANY, max_size=4))
def test_others_never_raise(own: Limits, others: list[Limits]) -> None:
    found = lowered(own, [(str(number), other) for number, other in enumerate(others)])
    for pack in (own, *others):
        assert all(one <= other for one, other in zip(amounts(found), amounts(pack), strict=True))
        assert found.low_voltage.value >= pack.low_voltage.value


def together(controls: Timeline, other: Timeline) -> tuple[float, float, float]:
    own, beside = controls.last.limits, other.last.limits
    assert own is not None
    assert beside is not None
    return amounts(lowered(own, [("Left", beside)]))


def test_a_pack_that_is_lost_lowers_the_pack_that_controls_as_its_own_state_says() -> None:
    controls, other = lost(), lost()
    for seconds, expected in [
        (20, (55.2, 100, 150)),  # its HOLD is invisible
        (25, (53.6, 80, 131.25)),
        (45, (53.6, 20, 75)),
        (1711, (53.6, 0, 0)),
    ]:
        controls.hear(reading(), seconds)
        other.silence(seconds)
        assert together(controls, other) == expected
        assert amounts(controls.last.limits) == (55.2, 100, 150)


def test_the_pack_that_controls_may_be_the_lost_one() -> None:
    controls, other = lost(), lost()
    controls.silence(90)
    other.hear(reading(), 90)
    assert together(controls, other) == (53.6, 20, 75)


def test_a_cell_that_runs_ahead_in_another_pack_lowers_the_charge_voltage() -> None:
    controls, other = lost(), lost(ahead(3.452, 3.432))
    assert together(controls, other) == (pytest.approx(55.2 - 0.295 - 0.032), pytest.approx(29.4), 150)


def test_a_pack_that_is_nearly_empty_requests_a_charge_for_all() -> None:
    own, empty = Timeline(), Timeline()
    own.hear(reading(), 120)
    empty.hear(reading(2.70), 120)
    assert not own.last.charge_requested
    both = shown_for_all(own.last, [("Left", empty.last)])
    assert both.charge_requested
    assert not shown_for_all(own.last, [("Left", own.last)]).charge_requested
    assert amounts(both.limits) == (55.2, 40, 2)
    assert both.limits is not None
    assert both.limits.discharge_current.reason == "Left: lowest cell"


def test_a_monitor_stays_one_and_lowers_nothing() -> None:
    own, monitor = Timeline(), Timeline()
    own.hear(reading(), 5)
    monitor.hear(reading(monitor_only="unknown version"), 5)
    assert shown_for_all(monitor.last, [("Left", own.last)]) is monitor.last
    assert shown_for_all(own.last, [("Left", monitor.last)]).limits == own.last.limits
