"""What holds for every reading: limits stay in their bounds, and worse news never raises one."""

from dataclasses import replace
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from driver.battery.alarms import Alarm
from driver.battery.chemistry import Chemistry
from driver.battery.envelope import CELL_MARGIN, FEED_IN_OFFSET, envelope
from driver.battery.limits import NEAR_FULL, Limits, limits
from driver.battery.reading import Protections, Reading
from driver.battery.settings import ChargeSettings
from tests.battery.packs import reading

KINDS = [
    (Chemistry.LFP, (4, 8, 12, 15, 16, 24), 3.45, 3.80),
    (Chemistry.NMC, (7, 13, 14), 4.00, 4.35),
    (Chemistry.LTO, (5, 20, 24), 2.60, 2.90),
]
Battery: TypeAlias = tuple[Reading, ChargeSettings, Chemistry]
CELSIUS = st.none() | st.floats(-60, 120)


@st.composite
def batteries(draw: st.DrawFn) -> Battery:
    """A reading with everything that can be odd about it, and settings that make it certain."""
    chemistry, counts, low, high = draw(st.sampled_from(KINDS))
    over = draw(st.floats(low, high))
    row = chemistry.value
    protections = Protections(
        cell_over_voltage=over,
        cell_under_voltage=draw(st.floats(1.0, row.band_low)),
        charge_current=draw(st.none() | st.floats(0, 500)),
        discharge_current=draw(st.none() | st.floats(0, 500)),
        charge_over_temperature=draw(st.none() | st.floats(45, 100)),
        charge_under_temperature=draw(st.none() | st.floats(-40, 5)),
        discharge_over_temperature=draw(st.none() | st.floats(45, 100)),
        discharge_under_temperature=draw(st.none() | st.floats(-40, 5)),
        mos_over_temperature=draw(st.none() | st.floats(60, 110)),
    )
    cell = st.floats(row.plausible_low - 0.2, row.plausible_high + 0.2) | st.floats(over - 0.3, over) | st.just(0.0)
    count = draw(st.sampled_from(counts))
    cells = [draw(cell)] * count
    for place, volts in draw(st.lists(st.tuples(st.integers(0, count - 1), cell), max_size=3)):
        cells[place] = volts
    state = st.sampled_from([True, True, True, False, None])
    now = reading(
        cells,
        protections=protections,
        current=draw(st.none() | st.floats(-300, 300)),
        temperatures=tuple(draw(st.lists(CELSIUS, max_size=4))),
        mos_temperature=draw(CELSIUS),
        alarms=draw(st.frozensets(st.sampled_from(Alarm), max_size=2)),
        charge_mosfet_on=draw(state),
        discharge_mosfet_on=draw(state),
        charge_switch=draw(state),
        discharge_switch=draw(state),
        soc=draw(st.none() | st.floats(0, 100)),
    )
    settings = ChargeSettings(
        max_charge_current=draw(st.floats(0, 500)),
        max_discharge_current=draw(st.floats(0, 500)),
        cell_charge_voltage=draw(st.none() | st.floats(row.rest, row.plausible_high)),
        charge_by_soc=draw(st.sampled_from([None, ((80.0, 1.0), (90.0, 0.0))])),
        discharge_by_soc=draw(st.sampled_from([None, ((10.0, 0.0), (20.0, 1.0))])),
    )
    return now, settings, chemistry


def allowed(now: Reading, settings: ChargeSettings, chemistry: Chemistry) -> Limits:
    found = envelope(now, chemistry, settings)
    assert not isinstance(found, str), found
    return limits(now, found)


def closed_by_bms(now: Reading) -> tuple[bool, bool]:
    rows = [alarm.value for alarm in now.alarms]
    return (
        now.charge_mosfet_on is not True or now.charge_switch is False or any(row.blocks_charge for row in rows),
        now.discharge_mosfet_on is not True or now.discharge_switch is False or any(r.blocks_discharge for r in rows),
    )


@given(batteries())
def test_limits_stay_in_their_bounds(battery: Battery) -> None:
    now, settings, _ = battery
    found, own, count = allowed(*battery), now.protections, len(now.cells)
    for limit, setting, protection, closed in zip(
        (found.charge_current, found.discharge_current),
        (settings.max_charge_current, settings.max_discharge_current),
        (own.charge_current, own.discharge_current),
        closed_by_bms(now),
        strict=True,
    ):
        assert setting is not None
        assert 0 <= limit.value <= setting
        assert protection is None or limit.value <= 0.95 * protection
        assert limit.reason
        if closed or 0.0 in now.cells:
            assert limit.value == 0
        if None in now.temperatures or not now.temperatures or now.mos_temperature is None:
            assert limit.value <= setting / 2
    over = own.cell_over_voltage
    assert over is not None
    assert 0 < found.charge_voltage.value <= (over - CELL_MARGIN) * count - FEED_IN_OFFSET + 1e-9
    if settings.cell_charge_voltage is not None:
        assert found.charge_voltage.value <= settings.cell_charge_voltage * count + 1e-9
    assert 0 < found.low_voltage.value < over * count


@given(batteries(), st.floats(0, 1.0) | st.floats(0, 1e-6))
def test_a_higher_highest_cell_lowers_the_charge_and_nothing_jumps(battery: Battery, more: float) -> None:
    now, settings, chemistry = battery
    place = now.cells.index(max(now.cells))
    higher = (*now.cells[:place], now.cells[place] + more, *now.cells[place + 1 :])
    before, after = allowed(now, settings, chemistry), allowed(replace(now, cells=higher), settings, chemistry)
    assert after.charge_current.value <= before.charge_current.value
    assert after.charge_voltage.value <= before.charge_voltage.value + 1e-9
    count = len(now.cells)
    steepest = 2 * count + (count * max(higher) - sum(higher)) / NEAR_FULL
    assert before.charge_voltage.value - after.charge_voltage.value <= steepest * more + 1e-9


@given(batteries(), st.floats(0, 1.5))
def test_a_lower_lowest_cell_raises_no_current(battery: Battery, less: float) -> None:
    now, settings, chemistry = battery
    place = now.cells.index(min(now.cells))
    lower = (*now.cells[:place], max(0.0, now.cells[place] - less), *now.cells[place + 1 :])
    before, after = allowed(now, settings, chemistry), allowed(replace(now, cells=lower), settings, chemistry)
    assert after.discharge_current.value <= before.discharge_current.value
    assert after.charge_current.value <= before.charge_current.value


def at(battery: Battery, **changes: Any) -> tuple[float, float]:
    found = allowed(replace(battery[0], **changes), *battery[1:])
    return found.charge_current.value, found.discharge_current.value


@given(batteries(), st.floats(-60, 15), st.floats(35, 120), st.floats(0, 60))
def test_colder_cells_and_hotter_ones_raise_no_current(battery: Battery, cold: float, hot: float, more: float) -> None:
    others = battery[0].temperatures[1:]
    for less, worse in (
        (at(battery, temperatures=(cold, *others)), at(battery, temperatures=(cold - more, *others))),
        (at(battery, temperatures=(hot, *others)), at(battery, temperatures=(hot + more, *others))),
        (at(battery, mos_temperature=hot), at(battery, mos_temperature=hot + more)),
    ):
        assert worse[0] <= less[0] + 1e-9
        assert worse[1] <= less[1] + 1e-9


@given(batteries(), st.floats(0, 100), st.floats(0, 100))
def test_a_fuller_battery_is_charged_no_more_and_an_emptier_one_discharged_no_more(
    battery: Battery, soc: float, more: float
) -> None:
    less, fuller = at(battery, soc=soc), at(battery, soc=min(100.0, soc + more))
    assert fuller[0] <= less[0] + 1e-9
    assert fuller[1] >= less[1] - 1e-9


MISSING: dict[str, Any] = {
    "current": None,
    "soc": None,
    "capacity": None,
    "cycles": None,
    "mos_temperature": None,
    "charge_mosfet_on": None,
    "discharge_mosfet_on": None,
    "charge_switch": None,
    "discharge_switch": None,
}
HEALTHY = {"charge_mosfet_on": True, "discharge_mosfet_on": True, "charge_switch": True, "discharge_switch": True}


@given(batteries(), st.sets(st.sampled_from(sorted(MISSING))), st.lists(st.none() | st.just(25.0), max_size=4))
def test_what_is_missing_allows_no_more_than_a_healthy_battery(
    battery: Battery, missing: set[str], temperatures: list[float | None]
) -> None:
    now, settings, chemistry = battery
    healthy = replace(now, **HEALTHY, temperatures=(25.0, 25.0), mos_temperature=30.0, alarms=frozenset())
    lacking = replace(healthy, temperatures=tuple(temperatures), **{name: MISSING[name] for name in missing})
    whole, found = allowed(healthy, settings, chemistry), allowed(lacking, settings, chemistry)
    assert found.charge_current.value <= whole.charge_current.value
    assert found.discharge_current.value <= whole.discharge_current.value
    assert found.charge_voltage.value <= whole.charge_voltage.value
    if "mos_temperature" in missing or not temperatures or None in temperatures:
        assert found.charge_current.value <= whole.charge_current.value
        assert found.charge_current.value <= (settings.max_charge_current or 0.0) / 2
        assert found.discharge_current.value <= (settings.max_discharge_current or 0.0) / 2
    assert "charge_mosfet_on" not in missing or found.charge_current.value == 0
    assert "discharge_mosfet_on" not in missing or found.discharge_current.value == 0


@given(batteries(), st.sampled_from(["cell_over_voltage", "cell_under_voltage"]))
def test_without_the_bms_s_own_cell_protections_there_are_no_limits(battery: Battery, name: str) -> None:
    now, settings, chemistry = battery
    lacking = replace(now, protections=replace(now.protections, **{name: None}))
    assert isinstance(envelope(lacking, chemistry, settings), str)


@given(batteries(), st.sampled_from(["charge", "discharge"]))
def test_without_its_own_current_and_without_a_setting_there_are_none_either(battery: Battery, side: str) -> None:
    now, settings, chemistry = battery
    lacking = replace(now, protections=replace(now.protections, **{f"{side}_current": None}))
    assert isinstance(envelope(lacking, chemistry, replace(settings, **{f"max_{side}_current": None})), str)
