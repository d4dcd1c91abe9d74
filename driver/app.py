"""The process: builds the batteries of a configuration, keeps each of them going, and ends when it must.

Every battery is supervised by itself: what one of them raises is logged with its traceback, puts that battery alone
into SAFE, and is tried again. A hung loop must die, because systemcalc obeys the last values for ever: an alarm that is
re-armed only when every battery's turn has come ends the process, and the supervisor starts it again.
"""

import asyncio
import gc
import logging
import os
import signal
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .config import Config
from .discovery import Discovery
from .flight import ASKED, FlightRecorder, folder_of
from .known import KnownBatteries
from .link.serial import SerialLink
from .link.starter import SerialStarter
from .options import Battery, Ports
from .pack import Pack
from .protocol.dialect import DIALECTS
from .session import Deliver, Session, Source
from .state_file import StateFile
from .venus import bus
from .venus.localsettings import LocalSettings
from .who_controls import WhoControls

if TYPE_CHECKING:
    from .bank_battery import BankBattery
    from .bluetooth import Bluetooth
    from .bus_session import BusSession
    from .buses import Buses

log = logging.getLogger(__name__)

WATCHDOG = float(os.environ.get("DRIVER_WATCHDOG_SECONDS", "30"))  # s; shorter for tests
# s between turns, while some battery is silent and while all live: a wake-up has its price
TURN, CALM_TURN = 1.0, min(8.0, WATCHDOG / 3)
KEEP = 60.0  # s between looks at what a restart must know
RESTART = 2.0  # s before a battery whose code raised is tried again
LEAVE = 1.5  # s for all batteries to leave D-Bus


class Supervised(Protocol):
    """What may raise without harm to the others."""

    name: str

    def fail(self, now: float) -> None:
        """Its code has raised at monotonic second `now`: it is SAFE."""


class App:
    """One process for all batteries."""

    def __init__(self, config: Config, state: Path) -> None:
        self._config = config
        self._known = KnownBatteries(StateFile(state))
        self._recorder = FlightRecorder(folder_of(state))
        self._buses: Buses | None = None
        self._bluetooth: Bluetooth | None = None
        self.bank: BankBattery | None = None
        self.packs: list[Pack] = []
        self._on_port: defaultdict[str, list[Pack]] = defaultdict(list)
        self._stop = asyncio.Event()
        self._exit = 0
        self._undecided: set[str] = set()  # sections whose protocol is being found out
        self._control = WhoControls()
        self._group: asyncio.TaskGroup
        self._tasks: list[asyncio.Task[None]] = []
        self._settings: LocalSettings

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT (exit code 0), or until D-Bus is lost (1)."""
        gc.freeze()  # what was imported stays: no need to look through it again and again
        signal.setitimer(signal.ITIMER_REAL, WATCHDOG)
        try:
            return await self._serve()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    async def _serve(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(ASKED, self._recorder.write_all)
        connection = await bus.connect()
        watch = bus.watch(connection, self._bus_lost)
        self._settings = LocalSettings(connection)
        await self._settings.start()
        self._settings.watch_dvcc(self._say_dvcc)
        named = [battery.port for battery in self._config.batteries.values()]
        starter = SerialStarter(lambda: {*named, *self._on_port})
        async with asyncio.TaskGroup() as self._group:
            if starter.present:
                await starter.take()
                self._start(starter.run())
            self._start_bank()
            self.add(self._config.batteries)
            if self._config.driver.ports is Ports.AUTO:
                self._start(Discovery(self.add, self._known, named).run())
            self._start(self._tick())
            await self._stop.wait()
            for task in self._tasks:
                task.cancel()
            await self._leave()
        await self._recorder.close()
        if self._bluetooth is not None:
            await self._bluetooth.close()
        watch.cancel()
        await bus.close(connection)
        return self._exit

    def stop(self) -> None:
        """End `run`: leave D-Bus, and write what the next process must know."""
        self._stop.set()

    def add(self, batteries: Mapping[str, Battery]) -> None:
        """Take batteries in, by name; which of them controls is decided for all of them at once."""
        undecided = {name: options for name, options in batteries.items() if options.undecided}
        sections = [(name, options) for name, options in batteries.items() if options.every_pack]
        single = {name: options for name, options in batteries.items() if not (options.every_pack or options.undecided)}
        self._undecided.update(undecided)
        added = [self._pack(name, options) for name, options in single.items()]
        for section in sections:
            added += [self._pack(name, options) for name, options in self._shared().look(*section).items()]
        self.packs += added
        if self.packs:
            awaited = len(self._undecided) + len(self._config.stopped) + (self._buses.awaited if self._buses else 0)
            self._control.choose(self.packs, more=awaited > 0, bank=self.bank.name if self.bank else "")
        for pack in added:
            self._start(self._keep_going(pack))
        for name, options in undecided.items():
            self._start(self._find_out(name, options))

    async def _find_out(self, name: str, options: Battery) -> None:
        from .detection import settle  # its tables are paid for only where something is to be found out

        while name in self._undecided:
            with self._contained([]):
                found = await settle(name, options, self._known)
                self._undecided.remove(name)
                self.add({name: found})
                return
            await asyncio.sleep(RESTART)

    def _pack(self, name: str, options: Battery) -> Pack:
        source = self._source(name, options)
        bank = self.bank if self.bank is not None and self.bank.options.has(name, options) else None
        pack = Pack(
            name,
            options,
            source,
            settings=self._settings,
            known=self._known,
            shown=lambda pack, outcome: self._control.shown(pack, outcome, self.packs),
            heard=None if bank is None else self._heard,
            hidden=bank is not None and not bank.options.show_packs,
        )
        pack.incident = self._recorder.incident
        self._on_port[options.port].append(pack)
        return pack

    def _source(self, name: str, options: Battery) -> Callable[[Deliver], Source]:
        if options.shares_port:
            return self._shared().source(name, options)
        if options.bluetooth:
            return self._over_the_air().source(name, options)
        dialect = DIALECTS[options.protocol](options.poll_interval)
        link = SerialLink(options.port, options.baudrate or dialect.baudrate)
        return partial(Session, name, self._recorder.recorded(link, options.protocol), dialect)

    def _shared(self) -> "Buses":
        if self._buses is None:
            from .buses import Buses  # its tables are paid for only where there is a bus

            self._buses = Buses(self.add, self._start_bus, self._known, self._recorder.recorded)
        return self._buses

    def _over_the_air(self) -> "Bluetooth":
        if self._bluetooth is None:
            from .bluetooth import Bluetooth  # so is bleak

            self._bluetooth = Bluetooth(self._settings, partial(self._recorder.recorded, wired=False))
        return self._bluetooth

    def _start_bus(self, port: str, session: "BusSession") -> None:
        self._start(self._keep_bus_going(port, session))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._group.create_task(work))

    @contextmanager
    def _contained(self, packs: Sequence[Supervised]) -> Iterator[None]:
        """What happens inside concerns these batteries alone: one, or all on a shared port."""
        try:
            yield
        except Exception:
            names = ", ".join(pack.name for pack in packs)
            log.exception("[%s] unexpected; nothing else is stopped, and it is tried again", names)
            for pack in packs:
                pack.fail(time.monotonic())

    def _start_bank(self) -> None:
        for name, options in self._config.banks.items():
            from .bank_battery import BankBattery  # paid for only where there is one

            due, settings = self._tick_bank, self._settings
            self.bank = BankBattery(name, options, lambda: self.packs, due, settings=settings, known=self._known)
            self._start(self._keep_going(self.bank))

    def _heard(self, pack: Pack, now: float) -> None:
        assert self.bank is not None
        with self._contained([self.bank]):  # what it raises is not the pack's fault
            self.bank.heard(pack, now)

    def _tick_bank(self) -> None:
        if self.bank is not None:
            with self._contained([self.bank]):
                self.bank.tick(time.monotonic())
            self._watch_bus(self.bank)

    async def _keep_going(self, pack: "Pack | BankBattery") -> None:
        while True:
            with self._contained([pack]):
                await pack.run()
            await asyncio.sleep(RESTART)

    async def _keep_bus_going(self, port: str, session: "BusSession") -> None:
        while True:
            with self._contained(self._on_port[port]):
                await session.run()
            await asyncio.sleep(RESTART)

    async def _tick(self) -> None:
        """Let time pass for every battery, turn after turn, and re-arm the watchdog when all had theirs."""
        keep_at = 0.0
        while True:
            signal.setitimer(signal.ITIMER_REAL, WATCHDOG)
            await asyncio.sleep(CALM_TURN if all(pack.calm for pack in self.packs) else TURN)
            now = time.monotonic()
            for pack in self.packs:
                with self._contained([pack]):
                    pack.tick(now)
                self._watch_bus(pack)
            self._tick_bank()
            if now >= keep_at:
                keep_at = now + KEEP
                self._keep(now)
                if self._known.file.due(now):
                    await asyncio.to_thread(self._known.file.save_if_due, now)

    def _keep(self, now: float) -> None:
        wall = time.time()
        for pack in self.packs:
            with self._contained([pack]):
                pack.keep(now, wall)
        if self.bank is not None:
            with self._contained([self.bank]):
                self.bank.keep(wall)

    def _watch_bus(self, pack: "Pack | BankBattery") -> None:
        if pack.service is not None and pack.service.disconnected.done():
            self._bus_lost(pack.service.disconnected.result())

    def _bus_lost(self, why: str) -> None:
        if not self._stop.is_set():
            log.error("D-Bus is lost (%s): ending, so that the supervisor starts a new process", why)
            self._exit = 1
            self._stop.set()

    async def _leave(self) -> None:
        """Release all names at once, and write what the next process must know."""
        leaving: list[Awaitable[None]] = [pack.close() for pack in self.packs]
        if self.bank is not None:
            leaving.append(self.bank.close())
        try:
            async with asyncio.timeout(LEAVE):
                await asyncio.gather(*leaving, return_exceptions=True)
        except TimeoutError:
            log.warning("D-Bus did not answer in %.1f s: leaving all the same", LEAVE)
        self._keep(time.monotonic())
        self._known.file.flush()

    def _say_dvcc(self, on: bool | None) -> None:
        if on is False:
            log.warning(
                "DVCC is OFF: the inverter and chargers ignore the limits of every battery. "
                "Switch it on: Settings -> System setup -> Charge control -> DVCC"
            )
        elif on:
            log.info("DVCC is on")
