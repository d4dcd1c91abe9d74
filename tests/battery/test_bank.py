"""Several packs as one battery: what it shows, who belongs to it, and what its packs leave it when they go."""

from dataclasses import replace

import pytest

from driver.battery.alarms import Alarm, Severity
from driver.battery.bank_reading import BankReading
from driver.battery.charge_mode import ChargeState, Phase
from driver.battery.chemistry import Chemistry
from driver.battery.controller import Controller, failsafe
from driver.battery.history import NONE
from driver.battery.loss import Presence
from driver.battery.settings import ChargeSettings
from tests.battery.banks import Banked, off
from tests.battery.packs import NMC, PROTECTIONS, SETTINGS, WIRE, ahead, reading


def shown(bank: Banked) -> BankReading:
    assert isinstance(bank.last.reading, BankReading)
    return bank.last.reading


def test_values_are_sums_and_means_by_ah() -> None:
    big = reading(3.30, current=20.0, soc=90.0, capacity=300.0, remaining=270.0, soh=90.0, charged_total=5.0)
    small = reading(3.32, current=-5.0, soc=30.0, capacity=100.0, cycles=40, soh=98.0, charged_total=7.0)
    bank = Banked().hear(B1=big, B2=small)
    now = shown(bank)
    assert now.current == 15.0
    assert now.capacity == 400.0
    assert now.remaining == 300.0
    assert now.soc == pytest.approx(75.0)
    assert now.soh == pytest.approx(92.0)
    assert now.voltage == pytest.approx(16 * 3.31)
    assert (now.cycles, now.charged_total) == (40, 12.0)
    assert bank.last.cell_count == 16
    assert bank.last.chemistry is Chemistry.LFP


def test_what_one_pack_does_not_tell_is_not_made_up() -> None:
    bank = Banked().hear(
        B1=reading(soc=None, remaining=None, temperatures=(), mos_temperature=None, cycles=None),
        B2=reading(soc=50.0, current=None, mos_temperature=40.0, cycles=None),
    )
    now = shown(bank)
    assert (now.current, now.remaining, now.cycles) == (None, None, None)
    assert (now.soc, now.mos_temperature) == (50.0, 40.0)
    assert now.temperature_ids == ("B2 T1", "B2 T2")
    assert now.balancing is None
    assert shown(Banked().hear(usual=reading(soc=None, capacity=None))).soc is None
    assert shown(Banked().hear(usual=reading(soc=50.0, capacity=100.0, remaining=None))).remaining == 100.0


def test_a_voltage_that_its_cells_deny_weighs_little() -> None:
    liar = replace(reading(3.30), voltage=53.3)
    assert shown(Banked(3).hear(B1=liar)).voltage == pytest.approx(52.8, abs=0.03)


def test_cells_and_sensors_have_the_name_of_their_pack() -> None:
    now = shown(Banked().hear(B2=reading(ahead(3.35, 3.30))))
    assert now.cell_name(now.cells.index(max(now.cells))) == "B2 C03"
    assert now.cell_ids[0] == "B1 C01"
    assert now.temperature_ids == ("B1 T1", "B1 T2", "B2 T1", "B2 T2")


def test_limits_are_those_that_no_pack_exceeds() -> None:
    bank = Banked(3).hear()
    assert bank.limits == (55.2, 300.0, 450.0)
    assert bank.reasons == ("bulk", "B1: setting", "B1: setting")
    weak = Banked(3, {"B2": ChargeSettings(max_charge_current=50.0, max_discharge_current=20.0)}).hear()
    assert weak.limits == (55.2, 150.0, 60.0)
    assert weak.reasons[1:] == ("B2: setting", "B2: setting")


def test_the_charge_voltage_is_that_of_the_pack_with_the_highest_cell() -> None:
    bank = Banked().hear(30, B1=reading(3.40), B2=reading(ahead(3.47, 3.40)))
    assert bank.limits[0] < 55.0
    assert "; B2: a cell runs ahead" in bank.reasons[0]
    assert bank.reasons[1] == "B2: highest cell"


def test_phases_are_decided_once_for_all_packs() -> None:
    full = reading(3.44, current=5.0, soc=99.0)
    bank = Banked().hear(60, B1=full, B2=reading(3.40, current=5.0, soc=99.0))
    assert bank.bank.state.phase is Phase.ABSORPTION
    assert bank.reasons[0].startswith("absorption: B2 C01 needs 30 mV")
    bank.hear(3000, B1=full, B2=reading(3.41, current=30.0, soc=99.0))  # alone the first would float by now
    assert bank.bank.state.phase is Phase.ABSORPTION
    bank.hear(1000, B1=full, B2=full)
    assert bank.bank.state == ChargeState(
        phase=Phase.FLOAT, soc=99.0, reason="all cells in band", since_full=bank.bank.state.since_full
    )
    assert bank.last.history.full_charges == 1
    bank.hear(600, usual=reading(3.38, soc=99.0))
    assert bank.reasons[0] == "float (all cells in band)"


def test_a_pack_that_falls_silent_is_gone_for_the_others_within_seconds_and_comes_back_slowly() -> None:
    bank = Banked(4).hear(5)
    bank.hear(6, B3=None)
    assert bank.limits == (55.2, 300.0, 450.0)
    assert bank.states["B3"] == "is silent"
    assert bank.last.presence is Presence.LIVE
    bank.hear(1)
    assert bank.states["B3"] == "serves"
    assert 300.0 <= bank.limits[1] < 320.0
    bank.hear(30)
    assert 320.0 < bank.limits[1] < 350.0
    for _ in range(600):
        bank.hear(1, usual=reading(current=50.0))
    assert bank.limits[1] == pytest.approx(400.0, abs=0.1)


def test_a_reading_that_is_late_is_reason_enough() -> None:
    bank = Banked().hear(5)
    bank.late = {"B1"}
    bank.hear()
    assert bank.limits[1:] == (100.0, 150.0)


def test_a_silent_pack_holds_its_own_limits_until_it_is_lost() -> None:
    bank = Banked(2, {"B2": ChargeSettings(max_charge_current=10.0, max_discharge_current=10.0)}).hear(5)
    assert bank.limits[1:] == (20.0, 20.0)
    bank.hear(10, B2=None)
    assert bank.limits[1:] == (20.0, 20.0)  # B1 alone could take 100 A, but B2 may still take a half
    bank.hear(90, B2=None)
    assert bank.limits == (53.6, 100.0, 150.0)
    assert bank.states["B2"] == "is lost"
    assert bank.reasons[0].endswith("B2: BMS silent: rest voltage 3.35 V per cell")
    assert bank.last.cable_alarm is Severity.WARNING
    assert bank.last.explanation == "B2: BMS silent, limits lowered"
    assert bank.last.modules == (1, 1, 0, 0)
    assert shown(bank).capacity == 280.0


def test_a_lost_pack_is_let_go_when_it_is_in_maintenance() -> None:
    bank = Banked().hear(5).hear(100, B2=None)
    bank.maintenance = {"B2"}
    bank.hear(120, B2=None)
    assert bank.limits[0] == 55.2
    assert bank.last.cable_alarm is Severity.NONE
    assert bank.last.explanation == "B2 is in maintenance"
    assert [pack.maintenance for pack in bank.last.packs] == [False, True]


def test_all_packs_lost_is_the_contract_for_a_silent_bms() -> None:
    bank = Banked().hear(60).hear(10, B1=None, B2=None)
    assert bank.last.presence is Presence.HOLD
    assert bank.limits == (55.2, 200.0, 300.0)
    bank.hear(100, B1=None, B2=None)
    assert bank.last.presence is Presence.LIMP
    assert not bank.last.fresh
    assert bank.limits == (53.6, 40.0, 150.0)
    bank.hear(1800, B1=None, B2=None)
    assert bank.last.presence is Presence.SAFE
    assert bank.last.cable_alarm is Severity.ALARM
    assert bank.limits == (53.6, 0.0, 0.0)
    since = bank.last.since
    bank.hear(10, B1=None, B2=None)
    assert bank.last.since == since
    bank.hear(1)
    assert bank.last.presence is Presence.LIVE
    assert bank.limits[1] < 10.0


def test_a_pack_that_is_switched_off_leaves_both_sums_and_the_voltage() -> None:
    bank = Banked(3).hear(5).hear(5, B2=off())
    assert bank.limits == (55.2, 200.0, 300.0)
    assert bank.states["B2"] == "is switched off"
    assert bank.last.modules == (2, 1, 0, 0)
    bank.hear(B1=off(), B2=off(), B3=off())
    assert bank.limits == (55.2, 0.0, 0.0)
    assert bank.reasons[1] == "no pack is on the bus bars"


def test_a_mosfet_that_is_off_takes_its_pack_out_of_one_side() -> None:
    full = reading(charge_mosfet_on=False)
    bank = Banked(2).hear(5).hear(5, B2=full)
    assert bank.limits[1:] == (100.0, 300.0)
    assert bank.last.modules == (2, 0, 1, 0)
    bank.hear(5, B2=reading(charge_mosfet_on=False, current=20.0))  # current denies it
    assert bank.limits[1] == 0.0
    assert bank.reasons[1] == "B2: the BMS holds its charging MOSFET off"
    bank.hear(5, B1=full, B2=full)
    assert bank.limits[1] == 0.0
    assert bank.reasons[1] == "B1: the BMS holds its charging MOSFET off"


def test_a_block_without_a_mosfet_that_is_off_stops_all() -> None:
    bank = Banked(2).hear(5).hear(1, B2=reading(alarms=frozenset({Alarm.CELL_OVER_VOLTAGE})))
    assert bank.limits[1] == 0.0
    assert bank.reasons[1] == "B2: BMS: cell voltage high"
    assert bank.last.alarm_words == ("B2: cell voltage high: cell 1 3.300 V, limit 3.650 V",)
    assert bank.last.history.high_voltage_alarms == 1
    assert shown(bank).alarms == {Alarm.CELL_OVER_VOLTAGE}


def test_maintenance_counts_at_once_for_the_others_and_at_no_current_for_the_pack() -> None:
    strict = ChargeSettings(max_charge_current=10.0, max_discharge_current=150.0)
    bank = Banked(2, {"B2": strict}).hear(5, usual=reading(current=10.0))
    bank.maintenance = {"B2"}
    bank.hear(5, usual=reading(current=10.0))
    assert bank.states["B2"] == "is in maintenance, but still carries current"
    assert bank.limits[1:] == (20.0, 150.0)
    bank.hear(5, B1=reading(current=10.0))
    assert bank.states["B2"] == "is in maintenance"
    assert 20.0 < bank.limits[1] < 40.0
    assert bank.last.modules == (1, 1, 0, 0)


def test_fault_in_the_code_of_one_pack_is_a_lost_pack() -> None:
    bank = Banked(2).hear(5)
    last = bank.packs["B2"]
    assert last is not None
    bank.packs["B2"] = failsafe(last, bank.now, "fault inside the driver")
    bank.look()
    assert bank.limits == (53.6, 100.0, 150.0)
    assert bank.last.explanation == "B2: fault inside the driver"


def test_a_fault_of_the_bank_itself_is_left_slowly() -> None:
    bank = Banked().hear(5)
    bank.bank.resume(failsafe(bank.last, bank.now, "fault inside the driver"))
    bank.hear(10)
    assert bank.limits[1] < 40.0


def test_packs_of_another_kind_stay_outside() -> None:
    other = reading(3.9, 14, protections=NMC)
    bank = Banked(3).hear(B3=other)
    assert bank.limits[1:] == (200.0, 300.0)
    assert bank.last.explanation == "B3 is not of this bank: 14 cells NMC"
    assert bank.last.modules == (2, 1, 0, 0)
    assert bank.states["B3"] == "is not of this bank: 14 cells NMC"


def test_nothing_is_shown_before_all_are_heard_or_there_was_time() -> None:
    bank = Banked(3)
    bank.hear(14, B3=None)
    assert bank.outcomes == [None] * 14
    bank.hear(2, B3=None)
    assert bank.last.modules == (2, 1, 0, 0)
    assert bank.last.explanation == "B3 was not heard yet"
    bank.hear()
    assert bank.states["B3"] == "serves"
    assert [pack.name for pack in bank.last.packs] == ["B1", "B2", "B3"]
    assert Banked(1).hear(20, B1=None).outcomes == [None] * 20


def test_a_pack_that_becomes_uncertain_stays_in_and_stops_the_charge() -> None:
    bank = Banked().hear(5).hear(5, B2=reading(protections=replace(PROTECTIONS, cell_over_voltage=None)))
    assert bank.limits[1] == 0.0
    assert bank.limits[2] > 0
    assert bank.states["B2"] == "serves"
    assert bank.last.explanation.startswith("B2: the BMS does not tell its cell voltage protections")


def test_a_pack_far_from_the_others_is_not_counted_in_before_it_has_come_close() -> None:
    bank = Banked(2).hear(5).hear(200, B2=None)
    bank.hear(5, B2=reading(3.36))
    assert bank.states["B2"] == "waits"
    assert bank.last.explanation == "B2 waits: its voltage is 1 V above that of the bank"
    assert bank.limits[1:] == (100.0, 150.0)
    bank.hear(5, B2=reading(3.20))
    assert bank.last.explanation == "B2 waits: its voltage is 1.5 V below that of the bank"
    bank.hear(5, B2=reading(3.32))
    assert bank.states["B2"] == "serves"


def test_current_says_that_a_pack_is_on_the_bus_bars() -> None:
    bank = Banked(2).hear(5).hear(200, B2=None).hear(5, B2=reading(3.36, current=5.0))
    assert bank.states["B2"] == "serves"


def test_a_pack_whose_breaker_was_opened_leaves_when_its_voltage_does() -> None:
    bank = Banked(3).hear(5).hear(9, B2=reading(3.40))
    assert bank.states["B2"] == "serves"
    bank.hear(2, B2=reading(3.40))
    assert bank.states["B2"] == "waits"
    assert set(bank.states.values()) == {"serves", "waits"}


def test_packs_that_stand_apart_from_the_beginning() -> None:
    bank = Banked(3).hear(B1=reading(3.20), B2=reading(3.30), B3=reading(3.31))
    assert bank.states == {"B1": "waits", "B2": "serves", "B3": "serves"}
    bank = Banked(2).hear(B1=reading(3.20), B2=reading(3.30, current=5.0))
    assert bank.states == {"B1": "waits", "B2": "serves"}


def test_a_pack_that_stands_apart_with_one_side_blocked_need_not_have_the_voltage() -> None:
    bank = Banked(2).hear(5).hear(60, B2=reading(3.42, charge_mosfet_on=False))
    assert bank.states["B2"] == "serves"


def test_a_pack_that_was_off_and_falls_silent_does_not_hold_the_others() -> None:
    bank = Banked(2).hear(5).hear(5, B2=off()).hear(8, B2=None)
    assert bank.states["B2"] == "is switched off"
    bank.hear(60, B2=None)
    assert bank.states["B2"] == "is lost"


def test_a_restart_knows_the_phase_the_history_and_the_limits() -> None:
    bank = Banked().hear(700, usual=reading(3.44, current=10.0, soc=99.0))
    assert bank.bank.state.phase is Phase.ABSORPTION
    before = bank.bank.state.absorbed
    again = bank.restart()
    assert again.bank.keep(1.8e9) is None
    again.hear(1, usual=reading(3.44, soc=99.0))
    assert again.bank.state.absorbed == before
    assert again.last.history.charged_energy > 0
    assert again.limits[1] <= bank.limits[1]
    again.bank.clear_history()
    again.hear()
    assert again.last.history == replace(
        NONE,
        minimum_voltage=pytest.approx(52.8),
        maximum_voltage=pytest.approx(52.8),
        minimum_cell_voltage=3.3,
        maximum_cell_voltage=3.3,
        minimum_temperature=25.0,
        maximum_temperature=25.0,
    )


def test_a_bank_of_other_cells_forgets_the_limits() -> None:
    again = Banked().hear(5).restart().hear(usual=reading(3.30, 8))
    assert again.limits[:2] == (27.6, 200.0)


def test_shares_are_told_for_packs_that_serve() -> None:
    bank = Banked().hear(5).hear(60, B2=None)
    assert [(pack.charge_share, pack.discharge_share) for pack in bank.last.packs] == [(100.0, 100.0), (None, None)]


def remembered() -> Banked:
    """A bank of one pack that an earlier process knew, and that has said nothing yet."""
    memory = Banked(1).hear(5).controllers["B1"].keep(5.0, 1.8e9)
    again = Banked(1)
    again.controllers["B1"] = Controller(SETTINGS, WIRE, 0.0, memory, 1.8e9 + 10)
    return again


def test_a_pack_that_comes_back_uncertain_has_no_phase() -> None:
    again = remembered().hear(16, B1=None).hear(5, usual=reading(monitor_only="an unknown version"))
    assert again.states == {"B1": "serves"}
    assert again.reasons[1:] == ("B1: an unknown version", "B1: an unknown version")
    assert again.bank.state == ChargeState()


def test_a_restored_pack_that_is_silent_is_lost() -> None:
    again = remembered().hear(16, B1=None)
    assert again.last.presence is Presence.LIMP
    assert again.last.reading is None
    assert again.limits[1] > 0
    assert again.states == {"B1": "is lost"}
