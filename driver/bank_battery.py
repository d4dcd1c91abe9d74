"""The bank of this process: its packs' outcomes in, one battery on D-Bus out.

It is looked at once a second, shortly after packs were read, and at once when a pack may do less than before.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence

from . import __version__
from .announcements import Announcements
from .bank_options import BankOptions
from .battery.bank import Bank
from .battery.bank_member import Member, Standing
from .battery.bank_outcome import BankOutcome
from .battery.controller import Outcome, failsafe
from .battery.limits import Limits
from .errors import BusError
from .known import KnownBatteries
from .logs import Outage, device_log
from .pack import REGISTER_AGAIN, UNEXPECTED, Pack
from .venus.bank_paths import BANK
from .venus.localsettings import LocalSettings
from .venus.paths import Facts, Moment
from .venus.service import BatteryService, service_name

ROUND = 0.8  # s from a look until the next is due: packs are read once a second
AFTER = 0.02  # s from a reading to the look: packs answer together, and no answer is to wait for the look
LATE = 4.0  # s without a reading, or three polls, after which the other packs may have to carry all
LESS = 0.95  # of a current limit; a pack that may do less than that of what it could is looked at at once


class BankBattery:
    """The bank on D-Bus. `packs` tells what packs there are now; `due` is called when it is time to `tick`."""

    def __init__(
        self,
        name: str,
        options: BankOptions,
        packs: Callable[[], Sequence[Pack]],
        due: Callable[[], object],
        *,
        settings: LocalSettings,
        known: KnownBatteries,
    ) -> None:
        self.name = f"bank {name}"
        self.options = options
        self.outcome: Outcome | None = None
        self.service: BatteryService | None = None
        self._own = name
        self._packs = packs
        self._due = due
        self._settings = settings
        self._known = known
        memory, maintenance = known.bank(name)
        self._maintenance = set(maintenance)
        self.bank = Bank(time.monotonic(), memory)
        self._log = device_log(logging.getLogger(__name__), self.name)
        self._announcements = Announcements(self._log)
        self._looked_at = 0.0
        self._awaited = False  # a look
        self._seen: dict[str, tuple[object, Limits | None]] = {}  # of each pack: presence and limits
        self._waiting: set[str] = set()  # packs whose voltage is not that of the bank
        self._ready = asyncio.Event()  # there is something to register
        key = options.id or f"bank_{name}"
        self._key = key
        self._facts = Facts(version=__version__, connection=f"bank {name}", key=key)

    def has(self, pack: Pack) -> bool:
        """Whether the pack is to be in this bank."""
        return self.options.has(pack.name, pack.options)

    def heard(self, pack: Pack, now: float) -> None:
        """A pack has something to say."""
        if self._urgent(pack):
            self.look(now)
        elif not self._awaited and now - self._looked_at >= ROUND:
            self._awaited = True
            asyncio.get_running_loop().call_later(AFTER, self._due)

    def tick(self, now: float) -> None:
        """Look, if that is due."""
        self._awaited = False
        if now - self._looked_at >= ROUND:
            self.look(now)

    def look(self, now: float) -> None:
        """See how the packs are, and show it."""
        self._looked_at = now
        packs = [pack for pack in self._packs() if self.has(pack)]
        self._seen = {pack.name: _state(pack) for pack in packs}
        members = list(self._members(packs, now))
        there = {member.name for member in members}
        others = {pack.name: _absence(pack) for pack in packs if pack.name not in there}
        others |= {name: "was not heard yet" for name in self.options.named if not _among(name, packs)}
        outcome = self.bank.take(members, others, now)
        if outcome is not None:
            for pack in packs:
                pack.controller.charge_as(self.bank.state)
            self._warn(outcome)
            self._present(outcome)

    def fail(self, now: float) -> None:
        """The code of the bank has raised: it is SAFE until it goes through again."""
        self._looked_at = now
        if self.outcome is not None:
            outcome = failsafe(self.outcome, now, UNEXPECTED)
            self.bank.resume(outcome)
            self._present(outcome)

    def maintain(self, number: int, on: bool) -> None:
        """Take a pack out for maintenance, or let it come back, by its number on D-Bus."""
        assert isinstance(self.outcome, BankOutcome)
        name = self.outcome.packs[number - 1].name
        if on is not (name in self._maintenance):
            self._log.info("%s: maintenance %s", name, "on" if on else "off")
            self._maintenance ^= {name}
        self.look(time.monotonic())
        self.keep(time.time())

    def keep(self, wall: float) -> None:
        """Remember the bank for the next start."""
        self._known.keep_bank(self._own, self.bank.keep(wall), self._maintenance, service_name(self._key))

    async def close(self) -> None:
        """Leave D-Bus at once."""
        if self.service is not None:
            await self.service.close()
            self.service = None

    async def run(self) -> None:
        """Come onto the bus with the first outcome."""
        trouble = Outage(self._log)
        if self.outcome is not None:
            self._ready.set()
        while True:
            await self._ready.wait()
            self._ready.clear()
            if self.service is None:
                signalled = frozenset(alarm for pack in self._packs() if self.has(pack) for alarm in pack.source.alarms)
                self.service = BatteryService(
                    self._settings,
                    self._key,
                    signalled=signalled,
                    name=self.options.name or self.name.capitalize(),
                    changes=lambda: self.bank.changes.text(time.monotonic()),
                    clear_history=self.bank.clear_history,
                    shape=BANK,
                    maintain=self.maintain,
                )
            try:
                await self.service.register(self._moment())
                trouble.over("on D-Bus as %s", self.service.name)
                return
            except BusError as exc:
                trouble.say("%s", exc)
                await asyncio.sleep(REGISTER_AGAIN)
                self._ready.set()

    def _warn(self, outcome: BankOutcome) -> None:
        """Say once of each pack that it must not be connected yet."""
        waiting = {pack.name for pack in outcome.packs if pack.state == Standing.WAITING}
        for name in sorted(waiting - self._waiting):
            self._log.warning("%s has not the voltage of the bank: it is not counted in before it has come close", name)
        self._waiting = waiting

    def _present(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._announcements.take(outcome)
        if self.service is not None:
            self.service.publish(self._moment())
        else:
            self._ready.set()

    def _moment(self) -> Moment:
        assert self.outcome is not None
        return Moment(outcome=self.outcome, facts=self._facts)

    def _members(self, packs: Sequence[Pack], now: float) -> Iterator[Member]:
        for pack in packs:
            outcome = pack.outcome
            if outcome is not None and outcome.limits is not None:
                yield Member(
                    name=pack.name,
                    outcome=outcome,
                    limits=outcome.limits,
                    terms=pack.controller.terms,
                    resistance=pack.controller.resistance,
                    maintenance=pack.name in self._maintenance,
                    late=now - pack.read_at > max(LATE, 3 * pack.options.rhythm),
                )

    def _urgent(self, pack: Pack) -> bool:
        """Whether a pack is in another state than when the bank was looked at, or may do less."""
        before, now = self._seen.get(pack.name, (None, None)), _state(pack)
        if now[0] is not before[0] or now[1] is None or before[1] is None:
            return now[0] is not before[0]
        less, than = now[1], before[1]
        return (
            less.charge_current.value < LESS * than.charge_current.value
            or less.discharge_current.value < LESS * than.discharge_current.value
        )


def _state(pack: Pack) -> tuple[object, Limits | None]:
    outcome = pack.outcome
    return (None, None) if outcome is None else (outcome.presence, outcome.limits)


def _absence(pack: Pack) -> str:
    """Why a pack is no member."""
    outcome = pack.outcome
    return "was not heard yet" if outcome is None else f"is only shown: {outcome.explanation}"


def _among(name: str, packs: Sequence[Pack]) -> bool:
    """Whether a section of config.ini has a pack."""
    return any(pack.name in (name, f"{name} {pack.options.address}") for pack in packs)
