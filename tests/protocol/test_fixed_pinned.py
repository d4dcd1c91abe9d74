"""Whether the recorded frames pin the layouts: each slip that could be in them must be noticed by some frame.

See test_pinned.py for why. Witnesses are what sources assert, what must hold in a frame or between the frames of one
device, and what an app wrote; the second decoder follows the same notes as the tables, so it proves care and not truth.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import pytest

from driver.errors import LayoutError
from driver.protocol.jk02 import AlarmBits, CellInfo
from driver.protocol.layout import read
from tests.protocol.fixed_allowed import WORKED_OUT
from tests.protocol.fixed_claims import CLAIMS, near
from tests.protocol.fixed_mutants import RECORDS, Mutant, mutants
from tests.protocol.fixed_names import MISFILED, NAMES
from tests.protocol.fixed_sets import Recorded, load
from tests.protocol.fixed_terms import same
from tests.protocol.fixed_units import as_row, unit_claims, units, written
from tests.protocol.fixed_unpinned import BY_THE_SECOND_DECODER, RECORDED_ALARMS, UNPINNED
from tests.protocol.fixed_values import UNCOMPARED, VALUES
from tests.protocol.test_fixed_frames import NO_ROW, SINGLES, as_written

ENOUGH = 8  # frames of a kind in a set; those that differ in states are taken as well
STATES = ("alarms", "charge_mosfet", "discharge_mosfet", "heating", "balancing", "dry_contacts", "charge_status")


class Sample(NamedTuple):
    """A frame, its record, and the claims that fail without any slip."""

    name: str
    frame: Recorded
    record: Any
    failing: frozenset[str]


def failing(record: Any) -> frozenset[str]:
    return frozenset(claim for claim, holds in CLAIMS[type(record)](record) if not holds)


def chosen(frames: list[tuple[Recorded, Any]]) -> Iterator[tuple[Recorded, Any]]:
    """Some of many like frames: those with something to compare, with new states, and a few in between."""
    seen: set[tuple[Any, ...]] = set()
    step = max(1, len(frames) // ENOUGH)
    for number, (frame, record) in enumerate(frames):
        state = (frame.address, *(getattr(record, name, None) for name in STATES))
        if frame.expected or state not in seen or number % step < 2:
            seen.add(state)
            yield frame, record


@cache
def samples() -> dict[tuple[type, int], list[Sample]]:
    found: dict[tuple[type, int], list[Sample]] = defaultdict(list)
    for name in NAMES:
        kinds: dict[tuple[type, int], list[tuple[Recorded, Any]]] = defaultdict(list)
        for frame in load(name).frames:
            if frame.record is not None:
                kinds[frame.record, frame.variant].append((frame, read(frame.record, frame.data, frame.variant)))
        for kind, frames in kinds.items():
            found[kind] += [Sample(name, frame, record, failing(record)) for frame, record in chosen(frames)]
    return found


@cache
def sets() -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = defaultdict(list)
    for several in samples().values():
        for sample in several:
            found[sample.name].append(sample)
    for several in found.values():
        several.sort(key=lambda sample: load(sample.name).frames.index(sample.frame))
    return found


def unit_failures(name: str, pairs: Iterable[tuple[Recorded, Any]]) -> Counter[str]:
    return Counter(claim for unit in units(name, pairs) for claim, holds in unit_claims(unit) if not holds)


@cache
def usual_failures(name: str) -> Counter[str]:
    return unit_failures(name, [(sample.frame, sample.record) for sample in sets()[name]])


@cache
def writes() -> list[tuple[type, int, Any]]:
    found = []
    for name in NAMES:
        known = load(name)
        for one in written(known):
            wanted = CellInfo if "clock" in one.values else None
            like = next(f for f in known.frames if f.record and (f.record is wanted or f.data[4] == one.frame[4]))
            assert like.record is not None
            found.append((like.record, like.variant, one))
    return found


def changed(mutant: Mutant, frame: bytes, record: Any) -> Any:
    """The record as the slip reads it; the same object when nothing changes."""
    value = mutant.read(frame)
    return record if value == getattr(record, mutant.row) else replace(record, **{mutant.row: value})


def disagrees(wanted: dict[str, Any], sample: Sample, record: Any) -> bool:
    for key, value in wanted.items():
        if key in UNCOMPARED | NO_ROW or (sample.name, key) in WORKED_OUT:
            continue
        tolerance = max(sample.frame.tolerance.get(key, 0.0), as_written(value) if type(record) in SINGLES else 0.0)
        if not same(VALUES[type(record)][key](record), value, tolerance):
            return True
    return False


def strange(mutant: Mutant, sample: Sample) -> bool:
    """Whether a strong witness objects to one frame as the slip reads it."""
    record = changed(mutant, sample.frame.data, sample.record)
    if record is sample.record:
        return False
    return disagrees(sample.frame.expected, sample, record) or bool(failing(record) - sample.failing)


def strange_between(mutant: Mutant, name: str) -> bool:
    """Whether the frames of one device contradict each other as the slip reads them."""
    pairs = [
        (one.frame, changed(mutant, one.frame.data, one.record) if applies(mutant, one.frame) else one.record)
        for one in sets()[name]
    ]
    if all(pair[1] is one.record for pair, one in zip(pairs, sets()[name], strict=True)):
        return False
    return bool(unit_failures(name, pairs) - usual_failures(name))


def strange_after_writes(mutant: Mutant) -> bool:
    """Whether what an app wrote is not what the slip reads."""
    for record, variant, one in writes():
        if (record, variant) == (mutant.record, mutant.variant):
            seen = changed(mutant, one.frame, read(record, one.frame, variant))
            if "clock" in one.values:
                if not near(seen.clock, one.values["clock"], 60):
                    return True
            elif {name: as_row(seen, name) for name in one.values} != one.values:
                return True
    return False


def applies(mutant: Mutant, frame: Recorded) -> bool:
    return (frame.record, frame.variant) == (mutant.record, mutant.variant)


def noticed(mutant: Mutant) -> bool:
    mine = samples()[mutant.record, mutant.variant]
    try:
        return (
            any(strange(mutant, sample) for sample in mine)
            or any(strange_between(mutant, name) for name in dict.fromkeys(sample.name for sample in mine))
            or strange_after_writes(mutant)
        )
    except (LayoutError, ValueError, TypeError, ZeroDivisionError, KeyError, IndexError, OverflowError):
        return True  # no witness can make sense of it


def noticed_by_second_decoder(mutant: Mutant) -> bool:
    for sample in samples()[mutant.record, mutant.variant]:
        if sample.name not in MISFILED:
            record = changed(mutant, sample.frame.data, sample.record)
            if record is not sample.record and disagrees(sample.frame.derived, sample, record):
                return True
    return False


def idle(mutant: Mutant) -> bool:
    """Whether the slip reads every recorded frame as it was meant."""
    return all(
        mutant.read(frame.data) == getattr(record, mutant.row)
        for name in NAMES
        for frame in load(name).frames
        if applies(mutant, frame)
        for record in (read(mutant.record, frame.data, mutant.variant),)
    )


class Verdicts(NamedTuple):
    """Slips by table and row."""

    unnoticed: dict[str, set[str]]
    by_second_decoder: dict[str, set[str]]
    signed: list[Mutant]  # unsigned numbers that may be signed ones


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    found = Verdicts(defaultdict(set), defaultdict(set), [])
    for mutant in mutants():
        if noticed(mutant):
            continue
        if mutant.makes_signed:
            found.signed.append(mutant)
        else:
            known = found.by_second_decoder if noticed_by_second_decoder(mutant) else found.unnoticed
            known[f"{mutant.table}: {mutant.row}"].add(mutant.slip)
    return found


@pytest.mark.recorded
def test_every_slip_is_noticed_or_listed_and_what_is_noticed_leaves_the_list(verdicts: Verdicts) -> None:
    assert verdicts.unnoticed == listed(UNPINNED)


@pytest.mark.recorded
def test_what_only_the_second_decoder_notices_is_listed(verdicts: Verdicts) -> None:
    assert verdicts.by_second_decoder == listed(BY_THE_SECOND_DECODER)


@pytest.mark.recorded
def test_no_recorded_number_would_change_if_it_were_signed(verdicts: Verdicts) -> None:
    """Nothing in the recordings reaches their highest bit, so no list is needed; counters only have to move."""
    assert {mutant.row for mutant in verdicts.signed if not idle(mutant)} == {"counter"}


@pytest.mark.recorded
def test_there_are_frames_of_every_table() -> None:
    assert {(record, variant) for record, names in RECORDS.items() for variant in range(len(names))} <= set(samples())


@pytest.mark.recorded
def test_which_alarms_were_ever_recorded() -> None:
    seen = {variant: {one.record.alarms for one in samples()[CellInfo, variant]} for variant in (0, 1)}
    assert seen[0] == {0}
    assert {bit.name for bit in AlarmBits if any(alarms & bit for alarms in seen[1])} == set(RECORDED_ALARMS)


def test_each_reason_is_one() -> None:
    assert all(reason.strip() for reason in UNPINNED)


def listed(groups: Mapping[str, str]) -> dict[str, set[str]]:
    """The slips of each row, from lines `table: row: slip, slip` under their reason."""
    everywhere = "place -2, place -1, place +1, place +2"
    lines = [line.rpartition(": ") for text in groups.values() for line in text.strip().splitlines()]
    return {row: set(slips.replace("any place", everywhere).split(", ")) for row, _, slips in lines}
