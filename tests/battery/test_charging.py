"""The charge voltage and current of a battery over time: float, a leading cell, chargers that do not listen."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from driver.battery.charge_mode import ChargeState, Phase
from driver.battery.chemistry import Chemistry
from driver.battery.envelope import Envelope, envelope
from driver.battery.limits import Limit
from driver.battery.loss import Timing
from driver.battery.resistance import TYPICAL
from tests.battery.packs import LTO, NMC, PROTECTIONS, SETTINGS, Timeline, ahead, amounts, reading

FULL = {"current": 3.0, "soc": 99.0}


def voltage(timeline: Timeline) -> Limit:
    limits = timeline.last.limits
    assert limits is not None
    return limits.charge_voltage


def charged() -> Timeline:
    """Level at the target until it floats."""
    timeline = Timeline()
    timeline.hear(reading(3.44, **FULL), 900)
    assert voltage(timeline).reason.startswith("absorption")
    timeline.hear(reading(3.44, **FULL), 1)
    assert voltage(timeline).reason == "float (all cells in band)"
    return timeline


def test_the_charge_voltage_glides_to_float() -> None:
    timeline = charged()
    assert voltage(timeline).value == pytest.approx(55.2 - 16 * 0.0001)
    timeline.hear(reading(3.40, **FULL), 99)
    assert voltage(timeline).value == pytest.approx(55.2 - 16 * 0.01)
    timeline.hear(reading(3.38, **FULL), 700)
    assert voltage(timeline).value == pytest.approx(16 * 3.375)


def test_float_glides_from_where_the_voltage_was_and_never_raises_it() -> None:
    timeline = Timeline()
    timeline.hear(reading(ahead(3.440, 3.40), **FULL), 1800)
    timeline.hear(reading(ahead(3.449, 3.40), **FULL), 60)  # from now on the voltage stays lowered for half an hour
    timeline.hear(reading(ahead(3.421, 3.41), **FULL), 1740)
    assert voltage(timeline).reason.startswith("absorption")
    before = amounts(timeline.last.limits)[0]
    timeline.hear(reading(ahead(3.421, 3.41), **FULL), 800)
    assert voltage(timeline) == Limit(54.0, "float (tail current); cell 3 runs ahead")
    seen = [before, *(amounts(outcome.limits)[0] for _, outcome in timeline.outcomes[-800:] if outcome)]
    assert seen == sorted(seen, reverse=True)


def test_a_battery_in_use_is_charged_to_the_target_again() -> None:
    timeline = charged()
    timeline.hear(reading(3.37, **FULL), 900)
    timeline.hear(reading(3.32, soc=88.0), 400)
    assert voltage(timeline) == Limit(
        pytest.approx(55.2, abs=0.033), "bulk (state of charge 10 % below full); charge voltage × cells"
    )


def test_a_phase_that_is_given_replaces_the_packs_own() -> None:
    timeline = charged()
    timeline.controller.charge_as(ChargeState(phase=Phase.ABSORPTION, reason="target reached"))
    timeline.hear(reading(3.44, **FULL), 2000)
    assert voltage(timeline).reason.startswith("absorption")
    assert timeline.last.history.full_charges == 1
    timeline.controller.charge_as(ChargeState(phase=Phase.FLOAT, reason="all cells in band"))
    timeline.hear(reading(3.44, **FULL), 2)
    assert voltage(timeline).reason == "float (all cells in band)"
    assert timeline.controller.terms is not None
    assert timeline.controller.resistance == TYPICAL


def test_float_survives_a_restart_and_so_does_the_lead() -> None:
    timeline = charged()
    timeline.hear(reading(3.38, **FULL), 900)
    again = timeline.restart(after=5)
    again.take(reading(3.38, **FULL))
    assert voltage(again) == Limit(54.0, "float (all cells in band)")
    leading = Timeline()
    leading.hear(reading(ahead(3.45, 3.43)), 10)
    again = leading.restart(after=5)
    again.take(reading(3.38))
    assert voltage(again) == Limit(
        pytest.approx(55.2 - 0.295), "absorption, waiting for power: the highest cell needs 50 mV; a cell ran ahead"
    )


@pytest.mark.parametrize("wall", [0.0, 4e9])
def test_a_clock_that_jumps_ends_no_absorption_and_forces_no_charge(wall: float) -> None:
    timeline = Timeline()
    timeline.hear(reading(3.44, **FULL), 600)
    again = timeline.restart(wall=wall)
    again.hear(reading(3.44, **FULL), 200)
    assert voltage(again).reason.startswith("absorption: all cells in band")
    floating = charged().restart(wall=wall)
    floating.hear(reading(3.38, **FULL), 60)
    assert voltage(floating).reason.startswith("float")


def test_a_monotonic_clock_that_jumps_counts_as_a_silence() -> None:
    timeline = Timeline()
    timeline.hear(reading(3.44, **FULL), 600)
    timeline.now += 1e6
    timeline.hear(reading(3.44, **FULL), 200)
    assert voltage(timeline).reason.startswith("absorption: all cells in band")


def test_the_reason_changes_at_most_once_a_minute_and_with_the_phase() -> None:
    timeline, said = Timeline(), []
    for second in range(600):
        timeline.now += 1
        timeline.take(reading(ahead(3.40 + second % 7 / 1000, 3.44), current=20.0 + second % 50, soc=99.0))
        said.append(voltage(timeline).reason)
    assert 2 <= sum(one != other for one, other in pairwise(said)) <= 12
    assert said[-1].startswith("absorption: cell 3 needs")


def test_the_lead_never_lowers_below_the_rest_voltage_that_feed_in_lifts() -> None:
    timeline = Timeline()
    timeline.hear(reading(ahead(3.50, 3.36)), 600)
    assert voltage(timeline).value == pytest.approx(53.6 - 0.4)


def test_a_current_that_the_highest_cell_has_lowered_stays_for_half_an_hour() -> None:
    timeline = Timeline()
    timeline.hear(reading(3.44), 10)
    assert amounts(timeline.last.limits)[1] == pytest.approx(44)
    timeline.hear(reading(3.40), 1799)
    assert amounts(timeline.last.limits)[1] == pytest.approx(44)
    timeline.hear(reading(3.40), 100)
    assert amounts(timeline.last.limits)[1] == 100


def test_it_rises_at_once_when_the_cells_at_rest_are_far_from_full() -> None:
    timeline = Timeline()
    timeline.hear(reading(3.44), 10)
    timeline.hear(reading(3.3501, current=0.0), 70)
    assert amounts(timeline.last.limits)[1] == pytest.approx(44)
    timeline.hear(reading(3.32, current=-80.0), 70)
    assert amounts(timeline.last.limits)[1] == pytest.approx(44)
    timeline.hear(reading(3.35, current=0.0), 70)
    assert amounts(timeline.last.limits)[1] == 100


def test_chargers_that_do_not_heed_the_current_get_less_voltage() -> None:
    timeline = Timeline()
    timeline.hear(reading(3.35, current=130.0), 5)
    assert voltage(timeline) == Limit(55.2, "bulk; charge voltage × cells")
    timeline.hear(reading(3.35, current=130.0), 10)
    assert voltage(timeline) == Limit(
        pytest.approx(53.6 - 0.5 * 30 * 0.0005 * 16),
        "bulk; charge voltage × cells; chargers do not heed the charge current",
    )


def test_the_current_that_they_do_not_heed_is_the_one_that_the_highest_cell_has_lowered() -> None:
    timeline = Timeline()
    timeline.hear(reading(3.42, current=100.0), 15)
    assert amounts(timeline.last.limits)[:2] == pytest.approx((54.72 - 0.5 * (100 - 72) * 0.0005 * 16, 72), abs=1e-3)
    timeline = Timeline()
    timeline.hear(reading(3.42, current=90.0), 15)  # so little too much may be inexact: trimmed first
    assert amounts(timeline.last.limits)[:2] == pytest.approx((55.2, 72 - 9), abs=1e-3)
    timeline.hear(reading(3.42, current=90.0), 11)
    assert amounts(timeline.last.limits)[0] < 54.7
    timeline = Timeline()
    timeline.hear(reading(3.42, current=None), 60)
    assert amounts(timeline.last.limits)[0] == 55.2


@pytest.mark.parametrize(
    ("chemistry", "protections", "voltages"),
    [
        (Chemistry.LFP, PROTECTIONS, (3.45, 3.375, 3.30)),
        (Chemistry.NMC, NMC, (4.10, 4.05, 3.95)),
        (Chemistry.LTO, LTO, (2.60, 2.45, 2.35)),
        (Chemistry.LFP, replace(PROTECTIONS, cell_over_voltage=3.50), (3.45, 3.375, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, cell_over_voltage=3.45), (3.405, 3.375, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, requested_charge_voltage=3.42), (3.42, 3.375, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, requested_charge_voltage=3.60), (3.45, 3.375, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, requested_charge_voltage=3.15), (3.45, 3.375, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, requested_float_voltage=3.40), (3.45, 3.40, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, requested_float_voltage=3.35), (3.45, 3.35, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, requested_float_voltage=3.349), (3.45, 3.375, 3.30)),
        (Chemistry.LFP, replace(PROTECTIONS, requested_float_voltage=3.50), (3.45, 3.45, 3.30)),
    ],
)
def test_target_float_and_recharge(chemistry: Chemistry, protections: Any, voltages: tuple[float, ...]) -> None:
    found = terms(chemistry, protections=protections)
    assert (found.target, found.float_voltage, found.recharge_voltage) == pytest.approx(voltages)


def terms(chemistry: Chemistry = Chemistry.LFP, protections: Any = PROTECTIONS, **settings: Any) -> Envelope:
    cells = chemistry.value.rest
    found = envelope(reading(cells, protections=protections), chemistry, replace(SETTINGS, **settings))
    assert isinstance(found, Envelope), found
    return found


def test_the_owner_decides_against_what_the_bms_asks_for() -> None:
    asked = replace(PROTECTIONS, requested_charge_voltage=3.40, requested_float_voltage=3.36)
    found = terms(protections=asked, cell_charge_voltage=3.5, cell_float_voltage=3.32)
    assert (found.target, found.float_voltage) == (3.5, 3.32)
    assert found.recharge_voltage == pytest.approx(3.27)
    assert terms(protections=asked).target_reason == "what the BMS asks for (RCV)"


@pytest.mark.parametrize("wished", [3.15, 3.801])
def test_a_float_voltage_that_does_not_fit_the_cells_is_refused(wished: float) -> None:
    found = envelope(reading(), Chemistry.LFP, replace(SETTINGS, cell_float_voltage=wished))
    assert found == f"cell_float_voltage of {wished} V does not fit LFP cells"
    assert terms(cell_float_voltage=3.151).float_voltage == 3.151
    assert terms(cell_float_voltage=3.80).float_voltage == 3.45


def test_an_implausible_capacity_is_none() -> None:
    assert terms().capacity == 280.0
    found = envelope(reading(capacity=0.5), Chemistry.LFP, SETTINGS)
    assert isinstance(found, Envelope)
    assert found.capacity is None


def test_it_is_the_highest_cell_that_lowers_the_current_for_long() -> None:
    timeline = Timeline()
    timeline.hear(reading(ahead(3.44, 3.30)), 10)
    timeline.hear(reading(ahead(3.40, 3.36), current=0.0), 300)
    assert amounts(timeline.last.limits)[1] == pytest.approx(44)


def test_it_is_the_highest_cell_that_may_not_stay_over_the_target() -> None:
    timeline = Timeline()
    timeline.hear(reading(ahead(3.46, 3.44)), 9)
    before = amounts(timeline.last.limits)[0]
    timeline.hear(reading(ahead(3.46, 3.44)), 2)
    assert amounts(timeline.last.limits)[0] == pytest.approx(before - 0.16)


def test_a_full_charge_that_is_due_goes_over_a_ceiling_of_the_state_of_charge() -> None:
    """users.md need 37: kept below 90 %, and filled every so many days, for the sake of balance."""
    day = 86400.0
    settings = replace(
        SETTINGS, charge_by_soc=((80.0, 1.0), (90.0, 0.0)), full_charge_interval=2 * day, absorption_time=3600.0
    )
    timeline = Timeline(settings=settings, timing=Timing.wire(100.0))
    timeline.hear(reading(soc=90.0), 2 * day - 300, 300)
    assert amounts(timeline.last.limits)[1] == 0
    timeline.hear(reading(soc=90.0), 1200, 300)
    assert amounts(timeline.last.limits)[1] == 100
    timeline.hear(reading(3.45, soc=99.0, current=1.0), 3900, 300)
    assert timeline.last.history.full_charges == 1
    timeline.hear(reading(3.36, soc=95.0), 600, 300)
    assert amounts(timeline.last.limits)[1] == 0
