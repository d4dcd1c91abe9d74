"""Whether what a battery says about itself is certain enough to control it; if not, what is in the way."""

from typing import TypeAlias

from .chemistry import Chemistry
from .conflicts import conflicts
from .envelope import Envelope, envelope, recognise
from .reading import Protections, Reading
from .settings import ChargeSettings

_Key: TypeAlias = tuple[Protections, float | None, int]


class Certainty:
    """The envelope of one battery, made anew when its protections, capacity or number of cells change."""

    def __init__(self, settings: ChargeSettings) -> None:
        self._settings = settings
        self.chemistry: Chemistry | None = None
        self.envelope: Envelope | None = None  # the last one that was certain
        self.cell_count = 0  # that belongs to it
        self.conflicts: tuple[str, ...] = ()  # between the settings that it is made of
        self._known: tuple[_Key, Envelope | str] | None = None

    def of(self, now: Reading) -> Envelope | str:
        """The envelope of this reading, or a sentence that says why there is none."""
        if now.monitor_only:
            return now.monitor_only
        key = (now.protections, now.capacity, len(now.cells))
        if self._known is not None and self._known[0] == key:
            return self._known[1]
        if self.chemistry is None:
            recognised = recognise(now, self._settings.chemistry)
            if isinstance(recognised, str):
                return recognised
            self.chemistry = recognised
        found = self._envelope(now, self.chemistry)
        self._known = key, found
        return found

    def _envelope(self, now: Reading, chemistry: Chemistry) -> Envelope | str:
        count = len(now.cells)
        if self.envelope is not None and count != self.cell_count:
            return f"the number of cells has changed from {self.cell_count} to {count}: restart the driver"
        found = envelope(now, chemistry, self._settings)
        if isinstance(found, Envelope):
            self.envelope, self.cell_count = found, count
            self.conflicts = conflicts(found, now.protections, self._settings, count)
        return found
