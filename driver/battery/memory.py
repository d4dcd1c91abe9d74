"""What is kept of a battery over a restart, so that a BMS that is silent then is still a known battery.

Kept in the driver's own file under its DeviceInstance key; wall-clock times are Unix seconds and are never trusted:
a clock that stands in the past makes the memory old, not young.
"""

from dataclasses import asdict, dataclass, fields
from math import floor, inf, isfinite
from typing import Any

from .charge_mode import ChargeState, Phase
from .charging import BEGINNING, Held, Progress
from .chemistry import Chemistry
from .coulombs import MOST_OFFSET, Count
from .discharging import UNSPENT, Spent
from .history import NONE, History
from .lead import Lead
from .limits import Limit, Limits
from .loss import NOTHING_KNOWN, Extremes
from .reading import Identity
from .trim import MOST as MOST_TRIM
from .trim import Trimmed
from .unheeded import Ceiling

CLOCK_IS_SET = 1.6e9  # Unix s, in 2020: a clock that stands before has not been set since power-up
MOST_CELLS = 64
MOST = 10_000.0  # V or A; no limit is higher


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One battery as it was last read."""

    identity: Identity
    cell_count: int
    heard_at: float  # Unix s of the last reading
    chemistry: Chemistry | None = None  # None: not certain, monitoring only
    limits: Limits | None = None  # as they stood then; never without a chemistry
    extremes: Extremes = NOTHING_KNOWN
    progress: Progress = BEGINNING
    spent: Spent = UNSPENT
    history: History = NONE
    count: Count | None = None  # of the driver's own state of charge

    def age(self, wall: float) -> float:
        """Seconds since then at Unix second `wall`; infinite when that cannot be told."""
        return wall - self.heard_at if wall >= max(self.heard_at, CLOCK_IS_SET) else inf

    def to_json(self) -> dict[str, Any]:
        """Plain values for the state file."""
        return {
            "identity": asdict(self.identity),
            "cell_count": self.cell_count,
            "heard_at": floor(self.heard_at),  # never later than it was: that would be the future
            "chemistry": self.chemistry.name if self.chemistry else None,
            "limits": None
            if self.limits is None
            else {f.name: list(getattr(self.limits, f.name)) for f in fields(Limits)},
            "extremes": asdict(self.extremes),
            "charge": asdict(self.progress.state) | {"phase": self.progress.state.phase.value},
            "lead": asdict(self.progress.lead),
            "held": asdict(self.progress.held),
            "ceiling": _ceiling_json(self.progress.ceiling),
            "trimmed": asdict(self.progress.trimmed),
            "spent": asdict(self.spent),
            "history": asdict(self.history),
            "count": None if self.count is None else asdict(self.count),
        }

    @classmethod
    def from_json(cls, stored: Any) -> "Memory | None":
        """The inverse; None when what is stored is not what `to_json` writes."""
        try:
            identity, chemistry, limits = stored["identity"], stored["chemistry"], stored["limits"]
            memory = cls(
                identity=Identity(**{f.name: _text(identity[f.name]) for f in fields(Identity)}),
                cell_count=int(_number(stored["cell_count"], 1, MOST_CELLS)),
                heard_at=_number(stored["heard_at"], -inf),
                chemistry=None if chemistry is None else Chemistry[chemistry],
                limits=None if limits is None else Limits(**{f.name: _limit(limits[f.name]) for f in fields(Limits)}),
                extremes=_extremes(stored["extremes"]),
                progress=_progress(stored),
                spent=_spent(stored),
                history=_history(stored),
                count=_count(stored),
            )
        except (KeyError, TypeError, ValueError):
            return None
        if memory.identity.protocol is None or (memory.limits is not None and not _usable(memory)):
            return None
        return memory


def _usable(memory: Memory) -> bool:
    """Limits need their chemistry, and a charge voltage is never 0."""
    return memory.chemistry is not None and memory.limits is not None and memory.limits.charge_voltage.value > 0


def _number(stored: Any, least: float, most: float = inf) -> float:
    if isinstance(stored, bool) or not isinstance(stored, int | float):
        raise TypeError
    if not (least <= stored <= most and isfinite(stored)):
        raise ValueError
    return float(stored)


def _text(stored: Any) -> Any:
    if stored is not None and not isinstance(stored, str):
        raise TypeError
    return stored


def _limit(stored: Any) -> Limit:
    value, reason = stored
    return Limit(_number(value, 0, MOST), str(reason))


def _extremes(stored: Any) -> Extremes:
    return Extremes(
        _number(stored["highest_cell"], 0),
        _number(stored["lowest_cell"], 0),
        stored["charge_blocked"] is not False,
        stored["discharge_blocked"] is not False,
    )


def _progress(stored: Any) -> Progress:
    """How far charging had come; from its beginning, where that is not told."""
    try:
        charge, lead = stored["charge"], stored["lead"]
        soc = charge["soc"]
        state = ChargeState(
            phase=Phase(charge["phase"]),
            soc=None if soc is None else _number(soc, 0, 100),
            reason=str(charge["reason"]),
            **{name: _number(charge[name], 0) for name in ("absorbed", "level", "tail", "emptier", "since_full")},
        )
        held, ceiling, trimmed = stored["held"], stored["ceiling"], stored["trimmed"]
        return Progress(
            state,
            Lead(_number(lead["lowered"], 0, MOST), _number(lead["still"], 0)),
            Held(_number(held["share"], 0, 1), _number(held["still"], 0)),
            Ceiling(
                inf if ceiling["volts"] is None else _number(ceiling["volts"], 0, MOST), _number(ceiling["still"], 0)
            ),
            Trimmed(_number(trimmed["share"], 0, MOST_TRIM), _number(trimmed["still"], 0)),
        )
    except (KeyError, TypeError, ValueError):
        return BEGINNING


def _ceiling_json(ceiling: Ceiling) -> dict[str, float | None]:
    return {"volts": None if ceiling.volts == inf else ceiling.volts, "still": ceiling.still}


def _spent(stored: Any) -> Spent:
    """Whether it was empty; where that is not told, its cells will tell."""
    try:
        spent = stored["spent"]
        return Spent(spent["empty"] is not False, spent["charge_requested"] is not False)
    except (KeyError, TypeError):
        return UNSPENT


def _history(stored: Any) -> History:
    """What was counted; nothing, where that is not told."""
    try:
        history = stored["history"]
        values: dict[str, Any] = {f.name: _counted(history[f.name], f.default) for f in fields(History)}
        return History(**values)
    except (KeyError, TypeError, ValueError):
        return NONE


def _count(stored: Any) -> Count | None:
    """What was counted; None begins anew."""
    try:
        count = stored["count"]
        return Count(
            **{name: _number(count[name], 0, 100) for name in ("soc", "shown", "off")},
            offset=_number(count["offset"], -MOST_OFFSET, MOST_OFFSET),
            charge=None if count["charge"] is None else _number(count["charge"], -inf),
            since_full=_number(count["since_full"], 0),
            told=None if count["told"] is None else _number(count["told"], 0, 100),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _counted(stored: Any, default: object) -> float | None:
    if stored is None and default is None:
        return None
    number = _number(stored, -inf)
    return int(number) if isinstance(default, int) else number
