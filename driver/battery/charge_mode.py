"""Bulk, absorption, float: what a battery is charged for now, when that ends, and what is still missing.

A state is a value that can be kept over a restart. It knows durations, not times of a clock: only time in which the
BMS was heard counts, so no clock that jumps ends an absorption or forces a charge. Units: V per cell, A, %, s.
"""

from dataclasses import dataclass, replace
from enum import Enum
from math import ceil, inf

from .envelope import Envelope
from .reading import Reading

TOP = 0.030  # V below the target from which on the highest cell counts as charged up to it
BAND = 0.030  # V below the target in which all cells count as full
LEVEL_TIME = 900.0  # s in band, in sum, after which a battery is full
TAIL_RATE = 0.02  # C; a charge current below is a tail
TAIL_TIME = 3600.0  # s of it, in sum: what balancing did not even out by then waits for the next charge
USED = 10.0  # % of state of charge, less than when it was full, after which a battery is charged again
EMPTIER_TIME = 300.0  # s for which a sign of that must last
IN_BAND, TAIL = "all cells in band", "tail current"  # why a battery is full


class Phase(Enum):
    """What charging aims at."""

    BULK = "bulk"  # up to the target
    ABSORPTION = "absorption"  # held there until full
    FLOAT = "float"  # full: no higher than the float voltage


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeState:
    """Where a charge stands. Durations are in s of hearing the BMS."""

    phase: Phase = Phase.BULK
    absorbed: float = 0.0  # with a cell at the top, in this absorption
    level: float = 0.0  # of that, with all cells in band
    tail: float = 0.0  # of that, with a tail current
    emptier: float = 0.0  # for which the battery has looked used, without a break
    since_full: float = 0.0  # since the last absorption has ended
    soc: float | None = None  # %, the highest since this absorption began
    reason: str = ""  # why this phase began


EMPTY = ChargeState()  # nothing is known: charge up to the target


def step(state: ChargeState, now: Reading, drop: float, terms: Envelope, elapsed: float) -> ChargeState:
    """The state after this reading, `elapsed` s after the one before; its current makes `drop` V per cell."""
    if state.phase is Phase.BULK:
        state = _still_bulk(state, elapsed)
        return _begun(state, now) if _at_the_top(now, terms) else state
    state = replace(state, since_full=state.since_full + elapsed)
    emptier = _emptier(state, now, sum(now.cells) / len(now.cells) - drop, terms)
    state = replace(state, emptier=state.emptier + elapsed if emptier else 0.0, soc=_higher(state.soc, now.soc))
    if emptier and state.emptier >= EMPTIER_TIME:
        return ChargeState(since_full=state.since_full, reason=emptier)
    if state.phase is Phase.FLOAT:
        if state.since_full < terms.full_charge_interval:
            return state
        return ChargeState(since_full=state.since_full, reason=f"full charge every {_days(terms)}")
    return _absorbed(state, now, drop, terms, elapsed) if _at_the_top(now, terms) else state


def _still_bulk(state: ChargeState, elapsed: float) -> ChargeState:
    return ChargeState(
        absorbed=state.absorbed,
        level=state.level,
        tail=state.tail,
        emptier=state.emptier,
        since_full=state.since_full + elapsed,
        soc=state.soc,
        reason=state.reason,
    )


def _begun(state: ChargeState, now: Reading) -> ChargeState:
    return ChargeState(phase=Phase.ABSORPTION, since_full=state.since_full, soc=now.soc, reason="target reached")


def _absorbed(state: ChargeState, now: Reading, drop: float, terms: Envelope, elapsed: float) -> ChargeState:
    """An absorption that goes on, or that has come to its end."""
    state = replace(
        state,
        absorbed=state.absorbed + elapsed,
        level=state.level + (elapsed if _short(now, drop, terms) <= 0 else 0.0),
        tail=state.tail + (elapsed if _above_tail(now, terms) <= 0 else 0.0),
    )
    for done, why in (
        (state.level >= LEVEL_TIME, IN_BAND),
        (state.tail >= TAIL_TIME, TAIL),
        (state.absorbed >= terms.absorption_time, f"after {terms.absorption_time / 3600:g} h, the longest"),
    ):
        if done:
            return ChargeState(phase=Phase.FLOAT, soc=state.soc, reason=why)
    return state


def _at_the_top(now: Reading, terms: Envelope) -> bool:
    return max(now.cells) >= terms.target - TOP


def _short(now: Reading, drop: float, terms: Envelope) -> float:
    """V that the lowest cell at rest is below the band."""
    return terms.target - BAND - (min(now.cells) - drop)


def _above_tail(now: Reading, terms: Envelope) -> float:
    """A by which the current is no tail; without a current or a capacity it never is one."""
    return inf if now.current is None or terms.capacity is None else abs(now.current) - TAIL_RATE * terms.capacity


def _emptier(state: ChargeState, now: Reading, rest: float, terms: Envelope) -> str:
    """The sign that a battery which was charged has been used since; empty: there is none."""
    if now.soc is not None and state.soc is not None and now.soc <= state.soc - USED:
        return f"state of charge {USED:g} % below full"
    return "cells at rest below the voltage of a full battery" if rest < terms.recharge_voltage else ""


def _higher(one: float | None, other: float | None) -> float | None:
    return one if other is None else other if one is None else max(one, other)


def _days(terms: Envelope) -> str:
    return f"{terms.full_charge_interval / 86400:g} days"


def goal(state: ChargeState, terms: Envelope) -> float:
    """The voltage per cell that this phase aims at."""
    return terms.float_voltage if state.phase is Phase.FLOAT else terms.target


def description(state: ChargeState, now: Reading, drop: float, terms: Envelope) -> str:
    """For people: the phase, why, and what an absorption still lacks; coarse, so that it changes seldom."""
    if state.phase is not Phase.ABSORPTION:
        return f"{state.phase.value} ({state.reason})" if state.reason else state.phase.value
    if not _at_the_top(now, terms):
        need = _coarse(1000 * (terms.target - TOP - max(now.cells)), 10)
        return f"absorption, waiting for power: the highest cell needs {need} mV"
    short, above = _short(now, drop, terms), _above_tail(now, terms)
    cell = now.cell_name(now.cells.index(min(now.cells)))
    missing = [
        f"{cell} needs {_coarse(1000 * short, 10)} mV"
        if short > 0
        else f"all cells in band, {_coarse((LEVEL_TIME - state.level) / 60, 5)} min to go"
    ]
    if above == inf:
        missing.append("no tail current known")
    elif above > 0:
        missing.append(f"{_coarse(above, 10)} A above the tail current")
    else:
        missing.append(f"tail current for {_coarse((TAIL_TIME - state.tail) / 60, 5)} min more")
    missing.append(f"ends in {_coarse((terms.absorption_time - state.absorbed) / 1800, 1) / 2:g} h at the latest")
    return "absorption: " + "; ".join(missing)


def _coarse(value: float, unit: int) -> int:
    """Rounded up to a multiple of `unit`."""
    return unit * ceil(value / unit)
