"""One conversation over one link, for years: open, ask, listen, deliver, and begin again after every loss."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from .battery.reading import Reading
from .errors import LayoutError, LinkError, ProtocolError
from .link.base import Link
from .logs import Outage, device_log
from .protocol.dialect import Dialect

REOPEN_FIRST, REOPEN_MOST = 0.5, 1.0  # s: an adapter that is back is open in under 2 s
SILENT_MOST = 5.0  # s between attempts while the BMS does not answer


@dataclass(slots=True)
class Statistics:
    """What happened on one link since the start."""

    readings: int = 0
    refused: int = 0  # frames with a right checksum that were no reading
    outages: int = 0
    received: int = 0  # bytes
    last_problem: str = ""


class Session:
    """Pumps one link until it is cancelled. An outage is logged once, and its end once."""

    def __init__(self, name: str, link: Link, dialect: Dialect, deliver: Callable[[Reading, float], None]) -> None:
        """`deliver` is called with each reading and the monotonic second at which its last byte had come."""
        self.name = name
        self.link = link
        self.dialect = dialect
        self.statistics = Statistics()
        self._log = device_log(logging.getLogger(__name__), name)
        self._trouble = Outage(self._log)
        self._deliver = deliver
        self._failures = 0  # in a row without a reading
        self._out_since: float | None = None
        self._before = (0, 0, 0)

    async def run(self) -> None:
        """Never ends by itself: what it cannot mend it tries again."""
        while True:
            try:
                await self._talk()
            except (LinkError, ProtocolError) as exc:
                self._outage(exc)
                most = SILENT_MOST if isinstance(exc, ProtocolError) else REOPEN_MOST
            finally:
                await self.link.close()
            self._failures += 1
            delay = min(most, REOPEN_FIRST * 2 ** min(self._failures - 1, 4))
            await asyncio.sleep(delay * random.uniform(0.8, 1.0))

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
            for frame in talk.receive(chunk):
                self._take(dialect, frame, clock())

    def _take(self, dialect: Dialect, frame: bytes, now: float) -> None:
        try:
            reading = dialect.take(frame)
        except LayoutError as exc:
            self.statistics.refused += 1
            self._problem(f"frame not understood: {exc}")
            return
        if reading is None:
            return
        self.statistics.readings += 1
        self._failures = 0
        if self._out_since is not None:
            self._log.info("the BMS answers again after %.0f s", now - self._out_since)
            self._out_since = None
        self._trouble.over("frames are understood again")
        self.statistics.last_problem = ""
        self._before = self._counters()
        self._deliver(reading, now)

    def _outage(self, exc: LinkError | ProtocolError) -> None:
        if self._out_since is None:
            self._out_since = asyncio.get_running_loop().time()
            self.statistics.outages += 1
        self._problem(f"{exc}: {self._seen_instead()}" if isinstance(exc, ProtocolError) else str(exc))

    def _seen_instead(self) -> str:
        """What came since the last reading, when it was no answer."""
        corrupt, echoes, received = (now - before for now, before in zip(self._counters(), self._before, strict=True))
        if corrupt:
            return "only damaged frames come; check wiring, ground and the length of the cable"
        if echoes:
            return "only our own requests come back; the BMS does not hear them, or is off"
        if received:
            return "what comes is no frame of this protocol; check baud rate, polarity and the UART protocol in the app"
        return "nothing comes; check port, wiring and whether the BMS is on"

    def _counters(self) -> tuple[int, int, int]:
        framer = self.dialect.talk.framer
        return framer.corrupt, framer.echoes, self.statistics.received

    def _problem(self, text: str) -> None:
        self.statistics.last_problem = text
        self._trouble.say("%s", text)
