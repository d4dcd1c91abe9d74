"""JK02 records in the common words: alarms, switches, temperatures, and what is left unsaid."""

from typing import Any

import pytest

from driver.battery.alarms import Alarm
from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from driver.protocol.jk02 import AlarmBits, CellInfo, Variant
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_reading import ALARMS, FLOWS, INFORMATION, lasting, legible, reading
from driver.protocol.jk02_settings import Settings
from driver.protocol.layout import read
from tests.protocol.built import S24, S32, cell_info, device_info, settings
from tests.protocol.fixed_names import NAMES
from tests.protocol.fixed_sets import load


def said(variant: int = S32, *, as_set: dict[str, Any] | None = None, **live: Any) -> Reading:
    slow = lasting(
        "jk-ble",
        read(DeviceInfo, device_info(variant), variant),
        read(Settings, settings(variant, **(as_set or {})), variant),
    )
    return reading(read(CellInfo, cell_info(variant, **live), variant), slow, Variant(variant))


@pytest.mark.parametrize("variant", [S24, S32])
def test_the_words_are_those_of_the_frame(variant: int) -> None:
    one = said(variant)
    assert (one.voltage, one.current, one.soc, one.remaining, one.capacity) == (52.92, -12.5, 64.0, 179.2, 280.0)
    assert (one.cycles, one.charged_total, one.soh, one.runtime) == (17, 4700.0, 100, 123456.0)
    assert (one.mos_temperature, one.balancing, one.balance_switch) == (31.0, False, True)
    assert (one.charge_mosfet_on, one.discharge_mosfet_on, one.charge_switch, one.discharge_switch) == (True,) * 4
    assert (one.tick, one.tick_period, one.tick_may_rest, one.monitor_only) == (12345, 15.0, False, "")
    assert one.balancing_cells is None
    assert one.identity.serial == "40119491480"


@pytest.mark.parametrize("bit", list(AlarmBits))
def test_each_alarm_bit_has_its_alarm(bit: AlarmBits) -> None:
    one = said(alarms=int(bit))
    assert one.unknown_alarm_bits == 0
    assert one.alarms == (frozenset() if bit is INFORMATION else {ALARMS[bit]})


def test_the_factory_password_is_information() -> None:
    assert INFORMATION == 1 << 19
    both = said(alarms=1 << 19 | 1 << 4)
    assert both.alarms == {Alarm.CELL_OVER_VOLTAGE}
    assert both.unknown_alarm_bits == 0


@pytest.mark.parametrize("bit", [29, 30, 31])
def test_a_bit_without_a_name_is_told_as_such(bit: int) -> None:
    one = said(alarms=1 << bit | 2)
    assert one.alarms == {Alarm.MOS_OVER_TEMPERATURE}
    assert one.unknown_alarm_bits == 1 << bit


def test_every_bit_is_known_and_24s_has_the_first_16() -> None:
    assert set(ALARMS) | {INFORMATION} == set(AlarmBits)
    assert said(S24, alarms=0xFFFF).alarms == {ALARMS[bit] for bit in AlarmBits if bit < 1 << 16}


LIMITED = {  # (MOSFET, switch), A -> does the BMS let current flow that way?
    (True, True, 0.0): True,
    (True, True, FLOWS + 1): True,
    (False, True, 0.0): False,
    (True, False, 0.0): False,
    (False, False, FLOWS): False,
    (False, False, FLOWS + 0.001): True,
    (False, True, FLOWS + 0.001): True,
    (True, False, FLOWS + 0.001): True,
    (False, False, -50.0): False,
}


@pytest.mark.parametrize(("mosfet", "switch", "amperes", "flows"), [(*key, value) for key, value in LIMITED.items()])
@pytest.mark.parametrize("variant", [S24, S32])
def test_off_stops_a_side_unless_current_flows_through_it(
    variant: int, mosfet: bool, switch: bool, amperes: float, flows: bool
) -> None:
    for side, sign in (("charge", 1), ("discharge", -1)):
        one = said(variant, current=sign * amperes, as_set={f"{side}_switch": switch}, **{f"{side}_mosfet": mosfet})
        limits = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(one, 1.0).limits
        assert limits is not None
        limit = limits.charge_current if side == "charge" else limits.discharge_current
        assert (limit.value > 0) is flows


def test_on_proves_nothing_against_an_alarm() -> None:
    one = said(alarms=int(AlarmBits.CELL_UNDER_VOLTAGE), current=5.0)
    limits = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(one, 1.0).limits
    assert limits is not None
    assert limits.discharge_current.value == 0
    assert limits.charge_current.value > 0


def test_a_mosfet_that_is_neither_on_nor_off_stops_its_side() -> None:
    frame = bytearray(cell_info())
    frame[198] = 7
    slow = lasting("jk-ble", None, read(Settings, settings(), S32))
    one = reading(read(CellInfo, bytes(frame), S32), slow, S32)
    assert one.charge_mosfet_on is None
    limits = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(one, 1.0).limits
    assert limits is not None
    assert (limits.charge_current.value, limits.discharge_current.value > 0) == (0, True)


@pytest.mark.parametrize(
    ("changes", "temperatures"),
    [
        ({}, (22.0, 23.5, 21.0, 21.5)),
        ({"temperature_4": 0.0, "temperature_5": 0.0}, (22.0, 23.5)),  # as 11.x says it when they are not fitted
        ({"temperature_4": None, "temperature_5": None}, (22.0, 23.5)),
        ({"temperature_4": 0.0, "temperature_5": 1.5}, (22.0, 23.5, 0.0, 1.5)),
        ({"temperature_4": -3.0, "temperature_5": None}, (22.0, 23.5, -3.0)),
        ({"temperature_1": None}, (None, 23.5, 21.0, 21.5)),
        ({"temperature_1": None, "temperature_2": None, "temperature_4": 0.0, "temperature_5": 0.0}, (None, None)),
        ({"temperature_1": -20.0, "temperature_2": -0.1}, (-20.0, -0.1, 21.0, 21.5)),
    ],
)
def test_temperatures_are_those_that_are_fitted(
    changes: dict[str, Any], temperatures: tuple[float | None, ...]
) -> None:
    assert said(**changes).temperatures == temperatures


def test_24s_has_two_temperatures() -> None:
    assert said(S24).temperatures == (22.0, 23.5)
    assert said(S24, temperature_2=None, mos_temperature=None).temperatures == (22.0, None)


@pytest.mark.parametrize(("soc", "shown"), [(0, 0.0), (100, 100.0), (101, None), (255, None)])
def test_a_state_of_charge_is_a_percentage(soc: int, shown: float | None) -> None:
    assert said(state_of_charge=soc).soc == shown


def test_what_is_not_told_is_none() -> None:
    assert said(state_of_health=0).soh is None
    assert said(full_capacity=0.0).capacity == 280.0
    assert said(full_capacity=0.0, as_set={"capacity": 0.0}).capacity is None
    assert said(full_capacity=251.2).capacity == 251.2


def test_the_tick_is_the_uptime_or_else_the_counter() -> None:
    assert said(uptime=0.0, counter=9).tick == 9
    assert said(uptime=5.1, counter=9).tick == 51


@pytest.mark.parametrize(("code", "busy"), [(0, False), (1, True), (2, True), (3, False)])
def test_balancing(code: int, busy: bool) -> None:
    assert said(balancing=code).balancing is busy


def test_only_32s_tells_that_it_heats() -> None:
    assert said(S32, heating=True).heating is True
    assert said(S24, heating=True).heating is None


def test_protections_are_walls_and_what_is_not_set_is_none() -> None:
    one = said(as_set={"requested_charge_voltage": 3.45, "requested_float_voltage": 3.35}).protections
    assert (one.cell_over_voltage, one.cell_under_voltage, one.charge_current, one.discharge_current) == (
        3.65,
        2.6,
        100,
        150,
    )
    assert (one.charge_over_temperature, one.charge_under_temperature, one.discharge_over_temperature) == (60, -5, 65)
    assert (one.mos_over_temperature, one.balance_start, one.discharge_under_temperature) == (90, 3.4, None)
    assert (one.requested_charge_voltage, one.requested_float_voltage) == (3.45, 3.35)
    old = said(S24).protections
    assert (old.requested_charge_voltage, old.requested_float_voltage, old.discharge_under_temperature) == (None,) * 3
    cold = said(as_set={"discharge_under_temperature": -20, "discharge_under_temperature_recovery": -15})
    assert cold.protections.discharge_under_temperature == -20


def test_a_cell_whose_wire_is_off_reads_zero() -> None:
    cells = (3.3, 0.0, 3.3, 3.3)
    assert said(cells=cells, as_set={"cell_count": 4}).cells == cells
    assert said(cells=cells[:2], as_set={"cell_count": 4}).cells == (3.3, 0.0, 0.0, 0.0)
    assert said(cells=cells, as_set={"cell_count": 2}).cells == cells  # more than are set: the BMS raises its alarm
    assert said(cells=cells, as_set={"cell_count": 99}).cells == cells
    assert said(cells=cells, cell_mask=1, as_set={"cell_count": 1}).cells == cells  # a voltage is a cell


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("JK_B2A20S20P", "JK_B2A20S20P"),
        ("", None),
        ("  ", None),
        ("\x01House\x7f", "House"),
        ("Grüße".encode().decode("latin-1"), "Grüße"),
        ("Gr\xfc\xdfe", "Gre"),
        ("電池".encode().decode("latin-1"), "電池"),
    ],
)
def test_names_are_made_legible(text: str, shown: str | None) -> None:
    assert legible(text) == shown


def test_an_unnamed_device_has_only_a_protocol() -> None:
    one = lasting("jk-pb", None, None)
    assert (one.identity.protocol, one.identity.serial, one.protections.cell_over_voltage) == ("jk-pb", None, None)


@pytest.mark.recorded
def test_a_recorded_switch_and_its_mosfet_agree() -> None:
    """The packs 0 and 7 of this bus were switched off and on again while it was recorded."""
    pairs = set()
    for name in NAMES:
        if name.startswith("pb_rs485_bus_capture_20240223"):
            last: dict[int | None, Settings] = {}
            for frame in load(name).frames:
                if frame.record is Settings:
                    last[frame.address] = read(Settings, frame.data, S32)
                elif frame.record is CellInfo and frame.address in last:
                    live, known = read(CellInfo, frame.data, S32), last[frame.address]
                    pairs.add((known.charge_switch, known.discharge_switch, live.charge_mosfet, live.discharge_mosfet))
    assert (True, True, True, True) in pairs
    assert len(pairs) > 1
