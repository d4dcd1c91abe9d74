"""One conversation over one link, for years: open, ask, listen, deliver, and begin again after every loss."""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .battery.alarms import Alarm
from .battery.reading import Reading
from .errors import BusTakenError, LayoutError, LinkError, ProtocolError
from .link.base import Link
from .logs import Outage, device_log
from .protocol.dialect import Dialect

REOPEN_FIRST, REOPEN_MOST = 0.5, 1.0  # s: an adapter that is back is open in under 2 s
SILENT_MOST = 5.0  # s between attempts while the BMS does not answer

Deliver = Callable[[Reading, float], None]
"""Called with each reading and the monotonic second at which its last byte had come."""


@dataclass(slots=True)
class Statistics:
    """What happened to one battery's readings since the start."""

    readings: int = 0
    refused: int = 0  # frames with a right checksum that were no reading
    outages: int = 0
    received: int = 0  # bytes
    last_problem: str = ""


class Source(Protocol):
    """Where the readings of a battery come from: a session of its own, or its part in a shared one."""

    link: Link  # that they come over
    label: str  # of the protocol, for people
    where: str  # for people: the port, and the address on it
    alarms: frozenset[Alarm]  # that can be signalled
    statistics: Statistics

    @property
    def advice(self) -> str:
        """What disturbs the connection and what to do about it; "" when nothing is known of."""

    async def run(self) -> None:
        """Take readings until cancelled; what is no bug never ends it."""


class Record:
    """Counts what happens to one battery's readings, and says an outage once, and its end once."""

    def __init__(self, name: str) -> None:
        self.statistics = Statistics()
        self._log = device_log(logging.getLogger(__name__), name)
        self._trouble = Outage(self._log)
        self._out_since: float | None = None

    def reading(self, now: float) -> None:
        """A reading has come."""
        self.statistics.readings += 1
        self.restored(now)

    def restored(self, now: float) -> None:
        """An outage, if there was one, is over."""
        if self._out_since is not None:
            self._log.info("the BMS answers again after %.0f s", now - self._out_since)
            self._out_since = None
        self._trouble.over("frames are understood again")
        self.statistics.last_problem = ""

    def refused(self, exc: LayoutError) -> None:
        """A frame came that is no reading."""
        self.statistics.refused += 1
        self._problem(f"frame not understood: {exc}")

    def lost(self, text: str, now: float, *, aloud: bool = True) -> None:
        """The BMS does not answer, or the link is gone. `aloud`: nobody else says so."""
        if self._out_since is None:
            self._out_since = now
            self.statistics.outages += 1
        if aloud:
            self._problem(text)
        else:
            self.statistics.last_problem = text

    def _problem(self, text: str) -> None:
        self.statistics.last_problem = text
        self._trouble.say("%s", text)


class Tireless(ABC):
    """Opens a link and talks over it until it is cancelled: what cannot be mended is tried again."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.failures = 0  # in a row without an answer

    async def run(self) -> None:
        """Never ends by itself."""
        while True:
            try:
                await self._talk()
            except (LinkError, ProtocolError) as exc:
                self._lost(exc, asyncio.get_running_loop().time())
                most = SILENT_MOST if isinstance(exc, ProtocolError) else REOPEN_MOST
            finally:
                await self.link.close()
            self.failures += 1
            delay = min(most, REOPEN_FIRST * 2 ** min(self.failures - 1, 4))
            await asyncio.sleep(delay * random.uniform(0.8, 1.0))

    @abstractmethod
    async def _talk(self) -> None:
        """Open the link and talk; LinkError and ProtocolError are tried again."""

    @abstractmethod
    def _lost(self, exc: LinkError | ProtocolError, now: float) -> None:
        """Take note that the talk has ended."""


class Session(Tireless):
    """Pumps one link for one battery."""

    def __init__(self, name: str, link: Link, dialect: Dialect, deliver: Deliver) -> None:
        super().__init__(link)
        self.name = name
        self.dialect = dialect
        self.label, self.alarms = dialect.label, dialect.alarms
        self.where = link.name
        self._record = Record(name)
        self.statistics = self._record.statistics
        self._deliver = deliver
        self._before = (0, 0, 0)

    @property
    def advice(self) -> str:
        """See `Source`."""
        return ""

    async def _talk(self) -> None:
        clock = asyncio.get_running_loop().time
        link, talk, dialect = self.link, self.dialect.talk, self.dialect
        await link.open()
        talk.begin()
        self._before = self._counters()
        while True:
            request = talk.send(clock())
            if request is not None:
                await link.write(request)
            chunk = await link.read(talk.expected, talk.wake(clock()))
            self.statistics.received += len(chunk)
            if frames := talk.receive(chunk):
                self._take_all(dialect, frames, clock())

    def _take_all(self, dialect: Dialect, frames: list[bytes], now: float) -> None:
        for frame in frames:
            self._take(dialect, frame, now)

    def _take(self, dialect: Dialect, frame: bytes, now: float) -> None:
        try:
            reading = dialect.take(frame)
        except LayoutError as exc:
            self._record.refused(exc)
            return
        if reading is None:
            return
        self._record.reading(now)
        self.failures = 0
        self._before = self._counters()
        self._deliver(reading, now)

    def _lost(self, exc: LinkError | ProtocolError, now: float) -> None:
        seen = zip(self._counters(), self._before, strict=True)
        self._record.lost(explained(exc, *(count - before for count, before in seen)), now)

    def _counters(self) -> tuple[int, int, int]:
        framer = self.dialect.talk.framer
        return framer.corrupt, framer.echoes, self.statistics.received


def explained(exc: LinkError | ProtocolError, corrupt: int, echoes: int, received: int) -> str:
    """The error, and when nothing usable came: what did come since the last answer."""
    if isinstance(exc, LinkError | BusTakenError):
        return str(exc)
    seen = "nothing comes; check port, wiring and whether the BMS is on"
    if corrupt:
        seen = "only damaged frames come; check wiring, ground and the length of the cable"
    elif echoes:
        seen = "only our own requests come back; the BMS does not hear them, or is off"
    elif received:
        seen = "what comes is no frame of this protocol; check baud rate, polarity and the UART protocol in the app"
    return f"{exc}: {seen}"
