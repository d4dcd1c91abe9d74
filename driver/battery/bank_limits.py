"""The limits of a bank, so that no pack exceeds its own: each names the pack that sets it.

A current is the smallest of what each pack may take divided by its share. A pack that has fallen silent is gone for
the others, which may have to carry all, and holds its own limits until it counts as lost. From then on it takes no part
in the currents, but it may still hang unseen on the bus bars: the charge voltage stays at what the loss contract leaves
it, the voltage of cells at rest, until it is heard again or its owner says that it is in maintenance.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .bank_member import ON_THE_BARS, Member, Standing
from .bank_share import Shares, proportions
from .easing import CELL_RISE, RISE_TIME, risen
from .limits import Limit, Limits
from .reading import Reading

Standings: TypeAlias = Mapping[str, Standing]
OVERDUE = 2.0  # s without a new reading of every pack
STAYS = 1.02  # a pack that has set a limit is named as long as no other allows less by more than that


class BankLimits:
    """Keeps the shares of the packs, and what was shown last."""

    def __init__(self) -> None:
        self.shown: Limits | None = None
        self._shares = {"charge": Shares(), "discharge": Shares()}
        self._looked: tuple[float, dict[str, Reading | None]] = (0.0, {})  # when shares were looked at, and at what
        self.named: dict[str, str] = {}  # pack that sets "voltage", "charge", "discharge"

    def shares(self, side: str) -> Mapping[str, float]:
        """Of the current of that side, by pack: of those that serve."""
        return self._shares[side].of

    def look(self, members: Sequence[Member], standings: Standings, now: float) -> None:
        """See at monotonic second `now` who is there and how the current divides."""
        at, before = self._looked
        told = {m.name: m.outcome.reading for m in members if standings[m.name] is Standing.IN}
        new = all(reading is not before.get(name) for name, reading in told.items())  # each since the last look
        if new:
            self._looked = now, told
        for side, shares in self._shares.items():
            serving = _serving(members, standings, side)
            shares.attend({member.name: member.capacity for member in serving})
            sign = 1 if side == "charge" else -1
            currents = {m.name: sign * (m.measured.current or 0.0) for m in serving if m.measured is not None}
            capacity = sum(member.capacity or 0.0 for member in serving)
            learnt = new and shares.learn(currents, capacity, now - at)
            if not learnt and (new or now - at >= OVERDUE) and self.shown is not None:
                own = {member.name: _of(member.limits, side).value for member in serving}
                shares.watch(currents, own, _of(self.shown, side).value)

    def limits(self, members: Sequence[Member], standings: Standings, elapsed: float) -> Limits:
        """What the bank may do, `elapsed` s after the last time; falls at once, rises slowly."""
        wanted = Limits(
            self._voltage(members, standings),
            self._current("charge", members, standings),
            self._current("discharge", members, standings),
            max((named(m.name, m.limits.low_voltage) for m in members), key=_value),
        )
        before, self.shown = self.shown, wanted
        if before is not None:
            rated = [member.terms for member in members if standings[member.name] is Standing.IN and member.terms]
            share, count = elapsed / RISE_TIME, members[0].outcome.cell_count
            charge, discharge = sum(t.charge_current for t in rated), sum(t.discharge_current for t in rated)
            self.shown = Limits(
                risen(before.charge_voltage, wanted.charge_voltage, CELL_RISE * count * elapsed if rated else 0.0),
                risen(before.charge_current, wanted.charge_current, share * charge),
                risen(before.discharge_current, wanted.discharge_current, share * discharge),
                wanted.low_voltage,
            )
        return self.shown

    def _voltage(self, members: Sequence[Member], standings: Standings) -> Limit:
        """The smallest of all packs that are, or may be, on the bus bars."""
        there = [m for m in members if standings[m.name] in ON_THE_BARS or standings[m.name] is Standing.LOST]
        return self._smallest("voltage", {m.name: m.limits.charge_voltage for m in there or members})

    def _current(self, side: str, members: Sequence[Member], standings: Standings) -> Limit:
        shares, serving = self._shares[side], _serving(members, standings, side)
        total = sum(_of(member.limits, side).value for member in serving)  # whatever the shares say
        allowed = {m.name: _part(_of(m.limits, side), shares.of[m.name], total) for m in serving}
        heard = [member for member in members if standings[member.name] is Standing.IN]
        own = {Standing.SILENT, Standing.LEAVING}
        if not heard:
            own.add(Standing.LOST)  # each counts with what the loss contract leaves it
        usual = proportions({member.name: member.capacity for member in members})
        for member in members:
            if standings[member.name] in own and member.lets(charging=side == "charge"):
                allowed[member.name] = _part(
                    _of(member.limits, side), shares.before.get(member.name, usual[member.name])
                )
        if allowed:
            return self._smallest(side, allowed)
        return Limit(
            0.0, named(heard[0].name, _of(heard[0].limits, side)).reason if heard else "no pack is on the bus bars"
        )

    def _smallest(self, what: str, allowed: Mapping[str, Limit]) -> Limit:
        """The smallest, with a name that does not change with every tenth of an ampere."""
        least = min(allowed.values(), key=_value).value
        name = self.named.get(what, "")
        if name not in allowed or allowed[name].value > least * STAYS:
            name = self.named[what] = next(name for name, limit in allowed.items() if limit.value == least)
        return Limit(least, named(name, allowed[name]).reason)


def named(name: str, limit: Limit) -> Limit:
    """A limit of one pack as one of the bank."""
    return Limit(limit.value, f"{name}: {limit.reason}")


def _of(limits: Limits, side: str) -> Limit:
    return limits.charge_current if side == "charge" else limits.discharge_current


def _value(limit: Limit) -> float:
    return limit.value


def _serving(members: Sequence[Member], standings: Standings, side: str) -> list[Member]:
    """The packs that serve and let current through in that direction."""
    charging = side == "charge"
    return [m for m in members if standings[m.name] is Standing.IN and m.lets(charging=charging)]


def _part(own: Limit, share: float, most: float | None = None) -> Limit:
    """What the bank may do for one pack's sake; never more than `most`, all packs together."""
    value = own.value / share if share > 0 else own.value
    return Limit(value if most is None else min(value, most), own.reason)
