"""The driver's own state of charge: counted, learned, anchored, slewed, kept; and the BMS's beside it."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.chemistry import Chemistry
from driver.battery.coulombs import MOST_OFF, SLEW, CoulombCounter, Count
from driver.battery.settings import SocSource
from tests.battery.packs import SETTINGS, WALL, Timeline, reading

AH = 100.0
LFP = Chemistry.LFP
OWN = replace(SETTINGS, soc_source=SocSource.DRIVER)


def begun(soc: float = 50.0, **changes: float | None) -> CoulombCounter:
    return CoulombCounter(replace(Count(soc=soc, shown=soc, told=soc), **changes))  # type: ignore[arg-type]


def run(
    counter: CoulombCounter,
    seconds: float,
    current: float | None,
    cell: float = 3.30,
    told: float | None = 50.0,
    every: float = 10.0,
    chemistry: Chemistry | None = LFP,
) -> Count:
    """So long, one reading every so many seconds."""
    now = reading(cell, current=current, soc=told)
    for _ in range(round(seconds / every)):
        counter.take(now, AH, chemistry, every)
    assert counter.count is not None
    return counter.count


def test_it_begins_with_what_the_bms_says() -> None:
    counter = CoulombCounter()
    assert counter.take(reading(soc=None), AH, LFP, inf) is None
    counter.full()
    assert counter.count is None
    count = counter.take(reading(soc=76.0), AH, LFP, 1.0)
    assert count == Count(soc=76.0, shown=76.0, told=76.0)
    assert count.confidence == 80.0


def test_it_counts_amperes_and_hours() -> None:
    counter = begun()
    assert run(counter, 3600, -10.0).soc == pytest.approx(40.0)
    assert run(counter, 3600, 20.0).soc == pytest.approx(60.0)
    assert run(counter, 60, 1.0, every=60.0).soc == pytest.approx(60.0 + 1 / 60)


def test_it_never_leaves_0_to_100() -> None:
    assert run(begun(), 7200, -100.0).soc == 0.0
    assert run(begun(), 7200, 100.0).soc == 100.0


def test_confidence_falls_with_time_and_with_what_was_counted() -> None:
    assert run(begun(off=1.0), 3600, 0.0).off == pytest.approx(1.0 + 0.25)
    assert run(begun(off=1.0), 3600, -10.0).off == pytest.approx(1.0 + 0.25 + 0.1)
    count = run(begun(off=1.0), 10 * 86400, 1.0, every=60.0)
    assert (count.off, count.confidence) == (MOST_OFF, 50.0)


def test_a_full_charge_says_100_and_what_is_shown_follows_slowly() -> None:
    counter = begun(80.0)
    run(counter, 60, 1.0)
    counter.full()
    assert counter.count is not None
    assert (counter.count.soc, counter.count.confidence) == (100.0, 99.0)
    assert counter.count.shown == pytest.approx(80.0167, abs=1e-3)
    assert run(counter, 100, 0.0, 3.38).shown == pytest.approx(80.0167 + 5.0, abs=1e-3)
    assert run(counter, 60, 0.0, 3.38, every=60.0).shown == pytest.approx(80.0167 + 8.0, abs=1e-3)
    assert run(counter, 300, 0.0, 3.38).shown == 100.0


def test_what_flows_unseen_is_learned_from_one_full_charge_to_the_next() -> None:
    """0.3 A leave unseen, so what was counted in 24 h is 7.2 Ah too much."""
    counter = begun(100.0)
    counter.full()
    for offset in (-0.15, -0.225, -0.2625):
        run(counter, 43200, -2.0, every=60.0)
        run(counter, 43200, 2.6, every=60.0)
        counter.full()
        assert counter.count is not None
        assert counter.count.offset == pytest.approx(offset, abs=1e-3)


@pytest.mark.parametrize(("seconds", "learned"), [(43200 - 60, False), (43200, True)])
def test_a_short_time_between_two_full_charges_says_nothing(seconds: float, learned: bool) -> None:
    counter = begun(100.0)
    counter.full()
    run(counter, seconds, 0.2, every=60.0)
    counter.full()
    assert counter.count is not None
    assert (counter.count.offset != 0.0) is learned


@pytest.mark.parametrize(("current", "offset"), [(9.0, -1.0), (-9.0, 1.0)])
def test_nobody_learns_more_than_an_ampere(current: float, offset: float) -> None:
    counter = begun(100.0)
    counter.full()
    run(counter, 86400, current, every=60.0)
    counter.full()
    assert counter.count is not None
    assert counter.count.offset == offset


def test_nothing_is_learned_before_the_first_full_charge_nor_over_a_silence() -> None:
    counter = begun(50.0)
    run(counter, 86400, 0.5, every=60.0)
    counter.full()
    assert counter.count is not None
    assert counter.count.offset == 0.0
    run(counter, 86400, 0.5, every=60.0)
    counter.take(reading(current=0.5, soc=50.0), AH, LFP, 61.0)
    counter.full()
    assert counter.count.offset == 0.0
    run(counter, 86400, 0.5, every=60.0)
    counter.full()
    assert counter.count.offset == pytest.approx(-0.25)


def test_the_learned_offset_is_counted_but_not_while_chargers_hold_the_cells() -> None:
    assert run(begun(offset=-0.3), 36000, 0.0).soc == pytest.approx(47.0)
    assert run(begun(offset=-0.3), 36000, 0.0, 3.364).soc == pytest.approx(47.0)
    assert run(begun(offset=-0.3), 36000, 0.0, 3.365).soc == 50.0
    assert run(begun(offset=-0.3), 36000, 0.6, 3.365).soc == pytest.approx(53.0)
    assert run(begun(offset=-0.3), 36000, 0.5, 3.365).soc == pytest.approx(55.0)
    assert run(begun(offset=-0.3), 36000, 0.0, 3.365, chemistry=None).soc == pytest.approx(47.0)


@pytest.mark.parametrize(
    ("chemistry", "cell", "soc"),
    [
        (LFP, 2.50, 8.0),
        (LFP, 2.70, 9.143),
        (LFP, 2.95, 11.5),
        (LFP, 3.125, 15.5),
        (LFP, 3.20, 18.0),
        (LFP, 3.201, 50.0),  # on the plateau the voltage says nothing
        (Chemistry.NMC, 3.00, 8.0),
        (Chemistry.NMC, 3.20, 10.5),
        (Chemistry.NMC, 3.40, 13.0),
        (Chemistry.NMC, 3.45, 15.5),
        (Chemistry.NMC, 3.50, 18.0),
        (Chemistry.NMC, 3.60, 33.0),
        (Chemistry.NMC, 3.65, 44.364),
        (Chemistry.NMC, 3.71, 50.0),
        (Chemistry.NMC, 3.97, 72.0),
        (Chemistry.NMC, 4.10, 84.381),
        (Chemistry.NMC, 4.18, 92.0),
        (Chemistry.NMC, 4.21, 50.0),
        (Chemistry.LTO, 1.80, 8.0),
        (Chemistry.LTO, 1.95, 11.0),
        (Chemistry.LTO, 2.05, 13.0),
        (Chemistry.LTO, 2.13, 18.0),
        (Chemistry.LTO, 2.15, 24.154),
        (Chemistry.LTO, 2.26, 50.0),
        (Chemistry.LTO, 2.43, 82.0),
        (Chemistry.LTO, 2.50, 86.118),
        (Chemistry.LTO, 2.60, 92.0),
        (Chemistry.LTO, 2.61, 50.0),
    ],
)
def test_cells_at_rest_say_what_they_hold_where_their_voltage_tells(
    chemistry: Chemistry, cell: float, soc: float
) -> None:
    counter = begun()
    before = run(counter, 3590, 0.0, cell, chemistry=chemistry)
    assert (before.soc, before.off) == (50.0, pytest.approx(20.0 + 0.25 * 3590 / 3600))
    before = run(counter, 9.5, 0.0, cell, every=9.5, chemistry=chemistry)
    assert before.soc == 50.0
    after = run(counter, 0.5, 0.0, cell, every=0.5, chemistry=chemistry)
    assert after.soc == pytest.approx(soc, abs=1e-3)
    told = cell <= {LFP: 3.20, Chemistry.NMC: 4.20, Chemistry.LTO: 2.60}[chemistry]
    assert after.off == (8.0 if told else pytest.approx(20.25))
    assert after.shown == pytest.approx(50.0 - 0.025 if soc < 50 else 50.0 if soc == 50 else 50.025)


@pytest.mark.parametrize(("before", "after", "off"), [(50.0, 18.0, 2.25), (12.0, 12.0, 2.25), (1.0, 2.0, 2.25)])
def test_the_lowest_cell_decides_and_a_good_count_stays(before: float, after: float, off: float) -> None:
    counter = begun(before, off=2.0)
    for _ in range(360):
        counter.take(reading((3.30, 3.20, 3.30), current=0.0, soc=50.0), AH, LFP, 10.0)
    assert counter.count is not None
    assert counter.count.soc == pytest.approx(after)
    assert counter.count.off == pytest.approx(off)


def test_one_low_cell_is_not_held_by_chargers() -> None:
    counter = begun(offset=-0.3)
    for _ in range(600):
        counter.take(reading((3.38, 3.36, 3.38), current=0.0, soc=50.0), AH, LFP, 60.0)
    assert counter.count is not None
    assert counter.count.soc == pytest.approx(47.0)


@pytest.mark.parametrize(("disturbance", "rests"), [(0.5, True), (-0.5, True), (0.51, False), (-0.51, False)])
def test_a_current_or_a_silence_disturbs_the_rest(disturbance: float, rests: bool) -> None:
    counter = begun()
    run(counter, 1800, 0.0, 2.95)
    run(counter, 10, disturbance, 2.95)
    assert (run(counter, 1790, 0.0, 2.95).soc < 20) is rests
    run(counter, 1800, 0.0, 2.95)
    assert (run(counter, 9.5, 0.0, 2.95, every=9.5).soc < 20) is rests
    silent = begun()
    run(silent, 1800, 0.0, 2.95)
    silent.take(reading(2.95, soc=50.0), AH, LFP, 61.0)
    run(silent, 3590, 0.0, 2.95)
    assert run(silent, 9.5, 0.0, 2.95, every=9.5).soc == pytest.approx(50.0)
    assert run(begun(), 7200, 0.0, 2.95, chemistry=None).soc == 50.0


def test_a_dip_of_ten_seconds_resets_nothing() -> None:
    counter = begun()
    assert run(counter, 10, -100.0, 2.50).soc == pytest.approx(50.0 - 100 / 360)


def test_over_a_silence_the_bms_has_counted() -> None:
    counter = begun(50.0, told=60.0, off=5.0)
    count = counter.take(reading(soc=45.0, current=-90.0), AH, LFP, 3600.0)
    assert count is not None
    assert (count.soc, count.shown, count.told) == (35.0, 50.0, 45.0)
    assert count.off == pytest.approx(5.0 + 2.0 + 0.15)
    count = counter.take(reading(soc=None, current=-90.0), AH, LFP, 3600.0)
    assert count is not None
    assert (count.soc, count.told) == (35.0, 45.0)
    unknown = begun(50.0, told=None)
    count = unknown.take(reading(soc=45.0), AH, LFP, inf)
    assert count is not None
    assert (count.soc, count.told) == (50.0, 45.0)


def test_without_a_current_the_bms_counts() -> None:
    counter = begun()
    count = run(counter, 3600, None, told=48.0)
    assert (count.soc, count.off, count.charge) == (48.0, pytest.approx(20.02), None)


CURRENTS = st.none() | st.floats(-500, 500)
SILENCES = st.floats(0, 120) | st.just(inf)
CELLS = st.floats(2.0, 3.8)
STEPS = st.tuples(CURRENTS, SILENCES, CELLS, st.none() | st.floats(0, 100), st.booleans())


@given(st.lists(STEPS, max_size=40), st.floats(0, 100), st.floats(-1, 1))
def test_always_0_to_100_and_never_faster_than_the_slew(
    steps: list[tuple[float | None, float, float, float | None, bool]], soc: float, offset: float
) -> None:
    counter = begun(soc, offset=offset, charge=0.0)
    shown = soc
    for current, silence, cell, told, full in steps:
        if full:
            counter.full()
        count = counter.take(reading(cell, current=current, soc=told), AH, LFP, silence)
        assert count is not None
        assert 0 <= count.soc <= 100
        assert 0 <= count.shown <= 100
        assert 50 <= count.confidence <= 99
        assert -1 <= count.offset <= 1
        assert abs(count.shown - shown) <= (SLEW * silence if silence <= 60 else 0.0) + 1e-9
        shown = count.shown


def test_a_restart_keeps_it_within_half_a_percent() -> None:
    timeline = Timeline(settings=OWN)
    timeline.hear(reading(soc=60.0, current=-140.0), 3600)
    before = timeline.last
    assert before.reading is not None
    assert before.reading.soc == pytest.approx(10.0, abs=0.1)
    assert before.reading.remaining == pytest.approx(28.0, abs=0.3)
    for wall in (None, 0.0, WALL * 2):  # a clock that jumps
        after = timeline.restart(after=30, wall=wall).take(reading(soc=60.0, current=-140.0))
        assert after.reading is not None
        assert after.reading.soc == pytest.approx(before.reading.soc, abs=0.5)
        assert after.count is not None
        assert before.count is not None
        assert after.count.offset == before.count.offset


def test_only_who_wants_it_has_it() -> None:
    timeline = Timeline()
    timeline.hear(reading(soc=60.0, current=-140.0), 3600)
    assert timeline.last.reading is not None
    assert (timeline.last.reading.soc, timeline.last.bms_soc, timeline.last.count) == (60.0, 60.0, None)


def test_without_a_capacity_it_is_the_bms_s() -> None:
    timeline = Timeline(settings=OWN)
    assert timeline.take(reading(soc=60.0, capacity=None)).count is None
    assert timeline.last.reading is not None
    assert timeline.last.reading.soc == 60.0


def test_a_state_of_charge_of_0_after_power_up_is_no_beginning() -> None:
    timeline = Timeline(settings=OWN)
    timeline.hear(reading(soc=0.0, cycles=0), 16)
    assert timeline.last.count is None
    timeline.hear(reading(soc=76.0), 10)
    assert timeline.last.count is not None
    assert timeline.last.count.shown == 76.0


@pytest.mark.parametrize(("lowest", "soc"), [(3.38, False), (3.45, True)])
def test_the_longest_absorption_says_nothing_about_being_full(lowest: float, soc: bool) -> None:
    timeline = Timeline(settings=replace(OWN, absorption_time=1800.0))
    timeline.hear(reading((lowest, *(3.45,) * 15), soc=80.0, current=30.0), 2000, 5)
    assert timeline.last.history.full_charges == 1
    assert timeline.last.count is not None
    assert (timeline.last.count.off < 2.0) is soc
