"""A battery that is not certain is a monitor; one that loses its certainty while it controls is not charged."""

import re
from dataclasses import replace

import pytest

from driver.battery.alarms import Alarm
from driver.battery.certainty import Certainty
from driver.battery.chemistry import Chemistry
from driver.battery.loss import Presence
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from tests.battery.packs import LTO, NMC, PROTECTIONS, SETTINGS, Timeline, amounts, reading

NOTHING_SET = ChargeSettings()


def protected(**changes: float | None) -> dict[str, object]:
    return {"protections": replace(PROTECTIONS, **changes)}


@pytest.mark.parametrize(
    ("settings", "changes", "words"),
    [
        (NOTHING_SET, protected(cell_over_voltage=3.90), "protects at 3.9 V, which fits no chemistry .* set chemistry"),
        (NOTHING_SET, protected(cell_over_voltage=None), "does not tell its cell over-voltage .* set chemistry"),
        (
            replace(SETTINGS, chemistry=Chemistry.LFP),
            protected(cell_over_voltage=None),
            "does not tell its cell voltage",
        ),
        (NOTHING_SET, protected(cell_under_voltage=None), "does not tell its cell voltage protections"),
        (NOTHING_SET, protected(cell_under_voltage=0.0), "contradict each other"),
        (NOTHING_SET, protected(cell_under_voltage=3.65), "contradict each other"),
        (NOTHING_SET, {"cells": 3.90}, "cell 1 with 3.9 V is no LFP cell: set chemistry"),
        (NOTHING_SET, {"cells": (3.3, 3.3, 1.9)}, "cell 3 with 1.9 V is no LFP cell: set chemistry"),
        (NOTHING_SET, {"cells": (0.0, 0.0)}, "no cell has a voltage"),
        (NOTHING_SET, {"cells": 2.30, "protections": NMC}, "no NMC cell: set chemistry"),
        (replace(SETTINGS, chemistry=Chemistry.NMC), {}, "3.65 V does not fit NMC cells: .* chemistry in the settings"),
        (replace(SETTINGS, chemistry=Chemistry.LFP), {"protections": NMC}, "4.2 V does not fit LFP cells"),
        (replace(SETTINGS, chemistry=Chemistry.LFP), protected(cell_over_voltage=3.85), "3.85 V does not fit LFP"),
        (replace(SETTINGS, chemistry=Chemistry.LFP), {"cells": 3.90}, "no LFP cell: correct chemistry"),
        (
            replace(SETTINGS, chemistry=Chemistry.LTO),
            {"cells": 2.05, **protected(cell_over_voltage=2.10, cell_under_voltage=1.70)},
            "leaves no room to charge LTO",
        ),
        (replace(SETTINGS, cell_charge_voltage=2.60), {}, "cell_charge_voltage of 2.6 V does not fit LFP cells"),
        (replace(SETTINGS, cell_charge_voltage=4.10), {}, "cell_charge_voltage of 4.1 V does not fit LFP cells"),
        (replace(SETTINGS, cell_charge_voltage=3.15), {}, "cell_charge_voltage of 3.15 V does not fit LFP cells"),
        (NOTHING_SET, protected(charge_current=None), "own charge current limit: set max_charge_current"),
        (NOTHING_SET, protected(discharge_current=None), "own discharge current limit: set max_discharge_current"),
        (NOTHING_SET, {"capacity": None}, r"\(None Ah\): set capacity or max_charge_current"),
        (NOTHING_SET, {"capacity": 0.0}, r"\(0.0 Ah\): set capacity or max_charge_current"),
        (NOTHING_SET, {"capacity": 0.9}, "set capacity"),
        (NOTHING_SET, {"capacity": 5001.0}, "set capacity"),
        (ChargeSettings(max_charge_current=50.0), {"capacity": None}, "set capacity or max_discharge_current"),
        (NOTHING_SET, {"monitor_only": "protocol version 0"}, "^protocol version 0$"),
    ],
)
def test_an_uncertain_battery_is_a_monitor_and_says_what_is_missing(
    settings: ChargeSettings, changes: dict[str, object], words: str
) -> None:
    timeline = Timeline(settings=settings)
    outcome = timeline.hear(reading(**changes), 5)  # type: ignore[arg-type]
    assert outcome.limits is None
    assert outcome.presence is Presence.LIVE
    assert outcome.fresh
    assert re.search(words, outcome.explanation), outcome.explanation


@pytest.mark.parametrize(
    ("settings", "changes", "chemistry", "voltage"),
    [
        (NOTHING_SET, {}, Chemistry.LFP, 55.2),
        (NOTHING_SET, {"cells": (*(3.3,) * 15, 0.0)}, Chemistry.LFP, 55.2),  # one sense wire is off
        (NOTHING_SET, {"cells": 3.80, "protections": NMC}, Chemistry.NMC, 65.6),
        (NOTHING_SET, {"cells": 2.30, "protections": LTO}, Chemistry.LTO, 41.6),
        (
            replace(SETTINGS, chemistry=Chemistry.NMC),
            {"cells": 3.8, **protected(cell_over_voltage=3.95)},
            Chemistry.NMC,
            62.48,
        ),
        (replace(SETTINGS, chemistry=Chemistry.LFP), protected(cell_over_voltage=3.40), Chemistry.LFP, 53.68),
        (replace(SETTINGS, cell_charge_voltage=3.80), {}, Chemistry.LFP, 57.68),
        (SETTINGS, protected(cell_under_voltage=0.95), Chemistry.LFP, 55.2),
    ],
)
def test_what_fits_together_is_certain(
    settings: ChargeSettings, changes: dict[str, object], chemistry: Chemistry, voltage: float
) -> None:
    timeline = Timeline(settings=settings)
    outcome = timeline.hear(reading(**changes), 1)  # type: ignore[arg-type]
    assert outcome.chemistry is chemistry
    assert amounts(outcome.limits)[0] == voltage
    assert outcome.explanation == ""


def test_a_monitor_controls_as_soon_as_it_is_certain() -> None:
    timeline = Timeline()
    timeline.hear(reading(protections=replace(PROTECTIONS, cell_over_voltage=3.90)), 5)
    assert timeline.last.limits is None
    timeline.hear(reading(), 1)
    assert amounts(timeline.last.limits) == (55.2, 100, 150)


def changed(over: float) -> Reading:
    return reading(protections=replace(PROTECTIONS, cell_over_voltage=over))


def test_certainty_lost_in_control_stops_the_charge_alone() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 60)
    outcome = timeline.hear(changed(4.20), 1)
    assert amounts(outcome.limits) == (53.6, 0, 150)
    assert (outcome.presence, outcome.cable_alarm) == (Presence.LIVE, 0)
    assert "4.2 V does not fit LFP cells" in outcome.explanation
    assert outcome.limits is not None
    assert outcome.limits.charge_current.reason == outcome.explanation
    assert outcome.limits.low_voltage.value == pytest.approx(41.6)


def test_discharge_goes_on_by_the_reading_while_certainty_is_lost() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 60)
    timeline.hear(changed(4.20), 5)
    tripped = replace(changed(4.20), alarms=frozenset({Alarm.DISCHARGE_OVER_CURRENT}))
    assert amounts(timeline.hear(tripped, 1).limits) == (53.6, 0, 0)
    assert amounts(timeline.hear(changed(4.20), 1).limits) == (53.6, 0, 2.5)
    assert amounts(timeline.hear(changed(4.20), 60).limits) == (53.6, 0, 150)
    low = replace(changed(4.20), cells=(2.95,) * 16)
    assert amounts(timeline.hear(low, 1).limits) == (53.6, 0, 90)


def test_certainty_that_comes_back_raises_nothing_at_once() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 60)
    timeline.hear(changed(4.20), 60)
    voltage, charge, discharge = amounts(timeline.hear(reading(), 1).limits)
    assert (voltage, charge, discharge) == (53.616, pytest.approx(100 / 60, abs=0.001), 150)
    assert timeline.last.explanation == ""


def test_an_uncertain_battery_that_falls_silent_is_handled_as_lost() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 60)
    timeline.hear(changed(4.20), 10)
    timeline.silence(90)
    assert amounts(timeline.last.limits) == (53.6, 0, 75)
    timeline.silence(1800)
    assert amounts(timeline.last.limits) == (53.6, 0, 0)


def test_another_protection_that_fits_is_followed() -> None:
    timeline = Timeline()
    timeline.hear(reading(), 60)
    assert amounts(timeline.hear(changed(3.45), 1).limits)[0] == pytest.approx(16 * 3.405)
    timeline.hear(reading(), 200)
    assert amounts(timeline.last.limits)[0] == pytest.approx(55.2, abs=0.032)


def test_another_capacity_and_current_limit_are_followed() -> None:
    timeline = Timeline(settings=NOTHING_SET)
    assert amounts(timeline.hear(reading(), 5).limits) == (55.2, 140, 280)
    assert amounts(timeline.hear(reading(capacity=100.0), 1).limits) == (55.2, 50, 100)
    less = replace(PROTECTIONS, charge_current=20.0)
    assert amounts(timeline.hear(reading(capacity=100.0, protections=less), 1).limits) == (55.2, 19, 100)


@pytest.mark.parametrize(("count", "voltage"), [(15, 50.25), (17, 53.6), (8, 26.8)])
def test_another_number_of_cells_is_not_charged_until_a_restart(count: int, voltage: float) -> None:
    timeline = Timeline()
    timeline.hear(reading(), 60)
    for _ in range(30):
        outcome = timeline.hear(reading(count=count), 1)
        assert amounts(outcome.limits) == (voltage, 0, 150)
        assert outcome.explanation == f"the number of cells has changed from 16 to {count}: restart the driver"
    assert timeline.hear(reading(), 1).explanation == ""
    timeline.hear(reading(count=count), 10)
    after = timeline.restart(after=5)
    assert amounts(after.hear(reading(count=count), 1).limits)[1] == 0
    assert amounts(after.hear(reading(count=count), 300).limits) == (pytest.approx(3.45 * count, abs=0.04), 100, 150)


def test_the_envelope_is_made_anew_only_when_something_has_changed() -> None:
    certainty = Certainty(SETTINGS)
    first = certainty.of(reading())
    assert certainty.of(reading(3.10, current=-80.0, soc=20.0)) is first
    assert certainty.of(reading(capacity=100.0)) is not first
