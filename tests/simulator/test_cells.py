import itertools

import pytest

from driver.battery.chemistry import Chemistry
from driver.simulator.cells import REST_VOLTAGE, Battery, rest_voltage

chemistries = pytest.mark.parametrize("chemistry", list(Chemistry), ids=lambda chemistry: chemistry.name)


@chemistries
def test_rest_voltage_rises_with_the_charge(chemistry: Chemistry) -> None:
    voltages = [rest_voltage(chemistry, n / 1000) for n in range(-25, 1026)]

    assert all(low < high for low, high in itertools.pairwise(voltages))


@chemistries
def test_rest_voltage_goes_through_its_points_and_on_beyond_them(chemistry: Chemistry) -> None:
    for soc, volts in REST_VOLTAGE[chemistry]:
        assert rest_voltage(chemistry, soc) == pytest.approx(volts)
    last, top = REST_VOLTAGE[chemistry][-1]
    assert rest_voltage(chemistry, last + 0.01) > top
    assert rest_voltage(chemistry, -1.0) == 0.0


@chemistries
def test_curves_agree_with_the_driver_s_idea_of_the_chemistry(chemistry: Chemistry) -> None:
    row = chemistry.value

    assert row.plausible_low < rest_voltage(chemistry, 0.05) < rest_voltage(chemistry, 1.0) < row.plausible_high
    assert rest_voltage(chemistry, 0.9) < row.charge  # the charge target can be reached, near full
    assert rest_voltage(chemistry, 1.02) > row.charge


def test_pack_voltage_is_the_sum_of_its_cells_under_current_too() -> None:
    battery = Battery(count=13, seed=5)
    for amperes in (80.0, -120.0, 0.0):
        battery.step(10, amperes)
        assert battery.voltage == pytest.approx(sum(battery.voltages))
        assert battery.voltage - sum(battery.rest_voltages) == pytest.approx(amperes * battery.resistance)


def test_charging_lifts_and_discharging_lowers_every_cell() -> None:
    battery = Battery()
    rest = battery.voltages
    battery.step(1, 100.0)
    assert all(now > before for now, before in zip(battery.voltages, rest, strict=True))
    battery.step(1, -100.0)
    assert all(now < before for now, before in zip(battery.voltages, rest, strict=True))


def test_charge_is_counted_exactly() -> None:
    battery = Battery(capacity=280, soc=0.5)
    before = [cell.charge for cell in battery.cells]
    for _ in range(3600):
        battery.step(1, 28.0)
    assert [cell.charge for cell in battery.cells] == pytest.approx([charge + 28.0 for charge in before])


def test_a_round_trip_costs_exactly_the_heat() -> None:
    battery = Battery(soc=0.4)
    put_in = taken = heat = 0.0
    for amperes in [100.0] * 1800 + [-100.0] * 1800:
        battery.step(1, amperes)
        heat += battery.heat
        if amperes > 0:
            put_in += battery.voltage * amperes
        else:
            taken -= battery.voltage * amperes

    assert put_in > taken
    assert put_in - taken == pytest.approx(heat, rel=0.02)


def test_a_current_warms_the_pack_and_rest_cools_it_to_its_surroundings() -> None:
    battery = Battery(temperature=20.0)
    battery.step(3600, 150.0)
    warm = battery.temperature
    assert 20.5 < warm < 40.0
    battery.step(100 * 3600, 0.0)
    assert battery.temperature == pytest.approx(20.0, abs=0.01)


def test_the_same_warming_in_one_step_and_in_many() -> None:
    once, often = Battery(), Battery()
    once.ambient = often.ambient = -10.0  # without current nothing depends on the size of the step
    once.step(3600, 0.0)
    for _ in range(3600):
        often.step(1, 0.0)
    assert once.temperature == pytest.approx(often.temperature)
    assert -10.0 < once.temperature < 25.0


def test_cold_cells_resist_more() -> None:
    assert Battery(temperature=-10).resistance > 1.5 * Battery(temperature=25).resistance
    assert Battery(temperature=60).resistance < Battery(temperature=25).resistance


def test_a_seed_repeats_and_another_differs() -> None:
    assert Battery(seed=3).voltages == Battery(seed=3).voltages
    assert Battery(seed=3).voltages != Battery(seed=4).voltages
    assert len(set(Battery(spread=0.0).voltages)) == 1


def test_the_emptiest_and_the_fullest_cell_bound_the_state_of_charge() -> None:
    battery = Battery(spread=0.0, soc=0.5, capacity=100)
    assert battery.soc == pytest.approx(0.5)
    battery.move(0, 1, 10.0)  # one cell can give 40 Ah, another take 40 Ah
    assert battery.soc == pytest.approx(0.5)
    assert min(cell.charge for cell in battery.cells) == pytest.approx(40.0)
    assert max(cell.charge for cell in battery.cells) == pytest.approx(60.0)


def test_the_current_for_a_voltage_brings_it_there() -> None:
    battery = Battery(soc=0.9)
    battery.step(0.0, battery.current_for(54.4))
    assert battery.voltage == pytest.approx(54.4, abs=1e-6)
