"""Records of fixed length: each field lies at a printed offset, one for every variant of the frame.

    @layout(300, 300)
    class CellInfo:
        voltage: float = at((118, 150), MILLI_U32, "V")   # 24S, 32S: find byte 150 in a capture, find the row

An offset of None says that a variant has no such field; it reads as None. A record is whole: `read` gives every field,
and `write` lays them over a background frame, so that bytes nobody understands stay what they were. Layouts in which
fields overlap or pass the end are refused at import.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

from ..errors import LayoutError
from .kinds import Sensor
from .rows import Kind, Row, Secret, enter

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """What is known of a record class; the tuples have one item for each variant."""

    sizes: tuple[int, ...]
    rows: tuple[tuple[tuple[str, Row], ...], ...]  # in the order of the table
    readers: tuple[tuple[tuple[str, slice, Callable[[bytes], Any]], ...], ...]
    absent: tuple[dict[str, None], ...]  # fields that the variant lacks


_LAYOUTS: dict[type, Layout] = {}


def at(
    offsets: int | tuple[int | None, ...],
    kind: Kind | tuple[Kind, ...],
    unit: str = "",
    doc: str = "",
    *,
    personal: bool = False,
) -> Any:
    """A field of a record: its offset and kind, or one of each for every variant."""
    return dataclasses.field(metadata={"at": (offsets, kind, unit, doc, personal)})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(at,))
def layout(*sizes: int) -> Callable[[type[T]], type[T]]:
    """Make a class of fields a record; `sizes` are the bytes of its frame in each variant. TypeError: it cannot be."""

    def made(cls: type[T]) -> type[T]:
        record = dataclasses.dataclass(frozen=True, kw_only=True, slots=True)(cls)
        fields = [(field.name, field.metadata["at"]) for field in dataclasses.fields(record)]  # type: ignore[arg-type]
        tables = tuple(
            tuple((name, row) for name, field in fields if (row := _row(name, field, variant, len(sizes))) is not None)
            for variant in range(len(sizes))
        )
        for size, table in zip(sizes, tables, strict=True):
            _check(cls.__name__, size, table)
        _LAYOUTS[record] = Layout(
            sizes,
            tables,
            tuple(tuple((name, extent(row), row.kind.read) for name, row in table) for table in tables),
            tuple(dict.fromkeys(name for name, _ in fields if name not in dict(table)) for table in tables),
        )
        latest: dict[str, Row] = {name: row for table in tables for name, row in table}
        enter(record, tuple((name, latest[name]) for name, _ in fields))
        return record

    return made


def layout_of(record: type) -> Layout:
    """What is known of a record class."""
    return _LAYOUTS[record]


def extent(row: Row) -> slice:
    """Where the bytes of a row lie."""
    return slice(row.place, row.place + (row.kind.size() or 0))


def read(record: type[T], frame: bytes, variant: int = 0) -> T:
    """The record that a frame holds. LayoutError naming field and place when its bytes cannot be one."""
    known = _LAYOUTS[record]
    if len(frame) != known.sizes[variant]:
        raise LayoutError(f"{len(frame)} bytes are no {record.__name__}: {known.sizes[variant]} were expected")
    values: dict[str, Any] = dict(known.absent[variant])
    for name, place, reader in known.readers[variant]:
        try:
            values[name] = reader(frame[place])
        except LayoutError as exc:
            raise LayoutError(f"{name} at byte {place.start}: {exc}") from exc
    return record(**values)


def write(record: object, background: bytes, variant: int = 0) -> bytes:
    """The background frame with the fields of a record laid over it.

    Secrets and fields that say nothing stay as they are in the background. Sums are not touched. LayoutError naming
    the field that does not fit.
    """
    known = _LAYOUTS[type(record)]
    if len(background) != known.sizes[variant]:
        raise LayoutError(f"a background of {len(background)} bytes: {known.sizes[variant]} were expected")
    frame = bytearray(background)
    for name, row in known.rows[variant]:
        value = getattr(record, name)
        if row.secret or (value is None and not isinstance(row.kind, Sensor)):
            continue
        try:
            data = row.kind.absent if value is None and isinstance(row.kind, Sensor) else row.kind.write(value)
        except LayoutError as exc:
            raise LayoutError(f"{name} = {value!r}: {exc}") from exc
        frame[row.place : row.place + len(data)] = data
    return bytes(frame)


def _row(name: str, field: Any, variant: int, variants: int) -> Row | None:
    offsets, kinds, unit, doc, personal = field
    places = offsets if isinstance(offsets, tuple) else (offsets,)
    choices = kinds if isinstance(kinds, tuple) else (kinds,) * variants
    if len(places) != variants or len(choices) != variants:
        raise TypeError(f"{name}: {len(places)} offset(s) and {len(choices)} kind(s) for {variants} variant(s)")
    place, kind = places[variant], choices[variant]
    return None if place is None else Row(place, kind, unit, doc, isinstance(kind, Secret), personal)


def _check(record: str, size: int, table: tuple[tuple[str, Row], ...]) -> None:
    end, before = 0, "the begin"
    for name, row in sorted(table, key=lambda named: named[1].place):
        place = extent(row)
        if place.start < end:
            raise TypeError(f"{record}: {name} at byte {place.start} overlaps {before}, which ends at {end}")
        end, before = place.stop, name
    if end > size:
        raise TypeError(f"{record}: {before} ends at byte {end}, the frame at {size}")
