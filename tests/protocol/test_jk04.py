"""JK04 devices are monitors: what control needs they do not tell."""

import pytest

from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.settings import ChargeSettings
from driver.errors import LayoutError
from driver.protocol.family import Family
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.unit_reading import PATIENCE, JkUnit
from tests.protocol.built import CELLS, S24, device_info, jk04_cell_info, jk04_settings
from tests.protocol.fixed_sets import families, load, on_each_set
from tests.protocol.test_unit import taken, unit


@pytest.mark.parametrize(("model", "software"), [("JK-B2A16S", "3.3.0"), ("JK-B5A24S", "8.0.3M"), ("JK_B5A24S", "8.X")])
def test_jk04_is_a_monitor(model: str, software: str) -> None:
    one = JkUnit("jk-ble")
    one.take(device_info(S24, model=model, software=software))
    one.take(jk04_settings())
    reading = taken(one, jk04_cell_info(balancing=1))
    assert reading.monitor_only == "JK04 tells neither current nor state of charge"
    assert reading.cells == pytest.approx(CELLS)
    assert reading.voltage == pytest.approx(sum(CELLS))
    assert (reading.current, reading.soc, reading.temperatures, reading.capacity) == (None, None, (), None)
    assert (reading.balancing, reading.balance_switch, reading.tick, reading.runtime) == (True, True, 7, 1000.0)
    assert reading.protections.balance_start == pytest.approx(3.2)
    assert reading.identity.model == model
    outcome = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(reading, 1.0)
    assert outcome.limits is None
    assert outcome.explanation == reading.monitor_only
    assert taken(one, jk04_cell_info(balancing=1)).identity is reading.identity


def test_jk04_frames_of_another_version_say_so() -> None:
    one = unit(S24)
    reading = taken(one, jk04_cell_info())
    assert reading.monitor_only == "software '10.07' should send JK02_24S, but these are JK04 frames"


def test_jk04_without_settings_is_shown_as_well() -> None:
    one = JkUnit("jk-ble")
    one.take(device_info(S24, software="3.3.0"))
    for _ in range(PATIENCE):
        assert one.take(jk04_cell_info()) is None
    reading = taken(one, jk04_cell_info())
    assert (reading.balance_switch, reading.protections.balance_start) == (None, None)
    assert reading.monitor_only == "the BMS has not told its settings"


@pytest.mark.parametrize("volts", [-0.1, 10.1, 1e30])
def test_an_impossible_jk04_cell_is_refused(volts: float) -> None:
    one = JkUnit("jk-ble")
    one.take(device_info(S24, software="3.3.0"))
    one.take(jk04_settings())
    with pytest.raises(LayoutError, match="cell 2 reads"):
        one.take(jk04_cell_info(cells=(3.3, volts, *CELLS[2:])))


@on_each_set
def test_recorded_jk04_devices_are_monitors(recording: str) -> None:
    known = load(recording)
    if families(recording) is not Family.JK04 or not known.of(DeviceInfo):
        return
    one = JkUnit("jk-ble")
    one.take(known.of(DeviceInfo)[0].data)
    one.take(known.of(Settings04)[0].data if known.of(Settings04) else jk04_settings())
    for frame in known.of(CellInfo04):
        assert taken(one, frame.data).monitor_only == "JK04 tells neither current nor state of charge"
