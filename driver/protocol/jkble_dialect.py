"""JK BMSs over Bluetooth: JK02 and JK04, told apart by what the device says of itself."""

from collections.abc import Callable

from ..battery.reading import Reading
from .jk02_reading import ALARMS
from .jk02_wire import READ_DEVICE_INFO, READ_SETTINGS, FrameType, Jk02Framer
from .stream import Ask, StreamTalk
from .unit_reading import JkUnit

SLOW_FRESH = 300.0  # s, of settings and device info: a sum of 8 bits may once have let damage pass
STREAM_FRESH = 5.0  # s; a frame comes twice a second


class JkBluetooth:
    """A stream of cell info, begun by asking for the settings."""

    name = "jk-ble"
    label = "JK Bluetooth (55 AA EB 90)"
    baudrate = 115200  # between BMS and Bluetooth module; nobody sets it
    alarms = frozenset(ALARMS.values())

    def __init__(self, poll_interval: float = 1.0) -> None:
        """`poll_interval` has no meaning here: the BMS sends when it likes."""
        self._unit = JkUnit(self.name)
        self.talk = StreamTalk(
            (
                Ask((READ_DEVICE_INFO,), _is(FrameType.DEVICE_INFO), SLOW_FRESH, needed=False),
                Ask((READ_SETTINGS,), _is(FrameType.SETTINGS), SLOW_FRESH, needed=False),
                Ask((READ_SETTINGS,), _is(FrameType.CELL_INFO), STREAM_FRESH, first=STREAM_FRESH),
            ),
            Jk02Framer(),
            began=self._unit.forget,
        )

    def take(self, frame: bytes) -> Reading | None:
        """See `Dialect.take`."""
        return self._unit.take(frame)


def _is(kind: FrameType) -> Callable[[bytes], bool]:
    return lambda frame: frame[4] == kind
