"""Any life of a battery: whatever comes in whatever order, these things hold at every moment of it."""

from dataclasses import replace
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from driver.battery.alarms import Alarm, Severity
from driver.battery.controller import Outcome, failsafe
from driver.battery.easing import RISE_TIME
from driver.battery.envelope import CELL_MARGIN, FEED_IN_OFFSET
from driver.battery.limits import Limits
from driver.battery.loss import Presence, Timing
from driver.battery.reading import Reading
from tests.battery.packs import BLUETOOTH, NMC, PROTECTIONS, SETTINGS, WIRE, Timeline, ahead, reading

ODDITIES: list[dict[str, Any]] = [
    {},
    {"cells": ahead(3.47, 3.42)},
    {"cells": 3.55},
    {"cells": 2.85, "current": -80.0},
    {"cells": ahead(0.0, 3.30)},
    {"cells": ahead(3.30, 3.20), "current": -120.0, "voltage": 51.2},
    {"count": 15},
    {"protections": NMC},
    {"protections": replace(PROTECTIONS, cell_over_voltage=3.45, charge_current=30.0)},
    {"protections": replace(PROTECTIONS, cell_over_voltage=None)},
    {"monitor_only": "of no version that is known"},
    {"capacity": 100.0},
    {"soc": 0.0, "cycles": 0},
    {"temperatures": (None, -5.0)},
    {"mos_temperature": 84.0},
    {"alarms": frozenset({Alarm.CELL_OVER_VOLTAGE})},
    {"alarms": frozenset({Alarm.CELL_UNDER_VOLTAGE})},
    {"charge_mosfet_on": False},
    {"discharge_switch": False},
]
SECONDS = st.sampled_from([0.3, 1.0, 2.0, 4.9])
HEAR = st.tuples(st.just("hear"), st.sampled_from(ODDITIES), st.integers(1, 30), SECONDS)
FREEZE = st.tuples(st.just("freeze"), st.sampled_from(ODDITIES), st.integers(1, 60), SECONDS)
SILENCE = st.tuples(st.just("silence"), st.sampled_from([0.5, 4.0, 16.0, 31.0, 61.0, 95.0, 700.0, 1900.0]))
RESTART = st.tuples(st.just("restart"), st.sampled_from([0.5, 20.0, 900.0, 3000.0, -50.0, -1.8e9]))
FAIL = st.tuples(st.just("fail"))
EVENTS = st.lists(HEAR | HEAR | FREEZE | SILENCE | SILENCE | RESTART | FAIL, min_size=3, max_size=20)
FAULT = "fault inside the driver"
SETTING = (SETTINGS.max_charge_current or 0.0, SETTINGS.max_discharge_current or 0.0)


class Watched:
    """A timeline that checks each outcome against the one before."""

    def __init__(self, timing: Timing, ride_through: float) -> None:
        self.timeline = Timeline(replace(SETTINGS, ride_through=ride_through), timing)
        self.tick = 0
        self.before: Outcome | None = None
        self.kept: Outcome | None = None  # what was shown before a restart
        self.reading: Reading | None = None
        self.fed = reading()
        self.heard = 0.0

    def live(self, what: str, *arguments: Any) -> None:
        """One event of its life."""
        timeline = self.timeline
        if what in ("hear", "freeze"):
            oddity, times, apart = arguments
            for _ in range(times):
                timeline.now += apart
                self.tick += what == "hear"
                self.fed = reading(**oddity, tick=self.tick, tick_period=15.0)
                self.see(timeline.take(self.fed))
        elif what == "silence":
            (seconds,) = arguments
            for part in (0.1, 0.2, 0.7):
                timeline.now += seconds * part
                self.see(timeline.controller.step(timeline.now))
        elif what == "restart":
            (after,) = arguments
            wall = timeline.wall + timeline.now + after
            well = self.before is not None and self.before.presence is Presence.LIVE and not self.before.explanation
            self.kept = self.before if well else None
            self.timeline, self.before, self.heard = timeline.restart(wall=wall), None, 0.0
        elif self.before is not None:
            outcome = failsafe(self.before, timeline.now, FAULT)
            timeline.controller.resume(outcome)
            self.see(outcome)

    def see(self, outcome: Outcome | None) -> None:
        """Hold an outcome against what must be true of it."""
        if outcome is None:
            assert self.before is None
            return
        if self.kept is not None and outcome.cell_count == self.kept.cell_count:
            self.check_restart(self.kept, outcome)
        self.kept = None
        event(f"{outcome.presence.value}, {'monitor' if outcome.limits is None else 'control'}")
        self.check_state(outcome)
        if outcome.limits is not None:
            self.check_bounds(outcome, outcome.limits)
        if self.before is not None and self.before.limits is not None:
            assert outcome.limits is not None
            self.check_change(self.before, self.before.limits, outcome, outcome.limits)
        self.before = outcome
        if outcome.reading is not None and outcome.reading is not self.reading:
            self.heard, self.reading = self.timeline.now, outcome.reading

    def check_state(self, outcome: Outcome) -> None:
        assert outcome.cable_alarm is {Presence.LIMP: Severity.WARNING, Presence.SAFE: Severity.ALARM}.get(
            outcome.presence, Severity.NONE
        )
        assert outcome.since <= self.timeline.now
        assert not (outcome.fresh and outcome.presence in (Presence.LIMP, Presence.SAFE))
        assert outcome.fresh or outcome.presence is not Presence.LIVE
        assert outcome.reading is not None or not outcome.fresh
        assert outcome.explanation or outcome.presence is Presence.LIVE

    def check_bounds(self, outcome: Outcome, limits: Limits) -> None:
        assert limits.charge_voltage.value > 0
        assert limits.low_voltage.value > 0
        assert 0 <= limits.charge_current.value <= SETTING[0]
        assert 0 <= limits.discharge_current.value <= SETTING[1]
        assert all((limits.charge_voltage.reason, limits.charge_current.reason, limits.discharge_current.reason))
        if outcome.presence is Presence.SAFE:
            assert (limits.charge_current.value, limits.discharge_current.value) == (0, 0)
        if outcome.presence is Presence.LIVE and outcome.reading is not None:
            self.check_live(outcome, outcome.reading, limits)

    def check_live(self, outcome: Outcome, now: Reading, limits: Limits) -> None:
        as_fed = replace(now, alarms=self.fed.alarms, soc=self.fed.soc, mean_current=None)
        alarms = self.fed.alarms if as_fed == self.fed else frozenset()
        assert alarms <= now.alarms
        if now.charge_mosfet_on is False or any(alarm.value.blocks_charge for alarm in alarms):
            assert limits.charge_current.value == 0
        if now.discharge_switch is False or any(alarm.value.blocks_discharge for alarm in alarms):
            assert limits.discharge_current.value == 0
        over = now.protections.cell_over_voltage
        if outcome.explanation:  # uncertain, or the way back from a failure
            assert limits.charge_current.value == 0
        elif over is not None:
            assert limits.charge_voltage.value <= (over - CELL_MARGIN) * len(now.cells) - FEED_IN_OFFSET + 1e-9

    def check_restart(self, was: Outcome, outcome: Outcome) -> None:
        if was.limits is not None and outcome.limits is not None:
            for name in ("charge_voltage", "charge_current", "discharge_current"):
                assert getattr(outcome.limits, name).value <= getattr(was.limits, name).value + 1e-9

    def check_change(self, was: Outcome, before: Limits, outcome: Outcome, limits: Limits) -> None:
        live = outcome.presence is was.presence is Presence.LIVE
        heard = live or was.explanation == FAULT  # a fault of ours does not silence the BMS
        share = min(self.timeline.now - self.heard, WIRE.live) / RISE_TIME if heard else 0.0
        rises = (
            limits.charge_current.value - before.charge_current.value - share * SETTING[0],
            limits.discharge_current.value - before.discharge_current.value - share * SETTING[1],
            limits.charge_voltage.value - before.charge_voltage.value - share * RISE_TIME * 0.001 * 16,
        )
        assert max(rises) <= 1e-9


@given(EVENTS, st.sampled_from([WIRE, BLUETOOTH]), st.sampled_from([1800.0, 0.0, 120.0]))
def test_any_life(events: list[tuple[Any, ...]], timing: Timing, ride_through: float) -> None:
    watched = Watched(timing, ride_through)
    for what in events:
        watched.live(*what)
