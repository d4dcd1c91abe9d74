"""PB packs on RS485: as a bus of many (see `bus_talk.py`), and as a conversation with one of them."""

from collections.abc import Callable

from ..battery.reading import Reading
from .bus_listen import ListenTalk
from .bus_talk import BusTalk, MasterTalk
from .jk02_reading import ALARMS
from .jkpb_reading import PbPack
from .jkpb_wire import PbFramer


class JkPb:
    """The driver asks. One pack: the one at `address`, or the first that answers."""

    name = "jk-pb"
    label = "JK PB RS485"
    baudrate = 115200
    alarms = frozenset(ALARMS.values())
    listening = False

    def __init__(self, poll_interval: float = 1.0, address: int | None = None) -> None:
        self._poll_interval = poll_interval
        self._pack: PbPack | None = None
        self.talk = SoloTalk(self.bus_talk(), address, poll_interval, self._forget)

    @classmethod
    def bus_talk(cls) -> BusTalk:
        """A conversation with all packs of a bus."""
        return MasterTalk()

    def take(self, frame: bytes) -> Reading | None:
        """See `dialect.Dialect`."""
        if self.talk.address is None:
            return None
        if self._pack is None:
            self._pack = PbPack(self.name, self.talk.address, self._poll_interval, listening=self.listening)
        return self._pack.take(frame)

    def _forget(self) -> None:
        self._pack = None


class JkPbListen(JkPb):
    """A JK pack with address 0 asks, and the driver sends nothing."""

    name = "jk-pb-listen"
    label = "JK PB RS485, listening"
    listening = True

    @classmethod
    def bus_talk(cls) -> BusTalk:
        """See `JkPb.bus_talk`."""
        return ListenTalk()


class SoloTalk:
    """A conversation with one pack of a bus; a `talk.Conversation`."""

    def __init__(self, bus: BusTalk, address: int | None, poll_interval: float, began: Callable[[], None]) -> None:
        """`began` is called when a link was opened: another pack may be there."""
        self.address = address  # None: nobody has answered yet
        self._bus = bus
        self._began = began
        self._now = 0.0
        if address is None:
            bus.scan(poll_interval)
        else:
            bus.add(address, poll_interval)

    @property
    def framer(self) -> PbFramer:
        """See `Conversation`."""
        return self._bus.framer

    def begin(self) -> None:
        """See `Conversation`."""
        self._bus.begin()
        self._began()

    def send(self, now: float) -> bytes | None:
        """See `Conversation`."""
        self._now = now
        return self._bus.send(now)

    def receive(self, chunk: bytes) -> list[bytes]:
        """See `Conversation`."""
        answers = self._bus.receive(chunk, self._now)
        if self.address is None and answers:
            self.address = answers[0].address
        return [answer.frame for answer in answers if answer.address == self.address]

    @property
    def expected(self) -> int:
        """See `Conversation`."""
        return self._bus.expected

    def wake(self, now: float) -> float:
        """See `Conversation`."""
        return self._bus.wake(now)
