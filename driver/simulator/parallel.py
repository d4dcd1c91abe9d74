"""Packs on the same bus bars: how a current divides among them.

Each pack is a voltage behind a resistance: its cells, and the cable to the bus bars. What its MOSFETs or a breaker
hold back, the others take.
"""

from collections.abc import Sequence
from typing import cast

from .bms import JkBms
from .line import STRIDE, Line
from .profiles import PROFILES, Profile

CABLE = 0.001  # Ω from a pack to the bus bars
AGES = (1.0, 1.6, 0.8, 1.3)  # times the resistance of a new pack


class Parallel:
    """Packs in parallel. Looks to a charger like one pack."""

    def __init__(self, packs: Sequence[JkBms], cables: Sequence[float] | None = None) -> None:
        self.packs = list(packs)
        self.connected = [True] * len(self.packs)  # a breaker each
        self.current = 0.0  # A, of all, in the last step
        self.currents = [0.0] * len(self.packs)
        self._cables = list(cables) if cables else [CABLE] * len(self.packs)

    @property
    def battery(self) -> "Together":
        """All of them, seen from the bus bars."""
        return Together(self)

    @property
    def charge_mosfet_on(self) -> bool:
        """Whether one of them can be charged."""
        return any(pack.charge_mosfet_on for pack, on in zip(self.packs, self.connected, strict=True) if on)

    @property
    def discharge_mosfet_on(self) -> bool:
        """Whether one of them can be discharged."""
        return any(pack.discharge_mosfet_on for pack, on in zip(self.packs, self.connected, strict=True) if on)

    @property
    def capacity(self) -> float:
        """Ah, of all."""
        return sum(pack.capacity for pack in self.packs)

    @property
    def soc(self) -> int:
        """%, as told, the mean."""
        return round(sum(pack.soc for pack in self.packs) / len(self.packs))

    def bars(self, amperes: float) -> float:
        """V of the bus bars with that current into the packs that a charger feels."""
        return self._bars(self._closed(), amperes)

    @property
    def resistance(self) -> float:
        """Ω between the bus bars."""
        return 1 / sum(self._conductance(index) for index in self._closed())

    def step(self, dt: float, amperes: float) -> float:
        """Let a source (positive) or a load push a current for `dt` s; returns what flows."""
        taking = self.divide(amperes)
        self.currents = [pack.step(dt, taking.get(index, 0.0)) for index, pack in enumerate(self.packs)]
        self.current = sum(self.currents)
        return self.current

    def divide(self, amperes: float) -> dict[int, float]:
        """A into each pack that takes part, by its index."""
        taking = [index for index, on in enumerate(self.connected) if on]
        while taking:
            volts = self._bars(taking, amperes)
            flows = {index: (volts - self._rest(index)) * self._conductance(index) for index in taking}
            refusing = [index for index, current in flows.items() if not self._passes(self.packs[index], current)]
            if not refusing:
                return flows
            worst = max(refusing, key=lambda index: abs(flows[index]))
            taking = [index for index in taking if index != worst]
        return {}

    def _closed(self) -> list[int]:
        """The packs that a charger feels."""
        on = [index for index, closed in enumerate(self.connected) if closed]
        return [
            index for index in on if self.packs[index].charge_mosfet_on or self.packs[index].discharge_mosfet_on
        ] or [0]

    def _bars(self, taking: Sequence[int], amperes: float) -> float:
        total = sum(self._conductance(index) for index in taking)
        return (amperes + sum(self._rest(index) * self._conductance(index) for index in taking)) / total

    def _rest(self, index: int) -> float:
        return sum(self.packs[index].battery.rest_voltages)

    def _conductance(self, index: int) -> float:
        return 1 / (self.packs[index].battery.resistance + self._cables[index])

    @staticmethod
    def _passes(pack: JkBms, amperes: float) -> bool:
        return pack.charge_mosfet_on if amperes > 0 else pack.discharge_mosfet_on or amperes == 0


class Together:
    """What a charger feels of packs in parallel."""

    def __init__(self, packs: Parallel) -> None:
        self._packs = packs
        self.current = packs.current
        self.chemistry = packs.packs[0].battery.chemistry
        self.cells = packs.packs[0].battery.cells  # in series

    @property
    def rest_voltages(self) -> tuple[float, ...]:
        """V of the bus bars without current; one value."""
        return (self._packs.bars(0.0),)

    @property
    def resistance(self) -> float:
        """Ω between the bus bars."""
        return self._packs.resistance

    @property
    def voltage(self) -> float:
        """V of the bus bars under the present current."""
        return self._packs.bars(self.current)

    @property
    def soc(self) -> float:
        """True state of charge of the emptiest pack, from 0 to 1."""
        return min(pack.battery.soc for pack in self._packs.packs)

    def current_for(self, voltage: float) -> float:
        """The current that would bring the bus bars to a voltage."""
        return (voltage - self._packs.bars(0.0)) / self.resistance


class Shared:
    """Packs in parallel, and what charges and loads them, second by second."""

    def __init__(self, packs: Parallel, profile: Profile) -> None:
        self._packs = packs
        self._profile = profile
        self._began: float | None = None
        self._simulated = 0.0

    def live(self, now: float, speed: float) -> None:
        """Let all packs live up to now, in monotonic s; `speed` simulated seconds pass in one."""
        if self._began is None:
            self._began = now
        target = (now - self._began) * speed
        while (dt := min(STRIDE, target - self._simulated)) > 0:
            self._simulated += dt
            self._packs.step(dt, self._profile(self._simulated, cast(JkBms, self._packs)))


def put_together(lines: Sequence[Line], profile: str) -> None:
    """Put all packs on these lines on the same bus bars, each of another age; `profile` is what flows there."""
    packs = [bms for line in lines for bms in line.batteries]
    for index, bms in enumerate(packs):
        for cell in bms.battery.cells:
            cell.resistance *= AGES[index % len(AGES)]
    shared = Shared(Parallel(packs), PROFILES[profile]())
    for line in lines:
        line.together = shared
