"""What a bank has to say: an outcome like a battery's, and what concerns its packs."""

from dataclasses import dataclass
from typing import NamedTuple

from .controller import Outcome


class Modules(NamedTuple):
    """How many packs there are, and what they do; None: not known."""

    online: int
    offline: int
    blocking_charge: int | None
    blocking_discharge: int | None


class PackState(NamedTuple):
    """One pack of a bank, for people."""

    name: str
    state: str  # what follows its name
    maintenance: bool = False
    charge_share: float | None = None  # % of the bank's current; None: it takes no part
    discharge_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankOutcome(Outcome):
    """What a bank has to say now."""

    modules: Modules
    packs: tuple[PackState, ...]
