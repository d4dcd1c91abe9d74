"""One battery of this process: where its readings come from, its control, and its place on D-Bus.

A reading takes one straight way: source -> controller -> service, in one call, so that it is on the bus a few
milliseconds after its last byte. What is slow (localsettings, a name that is taken) happens beside that way.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf

from . import __version__
from .announcements import Announcements
from .battery.alarms import Severity
from .battery.controller import Controller, Outcome, failsafe
from .battery.identity import Key
from .battery.loss import Presence, Timing
from .battery.reading import Reading
from .errors import BusError
from .known import KnownBatteries
from .logs import Outage, device_log
from .options import Battery
from .session import Deliver, Source
from .venus.localsettings import LocalSettings
from .venus.paths import Facts, Moment
from .venus.service import BatteryService, service_name

TICK = 1.2  # s without news after which the passing of time is shown
REGISTER_AGAIN = 5.0  # s between tries to come onto the bus
UNEXPECTED = "fault inside the driver, see its log"


Incident = Callable[[str, str], None]
"""Called with a link's name and what went wrong there."""


class Pack:
    """One battery. `run` talks to its BMS, `tick` lets time pass; both are the caller's to supervise."""

    def __init__(
        self,
        name: str,
        options: Battery,
        source: Callable[[Deliver], Source],
        *,
        settings: LocalSettings,
        known: KnownBatteries,
        shown: "Callable[[Pack, Outcome], Outcome]",
        heard: "Callable[[Pack, float], None] | None" = None,
        hidden: bool = False,
    ) -> None:
        """`shown` decides what of an outcome goes onto the bus: whether the battery controls, and with whose limits.

        `heard` is told of each outcome, with its monotonic second; a `hidden` pack is not on D-Bus.
        """
        self.name = name
        self.options = options
        self.port = options.place
        self.source = source(self._deliver)
        self.outcome: Outcome | None = None
        self.service: BatteryService | None = None
        self.incident: Incident = lambda link, why: None
        self._log = device_log(logging.getLogger(__name__), name)
        self._settings = settings
        self._known = known
        self._shown = shown
        self._heard = heard
        self._hidden = hidden
        self.read_at = -inf  # monotonic s of the last reading
        now = time.monotonic()
        before = known.on_port(self.port, options.id, self._yield_key)
        self.key: Key | None = before.key if before else None
        timing = Timing.bluetooth() if options.bluetooth else Timing.wire(options.rhythm)
        memory = before.memory if before else None
        self.controller = Controller(options.charge_settings(), timing, now, memory, time.time())
        self._facts: Facts | None = None
        self._presented = now
        self._announcements = Announcements(self._log)
        self._began: tuple[float, str] | None = None  # the state that is not LIVE, and when that was for people
        self._failed = False
        self._ready = asyncio.Event()  # there is something to register
        self._confirmed = False  # the key is that of the BMS which answers
        self._trouble = (0, 0)  # frames refused and outages so far
        self._serial: str | None = None  # that it says

    @property
    def calm(self) -> bool:
        """Whether readings come, so that nothing follows from the passing of time alone."""
        return self.outcome is not None and self.outcome.presence is Presence.LIVE and not self._failed

    async def run(self) -> None:
        """Talk to the BMS until cancelled."""
        self._confirmed = False
        async with asyncio.TaskGroup() as group:
            group.create_task(self.source.run())
            if not self._hidden:
                group.create_task(self._register())

    def tick(self, now: float) -> None:
        """Show what follows from the passing of time, if no reading did."""
        statistics = self.source.statistics
        if (trouble := (statistics.refused, statistics.outages)) != self._trouble:
            self._trouble = trouble
            self.incident(self.source.link.name, f"{self.name}: {statistics.last_problem or 'a frame was damaged'}")
        if now - self._presented < TICK:
            return
        if self._failed:
            self._presented = now
            return
        outcome = self.controller.step(now)
        if outcome is None:
            self._presented = now
        else:
            self._present(outcome, now)

    def fail(self, now: float) -> None:
        """The code of this battery has raised: it is SAFE until a reading goes through again."""
        self._failed = True
        if self.outcome is not None:
            outcome = failsafe(self.outcome, now, UNEXPECTED)
            self.controller.resume(outcome)
            self._present(outcome, now)

    def keep(self, now: float, wall: float) -> None:
        """Remember the battery for the next start."""
        memory = self.controller.keep(now, wall)
        if memory is not None and self.key is not None and self._confirmed:
            service = "" if self._hidden else service_name(self.key.value)
            self._known.keep(self.key, self.port, memory, service)

    async def close(self) -> None:
        """Leave D-Bus at once."""
        if self.service is not None:
            await self.service.close()
            self.service = None

    def _deliver(self, reading: Reading, now: float) -> None:
        was = self.outcome
        outcome = self.controller.take(reading, now)
        self._failed, self.read_at = False, now
        if not self._confirmed or (was is not None and was.presence is not Presence.LIVE) or self._exchanged(reading):
            self._confirm(reading)
        self._present(outcome, now)

    def _exchanged(self, reading: Reading) -> bool:
        serial = reading.identity.serial
        return serial is not None and serial != self._serial

    def _confirm(self, reading: Reading) -> None:
        """A BMS speaks after a silence, or says that it is another: it may not be the one before."""
        self._serial = reading.identity.serial
        found = self._known.claim(self.options.id, reading.identity, self.port, self._yield_key)
        self._confirmed = True
        if self.key is not None and self.key.value != found.value:
            self._log.warning("another BMS answers: %s, not %s", found.value, self.key.value)
            self._yield_key()
        elif self.key is None:
            self._log.info("battery %s, known by its %s", found.value, found.origin)
            if not found.lasting:
                self._log.warning("name and instance follow the port: give this battery an id in config.ini")
        self.key = found

    def _yield_key(self) -> None:
        """The key belongs to another BMS: leave the bus under it."""
        self.key = None
        if self.service is not None:
            leaving, self.service = self.service, None
            self._ready.set()
            asyncio.get_running_loop().create_task(leaving.close()).add_done_callback(_retrieved)

    def _present(self, outcome: Outcome, now: float) -> None:
        if outcome.presence is not Presence.LIVE:
            outcome = replace(outcome, explanation=self._dated(outcome, now))
        if advice := self.source.advice:
            said = f"{outcome.explanation}; {advice}" if outcome.explanation else advice
            outcome = replace(outcome, explanation=said)
        if self.outcome is not None and (raised := _raised(outcome, self.outcome)):
            self.incident(self.source.link.name, f"{self.name}: {raised}")
        self.outcome, self._presented = outcome, now
        self._announcements.take(outcome)
        if self.service is not None:
            self.service.publish(self._moment())
        else:
            self._ready.set()
        if self._heard is not None:
            self._heard(self, now)

    def _dated(self, outcome: Outcome, now: float) -> str:
        """The explanation with the time at which that state began."""
        if self._began is None or self._began[0] != outcome.since:
            at = time.gmtime(time.time() - (now - outcome.since))
            self._began = outcome.since, time.strftime("%Y-%m-%d %H:%M UTC", at)
        cause, comma, rest = outcome.explanation.partition(", ")
        return f"{cause} since {self._began[1]}{comma}{rest}"

    def _moment(self) -> Moment:
        assert self.outcome is not None
        assert self.key is not None
        if self._facts is None or self._facts.key != self.key.value:
            connection = f"{self.source.label} {self.source.where}"
            self._facts = Facts(version=__version__, connection=connection, key=self.key.value)
        return Moment(outcome=self._shown(self, self.outcome), facts=self._facts)

    async def _register(self) -> None:
        """Come onto the bus with the first outcome, and again when the key has changed."""
        trouble = Outage(self._log)
        while True:
            await self._ready.wait()
            self._ready.clear()
            if self.outcome is None or self.key is None or (self.service and self.service.registered):
                continue
            if self.service is None:
                name, signalled = self.options.name or "", self.source.alarms
                self.service = BatteryService(
                    self._settings,
                    self.key.value,
                    signalled=signalled,
                    name=name,
                    changes=lambda: self.controller.changes.text(time.monotonic()),
                    clear_history=self.controller.clear_history,
                )
            service = self.service
            try:
                await service.register(self._moment())
                trouble.over("on D-Bus as %s", service.name)
            except BusError as exc:
                trouble.say("%s", exc)
                await asyncio.sleep(REGISTER_AGAIN)
                self._ready.set()


def _raised(outcome: Outcome, before: Outcome) -> str:
    """What has become worse from one outcome to the next: the BMS is lost, or it protects the battery."""
    if outcome.presence is not before.presence and outcome.presence is not Presence.LIVE:
        return outcome.explanation
    if outcome.reading is None or not outcome.reading.alarms or outcome.reading is before.reading:
        return ""
    old = frozenset() if before.reading is None else before.reading.alarms
    alarms = [alarm.value.text for alarm in outcome.reading.alarms - old if alarm.value.severity is Severity.ALARM]
    return ", ".join(sorted(alarms))


def _retrieved(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()
