"""Which battery of this process sets the limits of the system: at most one has them on D-Bus."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from .battery.controller import Outcome
from .battery.settings import Control
from .battery.shared_control import together
from .pack import Pack

log = logging.getLogger(__name__)


class WhoControls:
    """The choice, and what follows from it for each battery."""

    def __init__(self) -> None:
        self._controller: Pack | None = None
        self._said = ""

    def choose(self, packs: Sequence[Pack], *, more: bool, bank: str) -> None:
        """The battery marked control = yes, or the only one; it keeps control while the process lives.

        `more`: there are others, which are no packs yet. `bank`: the name of the bank that controls instead, if any.
        """
        if self._controller is not None:
            return
        marked = [pack for pack in packs if pack.options.control is Control.YES]
        level = logging.INFO
        if bank:
            said = f"{bank} controls"
        elif marked:
            self._controller, said = marked[0], f"{marked[0].name} controls"
        elif all(pack.options.control is Control.NO for pack in packs):
            said = "control = no"
        elif len(packs) > 1 or more:
            level = logging.WARNING
            said = "several batteries, and none has control = yes: none controls, and no [bank NAME] makes one of them"
        else:
            self._controller, said = packs[0], f"{packs[0].name} is the only battery: it controls"
        if said != self._said:
            self._said = said
            log.log(level, "%s", said)

    def shown(self, pack: Pack, outcome: Outcome, packs: Sequence[Pack]) -> Outcome:
        """What of this battery's outcome goes onto the bus."""
        if outcome.limits is None:
            return outcome
        if pack is not self._controller:
            return replace(outcome, limits=None, explanation=outcome.explanation or self._said)
        others = [
            (other.name, other.outcome)
            for other in packs
            if other is not pack
            and other.outcome is not None
            and other.outcome.limits is not None
            and other.outcome.cell_count == outcome.cell_count
            and other.outcome.chemistry is outcome.chemistry
        ]
        return together(outcome, others) if others else outcome
