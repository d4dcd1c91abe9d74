"""One BMS behind the frames 55 AA EB 90: what becomes of its frames, and when a reading may drive limits."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from driver.errors import LayoutError
from driver.protocol.family import Family, shown, told
from driver.protocol.jk02 import CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk02_wire import sealed
from driver.protocol.layout import read, write
from driver.protocol.unit_reading import PATIENCE, JkUnit
from tests.protocol.built import CELLS, S24, S32, cell_info, device_info, settings
from tests.protocol.fixed_sets import families, load, on_each_set
from tests.protocol.fixed_units import MIXED

KNOWN = {4: "JK02_24S", 10: "JK02_24S", 11: "JK02_32S", 14: "JK02_32S", 15: "JK02_32S", 18: "JK02_32S", 19: "JK02_32S"}


def unit(variant: int = S32, *, monitor_only: str = "", device: bytes | None = None) -> JkUnit:
    """A BMS that has said who it is and how it is set."""
    one = JkUnit("jk-ble", monitor_only)
    assert one.take(device or device_info(variant)) is None
    assert one.take(settings(variant)) is None
    return one


def taken(one: JkUnit, frame: bytes) -> Reading:
    reading = one.take(frame)
    assert reading is not None
    return reading


@pytest.mark.parametrize("variant", [S24, S32])
def test_a_reading_needs_device_info_and_settings(variant: int) -> None:
    one = JkUnit("jk-ble")
    assert one.take(cell_info(variant)) is None
    assert one.take(device_info(variant)) is None
    assert one.take(cell_info(variant)) is None
    assert one.take(settings(variant)) is None
    reading = taken(one, cell_info(variant))
    assert reading.monitor_only == ""
    assert reading.cells == CELLS
    assert [type(record) for record in reading.details] == [CellInfo, Settings, DeviceInfo]


@pytest.mark.parametrize("variant", [S24, S32])
def test_such_a_reading_drives_limits(variant: int) -> None:
    controller = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0)
    outcome = controller.take(taken(unit(variant), cell_info(variant)), 1.0)
    assert outcome.limits is not None
    assert outcome.limits.charge_current.value > 0
    assert outcome.limits.discharge_current.value > 0


def test_what_is_never_told_is_not_waited_for_for_ever() -> None:
    one = JkUnit("jk-ble")
    one.take(settings())
    for _ in range(PATIENCE):
        assert one.take(cell_info()) is None
    assert taken(one, cell_info()).monitor_only == "the BMS has not told its software version"
    one.take(device_info())
    assert taken(one, cell_info()).monitor_only == ""


def test_without_settings_it_is_a_monitor() -> None:
    one = JkUnit("jk-ble")
    one.take(device_info())
    for _ in range(PATIENCE):
        assert one.take(cell_info()) is None
    reading = taken(one, cell_info())
    assert reading.monitor_only == "the BMS has not told its settings"
    assert reading.cells == CELLS
    assert (reading.charge_switch, reading.balance_switch, reading.protections.cell_over_voltage) == (None, None, None)
    assert reading.capacity == 280.0


def test_another_bms_begins_anew() -> None:
    one = unit()
    taken(one, cell_info())
    one.forget()
    assert one.take(cell_info()) is None


def test_a_reason_from_outside_makes_every_reading_a_monitor() -> None:
    assert taken(unit(monitor_only="listening only"), cell_info()).monitor_only == "listening only"


@pytest.mark.parametrize(("major", "name"), KNOWN.items())
def test_the_software_tells_the_layout(major: int, name: str) -> None:
    layout = Family(name)
    one = unit(layout.variant, device=device_info(layout.variant, software=f"{major}.21H", hardware="10.XW"))
    assert taken(one, cell_info(layout.variant)).monitor_only == ""


@pytest.mark.parametrize("software", ["12.01", "13.0", "16.1", "20.00", "21.05", "99.9", "", "x", "1507", "2.1"])
@pytest.mark.parametrize("variant", [S24, S32])
def test_an_unknown_version_is_a_monitor(software: str, variant: int) -> None:
    reading = taken(unit(variant, device=device_info(variant, software=software)), cell_info(variant))
    assert reading.monitor_only == f"software {software!r} is not known to this driver"
    assert (reading.voltage, reading.cells) == (round(sum(CELLS), 3), CELLS)


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\0"), max_size=8), st.sampled_from([S24, S32]))
def test_no_version_makes_the_wrong_layout_control(software: str, variant: int) -> None:
    reading = taken(unit(variant, device=device_info(variant, software=software)), cell_info(variant))
    major = re.match(r"(\d{1,3})\.", software)
    is_right = major is not None and KNOWN.get(int(major[1])) == (Family.S32 if variant else Family.S24).value
    middle = major is not None and variant == S24 and 4 <= int(major[1]) <= 10
    assert (reading.monitor_only == "") == (is_right or middle)


@pytest.mark.parametrize("variant", [S24, S32])
def test_a_version_that_the_content_denies_is_a_monitor(variant: int) -> None:
    other = S24 if variant == S32 else S32
    device = device_info(variant, software="10.07" if other == S24 else "15.41")
    reading = taken(unit(variant, device=device), cell_info(variant))
    names = {S24: "JK02_24S", S32: "JK02_32S"}
    assert reading.monitor_only.endswith(f"should send {names[other]}, but these are {names[variant]} frames")
    assert reading.voltage == round(sum(CELLS), 3)


@on_each_set
def test_recorded_frames_of_one_variant_never_control_as_the_other(recording: str) -> None:
    family = families(recording)
    if family not in (Family.S24, Family.S32):
        return
    other = S24 if family is Family.S32 else S32
    one = unit(other)
    for frame in load(recording).of(CellInfo):
        try:
            reading = one.take(frame.data)
        except LayoutError:
            continue
        assert reading is not None
        assert reading.monitor_only


@on_each_set
def test_recorded_frames_of_a_known_version_drive_limits(recording: str) -> None:
    known, family = load(recording), families(recording)
    if family is None or not all(known.of(record) for record in (DeviceInfo, Settings, CellInfo)) or recording in MIXED:
        return
    one = JkUnit("jk-ble")
    one.take(known.of(DeviceInfo)[0].data)
    one.take(known.of(Settings)[0].data)
    for frame in known.of(CellInfo):
        reading = taken(one, frame.data)
        assert reading.monitor_only == ("" if any(reading.cells) else "no cell has a voltage")
        assert reading.cells == read(CellInfo, frame.data, family.variant).cells[: len(reading.cells)]
        assert reading.identity.serial == read(DeviceInfo, known.of(DeviceInfo)[0].data).serial


def test_cells_of_another_moment_are_no_doubt_once_the_layout_is_confirmed() -> None:
    one = unit()
    late = cell_info(voltage=round(sum(CELLS), 3) - 1.5, current=-200.0)
    assert taken(one, late).monitor_only == "the cells sum to 52.92 V, but the pack has 51.42 V"
    assert taken(one, cell_info()).monitor_only == ""
    assert taken(one, late).monitor_only == ""
    missing = cell_info(cells=(0.0, *CELLS[1:]), voltage=round(sum(CELLS), 3))
    assert taken(one, missing).monitor_only == "the cells sum to 49.62 V, but the pack has 52.92 V"


def test_the_layout_is_confirmed_anew_for_another_version() -> None:
    one = unit()
    late = cell_info(voltage=round(sum(CELLS), 3) - 1.5)
    taken(one, cell_info())
    one.take(device_info(S24))
    assert "the cells sum to" in taken(one, cell_info(S24, voltage=51.4)).monitor_only
    assert taken(one, cell_info(S24)).monitor_only == ""
    one.take(device_info(S32))
    assert "the cells sum to" in taken(one, late).monitor_only


def test_without_any_cell_nothing_is_confirmed() -> None:
    reading = taken(unit(), cell_info(cells=()))
    assert reading.cells == (0.0,) * 16
    assert reading.monitor_only == "no cell has a voltage"


def test_no_cell_and_none_configured_is_no_reading() -> None:
    one = JkUnit("jk-ble")
    one.take(device_info())
    one.take(settings(cell_count=0))
    with pytest.raises(LayoutError, match="no cell is connected, and none is configured"):
        one.take(cell_info(cells=()))


def test_a_frame_that_no_layout_fits_is_refused() -> None:
    one = JkUnit("jk-ble")
    one.take(device_info(software="21.0"))
    one.take(settings())
    with pytest.raises(LayoutError, match="no known layout fits this frame"):
        one.take(cell_info(voltage=1.0))


def test_settings_and_device_info_may_change() -> None:
    one = unit()
    first = taken(one, cell_info())
    again = taken(one, cell_info(counter=8))
    assert again.identity is first.identity
    assert again.protections is first.protections
    one.take(settings(cell_over_voltage=3.6))
    assert taken(one, cell_info()).protections.cell_over_voltage == 3.6
    one.take(device_info(name="House"))
    assert taken(one, cell_info()).identity.name == "House"


def test_logs_are_no_readings() -> None:
    one = unit()
    for kind in (5, 6):
        assert one.take(sealed(b"\x55\xaa\xeb\x90" + bytes((kind,)) + bytes(295))) is None


@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, 5, 6]), st.binary(min_size=295, max_size=295)), max_size=60))
def test_any_frames_give_readings_that_can_be_controlled_or_are_refused(parts: list[tuple[int, bytes]]) -> None:
    one, controller = JkUnit("jk-ble"), Controller(ChargeSettings(), Timing.wire(1.0), started=0.0)
    one.take(device_info())
    one.take(settings())
    for number, (kind, content) in enumerate(parts):
        try:
            reading = one.take(sealed(b"\x55\xaa\xeb\x90" + bytes((kind,)) + content))
        except LayoutError:
            continue
        if reading is not None:
            assert reading.cells
            controller.take(reading, float(number))


@given(st.sampled_from([S24, S32]), st.integers(0, 298), st.integers(1, 255))
def test_a_changed_byte_never_makes_the_other_layout(variant: int, place: int, flip: int) -> None:
    frame = cell_info(variant)
    changed = sealed(frame[:place] + bytes((frame[place] ^ flip,)) + frame[place + 1 :])
    assert shown(changed) in (Family.S32 if variant else Family.S24, None)


def test_hardware_versions_and_underscores_decide_nothing() -> None:
    device = read(DeviceInfo, device_info(software="11.21h", hardware="10.XW", model="JK-B2A20S20P"))
    assert told(device) is Family.S32
    assert told(replace(device, model="JK_PB2A16S20P", software="19.27")) is Family.S32
    assert told(replace(device, model="JK-B5A24S", software="8.0.3M")) is Family.JK04
    assert told(replace(device, software="8.0.6G")) is Family.S24


def test_an_encoder_writes_what_the_decoder_reads() -> None:
    for variant in (S24, S32):
        frame = cell_info(variant)
        assert write(read(CellInfo, frame, variant), frame, variant) == frame
