"""A JK that has just been powered up says a state of charge of 0, and 0 cycles, for about 16 s (measured on 4E 57)."""

from dataclasses import replace

from .chemistry import Chemistry
from .reading import Reading
from .resistance import TYPICAL

UNBELIEVED = 20.0  # s


class PowerUp:
    """Takes a state of charge of 0 as not said until it has lasted, unless the cells are empty too."""

    def __init__(self) -> None:
        self._since: float | None = None  # monotonic s of the first 0 in a row

    def believed(self, reading: Reading, chemistry: Chemistry | None, now: float, heard_before: bool) -> Reading:
        """The reading, without its state of charge while that cannot be believed.

        After a silence (not `heard_before`) the BMS may have been powered up again.
        """
        if reading.soc != 0 or reading.cycles or _empty(reading, chemistry):
            self._since = None
            return reading
        if self._since is None or not heard_before:
            self._since = now
        return replace(reading, soc=None) if now - self._since < UNBELIEVED else reading


def _empty(reading: Reading, chemistry: Chemistry | None) -> bool:
    """Whether the lowest cell would be below the band at rest."""
    at_rest = min(reading.cells) - (reading.current or 0.0) * TYPICAL
    return chemistry is not None and at_rest < chemistry.value.band_low
