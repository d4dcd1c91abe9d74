"""NEEY / Heltec balancers over Bluetooth."""

from collections.abc import Callable

from ..battery.reading import Reading
from .neey_reading import ALARMS, NeeyUnit
from .neey_wire import Command, NeeyFramer, requests
from .stream import Ask, StreamTalk

SETTINGS_FRESH = 300.0  # s
STREAM_FRESH = 5.0  # s; a frame comes twice a second


class Neey:
    """Settings first, for they tell the layout of the stream that is asked for last."""

    name = "neey"
    label = "NEEY / Heltec balancer (55 AA 11)"
    baudrate = 115200  # between balancer and Bluetooth module; nobody sets it
    alarms = ALARMS

    def __init__(self, poll_interval: float = 1.0) -> None:
        """`poll_interval` has no meaning here: the balancer sends when it likes."""
        self._unit = NeeyUnit(self.name)
        self.talk = StreamTalk(
            (
                Ask(requests(Command.DEVICE_INFO), _is(Command.DEVICE_INFO), needed=False),
                Ask(requests(Command.SETTINGS), _is(Command.SETTINGS), SETTINGS_FRESH),
                Ask(requests(Command.CELL_INFO), _is(Command.CELL_INFO), STREAM_FRESH),
            ),
            NeeyFramer(),
            began=self._unit.forget,
        )

    def take(self, frame: bytes) -> Reading | None:
        """See `Dialect.take`."""
        return self._unit.take(frame)


def _is(command: Command) -> Callable[[bytes], bool]:
    return lambda frame: frame[4] == command
