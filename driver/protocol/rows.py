"""Rows of protocol tables: where a field lies, how it is packed, what it means.

A record is a frozen dataclass whose fields are rows; reading, writing, documenting and redacting it all come from the
rows. A kind converts between the field's bytes and its value and is invertible: `write(read(data)) == data`, but for
secrets, and for what reads as None.
"""

import dataclasses
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import Any, Generic, Protocol, TypeVar

from ..errors import LayoutError

REDACTED = "***"
FACTORY = "*** (as from the factory)"
T = TypeVar("T")


class Kind(Protocol):
    """How a field is packed."""

    def size(self) -> int | None:
        """Bytes on the wire; None: the field carries its own length."""

    def read(self, data: bytes) -> Any:
        """The value. Raises LayoutError when the bytes cannot be one."""

    def write(self, value: Any) -> bytes:
        """The bytes of a value. Raises LayoutError when it does not fit."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One field. `place` is a register id or a byte offset.

    `secret` values never leave the process; `personal` ones tell whose device it is, and leave it under another name.
    """

    place: int
    kind: Kind
    unit: str = ""
    doc: str = ""
    secret: bool = False
    personal: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Number:
    """An integer of `width` bytes; value = raw / div, exact both ways."""

    width: int
    div: int = 1
    signed: bool = False
    order: Any = "big"

    def size(self) -> int:
        """Bytes on the wire."""
        return self.width

    def read(self, data: bytes) -> int | float:
        """The scaled value."""
        raw = int.from_bytes(data, self.order, signed=self.signed)
        return raw if self.div == 1 else raw / self.div

    def write(self, value: float) -> bytes:
        """The bytes of a value; LayoutError when it is out of range."""
        try:
            return round(value * self.div).to_bytes(self.width, self.order, signed=self.signed)
        except OverflowError as exc:
            raise LayoutError(f"{value!r} does not fit into {self.width} byte(s)") from exc


@dataclasses.dataclass(frozen=True, slots=True)
class Switch:
    """One byte, 0 or 1. Anything else says nothing that is documented."""

    def size(self) -> int:
        """Bytes on the wire."""
        return 1

    def read(self, data: bytes) -> bool | None:
        """True for 1, False for 0, None for what is neither."""
        return None if data[0] > 1 else data[0] == 1

    def write(self, value: bool) -> bytes:
        """One byte."""
        return bytes((value,))


C = TypeVar("C", bound=IntEnum | IntFlag)


@dataclasses.dataclass(frozen=True, slots=True)
class Coded(Generic[C]):
    """An enum or a set of flags. A code that the enum does not know stays the plain number: nothing is guessed."""

    width: int
    codes: type[C]
    order: Any = "big"

    def size(self) -> int:
        """Bytes on the wire."""
        return self.width

    def read(self, data: bytes) -> C | int:
        """The member, or the bare number."""
        raw = int.from_bytes(data, self.order)
        try:
            return self.codes(raw)
        except ValueError:
            return raw

    def write(self, value: int) -> bytes:
        """The bytes of a member or number; LayoutError when it is out of range."""
        return Number(self.width, order=self.order).write(int(value))


@dataclasses.dataclass(frozen=True, slots=True)
class Text:
    """Characters, padded with NULs. Each byte is one character, so that nothing is lost."""

    length: int

    def size(self) -> int:
        """Bytes on the wire."""
        return self.length

    def read(self, data: bytes) -> str:
        """The text without the NULs at its end."""
        return data.rstrip(b"\0").decode("latin-1")

    def write(self, value: str) -> bytes:
        """The padded bytes; LayoutError when the text is too long."""
        data = value.encode("latin-1", "replace")
        if len(data) > self.length:
            raise LayoutError(f"{value!r} is longer than {self.length} characters")
        return data.ljust(self.length, b"\0")


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A password. Reads as `REDACTED`, or `FACTORY` where nobody has changed it, writes as NULs."""

    length: int
    factory: bytes = b""  # as every device leaves the factory; empty: not known

    def size(self) -> int:
        """Bytes on the wire."""
        return self.length

    def read(self, data: bytes) -> str:
        """`REDACTED`, or `FACTORY`."""
        return FACTORY if self.factory and data.partition(b"\0")[0] == self.factory else REDACTED

    def write(self, value: str) -> bytes:
        """Always NULs."""
        return bytes(self.length)


def row(place: int, kind: Kind, unit: str = "", doc: str = "", *, personal: bool = False) -> Any:
    """A dataclass field that is a row; a `Secret` kind makes it a secret one."""
    made = Row(place, kind, unit, doc, isinstance(kind, Secret), personal)
    return dataclasses.field(default=None, metadata={"row": made})


_ROWS: dict[type, tuple[tuple[str, Row], ...]] = {}


def rows(record: type) -> tuple[tuple[str, Row], ...]:
    """Name and row of each field of a record class, in the order of the table."""
    return _ROWS[record]


def named_values(record: object) -> Iterator[tuple[str, Row, Any]]:
    """Name, row and value of each field that the device sent."""
    for name, one in rows(type(record)):
        value = getattr(record, name)
        if value is not None:
            yield name, one, value


def table(cls: type[T]) -> type[T]:
    """Make a class of rows a frozen, keyword-only dataclass; a place may be named only once."""
    record = dataclasses.dataclass(frozen=True, kw_only=True, slots=True)(cls)
    found = tuple((field.name, field.metadata["row"]) for field in dataclasses.fields(record))  # type: ignore[arg-type]
    places = [one.place for _, one in found]
    twice = {place for place in places if places.count(place) > 1}
    if twice:
        raise TypeError(f"{cls.__name__}: place {min(twice):#04x} stands in two rows")
    enter(record, found)
    return record


def enter(record: type, found: tuple[tuple[str, Row], ...]) -> None:
    """Remember the rows of a record class, for `rows`."""
    _ROWS[record] = found
