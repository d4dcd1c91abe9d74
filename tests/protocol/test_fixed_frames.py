"""Every recorded frame of fixed length, held against what is known of it from elsewhere."""

from collections import Counter
from typing import Any

from driver.protocol import family
from driver.protocol.jk02 import CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.layout import layout_of, read, write
from driver.protocol.neey import NeeyCellInfo, NeeyDeviceInfo
from driver.protocol.neey_settings import NeeyFactory, NeeySettings
from driver.protocol.rows import FACTORY, REDACTED
from tests.protocol.fixed_allowed import ODD, WORKED_OUT
from tests.protocol.fixed_claims import CLAIMS, near
from tests.protocol.fixed_names import MISFILED, NAMES
from tests.protocol.fixed_sets import FrameSet, Recorded, families, load, on_each_set
from tests.protocol.fixed_terms import same
from tests.protocol.fixed_units import as_row, unit_claims, units, written
from tests.protocol.fixed_values import UNCOMPARED, VALUES

NO_ROW = {"frame_counter", "float_254", "float_258", "float_262"}  # of settings and device info; never read
SINGLES = (CellInfo04, Settings04, NeeyCellInfo, NeeySettings, NeeyFactory)


def records(known: FrameSet) -> list[tuple[Recorded, Any]]:
    return [(one, read(one.record, one.data, one.variant)) for one in known.frames if one.record is not None]


def as_written(value: Any) -> float:
    """Half of the last decimal that a source has written of a single."""
    if isinstance(value, list):
        return max(map(as_written, value), default=0.0)
    return 0.51 * 10 ** -len(str(value).partition(".")[2]) if isinstance(value, float) else 0.0


@on_each_set
def test_no_witness_objects(recording: str) -> None:
    for frame, record in records(load(recording)):
        for witness in (frame.expected, frame.derived if recording not in MISFILED else {}):
            for key, wanted in witness.items():
                if key in UNCOMPARED | NO_ROW or (witness is frame.expected and (recording, key) in WORKED_OUT):
                    continue
                tolerance = max(frame.tolerance.get(key, 0.0), as_written(wanted) if frame.record in SINGLES else 0.0)
                actual = VALUES[type(record)][key](record)
                assert same(actual, wanted, tolerance), f"{frame.kind}: {key} is {wanted!r}, read as {actual!r}"


@on_each_set
def test_every_value_of_a_witness_is_compared(recording: str) -> None:
    for frame in load(recording).frames:
        if frame.record is not None:
            assert {*frame.expected, *frame.derived} - UNCOMPARED - NO_ROW <= {*VALUES[frame.record]}


@on_each_set
def test_what_must_hold_in_any_frame_holds(recording: str) -> None:
    known = load(recording)
    pairs = records(known)
    failed = [claim for _, record in pairs for claim, holds in CLAIMS[type(record)](record) if not holds]
    failed += [claim for unit in units(recording, pairs) for claim, holds in unit_claims(unit) if not holds]
    assert Counter(failed) == {claim: count for (name, claim), count in ODD.items() if name == recording}


@on_each_set
def test_what_an_app_wrote_is_read(recording: str) -> None:
    layout = families(recording)
    for one in written(load(recording)):
        if "clock" in one.values:
            assert near(read(CellInfo, one.frame, 1).clock, one.values["clock"], 60)
            continue
        if layout is family.Family.JK04:
            record: Any = read(Settings04, one.frame)
        elif layout is not None:
            record = read(Settings, one.frame, layout.variant)
        else:
            record = read(NeeySettings, one.frame)
        assert {name: as_row(record, name) for name in one.values} == one.values


@on_each_set
def test_written_back_each_frame_is_the_same(recording: str) -> None:
    for frame, record in records(load(recording)):
        assert write(record, frame.data, frame.variant) == frame.data


@on_each_set
def test_over_an_empty_frame_each_value_is_written(recording: str) -> None:
    for frame, record in records(load(recording))[:5]:
        empty = bytes(len(frame.data))
        again = read(type(record), write(record, empty, frame.variant), frame.variant)
        hidden = {name for name, row in layout_of(type(record)).rows[frame.variant] if row.secret}
        for name in set(type(record).__dataclass_fields__) - hidden:
            value = getattr(record, name)
            assert getattr(again, name) == value or value is None


@on_each_set
def test_no_secret_shows(recording: str) -> None:
    for frame, record in records(load(recording)):
        if not isinstance(record, DeviceInfo):
            continue
        hidden = [row for _, row in layout_of(DeviceInfo).rows[frame.variant] if row.secret]
        assert len(hidden) == (4 if frame.variant else 3)
        shown = repr(record).replace(repr(record.name), "").replace(repr(record.serial), "")
        for row in hidden:
            text = frame.data[row.place : row.place + (row.kind.size() or 0)].partition(b"\0")[0].decode("latin-1")
            assert not text or text not in shown
        passcode = frame.data[86:102].partition(b"\0")[2].strip(b"\0").decode("latin-1")
        assert not passcode or len(record.serial) + len(passcode) < 16
        assert record.user_data == REDACTED
        assert {record.passcode, record.setup_passcode} <= {REDACTED, FACTORY}
        assert (record.passcode == FACTORY) == (frame.data[62:67] == b"1234\0")


@on_each_set
def test_the_content_shows_the_layout(recording: str) -> None:
    wanted = families(recording)
    for frame in load(recording).of(CellInfo, CellInfo04):
        cells = any(read(CellInfo, frame.data, frame.variant).cells) if frame.record is CellInfo else True
        assert family.shown(frame.data) is (wanted if cells else None)


@on_each_set
def test_the_version_tells_the_layout(recording: str) -> None:
    for frame in load(recording).of(DeviceInfo):
        device = read(DeviceInfo, frame.data)
        filed = family.Family.JK04 if device.software == "3.2.3" else families(recording)  # among others of 24S
        assert family.told(device) is filed


@on_each_set
def test_a_balancer_is_told_by_its_model(recording: str) -> None:
    for frame in load(recording).of(NeeyDeviceInfo):
        assert read(NeeyDeviceInfo, frame.data).model.startswith("EK-B") == ("v2" in recording)


def test_every_odd_claim_is_of_a_known_set() -> None:
    assert {name for name, _ in ODD} <= set(NAMES)
