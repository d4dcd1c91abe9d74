"""How far a cell that runs ahead lowers the charge voltage: soon down, up late and slowly.

Load steps lift and drop all cells for some seconds, which chargers are too slow to follow: only what is needed for
`PERSISTS` s counts. Chargers that hold more than they are told (feed-in: up to 0.4 V) are told less and less until no
cell is above its target. Once lowered, the voltage stays for `HOLD` s, so that it turns round twice an hour at most.
"""

from dataclasses import dataclass

PERSISTS = 5.0  # s
SETTLES = 10.0  # s in which chargers follow, before the voltage is lowered for what is still over
OVER = 0.003  # V above the target that are not worth it
HOLD = 1800.0  # s without a need to lower further, before the voltage rises
RELEASE = 0.00005  # V per cell and s by which it then rises


@dataclass(frozen=True, slots=True)
class Lead:
    """V per pack by which the charge voltage is lowered, and for how many s it has not been lowered further."""

    lowered: float = 0.0
    still: float = 0.0


NO_LEAD = Lead()


class Leading:
    """The lead of one battery, reading by reading."""

    def __init__(self, lead: Lead) -> None:
        self.lead = lead
        self._recent: list[tuple[float, float, float]] = []  # s ago; V needed; V that the highest cell was over
        self._more = 0.0  # V beyond what was needed, because a cell stayed over its target
        self._over_for = 0.0  # s since that was last changed

    def take(self, need: float, over: float, count: int, elapsed: float) -> float:
        """What to lower the voltage of `count` cells by, in V.

        This reading, `elapsed` s after the one before, needs `need`; its highest cell is `over` V above the target.
        """
        self._recent = [(ago + elapsed, v, o) for ago, v, o in self._recent if ago + elapsed <= PERSISTS]
        self._recent.append((0.0, need, over))
        self._settle(min(o for _, _, o in self._recent) * count, count, elapsed)
        lasting, lead = min(v for _, v, _ in self._recent) + self._more, self.lead
        if lasting > lead.lowered:
            self.lead = Lead(lasting)
        elif lead.still < HOLD:
            self.lead = Lead(lead.lowered, lead.still + elapsed)
        else:
            self._more = 0.0
            self.lead = Lead(max(lasting, lead.lowered - RELEASE * count * elapsed), lead.still)
        return self.lead.lowered

    def _settle(self, over: float, count: int, elapsed: float) -> None:
        self._over_for = self._over_for + elapsed if over > OVER * count else 0.0
        if self._over_for >= SETTLES:
            self._more, self._over_for = self._more + over, 0.0
