"""One reading as a whole: every register of the frame, what it means, limits with reasons, the link. Text or JSON."""

import dataclasses
from collections.abc import Iterator
from enum import Enum
from typing import Any

from ..battery.reading import Reading
from ..protocol.rows import rows
from ..protocol.value_text import label, value_text
from .observation import Observation
from .view import shown_limits
from .words import reading_words

CELLS_IN_A_LINE = 8


def report_lines(seen: Observation) -> Iterator[str]:
    """For people. There must have been a reading."""
    assert seen.reading is not None
    yield f"{seen.name} on {seen.link.name}, {seen.dialect.label}"
    yield from reading_words(seen.reading)
    yield ""
    cells = [f"{number:2} {volts:.3f} V" for number, volts in enumerate(seen.reading.cells, 1)]
    for at in range(0, len(cells), CELLS_IN_A_LINE):
        yield "  ".join(cells[at : at + CELLS_IN_A_LINE])
    yield ""
    for name, text in register_texts(seen.reading):
        yield f"{name:<38}{text}"
    yield ""
    outcome = seen.outcome()
    if outcome is not None and outcome.limits is not None:
        yield from map(str, shown_limits(outcome.limits))
    else:
        yield f"monitoring only, no limits: {outcome.explanation if outcome else 'no reading'}"
    yield ""
    yield seen.link_words()


def register_texts(reading: Reading) -> Iterator[tuple[str, str]]:
    """Name and value of each register that the protocol knows; secrets are masked."""
    for record in reading.details:
        for name, row in rows(type(record)):
            yield label(name), value_text(row, getattr(record, name))


def report_object(seen: Observation) -> dict[str, Any]:
    """For programs. Registers by the names of their rows; None where the BMS does not say; never a secret."""
    assert seen.reading is not None
    outcome = seen.outcome()
    limits = outcome.limits if outcome else None
    return {
        "battery": seen.name,
        "port": seen.battery.port,
        "protocol": seen.dialect.name,
        "reading": {
            field.name: _plain(getattr(seen.reading, field.name))
            for field in dataclasses.fields(seen.reading)
            if field.name != "details"
        },
        "registers": {
            name: _plain(getattr(record, name))
            for record in seen.reading.details
            for name, row in rows(type(record))
            if not row.secret
        },
        "limits": None
        if limits is None
        else {
            limit.title.replace(" ", "_"): {"value": round(limit.value, 3), "unit": limit.unit, "reason": limit.reason}
            for limit in shown_limits(limits)
        },
        "explanation": outcome.explanation if outcome else "",
        "link": seen.counters(),
    }


def _plain(value: Any) -> Any:
    """What JSON can say."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    match value:
        case bool():
            return value
        case int():
            return int(value)  # codes and bits by number
        case Enum():
            return value.name
        case frozenset() | tuple():
            plain = [_plain(one) for one in value]
            return sorted(plain) if isinstance(value, frozenset) else plain
        case _:
            return value
