"""What one battery has published, and what a new moment changes about it.

Values are rounded to their row's step and held while they stay within one step of what is published: a millivolt of
jitter sends no signal, and nobody sees 27.360000000000003. What is published is therefore at most one step off. A
value of exactly 0 is never held off, and a limit falls at once: it is held only on its way up.
"""

from collections.abc import Iterable
from itertools import compress, repeat
from math import floor
from operator import ne

from ..battery.alarms import Alarm
from ..battery.bank_outcome import BankOutcome, PackState
from .derived import Column
from .items import Item, Value
from .paths import (
    CONTROL,
    COUNTED,
    FACTS,
    HISTORY,
    KNOWN,
    PACK,
    STATE,
    Group,
    Moment,
    Row,
    Series,
    Shape,
    Source,
    alarm_group,
)

DIGITS = {0.001: 3, 0.01: 2, 0.1: 1, 1.0: 0, 100.0: -2}  # step -> decimals
NUMBER = (int, float)  # made once: `int | float` in a call makes a new object each time
SLACK = 1.001  # a difference of one step, computed in binary, is not always one step


def settled(step: float, held: Value, value: float) -> float:
    """`value` rounded to `step`, or `held` while it is near enough."""
    if value and isinstance(held, NUMBER) and abs(value - held) <= step * SLACK:
        return held
    return round(value, DIGITS[step]) + 0.0  # not -0.0


def settled_limit(step: float, held: Value, value: float) -> float:
    """The same for a limit: never above `value`."""
    if isinstance(held, NUMBER) and held <= value <= held + step * SLACK:
        return held
    return round(floor(value / step + 1e-6) * step, DIGITS[step])


class Published:
    """The paths of one registration and their values.

    `signalled` are the alarms that the protocol can tell; without `control` the /Info paths do not exist.
    """

    def __init__(self, signalled: frozenset[Alarm], *, control: bool, shape: Shape = PACK) -> None:
        self.control = control
        self._measured = (*shape.measured, alarm_group(signalled))
        self._series = shape.series
        self._packs: list[Group[PackState]] = []
        self._told: tuple[PackState, ...] = ()  # what they were computed from
        self._held: dict[str, Value] = {}
        self._forms: dict[str, tuple[str, str]] = {}
        self._keys: dict[object, object] = {}  # what each group was computed from
        self._raw: dict[str, Column] = {}  # and each series
        self._columns: dict[str, list[float | None]] = {series.path: [] for series in shape.series}

    def item(self, path: str) -> Item:
        """A new item for a path that `changes` has named."""
        return Item(*self._forms[path], self._held[path])

    def changes(self, moment: Moment) -> dict[str, Value]:
        """What differs from the moment before, by path; the first time, all."""
        changes: dict[str, Value] = {}
        outcome = moment.outcome
        self._take(FACTS, moment, changes)
        if outcome.reading is not None:
            self._take(KNOWN, outcome.reading, changes)
        shown = outcome.reading if outcome.fresh else None
        for group in self._measured:
            self._take(group, shown, changes)
        self._take(COUNTED, outcome if outcome.fresh else None, changes)
        for series in self._series:
            self._take_series(series, () if shown is None else series.values(shown), changes)
        if self.control and outcome.limits is not None:
            self._take(CONTROL, outcome.limits, changes)
        self._take(STATE, outcome, changes)
        self._take(HISTORY, outcome.history, changes)
        if isinstance(outcome, BankOutcome) and outcome.packs != self._told:
            self._take_packs(outcome.packs, changes)
        return changes

    def _take_packs(self, packs: tuple[PackState, ...], changes: dict[str, Value]) -> None:
        if len(self._packs) < len(packs):
            from .bank_paths import pack_group  # only a bank needs it

            self._packs += [pack_group(number) for number in range(len(self._packs) + 1, len(packs) + 1)]
        for group, pack in zip(self._packs, packs, strict=False):
            self._take(group, pack, changes)
        self._told = packs

    def _take(self, group: Group[Source], source: Source | None, changes: dict[str, Value]) -> None:
        key = None if source is None else group.key(source)
        if group not in self._keys or key != self._keys[group]:
            self._keys[group] = key
            self._compute(group.rows, source, changes)

    def _compute(self, rows: Iterable[Row[Source]], source: Source | None, changes: dict[str, Value]) -> None:
        held = self._held
        for row in rows:
            path = row.path
            was = held.get(path)
            value = None if source is None else row.value(source)
            if value is None:
                if was is None and (path in held or not _exists(row, source)):
                    continue
            elif row.step and not isinstance(value, str):
                value = settled_limit(row.step, was, value) if row.limit else settled(row.step, was, value)
            if value != was or value is None:
                self._put(path, row, value, changes)

    def _take_series(self, series: Series, values: Column, changes: dict[str, Value]) -> None:
        before = self._raw.get(series.path, ())
        if values == before:
            return
        self._raw[series.path] = values
        column = self._columns[series.path]
        known, count = len(column), len(values)
        column += [None] * (count - known)
        differ = map(ne, values, before) if count == len(before) else repeat(True)
        changed = False
        for index in compress(range(len(column)), differ):
            value, was = values[index] if index < count else None, column[index]
            if value is not None and series.step:
                value = settled(series.step, was, value)
            if value != was or index >= known:
                column[index] = value
                changed = True
                self._put(series.path % (index + 1), series, value, changes)
        if changed:
            self._compute(series.derived, column, changes)

    def _put(self, path: str, row: "Row[Source] | Series", value: Value, changes: dict[str, Value]) -> None:
        if path not in self._held:
            self._forms[path] = (row.signature, row.form)
        self._held[path] = changes[path] = value


def _exists(row: Row[Source], source: Source | None) -> bool:
    return row.always or (row.exists is not None and source is not None and row.exists(source))
