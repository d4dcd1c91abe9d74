"""The limits of a bank, so that no pack exceeds its own: each names the pack that sets it.

A current is the smallest of what each pack may take divided by its share. A pack that has fallen silent is gone for
the others, which may have to carry all, and holds its own limits until it counts as lost. From then on it takes no part
in the currents, but it may still hang unseen on the bus bars: the charge voltage stays at what the loss contract leaves
it, the voltage of cells at rest, until it is heard again or its owner says that it is in maintenance.
"""

from collections.abc import Callable, Mapping, Sequence
from math import inf
from operator import attrgetter
from typing import NamedTuple

from .bank_member import ON_THE_BARS, Member, Standing
from .bank_share import Shares, proportions
from .easing import CELL_RISE, RISE_TIME, risen
from .limits import Limit, Limits
from .reading import Reading

OVERDUE = 2.0  # s without a new reading of every pack
STAYS = 1.02  # a pack that has set a limit is named as long as no other allows less by more than that


class Side(NamedTuple):
    """One direction of the current."""

    name: str
    sign: int
    limit: Callable[[Limits], Limit]
    lets: Callable[[Member], bool]


CHARGE = Side("charge", 1, attrgetter("charge_current"), attrgetter("charges"))
DISCHARGE = Side("discharge", -1, attrgetter("discharge_current"), attrgetter("discharges"))


class BankLimits:
    """Keeps the shares of the packs, and what was shown last."""

    def __init__(self) -> None:
        self.shown: Limits | None = None
        self.named: dict[str, str] = {}  # pack that sets "voltage", "charge", "discharge"
        self._shares = {CHARGE: Shares(), DISCHARGE: Shares()}
        self._looked: tuple[float, dict[str, Reading | None]] = (0.0, {})  # when shares were looked at, and at what

    @property
    def charge_shares(self) -> Mapping[str, float]:
        """Of the charge current, by pack: of those that serve."""
        return self._shares[CHARGE].of

    @property
    def discharge_shares(self) -> Mapping[str, float]:
        """Of the discharge current."""
        return self._shares[DISCHARGE].of

    def look(self, members: Sequence[Member], now: float) -> None:
        """See at monotonic second `now` who is there and how the current divides."""
        at, before = self._looked
        heard = [member for member in members if member.standing is Standing.IN]
        told = {member.name: member.outcome.reading for member in heard}
        new = all(reading is not before.get(name) for name, reading in told.items())  # each since the last look
        if new:
            self._looked = now, told
        for side, shares in self._shares.items():
            serving = [member for member in heard if side.lets(member)]
            shares.attend({member.name: member.capacity for member in serving})
            currents = {
                member.name: side.sign * (member.measured.current or 0.0)
                for member in serving
                if member.measured is not None
            }
            capacity = sum([member.capacity or 0.0 for member in serving])
            learnt = new and shares.learn(currents, capacity, now - at)
            if not learnt and (new or now - at >= OVERDUE) and self.shown is not None:
                own = {member.name: side.limit(member.limits).value for member in serving}
                shares.watch(currents, own, side.limit(self.shown).value)

    def limits(self, members: Sequence[Member], elapsed: float) -> Limits:
        """What the bank may do, `elapsed` s after the last time; falls at once, rises slowly."""
        low = max(members, key=attrgetter("limits.low_voltage.value"))
        wanted = Limits(
            self._voltage(members),
            self._current(CHARGE, members),
            self._current(DISCHARGE, members),
            named(low.name, low.limits.low_voltage),
        )
        before, self.shown = self.shown, wanted
        if before is not None:
            rated = [member.terms for member in members if member.standing is Standing.IN and member.terms]
            share, count = elapsed / RISE_TIME, members[0].outcome.cell_count
            charge, discharge = sum([t.charge_current for t in rated]), sum([t.discharge_current for t in rated])
            self.shown = Limits(
                risen(before.charge_voltage, wanted.charge_voltage, CELL_RISE * count * elapsed if rated else 0.0),
                risen(before.charge_current, wanted.charge_current, share * charge),
                risen(before.discharge_current, wanted.discharge_current, share * discharge),
                wanted.low_voltage,
            )
        return self.shown

    def _voltage(self, members: Sequence[Member]) -> Limit:
        """The smallest of all packs that are, or may be, on the bus bars."""
        there = [m for m in members if m.standing in ON_THE_BARS or m.standing is Standing.LOST] or members
        voltages = {member.name: member.limits.charge_voltage for member in there}
        return self._smallest("voltage", {name: limit.value for name, limit in voltages.items()}, voltages)

    def _current(self, side: Side, members: Sequence[Member]) -> Limit:
        shares, own = self._shares[side], {member.name: side.limit(member.limits) for member in members}
        heard = [member for member in members if member.standing is Standing.IN]
        serving = [member.name for member in heard if side.lets(member)]
        total = sum([own[name].value for name in serving])  # whatever the shares say
        allowed = {name: min(own[name].value / shares.of[name], total) for name in serving}
        holding = (Standing.SILENT, Standing.LEAVING) if heard else (Standing.SILENT, Standing.LEAVING, Standing.LOST)
        for member in members:  # with its own limits: with all lost, those that the loss contract leaves it
            if member.standing in holding and side.lets(member):
                share = shares.before.get(member.name) or _usual(members)[member.name]
                allowed[member.name] = own[member.name].value / share
        if allowed:
            return self._smallest(side.name, allowed, own)
        return Limit(0.0, named(heard[0].name, own[heard[0].name]).reason if heard else "no pack is on the bus bars")

    def _smallest(self, what: str, allowed: Mapping[str, float], own: Mapping[str, Limit]) -> Limit:
        """The smallest that one of the packs allows, with a name that does not change with every tenth of an ampere."""
        least, name = min(allowed.values()), self.named.get(what, "")
        if allowed.get(name, inf) > least * STAYS:
            name = self.named[what] = min(allowed, key=allowed.__getitem__)
        return Limit(least, named(name, own[name]).reason)


def named(name: str, limit: Limit) -> Limit:
    """A limit of one pack as one of the bank."""
    return Limit(limit.value, f"{name}: {limit.reason}")


def _usual(members: Sequence[Member]) -> dict[str, float]:
    """The shares of packs that never carried anything while they were heard."""
    return proportions({member.name: member.capacity for member in members})
