"""The last changes of the limits are kept with their reasons."""

import json
from dataclasses import replace

import pytest

from driver.battery.changes import Change, Changes
from driver.battery.limits import Limit, Limits
from tests.battery.packs import Timeline, reading


def given(charge: float, reason: str = "setting", voltage: float = 55.2) -> Limits:
    return Limits(Limit(voltage, "x"), Limit(charge, reason), Limit(150.0, "setting"), Limit(41.6, "y"))


def test_a_change_is_kept_with_its_reason_and_a_little_one_is_not() -> None:
    changes = Changes()
    changes.take(given(100.0), 1.0)
    assert [change.name for change in changes.last] == [
        "charge_voltage", "charge_current", "discharge_current", "low_voltage"
    ]  # fmt: skip
    for now, limits in enumerate((given(96.0), given(95.1), given(95.0), given(95.0, "other"), given(94.9, "cold"))):
        changes.take(limits, 2.0 + now)
    assert list(changes.last)[4:] == [
        Change(4.0, "charge_current", Limit(95.0, "setting")),
        Change(6.0, "charge_current", Limit(94.9, "cold")),
    ]


def test_nothing_is_never_little() -> None:
    changes = Changes()
    for now, charge in enumerate((1.0, 0.0, 1.0)):
        changes.take(given(charge), float(now))
    assert [change.limit.value for change in changes.last if change.name == "charge_current"] == [1.0, 0.0, 1.0]


def test_the_last_hundred_are_kept() -> None:
    changes = Changes()
    for now in range(300):
        changes.take(given(100.0 + 5 * (now % 2)), float(now))
    assert len(changes.last) == 100
    assert changes.last[-1].at == 299.0


def test_they_are_told_with_their_age() -> None:
    changes = Changes()
    changes.take(given(96.0, "cold \u00b0"), 10.04)
    assert json.loads(changes.text(75.0))[:2] == [
        [65.0, "charge_voltage", 55.2, "x"],
        [65.0, "charge_current", 96.0, "cold \u00b0"],
    ]


def test_the_controller_notes_what_it_hands_out() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 5)
    timeline.hear(reading(charge_switch=False), 5)
    timeline.silence(60)
    said = [(change.name, change.limit.reason) for change in timeline.controller.changes.last]
    assert said[4] == ("charge_current", "charging is switched off in the BMS")
    assert any(reason.startswith("BMS silent") for _, reason in said[5:])


@pytest.mark.parametrize(
    ("name", "little", "enough"),
    [
        ("charge_voltage", 0.095, 0.105),
        ("low_voltage", 0.095, 0.105),
        ("charge_current", 4.9, 5.1),
        ("discharge_current", 4.9, 5.1),
    ],
)
def test_what_a_little_is(name: str, little: float, enough: float) -> None:
    first = given(96.0)
    was: Limit = getattr(first, name)
    for less, noted in ((little, 4), (enough, 5)):
        changes = Changes()
        changes.take(first, 0.0)
        changes.take(replace(first, **{name: Limit(was.value - less, was.reason)}), 1.0)
        assert len(changes.last) == noted


def test_their_age_is_told_to_a_tenth_of_a_second() -> None:
    changes = Changes()
    changes.take(given(96.0), 10.0)
    assert json.loads(changes.text(11.26))[0][0] == 1.3
