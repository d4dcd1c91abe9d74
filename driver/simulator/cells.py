"""A small physical battery: cells in series with capacity, resistance, rest voltage and a common temperature.

Units: V, A (positive: charging), Ah, Ω, °C, W, s. Everything follows from the arguments and the seed, so a run repeats.
The curves are typical of each chemistry and prove nothing about a certain cell.
"""

import math
from bisect import bisect_right
from dataclasses import dataclass
from random import Random

from ..battery.chemistry import Chemistry

# fmt: off
# share of the capacity -> V at rest; rising, continued in a straight line beyond both ends
REST_VOLTAGE: dict[Chemistry, tuple[tuple[float, float], ...]] = {
    Chemistry.LFP: ((-0.03, 1.50), (0.00, 2.50), (0.02, 2.85), (0.05, 3.05), (0.10, 3.20), (0.20, 3.250), (0.30, 3.280),
                    (0.45, 3.295), (0.60, 3.310), (0.70, 3.330), (0.90, 3.340), (0.97, 3.350), (0.99, 3.375),
                    (1.00, 3.42), (1.01, 3.55), (1.03, 3.85)),
    Chemistry.NMC: ((-0.03, 2.20), (0.00, 3.00), (0.05, 3.40), (0.10, 3.50), (0.20, 3.58), (0.40, 3.66), (0.50, 3.71),
                    (0.60, 3.79), (0.80, 3.97), (0.90, 4.06), (1.00, 4.18), (1.05, 4.40)),
    Chemistry.LTO: ((-0.03, 1.20), (0.00, 1.80), (0.05, 2.05), (0.10, 2.13), (0.30, 2.20), (0.50, 2.26), (0.70, 2.33),
                    (0.90, 2.43), (1.00, 2.60), (1.03, 2.85)),
}
# fmt: on
RESISTANCE = 0.1  # Ω Ah: a 280 Ah cell with its link has 0.36 mΩ
HEAT_CAPACITY = 19.0  # J/K per cell and Ah: 5.4 kg for 280 Ah
COOLING_TIME = 4 * 3600.0  # s, time constant of the pack in its box


def rest_voltage(chemistry: Chemistry, soc: float) -> float:
    """Voltage of a cell at rest, V; `soc` from 0 to 1, and a little beyond on both sides. Never below 0 V."""
    curve = REST_VOLTAGE[chemistry]
    right = min(max(bisect_right(curve, (soc, math.inf)), 1), len(curve) - 1)
    (x0, y0), (x1, y1) = curve[right - 1], curve[right]
    return max(0.0, y0 + (y1 - y0) * (soc - x0) / (x1 - x0))


@dataclass(slots=True)
class Cell:
    """One cell; a test may change what it likes."""

    capacity: float  # Ah
    resistance: float  # Ω at 25 °C
    charge: float  # Ah stored
    leak: float = 0.0  # A that it discharges itself with


class Battery:
    """Cells in series under one current.

    `spread` scales how unequal they are: 1.0 draws capacities within 1 %, resistances within 8 % and states of charge
    within 0.3 %, 0.0 makes them identical.
    """

    def __init__(
        self,
        chemistry: Chemistry = Chemistry.LFP,
        count: int = 16,
        *,
        capacity: float = 280.0,
        soc: float = 0.6,
        temperature: float = 25.0,
        spread: float = 1.0,
        seed: int = 1,
    ) -> None:
        draw = Random(seed)
        self.chemistry = chemistry
        self.cells: list[Cell] = []
        for _ in range(count):
            own = capacity * (1 + spread * draw.uniform(-0.01, 0.01))
            resistance = RESISTANCE / capacity * (1 + spread * draw.uniform(-0.08, 0.08))
            self.cells.append(Cell(own, resistance, own * (soc + spread * draw.uniform(-0.003, 0.003))))
        self.current = 0.0  # A, of the last step
        self.temperature = temperature
        self.ambient = temperature
        self._at: tuple[list[float], tuple[float, ...]] = [], ()  # how full, and the rest voltages of that
        self._heat_capacity = HEAT_CAPACITY * capacity * count

    def step(self, dt: float, amperes: float) -> None:
        """Let a current flow for `dt` seconds."""
        self.current = amperes
        moved = amperes * dt / 3600
        for cell in self.cells:
            cell.charge += moved - cell.leak * dt / 3600
        final = self.ambient + self.heat * COOLING_TIME / self._heat_capacity
        self.temperature = final + (self.temperature - final) * math.exp(-dt / COOLING_TIME)

    def move(self, source: int, target: int, ampere_hours: float) -> None:
        """What a balancer does: take charge out of one cell and put it into another. Indices from 0."""
        self.cells[source].charge -= ampere_hours
        self.cells[target].charge += ampere_hours

    @property
    def rest_voltages(self) -> tuple[float, ...]:
        """Voltages that the cells would have without current."""
        filled = [cell.charge / cell.capacity for cell in self.cells]
        if filled != self._at[0]:  # asked several times in a step
            self._at = filled, tuple(rest_voltage(self.chemistry, soc) for soc in filled)
        return self._at[1]

    @property
    def voltages(self) -> tuple[float, ...]:
        """Voltages of the cells under the present current."""
        drop = self.current * self._cold
        return tuple(
            max(0.0, rest + drop * cell.resistance) for rest, cell in zip(self.rest_voltages, self.cells, strict=True)
        )

    @property
    def voltage(self) -> float:
        """Voltage of the pack: the sum of its cells."""
        return sum(self.voltages)

    @property
    def resistance(self) -> float:
        """Resistance of the pack at its temperature."""
        return sum(cell.resistance for cell in self.cells) * self._cold

    @property
    def heat(self) -> float:
        """Power that turns into heat inside."""
        return self.current**2 * self.resistance

    @property
    def soc(self) -> float:
        """True state of charge from 0 to 1: what can be drawn until the first cell is empty, of what the pack holds."""
        drawable = min(cell.charge for cell in self.cells)
        chargeable = min(cell.capacity - cell.charge for cell in self.cells)
        return drawable / (drawable + chargeable)

    def current_for(self, voltage: float) -> float:
        """The current that would bring the pack to a voltage."""
        return (voltage - sum(self.rest_voltages)) / self.resistance

    @property
    def _cold(self) -> float:
        # lithium cells double their resistance towards -25 °C and lose a little when warm
        return max(0.7, 1 + 0.02 * (25 - self.temperature))
