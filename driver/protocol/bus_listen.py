"""Listening on an RS485 bus where a JK pack is the master. Without I/O; times are monotonic seconds."""

from ..errors import ProtocolError
from .jkpb_wire import MASTER, SLAVES, Answer, PbFramer

SILENCE = 25.0  # s: three rounds of a master, which take 7.2 s [R]
PAUSE = 0.3  # s that an answer may pause where nobody waits for it
LOOK = 1.0  # s between looks at who has fallen silent


class ListenTalk:
    """Sends nothing: a master asks, and all that it is answered counts; see `bus_talk.BusTalk`."""

    passed = True

    def __init__(self) -> None:
        self.framer = PbFramer()
        self.fallen: list[int] = []
        self._expected: set[int] = set()
        self._heard: dict[int, float] = {}  # when each address was heard last; those expected: since when
        self._began: float | None = None

    def add(self, address: int, poll_interval: float) -> None:
        """See `bus_talk.BusTalk`."""
        if address not in (MASTER, *SLAVES):
            raise ValueError(f"address {address} is not from {MASTER} to {SLAVES[-1]}")
        self._expected.add(address)

    def scan(self, poll_interval: float) -> None:
        """See `bus_talk.BusTalk`: everybody is heard anyway."""

    def begin(self) -> None:
        """See `bus_talk.BusTalk`."""
        self.framer.gap()
        self._heard.clear()
        self._began = None

    def send(self, now: float) -> None:
        """See `bus_talk.BusTalk`: never any bytes."""
        if self._began is None:
            self._began = now
            self._heard = dict.fromkeys(self._expected, now)
        for address, at in tuple(self._heard.items()):
            if now - at > SILENCE:
                del self._heard[address]
                self.fallen.append(address)
        if not self._heard and now - self._began > SILENCE:
            raise ProtocolError(f"no frame in {SILENCE:.0f} s")

    def receive(self, chunk: bytes, now: float) -> list[Answer]:
        """See `bus_talk.BusTalk`."""
        heard = self.framer.feed(chunk) if chunk else self.framer.gap()
        answers = [one for one in heard if isinstance(one, Answer)]
        self._heard.update((one.address, now) for one in answers)
        return answers

    @property
    def expected(self) -> int:
        """See `bus_talk.BusTalk`."""
        return self.framer.missing

    def wake(self, now: float) -> float:
        """See `bus_talk.BusTalk`."""
        return PAUSE if self.framer.held else LOOK
