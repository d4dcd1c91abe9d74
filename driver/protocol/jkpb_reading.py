"""One pack on a PB bus: what it has said of itself, and what its status then means.

The frames are those of JK02 with 32 cells, whatever the firmware: a status must show that by its content, and a
software version that says otherwise, one that nobody knows, or none at all makes the pack a monitor. Settings tell the
address of their pack [R]: those of another one are refused.
"""

from math import ceil

from ..battery.reading import Reading
from ..errors import LayoutError
from .family import Family
from .jk02 import Variant
from .jk02_settings import Settings
from .jk02_wire import FrameType
from .layout import extent, layout_of
from .unit_reading import JkUnit

WAIT = 5.0  # s for which settings and device info are waited for before a status counts without them
LISTENING = "the JK master controls, and its bus is only listened to"
_ADDRESS = next(extent(row) for name, row in layout_of(Settings).rows[Variant.S32] if name == "device_address")


class PbPack(JkUnit):
    """The pack at one address. `listening`: beside a master, which never asks for device info."""

    def __init__(self, protocol: str, address: int, poll_interval: float, *, listening: bool) -> None:
        super().__init__(
            protocol,
            LISTENING if listening else "",
            assumed=Family.S32,
            tells_version=not listening,
            patience=1 if listening else 2 + ceil(WAIT / poll_interval),  # those kept count as well
        )
        self._address = address
        self._kept: bytes | None = None  # the last status, when it was none yet for want of the others

    def take(self, frame: bytes) -> Reading | None:
        """See `JkUnit.take`; what completes the first status brings its reading. LayoutError also for foreign settings.

        Called within a second for the frames of one round.
        """
        if frame[4] == FrameType.SETTINGS:
            said = int.from_bytes(frame[_ADDRESS], "little")
            if said != self._address:
                raise LayoutError(f"settings of address {said}, acknowledged by address {self._address}")
        reading = super().take(frame)
        if frame[4] == FrameType.CELL_INFO:
            self._kept = frame if reading is None else None
        elif self._kept is not None and (reading := super().take(self._kept)) is not None:
            self._kept = None
        return reading

    def forget(self) -> None:
        """See `JkUnit.forget`."""
        self._kept = None
        super().forget()
