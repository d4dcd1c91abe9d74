"""The resistance of a pack's cells, from the steps of its own current."""

from .reading import Reading

TYPICAL = 0.0005  # Ω per cell, until the pack has shown its own
PLAUSIBLE = (0.0001, 0.002)  # Ω per cell; outside, voltage and current were not of the same moment
STEP = 20.0  # A; a smaller step drowns in the 10 mV that a pack voltage is told in
STEP_TIME = 5.0  # s between two readings, beyond which chemistry adds to the ohms
FEWEST, MOST = 3, 9  # steps


class Resistance:
    """The middle one of a pack's last steps."""

    def __init__(self) -> None:
        self.per_cell = TYPICAL  # Ω
        self._steps: list[float] = []
        self._before: tuple[float, float, float] | None = None  # s, V, A

    def take(self, reading: Reading, now: float) -> None:
        """See whether the current has stepped since the reading before."""
        before, current = self._before, reading.current
        self._before = None if current is None else (now, reading.voltage, current)
        if before is None or current is None or now - before[0] > STEP_TIME or abs(current - before[2]) < STEP:
            return
        found = (reading.voltage - before[1]) / (current - before[2]) / len(reading.cells)
        if PLAUSIBLE[0] <= found <= PLAUSIBLE[1]:
            self._steps = [*self._steps[1 - MOST :], found]
            if len(self._steps) >= FEWEST:
                self.per_cell = sorted(self._steps)[len(self._steps) // 2]
