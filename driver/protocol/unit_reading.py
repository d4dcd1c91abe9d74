"""One BMS behind the frames `55 AA EB 90`, whatever carries them: remembers who it is and how it is set.

Frames go in, readings come out once both are known. The layout is told by the software version and must be shown by
the content; as long as the two disagree, or the version is unknown, readings are good for monitoring only.
"""

from ..battery.reading import Reading
from ..errors import LayoutError
from . import family, jk02_reading, jk04_reading
from .family import Family
from .jk02 import CellInfo
from .jk02_device import DeviceInfo
from .jk02_settings import Settings
from .jk02_wire import FrameType
from .jk04 import CellInfo04, Settings04
from .layout import read

PATIENCE = 40  # cell info frames, 20 s of a stream, for which settings and device info are waited for
TRANSIENT = 0.03  # of the pack voltage by which cells measured at another moment may be off


class JkUnit:
    """A BMS that speaks JK02 or JK04."""

    def __init__(
        self,
        protocol: str,
        monitor_only: str = "",
        *,
        assumed: Family | None = None,
        tells_version: bool = True,
        patience: int = PATIENCE,
    ) -> None:
        """`protocol` is the dialect's name; `monitor_only` is why no reading may drive limits, if none may.

        `assumed` is the layout that goes with the protocol, whatever the version, as long as that is not told;
        `tells_version`: whether device info can be expected at all; `patience`: cell info frames to wait for it.
        """
        self._protocol = protocol
        self._monitor_only = monitor_only
        self._assumed = assumed
        self._tells_version = tells_version
        self._patience = patience
        self.forget()

    def forget(self) -> None:
        """Another BMS may be there now."""
        self._device: bytes | None = None
        self._settings: bytes | None = None
        self._confirmed: Family | None = None  # told by the version, and shown by the content
        self._waited = 0
        self._settled()

    def take(self, frame: bytes) -> Reading | None:
        """The reading of a frame; None for frames that hold none. LayoutError when bytes and table disagree."""
        match frame[4]:
            case FrameType.DEVICE_INFO:
                self._device = frame
                self._settled()
            case FrameType.SETTINGS:
                self._settings = frame
                self._settled()
            case FrameType.CELL_INFO:
                return self._live(frame)
        return None

    def _settled(self) -> None:
        """What was worked out from settings and device info holds no longer."""
        self._slow: dict[Family, jk02_reading.Lasting] = {}
        self._slow_04: jk04_reading.Lasting04 | None = None
        self._device_info = None if self._device is None else read(DeviceInfo, self._device)
        self._told = self._assumed if self._device_info is None else family.told(self._device_info)

    def _live(self, frame: bytes) -> Reading | None:
        if self._settings is None or (self._device is None and self._tells_version):
            self._waited += 1
            if self._waited <= self._patience:
                return None
        shown = family.shown(frame)
        layout = shown or self._told
        if layout is None:
            raise LayoutError("no known layout fits this frame")
        if layout is Family.JK04:
            return jk04_reading.reading(read(CellInfo04, frame), self._lasting_04(), self._doubt(shown))
        live = read(CellInfo, frame, layout.variant)
        doubt = self._doubt(shown, live) or self._monitor_only
        return jk02_reading.reading(live, self._lasting(layout), layout.variant, doubt)

    def _doubt(self, shown: Family | None, live: CellInfo | None = None) -> str:
        """Why it is not certain that the frame was read as it was meant; empty: it is."""
        source = self._protocol if self._device_info is None else f"software {self._device_info.software!r}"
        if self._device_info is None and (self._told is None or self._tells_version):
            return "the BMS has not told its software version"
        if self._told is None:
            return f"{source} is not known to this driver"
        if shown is self._told:
            self._confirmed = shown
        elif shown is not None:
            return f"{source} should send {self._told.value}, but these are {shown.value} frames"
        elif live is None or not any(live.cells):
            return "no cell has a voltage"
        elif self._confirmed is not self._told or abs(sum(live.cells) - live.voltage) > TRANSIENT * live.voltage:
            return f"the cells sum to {sum(live.cells):.2f} V, but the pack has {live.voltage:.2f} V"
        return "" if self._settings is not None else "the BMS has not told its settings"

    def _lasting(self, layout: Family) -> jk02_reading.Lasting:
        if layout not in self._slow:
            variant = layout.variant
            self._slow[layout] = jk02_reading.lasting(
                self._protocol,
                None if self._device is None else read(DeviceInfo, self._device, variant),
                None if self._settings is None else read(Settings, self._settings, variant),
            )
        return self._slow[layout]

    def _lasting_04(self) -> jk04_reading.Lasting04:
        if self._slow_04 is None:
            settings = None if self._settings is None else read(Settings04, self._settings)
            self._slow_04 = jk04_reading.lasting(self._protocol, self._device_info, settings)
        return self._slow_04
