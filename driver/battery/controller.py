"""One battery's control: readings and time go in, what D-Bus shall show comes out. No I/O, no clock."""

from dataclasses import dataclass

from .alarms import Severity
from .limits import Limits
from .loss import Presence
from .reading import Identity, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one battery has to say now."""

    presence: Presence
    since: float  # monotonic s at which that state began
    identity: Identity
    cell_count: int
    reading: Reading | None  # the last complete one; None: none since the start (registered from memory)
    fresh: bool  # False: no measurement may be shown
    limits: Limits | None  # None: monitoring only, the /Info paths do not exist
    cable_alarm: Severity
    explanation: str  # one line for people; empty when all is well
