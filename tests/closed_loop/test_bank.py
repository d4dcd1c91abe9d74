"""Banks in closed loop: packs of unequal capacity, age and resistance, that leave, fail and come back."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from driver.battery.alarms import Alarm
from driver.battery.charge_mode import Phase
from driver.battery.reading import Protections, Reading
from driver.battery.settings import ChargeSettings
from driver.simulator.plant import Site
from driver.simulator.protection import Side
from tests.closed_loop.banked import BankLoop, Spoil, control_run, longest_excess, pack, unequal

LONGEST = 10.0  # s for which a pack may have more than 105 % of its own limit
MODEST = ChargeSettings(max_charge_current=40.0, max_discharge_current=50.0)  # so that limits decide


def sun(count: int) -> Site:
    """Sun that comes and goes, loads that jump."""
    return Site(
        solar=lambda now: 5000.0 * count if now % 700 < 400 else 500.0,
        load=lambda now: 3000.0 * count if now % 1000 < 300 else 100.0,
        mppt_current=100.0 * count,
        inverter=100.0 * count,
    )


def grid(count: int) -> Site:
    """A charger that gives all it may."""
    return Site(grid_charger=200.0 * count)


def drawn(count: int) -> Site:
    """A load that takes what the limit leaves: an inverter that obeys it."""
    return Site(load=lambda now: 2200.0 * count, inverter=45.0 * count)


def to_and_fro(count: int) -> Site:
    """All that may be charged, then all that may be drawn, every two minutes."""
    return Site(grid_charger=200.0 * count, load=lambda now: 2500.0 * count if now % 120 < 60 else 0.0)


SITES: dict[str, Callable[[int], Site]] = {"sun": sun, "grid": grid, "load": drawn}
HOURS = {2: 0.75, 4: 0.5, 8: 0.25, 16: 0.15}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("count", HOURS)
def test_no_pack_exceeds_its_own_limits(count: int, site: str) -> None:
    loop = BankLoop(unequal(count), SITES[site](count), MODEST).run(3600 * HOURS[count])
    excess = [longest_excess(loop.samples, index) for index in range(count)]
    print(count, site, excess, loop.samples[-1].limits)
    assert max(excess) <= LONGEST
    assert not any(pack.guard.blocked & Side.BOTH for pack in loop.packs)
    used = max(abs(sum(sample.currents)) for sample in loop.samples)
    assert used > 20.0 * count  # no pack is spared by doing nothing


def test_the_limits_of_30_and_70_are_used_and_not_summed() -> None:
    loop = BankLoop(unequal(2), grid(2), MODEST).run(120)
    last = loop.samples[-1]
    assert last.currents[0] / sum(last.currents) == pytest.approx(0.7, abs=0.03)
    assert sum(last.currents) == pytest.approx(40 / 0.7, rel=0.06)


def test_limits_that_are_summed_break_the_bound() -> None:
    assert longest_excess(control_run(BankLoop(unequal(2), grid(2), MODEST)).samples, 0) > 60


@pytest.mark.parametrize("count", [2, 4])
def test_each_pack_is_cut_off_in_turn_and_comes_back(count: int) -> None:
    loop = BankLoop(unequal(count), sun(count), MODEST).run(400)
    for index in range(count):
        before = loop.samples[-1].limits.charge
        loop.bars.connected[index] = False
        loop.silent.add(index)
        cut = len(loop.samples)
        loop.run(90)
        left = [sample.limits.charge for sample in loop.samples[cut : cut + 6]]
        assert min(left) <= before * (1 - 0.5 / count)  # within 5 s of the last reading
        loop.bars.connected[index] = True
        loop.silent.discard(index)
        came = len(loop.samples)
        loop.run(300)
        rises = [
            after.limits.charge - now.limits.charge
            for now, after in zip(loop.samples[came:], loop.samples[came + 1 :], strict=False)
        ]
        assert max(rises) <= 1.5 * count  # A in a second: 40 A a pack take a minute
    assert max(longest_excess(loop.samples, index) for index in range(count)) <= LONGEST


def test_a_pack_that_comes_back_empty_waits_for_the_others() -> None:
    loop = BankLoop([pack(soc=0.8), pack(soc=0.8), pack(soc=0.05)], grid(3), MODEST)
    loop.bars.connected[2] = False
    loop.run(60)
    assert states(loop)["B3"] == "waits"
    assert "B3 waits: its voltage is" in loop.samples[-1].outcome.explanation
    assert loop.samples[-1].limits.charge <= 80.0


def test_maintenance_of_each_pack_in_turn() -> None:
    loop = BankLoop(unequal(3), sun(3), MODEST).run(400)
    for index in range(3):
        loop.maintenance.add(index)
        loop.run(5)
        assert states(loop)[f"B{index + 1}"].startswith("is in maintenance")
        loop.bars.connected[index] = False
        loop.run(60)
        assert states(loop)[f"B{index + 1}"] == "is in maintenance"
        loop.bars.connected[index] = True
        loop.maintenance.discard(index)
        loop.run(200)
        assert states(loop)[f"B{index + 1}"] == "serves"
    assert max(longest_excess(loop.samples, index) for index in range(3)) <= LONGEST


def test_a_bank_is_charged_to_the_full_once_for_all() -> None:
    loop = BankLoop(unequal(2, soc=0.9), Site(grid_charger=100.0))
    while loop.bank.state.phase is not Phase.FLOAT and loop.now < 6 * 3600:
        loop.run(300)
    assert loop.bank.state.phase is Phase.FLOAT
    assert all(min(pack.measured.cells) > 3.37 for pack in loop.packs)
    highest = max(max(sample.highest) for sample in loop.samples)
    assert highest <= 3.45 + 0.020
    assert loop.samples[-1].outcome.history.full_charges == 1


def states(loop: BankLoop) -> dict[str, str]:
    return {pack.name: pack.state for pack in loop.samples[-1].outcome.packs}


def without(**changes: object) -> Spoil:
    return lambda seen: replace(seen, **changes)  # type: ignore[arg-type]


def first_cell(volts: float) -> Spoil:
    return lambda seen: replace(seen, cells=(volts, *seen.cells[1:]))


def fewer(seen: Reading) -> Reading:
    return replace(seen, cells=seen.cells[:-1])


FAULTS: dict[str, Spoil] = {
    "silent": lambda seen: None,
    "no current": without(current=None),
    "no temperatures": without(temperatures=(), mos_temperature=None),
    "hot": without(temperatures=(300.0, 25.0)),
    "cold": without(temperatures=(-30.0, -30.0)),
    "no state of charge": without(soc=None),
    "state of charge 0": without(soc=0.0, cycles=0),
    "a cell at 0 V": first_cell(0.0),
    "a cell at 5 V": first_cell(5.0),
    "a cell at the protection": first_cell(3.65),
    "a cell that is empty": first_cell(2.55),
    "a cell less": fewer,
    "no protections": without(protections=Protections()),
    "no capacity": without(capacity=None),
    "MOSFETs off": without(charge_mosfet_on=False, discharge_mosfet_on=False),
    "MOSFETs not known": without(charge_mosfet_on=None, discharge_mosfet_on=None),
    "charging off": without(charge_mosfet_on=False),
    "discharging off": without(discharge_mosfet_on=False),
    "switches off": without(charge_switch=False, discharge_switch=False),
    "a wrong voltage": without(voltage=60.0),
    "a wrong current": without(current=-200.0),
    "unknown alarms": without(unknown_alarm_bits=0x8000),
    "not to be trusted": without(monitor_only="an unknown version"),
    **{alarm.name: without(alarms=frozenset({alarm})) for alarm in Alarm},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_one_pack_says_the_others_stay_inside_their_limits(fault: str) -> None:
    loop = BankLoop(unequal(3), to_and_fro(3), MODEST).run(60)
    loop.spoil[2] = FAULTS[fault]
    loop.run(240)
    del loop.spoil[2]
    loop.run(80)
    for index in (0, 1):
        assert longest_excess(loop.samples, index) <= LONGEST
        assert not loop.packs[index].guard.blocked & Side.BOTH
    for sample in loop.samples:
        assert sample.outcome.limits is not None
        assert 0 <= sample.limits.charge <= 120.0
        assert 0 <= sample.limits.discharge <= 150.0
        assert 3.0 * 16 < sample.limits.voltage <= 55.2


def test_code_that_fails_for_one_pack_leaves_the_others_serving() -> None:
    loop = BankLoop(unequal(3), sun(3), MODEST).run(60)
    loop.failing.add(1)
    loop.run(120)
    assert states(loop) == {"B1": "serves", "B2": "is lost", "B3": "serves"}
    assert loop.samples[-1].limits.charge > 20.0
    assert max(longest_excess(loop.samples, index) for index in (0, 2)) <= LONGEST
