"""The charging of a battery in long steps: what each constant in it decides."""

from typing import Any

import pytest

from driver.battery.charge_mode import ChargeState, Phase
from driver.battery.charging import Charging, Held, Progress
from driver.battery.chemistry import Chemistry
from driver.battery.envelope import Envelope, envelope
from driver.battery.lead import Lead
from driver.battery.limits import Limits, limits
from tests.battery.packs import SETTINGS, ahead, reading

FLOAT = ChargeState(phase=Phase.FLOAT, soc=99.0, reason="tail current")
ABSORPTION = ChargeState(phase=Phase.ABSORPTION, soc=99.0)


def terms() -> Envelope:
    found = envelope(reading(), Chemistry.LFP, SETTINGS)
    assert isinstance(found, Envelope)
    return found


TERMS = terms()


class Steps(Charging):
    """Readings with the seconds since the one before."""

    def at(self, elapsed: float, cells: float | tuple[float, ...], current: float | None = 3.0, **more: Any) -> Limits:
        now = reading(cells, current=current, **({"soc": 99.0} | more))
        return super().limits(now, limits(now, TERMS), TERMS, 0.0005, elapsed)

    def voltage(self, elapsed: float, cells: float | tuple[float, ...], **more: Any) -> float:
        return self.at(elapsed, cells, **more).charge_voltage.value

    def reason(self, elapsed: float, cells: float | tuple[float, ...], **more: Any) -> str:
        return self.at(elapsed, cells, **more).charge_voltage.reason

    def share(self, elapsed: float, cells: float | tuple[float, ...], **more: Any) -> float:
        return self.at(elapsed, cells, **more).charge_current.value / 100


def test_the_voltage_glides_to_float_from_where_it_was() -> None:
    steps = Steps(Progress())
    assert steps.voltage(0.0, 3.33) == pytest.approx(55.2)
    steps = Steps(Progress(ABSORPTION, Lead(0.8, 0.0)))
    before = steps.voltage(1.0, 3.435)
    assert before == pytest.approx(54.4)
    for _ in range(90):
        before = steps.voltage(10.0, 3.435)
    assert steps.reason(0.0, 3.435).startswith("float")
    assert before == pytest.approx(54.4 - 16 * 0.0001 * 10)
    assert steps.voltage(100.0, 3.40) == pytest.approx(before - 16 * 0.0001 * 100)
    assert steps.voltage(1000.0, 3.40) == pytest.approx(54.0)


def test_a_restart_in_float_does_not_glide() -> None:
    assert Steps(Progress(FLOAT)).voltage(0.0, 3.38) == pytest.approx(54.0)


def test_a_full_charge_is_told_once() -> None:
    steps = Steps(Progress(ABSORPTION))
    steps.at(899.0, 3.435)
    assert not steps.has_filled()
    steps.at(1.0, 3.435)
    assert steps.has_filled()
    steps.at(1.0, 3.435)
    assert not steps.has_filled()
    again = Steps(Progress(FLOAT))
    again.at(1.0, 3.38)
    assert not again.has_filled()


def test_a_lead_ends_at_the_rest_voltage_less_what_feed_in_adds() -> None:
    assert Steps(Progress(lead=Lead(9.0, 0.0))).voltage(1.0, 3.33) == pytest.approx(53.6 - 0.4)


def test_the_current_that_the_highest_cell_has_lowered_stays_for_half_an_hour() -> None:
    steps = Steps(Progress())
    assert steps.share(0.0, 3.40) == pytest.approx(1.0)
    assert steps.share(1.0, ahead(3.44, 3.42)) == pytest.approx(0.44)
    assert steps.share(1799.0, ahead(3.41, 3.40)) == pytest.approx(0.44)
    assert steps.share(0.5, ahead(3.42, 3.40)) == pytest.approx(0.44)
    assert steps.share(0.5, ahead(3.42, 3.40)) == pytest.approx(0.72)
    assert steps.share(1.0, ahead(3.43, 3.40)) == pytest.approx(0.58)
    assert steps.share(1798.0, 3.40) == pytest.approx(0.58)
    assert steps.share(1.0, 3.43) == pytest.approx(0.58)
    assert steps.share(1799.0, 3.40) == pytest.approx(0.58)
    assert steps.share(1.0, 3.40) == pytest.approx(1.0)


def test_a_restart_goes_on_with_what_is_held() -> None:
    steps = Steps(Progress(held=Held(0.5, 1700.0)))
    assert steps.share(99.0, 3.40) == pytest.approx(0.5)
    assert steps.share(1.0, 3.40) == pytest.approx(1.0)


@pytest.mark.parametrize(("cells", "current", "share"), [
    (3.3501, 0.0, 0.44), (3.3499, 0.0, 1.0), (3.3601, 20.0, 0.44), (3.3599, 20.0, 1.0), (3.34, -20.1, 0.44),
    (3.34, -19.9, 1.0), (3.3501, None, 0.44), (3.3499, None, 1.0), (ahead(3.36, 3.30), 0.0, 0.44),
])  # fmt: skip
def test_it_rises_at_once_when_the_highest_cell_at_rest_is_100_mv_below(
    cells: float | tuple[float, ...], current: float | None, share: float
) -> None:
    steps = Steps(Progress())
    assert steps.share(0.0, 3.44) == pytest.approx(0.44)
    assert steps.share(1.0, cells, current=current) == pytest.approx(share)


def test_chargers_that_do_not_heed_the_current_are_told_less_voltage() -> None:
    steps = Steps(Progress())
    assert steps.voltage(0.0, 3.42, current=72.0) == pytest.approx(55.2)
    assert steps.voltage(10.0, 3.42, current=95.0) == pytest.approx(16 * 3.42 - 0.5 * 23 * 0.0005 * 16)
    assert steps.reason(1.0, 3.42, current=95.0).endswith("; chargers do not heed the charge current")
    assert steps.share(1.0, 3.42, current=95.0) == pytest.approx(0.72)
    for current, still in ((81.1, True), (81.3, False), (None, True)):
        steps = Steps(Progress())
        steps.at(0.0, 3.42, current=current)
        assert (steps.voltage(25.0, 3.42, current=current) == pytest.approx(55.2)) is still


def test_chargers_that_take_a_little_more_are_told_less_current() -> None:
    steps = Steps(Progress())
    assert steps.share(0.0, 3.40, current=110.0) == pytest.approx(1.0)
    assert steps.share(6.0, 3.40, current=110.0) == pytest.approx(1.0)
    found = steps.at(4.0, 3.40, current=110.0).charge_current
    assert found.value == pytest.approx(95.0)
    assert found.reason.endswith("; chargers take more than they are told")
    assert not steps.at(1.0, 3.40, current=100.0, charge_mosfet_on=False).charge_current.reason.endswith("told")


def test_a_reason_stays_for_a_minute() -> None:
    low, lower = ahead(3.45, 3.415), ahead(3.45, 3.405)
    steps = Steps(Progress(ABSORPTION))
    assert "needs 10 mV" in steps.reason(1.0, low)
    assert "needs 10 mV" in steps.reason(59.5, lower)
    assert "needs 20 mV" in steps.reason(0.5, lower)
    assert "needs 20 mV" in steps.reason(59.5, low)
    assert "needs 10 mV" in steps.reason(0.5, low)


def test_a_reason_changes_at_once_with_what_it_is_about() -> None:
    steps = Steps(Progress())
    assert steps.reason(0.0, 3.41) == "bulk; charge voltage × cells"
    assert steps.reason(6.0, ahead(3.415, 3.41)) == "bulk; cell 3 runs ahead"
    assert steps.reason(1.0, 3.33) == "bulk; cell 3 runs ahead"
    assert steps.reason(60.0, 3.33) == "bulk; a cell ran ahead"
    assert steps.reason(1.0, 3.43).startswith("absorption: ")


def test_the_highest_cell_may_not_stay_over_its_target() -> None:
    steps = Steps(Progress())
    steps.at(0.0, ahead(3.46, 3.44))
    before = steps.voltage(6.0, ahead(3.46, 3.44))
    assert steps.voltage(10.0, ahead(3.46, 3.44)) == pytest.approx(before - 16 * 0.01)


@pytest.mark.parametrize(("phase", "more", "due"), [
    (Phase.BULK, -1.0, False), (Phase.BULK, 0.0, True), (Phase.ABSORPTION, 1.0, True), (Phase.FLOAT, 1.0, False),
])  # fmt: skip
def test_a_full_charge_is_due_after_its_interval_unless_it_has_just_ended(phase: Phase, more: float, due: bool) -> None:
    state = ChargeState(phase=phase, since_full=TERMS.full_charge_interval + more)
    assert Charging(Progress(state)).is_due(TERMS) is due
