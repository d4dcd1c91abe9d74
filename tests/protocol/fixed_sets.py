"""Recorded frames of fixed length, read where they lie: JK02, JK04, PB on RS485, NEEY, old balancers."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from driver.protocol.balancer import BalancerStatus
from driver.protocol.family import Family
from driver.protocol.jk02 import CellInfo, Variant
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_log import DetailLog, Logbook
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.neey import Generation, NeeyCellInfo, NeeyDeviceInfo
from driver.protocol.neey_settings import NeeyFactory, NeeySettings
from tests.protocol.fixed_names import MISFILED, NAMES
from tests.protocol.recordings import vectors

JK02: dict[int, type] = {1: Settings, 2: CellInfo, 3: DeviceInfo, 5: Logbook, 6: DetailLog}
JK04: dict[int, type] = {1: Settings04, 2: CellInfo04, 3: DeviceInfo}
NEEY: dict[str, type] = {
    "cell_info": NeeyCellInfo,
    "settings": NeeySettings,
    "device_info": NeeyDeviceInfo,
    "factory_defaults": NeeyFactory,
}

# marks a test that runs on each set in turn, by its name
on_each_set = pytest.mark.parametrize("recording", [pytest.param(name, marks=pytest.mark.recorded) for name in NAMES])


@dataclass(frozen=True)
class Recorded:
    """One frame."""

    kind: str  # as the file names it, with an address on a bus
    data: bytes
    record: type | None  # None: an acknowledge, or a reply to a write
    variant: int
    expected: dict[str, Any]  # asserted by the source's own tests
    tolerance: dict[str, float]
    derived: dict[str, Any]  # by a second decoder that follows the same notes
    address: int | None = None  # on a bus


@dataclass(frozen=True)
class FrameSet:
    """One file."""

    name: str
    content: dict[str, Any]
    frames: tuple[Recorded, ...]  # with a right checksum, in the order of the file

    def of(self, *records: type) -> list[Recorded]:
        """The frames that hold such a record."""
        return [frame for frame in self.frames if frame.record in records]


@cache
def load(name: str) -> FrameSet:
    """A set; skips the test when it is not there."""
    content = vectors(name)
    frames = []
    for kind, data in content.get("frames", {}).items():
        if content["checksums"][kind]["valid"]:
            known = (content.get(part, {}).get(kind, {}) for part in ("expected", "tolerance", "derived"))
            frames.append(_recorded(name, content, kind, data, *known))
    for kind, several in content.get("more_frames", {}).items():
        derived = content.get("derived_more", {}).get(kind, [])
        for number, data in enumerate(several):
            known_too = derived[number] if number < len(derived) else {}
            frames.append(_recorded(name, content, kind, data, {}, {}, known_too))
    for event in content.get("events", ()):
        if event["event"] == "frame":
            frames.append(_recorded(name, content, "bus", event["hex"], {}, {}, {}, address=None))
        elif event["event"] == "ack" and frames and frames[-1].address is None:
            frames[-1] = _addressed(frames[-1], event["address"])
    return FrameSet(name, content, tuple(frames))


def families(name: str) -> Family | None:
    """The layout that a set of JK frames has; None: it has others."""
    content = vectors(name)
    if content["family"] not in ("ble-jk", "pb-rs485"):
        return None
    protocol = content["protocol"] or ""
    if name in MISFILED or protocol.startswith("PB"):
        return Family.S32
    return Family(protocol)


def _recorded(
    name: str,
    content: dict[str, Any],
    kind: str,
    data: str,
    expected: dict[str, Any],
    tolerance: dict[str, float],
    derived: dict[str, Any],
    address: int | None = None,
) -> Recorded:
    frame = bytes.fromhex(data)
    record: type | None
    family = families(name)
    if family is Family.JK04:
        record, variant = JK04[frame[4]], 0
    elif family is not None:
        record, variant = JK02[frame[4]], int(family is Family.S32)
        variant = 0 if record in (Logbook, DetailLog) else variant
    elif content["family"] == "neey-ble":
        record = NEEY.get(kind)
        new = "v2" in content["protocol"] and kind in ("cell_info", "settings")
        variant = int(Generation.V2 if new else Generation.V1)
    else:
        record, variant = (BalancerStatus if kind.startswith("status") else None), 0
    return Recorded(kind, frame, record, variant, expected, tolerance, derived, address)


def _addressed(frame: Recorded, address: int) -> Recorded:
    known = (frame.expected, frame.tolerance, frame.derived)
    return Recorded(frame.kind, frame.data, frame.record, frame.variant, *known, address)


def named(variant: int) -> str:
    """A JK02 variant by its name."""
    return Variant(variant).name
