"""Who is asked what, and when, on an RS485 bus that several packs share. Without I/O; times are monotonic seconds.

One question at a time, and 100 ms from one to the next, because packs that are asked faster answer all at once. A
question without an answer is asked once more: firmware from 15.36 on ignores a status request after a quiet period, and
frames get damaged. An answer counts when its acknowledge has the address and the register that were asked for; what
comes late, or from others, is dropped. Packs that do not answer are tried again in the pauses of those that do, and
where there is no pause so seldom that it costs the others less than a tenth of their time.
"""

from collections import deque
from collections.abc import Iterator
from math import inf
from typing import Protocol

from ..errors import BusTakenError, ProtocolError
from .bus_unit import Unit
from .jkpb_wire import ANSWER_SIZE, MASTER, REQUEST_SIZE, REQUESTS, SLAVES, Answer, Heard, PbFramer, Register, Request

APART = 0.1  # s from one request to the next
QUIET = 0.02  # s of silence on the wire before a request
TIMEOUT = 0.3  # s for the answer to the last try; usually it is whole after 38 ms [V]
TRIES, TRIES_OF_DAMAGED = 2, 4  # who sends damaged answers is there
COST = APART + TIMEOUT  # s that a pack that does not answer takes from the others
PAUSE = 0.1  # s that an answer may pause
LONGEST = 1.0  # s: no answer takes longer, whatever its bytes do
PROBE, CROWDED_PROBE = 2.0, 5.0  # s between tries to find a silent pack: in a pause, and where there is none
ALONE_PROBE = 0.5  # s, while nobody answers at all
NOBODY = 5  # at least so many questions in a row without an answer from anybody end the talk
LISTEN = 1.0  # s before the first request: a master asks once in 0.5 s [R]
FOREIGN, FOREIGN_WINDOW = 2, 5.0  # so many signs of another master in so many s


class BusTalk(Protocol):
    """A conversation with all packs of a bus."""

    framer: PbFramer
    fallen: list[int]  # addresses that do not answer, or no longer do; the owner of the talk takes them out

    def add(self, address: int, poll_interval: float) -> None:
        """Expect this pack. ValueError: the protocol knows no such address."""

    def scan(self, poll_interval: float) -> None:
        """Expect packs everywhere, and none in particular."""

    @property
    def passed(self) -> bool:
        """Whether all packs that are there can have been heard."""

    def begin(self) -> None:
        """A link was opened: nothing is on its way, and nobody has been heard yet."""

    def send(self, now: float) -> bytes | None:
        """The bytes to write now, if any. ProtocolError when nobody answers, or when there is another master."""

    def receive(self, chunk: bytes, now: float) -> list[Answer]:
        """Answers that count; an empty chunk says that nothing came for as long as `wake` told."""

    @property
    def expected(self) -> int:
        """Bytes that are on their way; 0: unknown or none."""

    def wake(self, now: float) -> float:
        """Seconds until `send` should be called again if nothing comes before."""


class MasterTalk:
    """Asks the packs that were added, round after round; see `BusTalk`."""

    def __init__(self) -> None:
        self.framer = PbFramer()
        self.fallen: list[int] = []
        self.strays = 0  # answers that were late, or from others
        self._units: dict[int, Unit] = {}
        self.begin()

    def add(self, address: int, poll_interval: float) -> None:
        """See `BusTalk`: ask it, or at another interval than before."""
        if address not in SLAVES:
            raise ValueError(f"address {address} is not from {SLAVES[0]} to {SLAVES[-1]}")
        if address not in self._units:
            self._first_pass.append(address)
        self._units.setdefault(address, Unit(address)).poll_interval = poll_interval

    def scan(self, poll_interval: float) -> None:
        """See `BusTalk`."""
        for address in SLAVES:
            if address not in self._units:
                self.add(address, poll_interval)

    @property
    def passed(self) -> bool:
        """See `BusTalk`: every address was asked since the link was opened."""
        return not self._first_pass and not self._passing

    def begin(self) -> None:
        """See `BusTalk`."""
        self.framer.gap()
        self._first_pass = deque(sorted(self._units, key=lambda address: not self._units[address].known))
        self._passing = False  # the question on its way belongs to the first pass
        for unit in self._units.values():
            unit.live = False
        self._asking: tuple[Unit, Register] | None = None
        self._last: Request | None = None  # that was written
        self._tries = 0
        self._asked_at = self._heard_at = self._probed_at = -inf
        self._free_at: float | None = None  # when a request may be written; None: the listening has not begun
        self._unheard = 0  # questions in a row that nobody answered
        self._foreign: list[float] = []  # when another master was heard
        self._known_next = True
        self._useless = 0  # bytes before this question
        self._echo = self._echoed = False  # whether the adapter sends back what is written; in this exchange

    def send(self, now: float) -> bytes | None:
        """See `BusTalk`."""
        if self._free_at is None:
            self._free_at = now + LISTEN
        if len(self._foreign) >= FOREIGN:
            raise BusTakenError(
                "another master asks on this bus: give every pack an address from 1 to 15, or only listen, with "
                "protocol = jk-pb-listen"
            )
        if self._asking is not None:
            if now < self._until():
                return None
            if self._tries < (TRIES_OF_DAMAGED if self._damaged() else TRIES):
                return self._ask(*self._asking, now)
            self._give_up(*self._asking, now)
        if now < self._free_at:
            return None
        chosen = self._choose(now)
        if chosen is None:
            return None
        self._asking, self._tries = chosen, 0
        return self._ask(*chosen, now)

    def receive(self, chunk: bytes, now: float) -> list[Answer]:
        """See `BusTalk`."""
        if chunk:
            self._heard_at = now
            self._free_at = None if self._free_at is None else max(self._free_at, now + QUIET)
        return list(self._answers(self.framer.feed(chunk) if chunk else self.framer.gap(), now))

    @property
    def expected(self) -> int:
        """See `BusTalk`."""
        if self._asking is None:
            return 0
        return self.framer.missing or ANSWER_SIZE + (REQUEST_SIZE if self._echo and not self._echoed else 0)

    def wake(self, now: float) -> float:
        """See `BusTalk`."""
        if self._asking is not None:
            return max(PAUSE if self.framer.held else 0.0, self._until() - now)
        if self._free_at is None:
            return 0.0
        at = now
        if not self._first_pass:
            due = self._next_due()
            at = min(due, self._probe_due(due, now))
        return max(self._free_at, at) - now

    def _answers(self, heard: list[Heard], now: float) -> Iterator[Answer]:
        for one in heard:
            if isinstance(one, Request):
                self._request_heard(one, now)
            elif self._asking is not None and (self._asking[0].address, self._asking[1]) == one[:2]:
                self._asking[0].answered(one.register, now)
                self._asking, self._passing, self._unheard, self._echo = None, False, 0, self._echoed
                yield one
            else:
                self.strays += 1
                if one.address == MASTER:
                    self._foreign_heard(now)

    def _request_heard(self, request: Request, now: float) -> None:
        if request == self._last:
            self._echoed = True
        else:
            self._foreign_heard(now)

    def _foreign_heard(self, now: float) -> None:
        self._foreign = [at for at in self._foreign if now - at < FOREIGN_WINDOW] + [now]

    def _ask(self, unit: Unit, register: Register, now: float) -> bytes:
        self.framer.gap()  # what has begun before is no answer to this
        self._tries += 1
        self._asked_at, self._free_at = now, now + APART
        self._last, self._echoed, self._useless = Request(unit.address, register), False, self._useless_bytes()
        return REQUESTS[self._last]

    def _until(self) -> float:
        """When the answer counts as not given."""
        patience = APART if self._tries < TRIES or self._damaged() else TIMEOUT
        pause = min(self._heard_at + PAUSE, self._asked_at + LONGEST) if self.framer.held else -inf
        return max(self._asked_at + patience, pause)

    def _useless_bytes(self) -> int:
        framer = self.framer
        return framer.dropped + (framer.corrupt + framer.orphans) * ANSWER_SIZE

    def _damaged(self) -> bool:
        """Whether something has come that was no answer, and is long enough to have been meant for one."""
        return self._useless_bytes() - self._useless > ANSWER_SIZE / 2

    def _give_up(self, unit: Unit, register: Register, now: float) -> None:
        first, self._passing, self._asking = self._passing, False, None
        self._unheard += 1
        was_live = unit.live
        unit.unanswered(register, now)
        if not unit.live:
            self._probed_at = now
            if was_live or first:
                self.fallen.append(unit.address)
        if self._unheard >= max(NOBODY, len(self._units)) and not any(one.live for one in self._units.values()):
            everywhere = len(self._units) == len(SLAVES)
            asked = "any address" if everywhere else f"address {', '.join(map(str, sorted(self._units)))}"
            raise ProtocolError(f"no answer from {asked}")

    def _choose(self, now: float) -> tuple[Unit, Register] | None:
        if self._first_pass:
            self._passing = True
            return self._units[self._first_pass.popleft()], Register.STATUS
        due = self._next_due()
        if now >= self._probe_due(due, now):
            return self._lost(), Register.STATUS
        if now < due:
            return None
        unit = min((unit for unit in self._units.values() if unit.live), key=lambda unit: unit.due)
        register = unit.due[1]
        unit.asked(register, now)
        return unit, register

    def _next_due(self) -> float:
        return min((unit.due[0] for unit in self._units.values() if unit.live), default=inf)

    def _probe_due(self, due: float, now: float) -> float:
        """When to look for a silent pack, where another is to be asked at `due`."""
        if all(unit.live for unit in self._units.values()):
            return inf
        relaxed = self._probed_at + (ALONE_PROBE if due == inf else PROBE)
        return relaxed if max(relaxed, now) + COST <= due else self._probed_at + CROWDED_PROBE

    def _lost(self) -> Unit:
        """The silent pack whose turn it is: those that have answered once take turns with the others."""
        silent = [unit for unit in self._units.values() if not unit.live]
        preferred = [unit for unit in silent if unit.known is self._known_next]
        self._known_next = not self._known_next
        return min(preferred or silent, key=lambda unit: unit.probed_at)
