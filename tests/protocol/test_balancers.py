"""NEEY and old JK balancers: frames become monitors."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.alarms import Alarm
from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from driver.errors import LayoutError
from driver.protocol.balancer import BalancerAlarms, BalancerStatus, Moving
from driver.protocol.balancer_dialect import JkBalancer
from driver.protocol.balancer_wire import ADDRESS, background, request, sealed
from driver.protocol.dialect import DIALECTS
from driver.protocol.layout import layout_of, read, write
from driver.protocol.neey import Generation, NeeyCellInfo, NeeyDeviceInfo, Operation
from driver.protocol.neey_reading import ALARMS, CELL_ALARMS, FAULTS, OPERATIONS, NeeyUnit, generation_of
from driver.protocol.neey_settings import NeeySettings
from driver.protocol.neey_wire import Command
from driver.protocol.neey_wire import background as neey_background
from driver.protocol.neey_wire import sealed as neey_sealed
from tests.protocol.built import CELLS
from tests.protocol.fixed_sets import load, on_each_set

V1, V2 = Generation.V1, Generation.V2


def neey(command: Command, record: type, generation: int = 0, **values: Any) -> bytes:
    empty = neey_background(command, layout_of(record).sizes[generation], generation)
    return neey_sealed(write(replace(read(record, empty, generation), **values), empty, generation))


def neey_cells(generation: int, **values: Any) -> bytes:
    usual = {"cells": CELLS, "voltage": sum(CELLS), "last_cell": 15, "operation": Operation.BALANCING, "counter": 3}
    usual |= {"balance_current": -2.0, "temperature_1": 28.0, "temperature_2": 29.0, "uptime": 100}
    if generation == V2:
        usual |= {"mos_temperature": 31.0, "capacity": 320.0, "remaining": 177.5, "state_of_charge": 55.5}
    return neey(Command.CELL_INFO, NeeyCellInfo, generation, **(usual | values))


def neey_settings(generation: int, **values: Any) -> bytes:
    usual = {"cell_count": 16, "balance_switch": True, "balance_start": 3.375}
    if generation == V2:
        usual |= {"cell_over_voltage": 3.625, "cell_under_voltage": 2.5}
    return neey(Command.SETTINGS, NeeySettings, generation, **(usual | values))


def neey_device(**values: Any) -> bytes:
    usual = {"model": "GW-24S4EB", "hardware": "HW-2.8.0", "software": "ZH-1.2.3", "manufactured": "20220916"}
    return neey(Command.DEVICE_INFO, NeeyDeviceInfo, **({"runtime": 4711} | usual | values))


def neey_reading(generation: int = V1, as_set: dict[str, Any] | None = None, **values: Any) -> Reading:
    unit = NeeyUnit("neey")
    assert unit.take(neey_device()) is None
    assert unit.take(neey_settings(generation, **(as_set or {}))) is None
    reading = unit.take(neey_cells(generation, **values))
    assert reading is not None
    return reading


def test_a_neey_balancer_is_a_monitor() -> None:
    for generation in (V1, V2):
        one = neey_reading(generation)
        assert one.cells == pytest.approx(CELLS)
        assert one.voltage == pytest.approx(sum(CELLS))
        assert (one.current, one.temperatures, one.balancing, one.balance_switch) == (None, (28.0, 29.0), True, True)
        assert (one.tick, one.tick_period, one.runtime) == (3, 15.0, 4711.0)
        assert one.identity.model == "GW-24S4EB"
        assert one.identity.software == "ZH-1.2.3"
        outcome = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(one, 1.0)
        assert outcome.limits is None
        assert outcome.explanation == "a balancer measures no battery current and stops none"


def test_only_v2_tells_charge_capacity_and_protections() -> None:
    old, new = neey_reading(V1), neey_reading(V2)
    assert (old.soc, old.capacity, old.remaining, old.mos_temperature) == (None,) * 4
    assert (new.soc, new.capacity, new.remaining, new.mos_temperature) == (55.5, 320.0, 177.5, 31.0)
    assert (old.protections.cell_over_voltage, old.protections.balance_start) == (None, 3.375)
    assert (new.protections.cell_over_voltage, new.protections.cell_under_voltage) == (3.625, 2.5)


@pytest.mark.parametrize(("soc", "shown"), [(-0.1, None), (0.0, 0.0), (100.0, 100.0), (100.5, None)])
def test_a_state_of_charge_is_a_percentage(soc: float, shown: float | None) -> None:
    assert neey_reading(V2, state_of_charge=soc).soc == shown


def test_settings_come_first_for_they_tell_the_layout() -> None:
    unit = NeeyUnit("neey")
    assert unit.take(neey_cells(V1)) is None
    assert unit.take(neey_settings(V1)) is None
    reading = unit.take(neey_cells(V1))
    assert reading is not None
    assert (reading.identity.model, reading.runtime) == (None, None)
    assert reading.identity.protocol == "neey"
    unit.forget()
    assert unit.take(neey_cells(V1)) is None


def test_settings_are_worked_out_once() -> None:
    unit = NeeyUnit("neey")
    unit.take(neey_settings(V1))
    first, again = unit.take(neey_cells(V1)), unit.take(neey_cells(V1))
    assert first is not None
    assert again is not None
    assert again.identity is first.identity
    unit.take(neey_settings(V1, cell_count=15))
    changed = unit.take(neey_cells(V1))
    assert changed is not None
    assert len(changed.cells) == 15


def test_the_length_of_the_settings_is_the_generation() -> None:
    assert (generation_of(neey_settings(V1)), generation_of(neey_settings(V2))) == (V1, V2)


@pytest.mark.parametrize(("count", "last", "cells"), [(16, 15, 16), (0, 15, 16), (25, 7, 8), (0, 255, 24), (3, 15, 3)])
def test_there_are_as_many_cells_as_are_set_or_else_found(count: int, last: int, cells: int) -> None:
    assert len(neey_reading(as_set={"cell_count": count}, last_cell=last).cells) == cells


@pytest.mark.parametrize(("name", "alarm"), CELL_ALARMS.items())
@pytest.mark.parametrize("generation", [V1, V2])
def test_a_mask_speaks_of_cells_that_exist(generation: int, name: str, alarm: Alarm) -> None:
    assert neey_reading(generation, **{name: 1 << 15}).alarms == {alarm}
    assert neey_reading(generation, **{name: 0xFF0000}).alarms == frozenset()


@pytest.mark.parametrize(("name", "alarm"), FAULTS.items())
def test_a_fault_is_an_alarm(name: str, alarm: Alarm) -> None:
    assert neey_reading(V2, **{name: 1}).alarms == {alarm}


@pytest.mark.parametrize("operation", list(Operation))
def test_what_it_does_may_be_an_alarm(operation: Operation) -> None:
    one = neey_reading(operation=operation)
    assert one.alarms == ({OPERATIONS[operation]} if operation in OPERATIONS else frozenset())
    assert one.balancing is (operation is Operation.BALANCING)
    assert one.alarms <= ALARMS


def test_the_sign_of_the_current_tells_which_cell_is_busy() -> None:
    assert neey_reading(balance_current=-2.0).balancing_cells == {16}
    assert neey_reading(balance_current=2.0).balancing_cells == {1}
    assert neey_reading(balance_current=0.0).balancing_cells == frozenset()
    assert neey_reading(balance_current=2.0, operation=Operation.FINISHED).balancing_cells == frozenset()


@pytest.mark.parametrize("values", [{"cells": (3.3, 11.0)}, {"voltage": -1.0}, {"voltage": 241.0}, {"cells": (-1.0,)}])
def test_an_impossible_voltage_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(LayoutError, match=r"cell \d reads|the voltage is"):
        neey_reading(**values)


def test_a_voltage_that_is_no_number_is_refused() -> None:
    unit, frame = NeeyUnit("neey"), bytearray(neey_cells(V1))
    unit.take(neey_settings(V1))
    frame[201:205] = bytes.fromhex("0000c07f")
    with pytest.raises(LayoutError, match="the voltage is None"):
        unit.take(bytes(frame))


def test_acknowledges_and_factory_values_are_no_readings() -> None:
    unit = NeeyUnit("neey")
    for command, size in ((Command.FACTORY, 20), (Command.FACTORY, 100), (Command.WRITE, 20), (Command.PROTECT, 20)):
        assert unit.take(neey_background(command, size)) is None


@on_each_set
def test_recorded_neey_frames_become_monitors(recording: str) -> None:
    known = load(recording)
    if not known.of(NeeySettings) or not known.of(NeeyCellInfo):
        return
    unit = NeeyUnit("neey")
    for frame in (*known.of(NeeyDeviceInfo)[:1], *known.of(NeeySettings)[:1]):
        unit.take(frame.data)
    for frame in known.of(NeeyCellInfo):
        reading = unit.take(frame.data)
        assert reading is not None
        assert reading.voltage == pytest.approx(sum(reading.cells), abs=0.01)
        assert reading.alarms == frozenset()
        assert (reading.soc is not None) == ("v2" in recording)


def status(**values: Any) -> bytes:
    empty = background()
    usual = {"cells": CELLS, "voltage": 52.92, "cells_found": 16, "cell_count": 16, "temperature_code": 22}
    return sealed(write(replace(read(BalancerStatus, empty), **({"balance_switch": True} | usual | values)), empty))


def taken(frame: bytes, dialect: JkBalancer | None = None) -> Reading:
    reading = (dialect or JkBalancer()).take(frame)
    assert reading is not None
    return reading


def test_an_old_balancer_is_a_monitor() -> None:
    one = taken(status(moving=3, alarms=7))
    assert (one.voltage, one.current, one.soc, one.cells) == (52.92, None, None, CELLS)
    assert (one.temperatures, one.balance_switch, one.balancing, one.tick) == ((22.0,), True, True, None)
    assert one.alarms == {Alarm.CELL_COUNT, Alarm.WIRE_RESISTANCE, Alarm.PACK_OVER_VOLTAGE}
    assert one.balancing_cells == {1, 16}
    outcome = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(one, 1.0)
    assert outcome.limits is None


@pytest.mark.parametrize(
    ("moving", "busy"), [(0, set()), (Moving.CHARGING_LOWEST, {1}), (Moving.DISCHARGING_HIGHEST, {16}), (4, set())]
)
def test_it_tells_which_cells_are_busy(moving: int, busy: set[int]) -> None:
    one = taken(status(moving=moving))
    assert one.balancing_cells == busy
    assert one.balancing is bool(busy)


def test_an_alarm_without_a_name_is_told_as_such() -> None:
    one = taken(status(alarms=0x81))
    assert (one.alarms, one.unknown_alarm_bits) == ({Alarm.CELL_COUNT}, 0x80)
    assert set(BalancerAlarms) == {1, 2, 4}


def test_what_is_no_temperature_in_degrees_is_one_in_tenths_from_then_on() -> None:
    dialect = JkBalancer()
    assert taken(status(temperature_code=95), dialect).temperatures == (95.0,)
    assert taken(status(temperature_code=163), dialect).temperatures == (16.3,)
    assert taken(status(temperature_code=95), dialect).temperatures == (9.5,)
    assert taken(status(temperature_code=-101)).temperatures == (-10.1,)


@pytest.mark.parametrize(("found", "configured"), [(0, 0), (25, 16), (16, 255)])
def test_an_impossible_number_of_cells_is_refused(found: int, configured: int) -> None:
    with pytest.raises(LayoutError, match="cells: from 1 to 24 are possible"):
        taken(status(cells_found=found, cell_count=configured))


def test_answers_to_writes_and_of_others_are_no_readings() -> None:
    dialect = JkBalancer()
    for place, value in ((3, 0xF0), (2, ADDRESS + 1)):
        frame = bytearray(status())
        frame[place] = value
        assert dialect.take(sealed(bytes(frame))) is None


@on_each_set
def test_recorded_balancers_become_monitors(recording: str) -> None:
    dialect, known = JkBalancer(), load(recording)
    for frame in known.of(BalancerStatus):
        reading = taken(frame.data, dialect)
        assert reading.voltage == pytest.approx(sum(reading.cells), abs=0.03)
        assert reading.monitor_only
        assert reading.temperatures == ((16.3,) if "17s" in recording or "write" in recording else reading.temperatures)
    if known.content["family"] == "jk-balancer":
        assert all(dialect.take(frame.data) is None for frame in known.frames if frame.record is None)


def test_it_is_asked_once_a_second_at_most() -> None:
    assert DIALECTS["jk-balancer"] is JkBalancer
    talk = JkBalancer(0.2).talk
    talk.begin()
    assert talk.send(0.0) == request() == bytes.fromhex("55aa01ff0000ff")
    assert talk.receive(status()) == [status()]
    assert talk.send(0.5) is None
    assert talk.wake(0.5) == pytest.approx(0.5)
    assert talk.send(1.0) == request()
    assert JkBalancer.baudrate == 9600


@given(st.binary(min_size=73, max_size=73))
def test_any_status_is_a_reading_or_is_refused(content: bytes) -> None:
    frame = sealed(b"\xeb\x90\x01\xff" + content[4:] + b"\0")
    try:
        reading = JkBalancer().take(frame)
    except LayoutError:
        return
    assert reading is not None
    assert reading.cells


@given(st.sampled_from([V1, V2]), st.binary(min_size=290, max_size=290))
def test_any_cell_info_is_a_reading_or_is_refused(generation: int, content: bytes) -> None:
    unit = NeeyUnit("neey")
    unit.take(neey_settings(generation))
    frame = neey_sealed(b"\x55\xaa\x11\x01\x02\x00\x2c\x01" + content + b"\0\xff")
    try:
        reading = unit.take(frame)
    except LayoutError:
        return
    assert reading is not None
    assert reading.cells
