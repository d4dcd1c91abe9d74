"""Records made of registers: a sequence of id and value, with the length of each value known from its id.

The sequence has no lengths, so an id that no table knows ends the walk: what follows cannot be told apart.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import LayoutError
from .rows import Row, named_values, rows

T = TypeVar("T")


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
