"""One conversation with all packs of an RS485 bus, and the part that each of them has in it.

The bus itself only cuts frames and hands them over: each pack's frames are read in its own task, so that what one of
them raises is its own. An address that answers and that nobody has claimed is reported, once all were asked.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from .errors import LayoutError, LinkError, ProtocolError
from .link.base import Link
from .protocol.jkpb_dialect import JkPb
from .protocol.jkpb_reading import PbPack
from .protocol.jkpb_wire import Answer
from .session import Deliver, Record, Tireless, explained

KEPT = 8  # frames for a pack that is not being read, because it failed


class BusMember:
    """One pack of a bus; a `session.Source`."""

    advice = ""

    def __init__(self, name: str, bus: type[JkPb], pack: PbPack, link: Link, address: int, deliver: Deliver) -> None:
        self.name = name
        self.label, self.alarms = bus.label, bus.alarms
        self.link = link
        self.where = f"{link.name} address {address}"
        self.record = Record(name)
        self.statistics = self.record.statistics
        self._pack = pack
        self._deliver = deliver
        self._frames: deque[tuple[bytes, float]] = deque(maxlen=KEPT)
        self._news = asyncio.Event()

    async def run(self) -> None:
        """See `Source`."""
        self._frames.clear()
        while True:
            await self._news.wait()
            self._news.clear()
            while self._frames:
                self._take(*self._frames.popleft())

    def hear(self, frame: bytes, now: float) -> None:
        """A frame of this pack came at `now`."""
        self.statistics.received += len(frame)
        self._frames.append((frame, now))
        self._news.set()

    def lost(self, text: str, now: float, *, aloud: bool) -> None:
        """It does not answer: whoever answers next at this address may be another one."""
        self.record.lost(text, now, aloud=aloud)
        self._pack.forget()
        self._frames.clear()

    def _take(self, frame: bytes, now: float) -> None:
        try:
            reading = self._pack.take(frame)
        except LayoutError as exc:
            self.record.refused(exc)
            return
        if reading is not None:
            self.record.reading(now)
            self._deliver(reading, now)


class BusSession(Tireless):
    """Pumps one link for all packs on it. `found` is called with addresses that answer and have no member."""

    def __init__(self, link: Link, kind: type[JkPb]) -> None:
        super().__init__(link)
        self.kind = kind
        self.talk = kind.bus_talk()
        self.found: Callable[[list[int]], None] | None = None
        self.record = Record(link.name)
        self.members: dict[int, BusMember] = {}
        self._unclaimed: set[int] = set()
        self._before = (0, 0, 0)

    def member(self, name: str, address: int, poll_interval: float, deliver: Deliver) -> BusMember:
        """Take the pack at this address in."""
        pack = PbPack(self.kind.name, address, poll_interval, listening=self.kind.listening)
        member = BusMember(name, self.kind, pack, self.link, address, deliver)
        self.members[address] = member
        self.talk.add(address, poll_interval)
        return member

    async def _talk(self) -> None:
        clock = asyncio.get_running_loop().time
        link, talk = self.link, self.talk
        await link.open()
        talk.begin()
        self._before = self._counters()
        while True:
            request = talk.send(clock())
            if talk.fallen:
                self._tell_fallen(clock())
            if self._unclaimed and talk.passed:  # before the answer to this request comes
                self._report_found()
            if request is not None:
                await link.write(request)
            chunk = await link.read(talk.expected, talk.wake(clock()))
            self.record.statistics.received += len(chunk)
            for answer in talk.receive(chunk, clock()):
                self._hand_over(answer, clock())

    def _hand_over(self, answer: Answer, now: float) -> None:
        self.failures = 0
        self._before = self._counters()
        self.record.reading(now)
        member = self.members.get(answer.address)
        if member is not None:
            member.hear(answer.frame, now)
        else:
            self._unclaimed.add(answer.address)

    def _report_found(self) -> None:
        addresses, self._unclaimed = sorted(self._unclaimed - self.members.keys()), set()
        if addresses and self.found is not None:
            self.found(addresses)

    def _tell_fallen(self, now: float) -> None:
        for address in self.talk.fallen:
            if address in self.members:
                self.members[address].lost(f"no answer from address {address}", now, aloud=True)
        self.talk.fallen.clear()

    def _lost(self, exc: LinkError | ProtocolError, now: float) -> None:
        self._tell_fallen(now)
        seen = zip(self._counters(), self._before, strict=True)
        text = explained(exc, *(count - before for count, before in seen))
        self.record.lost(text, now)
        for member in self.members.values():
            member.lost(text, now, aloud=False)

    def _counters(self) -> tuple[int, int, int]:
        framer = self.talk.framer
        return framer.corrupt, framer.echoes, self.record.statistics.received
