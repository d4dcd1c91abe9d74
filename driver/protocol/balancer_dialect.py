"""Old JK active balancers on RS485: one question brings everything."""

from ..battery.reading import Identity, Reading
from .balancer import BalancerStatus
from .balancer_reading import ALARMS, in_tenths, reading
from .balancer_wire import ADDRESS, BalancerFramer, Command, request
from .layout import read
from .talk import Poll, Talk


class JkBalancer:
    """The status of the balancer at the factory's address."""

    name = "jk-balancer"
    label = "JK balancer (RS485, EB 90)"
    baudrate = 9600
    alarms = frozenset(ALARMS.values())

    def __init__(self, poll_interval: float = 1.0) -> None:
        # the vendor's document gives the balancer a second; 74 bytes take 77 ms on the wire
        self.talk = Talk(Poll(request(), max(1.0, poll_interval), timeout=1.0, answers=is_status), BalancerFramer())
        self._identity = Identity(protocol=self.name)
        self._tenths = False

    def take(self, frame: bytes) -> Reading | None:
        """See `Dialect.take`."""
        if not is_status(frame):
            return None
        status = read(BalancerStatus, frame)
        self._tenths = self._tenths or in_tenths(status)
        return reading(status, self._identity, tenths=self._tenths)


def is_status(frame: bytes) -> bool:
    """Whether it is the status of the balancer that was asked, and not the answer to somebody's write."""
    return frame[2] == ADDRESS and frame[3] == Command.STATUS
