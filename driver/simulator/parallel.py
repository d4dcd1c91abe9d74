"""Packs on the same bus bars: how a current divides among them.

Each pack is a voltage behind a resistance: its cells, and the cable to the bus bars. What its MOSFETs or a breaker
hold back, the others take.
"""

from collections.abc import Sequence

from .bms import JkBms

CABLE = 0.001  # Ω from a pack to the bus bars


class Parallel:
    """Packs in parallel. Looks to a charger like one battery: `battery` is itself."""

    def __init__(self, packs: Sequence[JkBms], cables: Sequence[float] | None = None) -> None:
        self.packs = list(packs)
        self.connected = [True] * len(self.packs)  # a breaker each
        self.current = 0.0  # A, of all, in the last step
        self.currents = [0.0] * len(self.packs)
        self._cables = list(cables) if cables else [CABLE] * len(self.packs)

    @property
    def battery(self) -> "Parallel":
        """All of them."""
        return self

    @property
    def discharge_mosfet_on(self) -> bool:
        """Whether one of them can be discharged."""
        return any(pack.discharge_mosfet_on for pack, on in zip(self.packs, self.connected, strict=True) if on)

    @property
    def soc(self) -> int:
        """%, as told, the mean."""
        return round(sum(pack.soc for pack in self.packs) / len(self.packs))

    @property
    def rest_voltages(self) -> tuple[float, ...]:
        """V of the bus bars without current; one value."""
        return (self._bars(self._closed(), 0.0),)

    @property
    def resistance(self) -> float:
        """Ω between the bus bars."""
        return 1 / sum(self._conductance(index) for index in self._closed())

    @property
    def voltage(self) -> float:
        """V of the bus bars under the present current."""
        return self._bars(self._closed(), self.current)

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
