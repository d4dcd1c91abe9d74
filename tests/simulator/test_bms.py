from driver.battery.chemistry import Chemistry
from driver.protocol.jkuart import AlarmBits, StatusBits
from driver.simulator.bms import BALANCE_CURRENT, DEAD_ZONE, JkBms
from driver.simulator.cells import Battery
from driver.simulator.protection import PROTECTIONS, Side


def run(bms: JkBms, seconds: float, amperes: float) -> None:
    for _ in range(round(seconds)):
        bms.step(1.0, amperes)


def even(soc: float = 0.5, **changes: float) -> JkBms:
    return JkBms(Battery(soc=soc, spread=0.0, **changes))


def seconds_until(bms: JkBms, amperes: float, alarm: AlarmBits, limit: int = 20_000) -> int:
    for second in range(limit):
        if alarm in bms.alarms:
            return second
        bms.step(1.0, amperes)
    raise AssertionError(f"{alarm!r} did not come in {limit} s")


def test_what_is_measured_belongs_together() -> None:
    bms = JkBms(noise=0.3, seed=2)
    for amperes in (40.0, -70.0, 0.0):
        run(bms, 20, amperes)
        seen = bms.measured
        assert abs(seen.voltage - sum(seen.cells)) <= 0.006
        assert seen.cells == tuple(round(volts, 3) for volts in seen.cells)
        assert seen.current == amperes


def test_noise_moves_about_its_share_of_the_cells_by_one_millivolt() -> None:
    bms = JkBms(Battery(count=24, spread=0.0), noise=0.3)
    moved = 0
    for _ in range(500):
        bms.step(1.0, 0.0)
        off = [volts - round(bms.battery.voltages[0], 3) for volts in bms.measured.cells]
        assert {abs(round(difference, 4)) for difference in off} <= {0.0, 0.001}
        moved += sum(1 for difference in off if abs(difference) > 0.0005)
    assert 0.25 < moved / (500 * 24) < 0.35


def test_small_currents_are_not_seen_and_not_counted() -> None:
    bms = even()
    before = bms.remaining
    run(bms, 3600, DEAD_ZONE / 2)
    assert bms.measured.current == 0.0
    assert bms.remaining == before
    assert bms.battery.cells[0].charge > 140.0


def test_state_of_charge_follows_the_counted_current() -> None:
    bms = even(soc=0.5)
    run(bms, 3600, 56.0)
    assert bms.soc == 70
    run(bms, 3600, -84.0)
    assert bms.soc == 40
    assert bms.charged_total > 44 * 280 + 56


def test_over_voltage_stops_charging_after_its_delay_and_lets_go_at_its_recovery() -> None:
    bms = even(soc=0.99)
    over = None
    for second in range(3600):
        if over is None and max(bms.measured.cells) >= 3.65:
            over = second
        if not bms.charge_mosfet_on:
            break
        bms.step(1.0, 60.0)
    assert over is not None
    assert second - over == 5  # cell_over_voltage_delay
    assert bms.alarms == AlarmBits.CHARGE_OVER_VOLTAGE
    assert bms.soc == 100
    assert not bms.status & StatusBits.CHARGE_MOSFET_ON
    assert bms.status & StatusBits.DISCHARGE_MOSFET_ON
    assert bms.step(1.0, 60.0) == 0.0  # nothing flows in
    assert bms.step(1.0, -60.0) == -60.0  # but out

    while not bms.charge_mosfet_on:
        assert max(bms.measured.cells) > 3.50
        bms.step(1.0, -20.0)
    assert max(bms.measured.cells) <= 3.50
    assert not bms.alarms


def test_under_voltage_stops_discharging_and_says_empty() -> None:
    bms = even(soc=0.03)
    seconds_until(bms, -60.0, AlarmBits.DISCHARGE_UNDER_VOLTAGE)
    assert min(bms.measured.cells) <= 2.60
    assert bms.soc == 0
    assert bms.step(1.0, -60.0) == 0.0
    assert not bms.discharge_mosfet_on
    assert bms.charge_mosfet_on
    while AlarmBits.DISCHARGE_UNDER_VOLTAGE in bms.alarms:
        bms.step(1.0, 30.0)
    assert min(bms.measured.cells) >= 2.90


def test_one_low_cell_is_enough() -> None:
    bms = even(soc=0.5)
    bms.set(cell_difference_protection=None)
    bms.battery.cells[6].charge = 0.5
    assert seconds_until(bms, -20.0, AlarmBits.DISCHARGE_UNDER_VOLTAGE, 600) > 0
    assert sorted(bms.measured.cells)[1] > 3.2


def test_a_short_excursion_does_not_trip() -> None:
    bms = even()
    run(bms, 29, 160.0)  # limit 150 A, delay 30 s
    run(bms, 1, 10.0)
    run(bms, 29, 160.0)
    assert not bms.alarms


def test_over_currents_trip_their_side_and_let_go_after_a_minute() -> None:
    bms = even()
    assert seconds_until(bms, 160.0, AlarmBits.CHARGE_OVER_CURRENT) == 31
    assert (bms.charge_mosfet_on, bms.discharge_mosfet_on) == (False, True)
    run(bms, 58, 160.0)
    assert not bms.charge_mosfet_on
    run(bms, 2, 0.0)
    assert bms.charge_mosfet_on

    bms.set(discharge_over_current_delay=10)
    assert seconds_until(bms, -210.0, AlarmBits.DISCHARGE_OVER_CURRENT) == 11
    assert (bms.charge_mosfet_on, bms.discharge_mosfet_on) == (True, False)


def test_cold_forbids_charging_only_until_it_is_warmer() -> None:
    bms = even(temperature=-1.0)
    run(bms, 4, 0.0)
    assert bms.alarms == AlarmBits.BATTERY_LOW_TEMPERATURE
    assert bms.step(1.0, 30.0) == 0.0
    assert bms.step(1.0, -30.0) == -30.0
    bms.battery.temperature = bms.battery.ambient = 3.0
    run(bms, 4, 0.0)
    assert bms.alarms, "between limit and recovery it stays"
    bms.battery.temperature = bms.battery.ambient = 5.0
    run(bms, 1, 0.0)
    assert not bms.alarms


def test_heat_forbids_both() -> None:
    bms = even(temperature=66.0)
    run(bms, 4, 0.0)
    assert bms.alarms == AlarmBits.BATTERY_OVER_TEMPERATURE
    assert not bms.charge_mosfet_on
    assert not bms.discharge_mosfet_on
    bms.battery.temperature = bms.battery.ambient = 40.0
    run(bms, 4, 0.0)
    assert bms.status == StatusBits.CHARGE_MOSFET_ON | StatusBits.DISCHARGE_MOSFET_ON


def test_hot_mosfets_switch_off_and_cool_down() -> None:
    bms = even()
    bms.set(mos_over_temperature=35, mos_over_temperature_recovery=30)
    seconds_until(bms, -140.0, AlarmBits.MOS_OVER_TEMPERATURE)
    assert not bms.discharge_mosfet_on
    run(bms, 1200, 0.0)
    assert bms.discharge_mosfet_on
    assert bms.measured.mos_temperature <= 30


def test_cells_far_apart_are_told() -> None:
    bms = even(soc=0.3)
    bms.battery.cells[2].charge = 0.0
    run(bms, 4, 0.0)
    assert AlarmBits.CELL_DIFFERENCE in bms.alarms
    assert not bms.charge_mosfet_on


def test_low_capacity_only_warns() -> None:
    bms = even(soc=0.12)
    seconds_until(bms, -28.0, AlarmBits.LOW_CAPACITY)
    assert bms.soc == 10
    assert bms.charge_mosfet_on
    assert bms.discharge_mosfet_on


def test_every_protection_can_be_left_out() -> None:
    bms = even()
    bms.set(cell_over_voltage=None, cell_under_voltage=None, charge_over_current=None)
    run(bms, 60, 250.0)
    assert not bms.alarms


def test_no_two_protections_guard_the_same() -> None:
    assert len({(row.bit, row.blocks, row.low) for row in PROTECTIONS}) == len(PROTECTIONS)
    assert all(row.blocks for row in PROTECTIONS if row.bit is not AlarmBits.LOW_CAPACITY)
    assert Side.CHARGE | Side.DISCHARGE == Side.BOTH


def test_the_owner_s_switches_hold_the_current() -> None:
    bms = even()
    bms.set(charge_switch=False)
    assert (bms.step(1.0, 20.0), bms.step(1.0, -20.0)) == (0.0, -20.0)
    bms.set(charge_switch=True, discharge_switch=False)
    assert (bms.step(1.0, 20.0), bms.step(1.0, -20.0)) == (20.0, 0.0)
    assert bms.status == StatusBits.CHARGE_MOSFET_ON


def test_balancing_brings_the_cells_together_and_loses_nothing() -> None:
    bms = even(soc=0.995)
    bms.battery.cells[3].charge += 2.0
    total = sum(cell.charge for cell in bms.battery.cells)
    bms.step(1.0, 0.0)
    assert bms.balancing is False  # judged by the measurement before
    bms.step(1.0, 0.0)
    assert bms.balancing
    assert bms.status & StatusBits.BALANCING
    apart = max(bms.measured.cells) - min(bms.measured.cells)
    run(bms, 2 * 3600 / BALANCE_CURRENT, 0.0)
    assert max(bms.measured.cells) - min(bms.measured.cells) < apart / 2
    assert not bms.balancing
    assert sum(cell.charge for cell in bms.battery.cells) - total < 1e-6


def test_balancing_waits_for_its_voltage_and_its_switch() -> None:
    bms = even(soc=0.5)
    bms.battery.cells[3].charge += 80
    run(bms, 3, 0.0)
    assert not bms.balancing
    bms.set(balance_start=3.0)
    run(bms, 2, 0.0)
    assert bms.balancing
    bms.set(balancer_switch=False)
    run(bms, 1, 0.0)
    assert not bms.balancing


def test_after_power_up_it_does_not_know_for_sixteen_seconds() -> None:
    bms = even()
    assert (bms.soc, bms.cycles) == (50, 44)
    bms.power_up()
    run(bms, 15, -10.0)
    assert (bms.soc, bms.cycles) == (0, 0)
    assert not bms.alarms
    run(bms, 1, -10.0)
    assert (bms.soc, bms.cycles) == (50, 44)


def test_runtime_counts() -> None:
    bms = even()
    before = bms.runtime
    bms.step(90.0, 0.0)
    assert bms.runtime == before + 90


def test_each_chemistry_is_charged_and_emptied_within_its_own_protections() -> None:
    for chemistry in Chemistry:
        bms = JkBms(Battery(chemistry, 8, capacity=100, soc=0.9))
        row, settings = chemistry.value, bms.settings
        assert row.protection_low <= settings.cell_over_voltage <= row.protection_high
        assert settings.cell_under_voltage < row.band_low < row.band_high < row.charge < settings.cell_over_voltage
        seconds_until(bms, 30.0, AlarmBits.CHARGE_OVER_VOLTAGE)
        seconds_until(bms, -30.0, AlarmBits.DISCHARGE_UNDER_VOLTAGE)
