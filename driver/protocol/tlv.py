"""Records made of registers: a sequence of id and value, with the length of each value known from its id.

The sequence has no lengths, so an id that no table knows ends the walk: what follows cannot be told apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import getitem
from struct import Struct
from typing import Any, Generic, TypeVar

from ..errors import LayoutError
from .rows import Kind, Row, named_values, rows

T = TypeVar("T")
KEPT = 16  # values of a register that are remembered


@dataclass(frozen=True, slots=True)
class Walk:
    """The registers of one payload by id."""

    registers: dict[int, bytes] = field(repr=False)  # in the order of transmission; secrets among them
    places: dict[int, int]  # id -> offset of its value in the payload
    unknown: int | None  # the id that ended the walk before its time
    end: int  # offset at which the walk ended

    @property
    def complete(self) -> bool:
        """Whether every byte of the payload was understood."""
        return self.unknown is None


class Registers:
    """The ids and widths of the registers that a set of tables describes."""

    def __init__(self, *tables: type) -> None:
        self.rows: dict[int, tuple[str, Row]] = {}
        for table in tables:
            for name, row in rows(table):
                if row.place in self.rows:
                    raise TypeError(f"register {row.place:#04x} stands in two tables")
                self.rows[row.place] = (name, row)
        self._sizes = {place: row.kind.size() for place, (_, row) in self.rows.items()}

    def walk(self, payload: bytes) -> Walk:
        """Split a payload. Raises LayoutError when a register is cut off or comes twice."""
        registers: dict[int, bytes] = {}
        places: dict[int, int] = {}
        sizes, end, at = self._sizes, len(payload), 0
        while at < end:
            register = payload[at]
            if register not in sizes:
                return Walk(registers, places, register, at)
            size = sizes[register]
            begin = at + 1
            if size is None:  # the first byte of the value is the length of the rest
                if begin >= end:
                    raise LayoutError(f"register {register:#04x} at byte {at} has no length byte")
                size = 1 + payload[begin]
            at = begin + size
            if at > end:
                raise LayoutError(f"register {register:#04x} at byte {begin - 1}: {at - end} byte(s) are missing")
            if register in registers:
                raise LayoutError(f"register {register:#04x} comes twice, again at byte {begin - 1}")
            registers[register] = payload[begin:at]
            places[register] = begin
        return Walk(registers, places, None, at)


def read(record: type[T], registers: dict[int, bytes]) -> T:
    """The record of these registers; absent ones are None. Raises LayoutError naming register and value."""
    values = {}
    for name, row in rows(record):
        data = registers.get(row.place)
        if data is not None:
            try:
                values[name] = row.kind.read(data)
            except LayoutError as exc:
                raise LayoutError(f"register {row.place:#04x} ({name}): {exc}") from exc
    return record(**values)


def write(record: object) -> dict[int, bytes]:
    """The registers of a record; fields that are None are left out."""
    registers = {}
    for name, row, value in named_values(record):
        try:
            registers[row.place] = row.kind.write(value)
        except LayoutError as exc:
            raise LayoutError(f"{name} = {value!r}: {exc}") from exc
    return registers


class Form(Generic[T]):
    """Payloads that differ from one another in nothing but the values of one record.

    Of a BMS that is asked every second nearly all are of one form. To take such a payload apart costs two calls; to
    walk it register by register costs more than everything else that is done with it.
    """

    def __init__(self, record: type[T], payload: bytes, walk: Walk) -> None:
        """The form of `payload`, which `walk` has come through."""
        self._record = record
        self._size = len(payload)
        found = [(place, name, row) for name, row in rows(record) if (place := walk.places.get(row.place)) is not None]
        found.sort()
        self._names = tuple(name for _, name, _ in found)
        self._values = tuple(_Remembered(row.kind) for _, _, row in found)
        self._parts = Struct(
            ">" + "".join(_parts([(at, len(walk.registers[row.place])) for at, _, row in found], self._size))
        )
        self._fixed = self._parts.unpack(payload)[::2]

    def read(self, payload: bytes) -> T | None:
        """The record in a payload of this form; None: it is of another one, or holds what can be no value."""
        if len(payload) != self._size:
            return None
        parts = self._parts.unpack(payload)
        if parts[::2] != self._fixed:
            return None
        try:
            values = map(getitem, self._values, parts[1::2])
            return self._record(**dict(zip(self._names, values, strict=True)))
        except LayoutError:
            return None


def _parts(values: list[tuple[int, int]], size: int) -> Iterator[str]:
    """Format of a payload: by turns what is fixed and a value, given the place and length of each value."""
    at = 0
    for place, length in values:
        yield f"{place - at}s{length}s"
        at = place + length
    yield f"{size - at}s"


class _Remembered(dict[bytes, Any]):
    """The last values of one register by their bytes: most of them seldom change."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind

    def __missing__(self, data: bytes) -> Any:
        if self._kind.size() is None and data[0] != len(data) - 1:
            raise LayoutError(f"{data[0]} bytes where there are {len(data) - 1}")
        if len(self) >= KEPT:
            self.clear()
        value = self[data] = self._kind.read(data)
        return value
