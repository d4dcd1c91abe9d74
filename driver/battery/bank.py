"""The control of a bank: outcomes of its packs go in, one outcome comes out that D-Bus shows as one battery.

Packs of one bank have the same number of cells and the same chemistry. Each is controlled by itself, as if it were
alone; the bank decides what concerns all: the phase of the charge, and limits under which no pack exceeds its own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from .alarms import Alarm, Severity
from .bank_limits import BankLimits
from .bank_member import ON_THE_BARS, Member, Roll, Standing, apart
from .bank_outcome import BankOutcome, Modules, PackState
from .bank_reading import IDENTITY, BankReading, combined, drop
from .changes import Changes
from .charge_mode import ChargeState, Phase, description, goal, step
from .charging import SAID_FOR, Progress
from .chemistry import Chemistry
from .controller import RESTART_GRACE, Outcome
from .envelope import Envelope
from .history import NONE
from .history import step as history_step
from .limits import Limit, Limits
from .loss import Presence
from .memory import Memory

BEST_FIRST = tuple(Presence)
LOWERED = 0.05  # V below the goal from which on a charge voltage is said to be a pack's


class Bank:
    """The control of one bank."""

    def __init__(self, started: float, memory: Memory | None = None) -> None:
        """`started` is now, in monotonic s."""
        self._started = started
        self._roll = Roll()
        self._limits = BankLimits()
        self._memory = memory
        self.state = ChargeState() if memory is None else memory.progress.state
        self._history = NONE if memory is None else memory.history
        self.changes = Changes()
        self._kind: tuple[int, Chemistry | None] | None = None  # number of cells and chemistry of all packs
        self._admitted: set[str] = set()
        self._order: dict[str, None] = {}  # the names of its packs, as they were seen first
        self._bounds: tuple[list[Envelope], Envelope | None] = ([], None)  # of each pack that serves, and of all
        self._at: float | None = None  # when packs were heard last
        self._outcome: BankOutcome | None = None
        self._alarms: frozenset[Alarm] = frozenset()
        self._said: tuple[object, float, str] = (None, 0.0, "")  # what a reason is about, since when, and the reason

    def take(self, members: Sequence[Member], others: Mapping[str, str], now: float) -> BankOutcome | None:
        """What to show at monotonic second `now`; None: not enough is known yet.

        `members` are the packs that have an outcome with limits, `others` those that should be there and have none,
        each with the reason.
        """
        if not self._formed(members, others, now):
            return None
        self._admitted.update([member.name for member in members if self._is_of(member)])
        packs = [member for member in members if member.name in self._admitted]
        self._roll.call(packs, now)
        there = [member for member in packs if member.standing in ON_THE_BARS]
        reading = combined(there)
        terms = self._terms(there)
        rest = 0.0 if reading is None else drop(there)
        serving = any(member.standing is Standing.IN for member in there)
        elapsed = now - self._at if serving and self._at is not None else 0.0
        self._at = now if serving else None
        if reading is not None and serving:
            self._live(reading, terms, rest, elapsed)
        self._limits.look(packs, now)
        limits = self._limits.limits(packs, elapsed)
        if reading is not None and terms is not None:
            worded = self._worded(limits.charge_voltage, packs, reading, rest, terms, now)
            limits = Limits(worded, limits.charge_current, limits.discharge_current, limits.low_voltage)
        self.changes.take(limits, now)
        foreign = {member.name: _foreign(member) for member in members if member.name not in self._admitted}
        return self._show(packs, reading, limits, dict(others) | foreign, now)

    def keep(self, wall: float) -> Memory | None:
        """What to keep over a restart; None before there is anything. `wall` is the Unix time."""
        shown = self._outcome
        if shown is None:
            return None
        return Memory(
            identity=IDENTITY,
            cell_count=shown.cell_count,
            heard_at=wall,
            chemistry=shown.chemistry,
            limits=shown.limits,
            progress=Progress(self.state),
            history=self._history,
        )

    def clear_history(self) -> None:
        """Begin it anew."""
        self._history = NONE

    def resume(self, shown: Outcome) -> None:
        """Go on after a failure of this code: limits rise from those of the `failsafe` that was shown meanwhile."""
        self._limits.shown, self._at = shown.limits, None

    def _formed(self, members: Sequence[Member], others: Mapping[str, str], now: float) -> bool:
        """Whether it is settled what packs belong here: all have spoken, or there was time enough."""
        if self._kind is not None:
            return True
        if not members or (others and now - self._started < RESTART_GRACE):
            return False
        kinds = Counter((member.outcome.cell_count, member.outcome.chemistry) for member in members)
        self._kind = kinds.most_common(1)[0][0]
        if self._memory is not None and self._memory.cell_count == self._kind[0]:
            self._limits.shown = self._memory.limits  # a restart opens none
        return True

    def _is_of(self, member: Member) -> bool:
        return (member.outcome.cell_count, member.outcome.chemistry) == self._kind

    def _terms(self, members: Sequence[Member]) -> Envelope | None:
        """The bounds of all packs together; None while none is certain."""
        known = [member.terms for member in members if member.terms is not None]
        if known != self._bounds[0]:
            self._bounds = known, together(known)
        return self._bounds[1]

    def _live(self, reading: BankReading, terms: Envelope | None, drop: float, elapsed: float) -> None:
        """Go on with the charge and the history."""
        phase = self.state.phase
        if terms is not None:
            self.state = step(self.state, reading, drop, terms, elapsed)
        filled = self.state.phase is Phase.FLOAT and phase is not Phase.FLOAT
        risen, self._alarms = reading.alarms - self._alarms, reading.alarms
        self._history = history_step(self._history, reading, risen, elapsed, full=filled)

    def _worded(
        self, limit: Limit, packs: Sequence[Member], reading: BankReading, rest: float, terms: Envelope, now: float
    ) -> Limit:
        """The charge voltage with its reason; the phase changes with every reading, and is said once a minute."""
        lowered = limit.value < goal(self.state, terms) * packs[0].outcome.cell_count - LOWERED
        own = self._lowered(limit, packs) if lowered else ""
        about = self.state.phase, self.state.reason, own
        if about != self._said[0] or now - self._said[1] >= SAID_FOR:
            phase = description(self.state, reading, rest, terms)
            self._said = about, now, "; ".join(filter(None, (phase, own)))
        return Limit(limit.value, self._said[2])

    def _lowered(self, limit: Limit, packs: Sequence[Member]) -> str:
        """For whose sake the charge voltage is lower than the phase wants it."""
        name = self._limits.named["voltage"]
        serves = any(pack.name == name and pack.standing is Standing.IN for pack in packs)
        return f"{name}: a cell runs ahead" if serves else limit.reason

    def _show(
        self,
        packs: Sequence[Member],
        reading: BankReading | None,
        limits: Limits,
        others: Mapping[str, str],
        now: float,
    ) -> BankOutcome:
        before = self._outcome
        state = _presence(packs)
        online = [member for member in packs if member.standing in ON_THE_BARS]
        absent = [*_explanations(packs), *[f"{name} {why}" for name, why in others.items()]]
        words = [f"{member.name}: {said}" for member in online for said in member.outcome.alarm_words]
        self._outcome = BankOutcome(
            presence=state,
            since=before.since if before is not None and before.presence is state else now,
            identity=IDENTITY,
            cell_count=packs[0].outcome.cell_count,
            reading=reading or (before.reading if before is not None else None),
            fresh=reading is not None,
            limits=limits,
            cable_alarm=max([m.outcome.cable_alarm for m in packs if not m.maintenance], default=Severity.NONE),
            explanation="; ".join([*absent, *words] if absent else []),
            chemistry=packs[0].outcome.chemistry,
            history=self._history,
            charge_requested=any(member.outcome.charge_requested for member in online),
            conflicts=tuple([f"{member.name}: {said}" for member in packs for said in member.outcome.conflicts]),
            alarm_words=tuple(words),
            modules=Modules(
                online=len(online),
                offline=len(packs) + len(others) - len(online),
                blocking_charge=sum([member.limits.charge_current.value == 0 for member in online]),
                blocking_discharge=sum([member.limits.discharge_current.value == 0 for member in online]),
            ),
            packs=self._states(packs, others),
        )
        return self._outcome

    def _states(self, packs: Sequence[Member], others: Mapping[str, str]) -> tuple[PackState, ...]:
        """Of all packs, each at its place."""
        charge, discharge = self._limits.charge_shares, self._limits.discharge_shares
        states = {
            member.name: PackState(
                member.name,
                member.standing,
                member.maintenance,
                _percent(charge.get(member.name)),
                _percent(discharge.get(member.name)),
            )
            for member in packs
        }
        states |= {name: PackState(name, why) for name, why in others.items()}
        self._order |= dict.fromkeys(states)
        return tuple([states[name] for name in self._order if name in states])


def together(known: Sequence[Envelope]) -> Envelope | None:
    """The bounds of all packs together; None where there are none."""
    if not known:
        return None
    capacities = [terms.capacity for terms in known]
    return replace(
        known[0],
        target=min(terms.target for terms in known),
        float_voltage=min(terms.float_voltage for terms in known),
        recharge_voltage=min(terms.recharge_voltage for terms in known),
        absorption_time=min(terms.absorption_time for terms in known),
        full_charge_interval=min(terms.full_charge_interval for terms in known),
        capacity=None if None in capacities else sum(capacity or 0.0 for capacity in capacities),
    )


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _presence(packs: Sequence[Member]) -> Presence:
    """LIVE while one pack is heard, and else as the one that was heard last."""
    states = [member.outcome.presence for member in packs if not member.maintenance]
    return next((state for state in BEST_FIRST if state in states), Presence.LIVE)


def _foreign(member: Member) -> str:
    chemistry = member.outcome.chemistry
    return (
        f"is not of this bank: {member.outcome.cell_count} cells {chemistry.value.name if chemistry else ''}".rstrip()
    )


def _explanations(packs: Sequence[Member]) -> Iterator[str]:
    """One sentence for each pack that does not simply serve."""
    for member in packs:
        standing, said = member.standing, member.outcome.explanation
        if standing is Standing.SILENT or standing is Standing.LOST:
            yield f"{member.name}: {said or standing}"
        elif standing is Standing.WAITING:
            volts = apart(member, packs)
            yield (
                f"{member.name} waits: its voltage is {abs(round(2 * volts)) / 2:g} V "
                f"{'above' if volts > 0 else 'below'} that of the bank"
            )
        elif standing is not Standing.IN:
            yield f"{member.name} {standing}"
        elif said:
            yield f"{member.name}: {said}"
