"""One battery watched by a command: the session of the service, without D-Bus."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator

from ..battery.controller import Controller, Outcome
from ..battery.loss import Timing
from ..battery.reading import Reading
from ..errors import LinkError
from ..link.base import Link
from ..link.ports import listen_first
from ..link.serial import SerialLink
from ..link.traffic import Traffic
from ..options import Battery
from ..protocol.dialect import conversation
from ..session import Session
from ..verdicts import Verdict
from .listening import ListeningLink, verdict

LISTEN = 1.2  # s before the first question on a port that nobody named; VE.Direct speaks once a second
ON_A_WIRE, IN_THE_AIR = 10.0, 45.0  # s: a sleeping BMS has been woken by then; a Bluetooth one found and connected
PROGRESS = 1.0  # s between looks while nothing comes


def link_for_one(battery: Battery, baudrate: int) -> Link:
    """The link to ask one battery over."""
    if battery.bluetooth:
        from ..bluetooth import link_for_one as over_the_air  # so is bleak

        return over_the_air(battery)
    return SerialLink(battery.port, battery.baudrate or baudrate)


class Observation:
    """Asks one battery and keeps what it says. `async with observing(...)` makes one."""

    def __init__(
        self,
        name: str,
        battery: Battery,
        link: Link | None = None,
        *,
        around: Callable[[Link], Link] = lambda link: link,
    ) -> None:
        """`link`: instead of the battery's port; `around` makes another link of it, through which all goes."""
        self.name = name
        self.battery = battery
        self.dialect = conversation(battery.protocol, battery.poll_interval, battery.address)
        port = around(link or link_for_one(battery, self.dialect.baudrate))
        self.news = asyncio.Event()  # set with each reading, by a link that is lost, and by `end`
        self.link = ListeningLink(port, self.news.set)
        self.session = Session(name, self.link, self.dialect, self._deliver)
        self.reading: Reading | None = None
        self.heard_at = 0.0  # monotonic s
        self.ended = False  # nobody wants to know any more
        self._clock = asyncio.get_running_loop().time
        timing = Timing.bluetooth() if battery.bluetooth else Timing.wire(battery.rhythm)
        self._controller = Controller(battery.charge_settings(), timing, self._clock())
        self._foreign = Traffic.SILENT
        self._began = self._clock()

    async def listen(self) -> bool:
        """Listen for a moment before a byte is sent; False when somebody else speaks there, or it does not open."""
        try:
            await self.link.open()
            self._foreign = (await listen_first(self.link, LISTEN)).traffic
        except LinkError:
            return False  # the link remembers why
        finally:
            await self.link.close()
        return self._foreign is Traffic.SILENT

    async def first(self, seconds: float, progress: Callable[[str], None]) -> bool:
        """Wait for a reading; False when none came in `seconds`, or when the port will not open."""
        end = self._clock() + seconds
        while self.reading is None and not self.link.hopeless and not self.ended and (left := end - self._clock()) > 0:
            if not await wait_for(self.news, min(PROGRESS, left)):
                progress(self.progress())
        return self.reading is not None

    async def sample(self, seconds: float) -> None:
        """Take readings for so long."""
        end = self._clock() + seconds
        while not self.ended and (left := end - self._clock()) > 0:
            await wait_for(self.news, left)

    def end(self) -> None:
        """Wait for nothing more."""
        self.ended = True
        self.news.set()

    @property
    def patience(self) -> float:
        """Seconds in which a battery that is well has answered."""
        return IN_THE_AIR if self.battery.bluetooth else max(ON_A_WIRE, 2 * self.battery.rhythm)

    def progress(self) -> str:
        """What is known while nothing has come."""
        if self.link.refusal:
            return f"{self.link.refusal}; trying again, {self.waited():.0f} s"
        return f"listening on {self.link.name}, {self.waited():.0f} s, {self.link.received} bytes"

    def waited(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began

    def outcome(self) -> Outcome | None:
        """What this battery has to say now, limits and all."""
        return self._controller.step(self._clock())

    def age(self) -> float | None:
        """Seconds since the last reading."""
        return None if self.reading is None else self._clock() - self.heard_at

    def counters(self) -> dict[str, int]:
        """Statistics of the link."""
        framer, session = self.dialect.talk.framer, self.session.statistics
        return {
            "readings": session.readings,
            "frames": framer.good,
            "damaged": framer.corrupt,
            "not_understood": session.refused,
            "echoes": framer.echoes,
            "dropped_bytes": framer.dropped,
            "received_bytes": session.received,
            "outages": session.outages,
        }

    def link_words(self) -> str:
        """The same for people: what is not zero, and the two that should be."""
        shown = [
            f"{count} {name.replace('_', ' ')}"
            for name, count in self.counters().items()
            if count or name in ("damaged", "outages")
        ]
        return "link: " + ", ".join(shown)

    def verdict(self) -> Verdict:
        """Why there was no reading."""
        if self._foreign is not Traffic.SILENT:
            return Verdict(
                f"{self._foreign.value} is heard on {self.link.name}: nothing was sent",
                f"If the BMS is connected there all the same, name the port: --port {self.battery.port}",
            )
        return verdict(self.link, self.dialect, self.session.statistics)

    def _deliver(self, reading: Reading, now: float) -> None:
        self.reading, self.heard_at = reading, now
        self._controller.take(reading, now)
        self.news.set()


@contextlib.asynccontextmanager
async def observing(observation: Observation) -> AsyncIterator[Observation]:
    """Ask the battery for as long as the block lasts."""
    task = asyncio.create_task(observation.session.run())
    task.add_done_callback(lambda _: observation.end())  # it ends by a fault of ours only
    try:
        yield observation
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, and clear it; False when it was not in that time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM call `stop` instead of what they do otherwise."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def muted() -> Iterator[None]:
    """The driver's own log is silent: the command says what happens in its own way."""
    log = logging.getLogger(__name__.partition(".")[0])
    silence, propagate = logging.NullHandler(), log.propagate
    log.addHandler(silence)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(silence)
        log.propagate = propagate
