"""One line of an annotated frame."""

from collections.abc import Set
from dataclasses import dataclass

HIDDEN = "**"  # stands for a byte that must not be seen


@dataclass(frozen=True, slots=True)
class Line:
    """A few bytes and what they mean."""

    offset: int
    size: int
    hex: str  # pairs of digits with blanks between; `HIDDEN` for bytes of a secret
    name: str
    value: str = ""  # with its unit
    note: str = ""
    wrong: bool = False  # the note says what is wrong here

    @classmethod
    def of(
        cls,
        offset: int,
        data: bytes,
        name: str,
        value: str = "",
        note: str = "",
        *,
        wrong: bool = False,
        hidden: Set[int] = frozenset(),
    ) -> "Line":
        """A line about `data`; `hidden` are offsets in `data` of bytes that are not shown."""
        pairs = (HIDDEN if place in hidden else f"{byte:02x}" for place, byte in enumerate(data))
        return cls(offset, len(data), " ".join(pairs), name, value, note, wrong)
