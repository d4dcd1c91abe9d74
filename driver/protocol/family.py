"""Which layout the frames `55 AA EB 90` of a device have: its software version tells, and the cell info must show it.

A wrong layout still gives the right cell voltages and nonsense for everything else, without any error. In each of
4872 recorded frames with cells exactly one layout fits. Sources as in `jk02.py`.
"""

import re
from enum import Enum
from math import isfinite
from struct import unpack_from

from .jk02 import Variant
from .jk02_device import DeviceInfo

NEAR = 100  # mV between the sum of the cells and the pack; 77 was the most in recorded frames
PLAUSIBLE = (0.5, 5.0)  # V of a cell
# 12, 13, 16, 17 and what comes after 19 nobody has described
MAJORS = {3: "JK04"} | dict.fromkeys(range(4, 11), "JK02_24S") | dict.fromkeys((11, 14, 15, 18, 19), "JK02_32S")
JK04_MODEL = re.compile("JK[-_]B5A")  # software 8.0.3M, and yet JK04


class Family(Enum):
    """The layouts."""

    S24 = "JK02_24S"
    S32 = "JK02_32S"
    JK04 = "JK04"

    @property
    def variant(self) -> Variant:
        """The column of the JK02 tables; that of the device info also for JK04."""
        return Variant.S32 if self is Family.S32 else Variant.S24


def told(device: DeviceInfo) -> Family | None:
    """The layout that belongs to a software version (not to the hardware's); None: a version nobody knows."""
    if JK04_MODEL.match(device.model):
        return Family.JK04
    major = re.match(r"(\d{1,3})\.", device.software)
    name = MAJORS.get(int(major[1])) if major else None
    return None if name is None else Family(name)


def shown(frame: bytes) -> Family | None:
    """The layout that the content of a cell info frame has; None: no cell has a voltage, or none fits."""
    for family, cells, place in ((Family.S24, "<24H", 118), (Family.S32, "<32H", 150)):
        total = sum(unpack_from(cells, frame, 6))
        if total and abs(total - int.from_bytes(frame[place : place + 4], "little")) <= NEAR:
            return family
    return Family.JK04 if _is_jk04(frame) else None


def _is_jk04(frame: bytes) -> bool:
    """Whether the cells are singles whose mean is what the frame says."""
    fitted = [value for value in unpack_from("<24f", frame, 6) if value]
    (mean,) = unpack_from("<f", frame, 202)
    low, high = PLAUSIBLE
    plausible = fitted and isfinite(mean) and all(low <= value <= high for value in fitted)  # nan is not
    return bool(plausible) and abs(sum(fitted) / len(fitted) - mean) <= 0.1
