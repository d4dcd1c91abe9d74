"""What is kept of a battery over a restart, so that a BMS that is silent then is still a known battery.

Kept in the driver's own file under its DeviceInstance key; wall-clock times are Unix seconds and are never trusted:
a clock that stands in the past makes the memory old, not young.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from .chemistry import Chemistry
from .limits import Limit, Limits
from .loss import Extremes
from .reading import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One battery as it was last read."""

    identity: Identity
    cell_count: int
    heard_at: float  # Unix s of the last reading
    chemistry: Chemistry | None = None  # None: not certain, monitoring only
    limits: Limits | None = None
    extremes: Extremes | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values for the state file."""
        return {
            "identity": asdict(self.identity),
            "cell_count": self.cell_count,
            "heard_at": round(self.heard_at),
            "chemistry": self.chemistry.name if self.chemistry else None,
            "limits": None
            if self.limits is None
            else {f.name: list(getattr(self.limits, f.name)) for f in fields(Limits)},
            "extremes": None if self.extremes is None else asdict(self.extremes),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Memory | None":
        """The inverse; None when what is stored is not what `to_json` writes."""
        try:
            limits, extremes, chemistry = stored["limits"], stored["extremes"], stored["chemistry"]
            return cls(
                identity=Identity(**{f.name: _text(stored["identity"][f.name]) for f in fields(Identity)}),
                cell_count=int(stored["cell_count"]),
                heard_at=float(stored["heard_at"]),
                chemistry=None if chemistry is None else Chemistry[chemistry],
                limits=None if limits is None else Limits(**{f.name: _limit(limits[f.name]) for f in fields(Limits)}),
                extremes=None if extremes is None else _extremes(extremes),
            )
        except (KeyError, TypeError, ValueError):
            return None


def _text(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value


def _limit(stored: Any) -> Limit:
    value, reason = stored
    if not 0 <= float(value) < 10_000:
        raise ValueError
    return Limit(float(value), str(reason))


def _extremes(stored: Any) -> Extremes:
    return Extremes(
        float(stored["highest_cell"]),
        float(stored["lowest_cell"]),
        bool(stored["charge_blocked"]),
        bool(stored["discharge_blocked"]),
    )
