"""Rows of options: each field of a section's dataclass carries how it is read, checked, explained and written.

    max_charge_current: float | None = number(None, "A", 0, 1000, "Never ask for more than this.", example=50)

The default of such a field is an ordinary value in the driver's units; the text of the file is parsed to the same.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

Points: TypeAlias = tuple[tuple[float, float], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How one option is read and written."""

    doc: str  # whole sentences for the owner of a battery
    expects: str  # completes "expected ..."
    parse: Callable[[str], Any]  # raises ValueError
    write: Callable[[Any], str] = str
    example: str = ""  # as the file writes it, for options without a default
    names: tuple[str, ...] = ()  # what a typo is compared with
    heading: str = ""  # begins a group of options in the default file
    secret: bool = False  # its value is shown to nobody

    def corrected(self, text: str) -> str | None:
        """The value that the owner may have meant with `text`; None when nothing comes near."""
        near = nearest(text, self.names)
        without_comment = re.split(r"\s[#;]", text, maxsplit=1)[0].strip()
        without_unit = text.rstrip("ACVhms°% ")
        for guess in (near, without_comment, without_unit, text.replace(",", "."), f"/dev/{without_comment}"):
            if guess and guess != text and self.accepts(guess):
                return guess
        return None

    def accepts(self, text: str) -> bool:
        """Whether `text` can be parsed."""
        try:
            self.parse(text)
        except ValueError:
            return False
        return True


def options(section: type) -> Iterator[tuple[str, Option, Any]]:
    """Name, row and default of each option of a section's dataclass, in its order."""
    for field in dataclasses.fields(section):
        yield field.name, field.metadata["option"], field.default


def nearest(word: str, names: tuple[str, ...]) -> str | None:
    """The name that `word` is probably a typo of."""
    if len(word) > 40:  # comparing takes quadratic time
        return None
    import difflib  # only a faulty file needs it

    return next(iter(difflib.get_close_matches(word.lower(), names, 1)), None)


def number(
    default: float | None,
    unit: str,
    low: float,
    high: float,
    doc: str,
    *,
    example: float | None = None,
    scale: float = 1,
    heading: str = "",
) -> Any:
    """Return a row for a number; the driver's value is the file's times `scale`, `default` is the driver's."""

    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:  # refuses nan as well
            raise ValueError
        return value * scale

    return _row(
        default,
        Option(
            doc=doc,
            expects=f"a number from {low:g} to {high:g}, in {unit}",
            parse=parse,
            write=lambda value: f"{value / scale:g}",
            example="" if example is None else f"{example:g}",
            heading=heading,
        ),
    )


def whole(default: int | None, low: int, high: int, doc: str, *, example: int | None = None) -> Any:
    """Return a row for a whole number."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return _row(
        default,
        Option(
            doc=doc,
            expects=f"a whole number from {low} to {high}",
            parse=parse,
            example="" if example is None else str(example),
        ),
    )


def choice(default: object, meanings: Mapping[str, object], doc: str, *, example: str = "") -> Any:
    """Return a row for one of a few names, upper or lower case, each with its value."""

    def parse(text: str) -> object:
        if text.lower() not in meanings:
            raise ValueError
        return meanings[text.lower()]

    return _row(
        default,
        Option(
            doc=doc,
            expects=" or ".join(filter(None, (", ".join([*meanings][:-1]), [*meanings][-1]))),
            parse=parse,
            write=lambda value: next(name for name, meaning in meanings.items() if meaning == value),
            example=example,
            names=tuple(meanings),
        ),
    )


def text(
    default: str | None, pattern: str, expects: str, doc: str, *, example: str, heading: str = "", secret: bool = False
) -> Any:
    """Return a row for a text that `pattern` matches as a whole."""

    def parse(value: str) -> str:
        if not (value.isprintable() and re.fullmatch(pattern, value)):
            raise ValueError
        return value

    return _row(default, Option(doc=doc, expects=expects, parse=parse, example=example, heading=heading, secret=secret))


def curve(unit: str, low: float, high: float, doc: str, *, example: str, heading: str = "") -> Any:
    """Return a row for points `x:share`, x rising from `low` to `high` and share from 0 to 1. No default."""

    def parse(text: str) -> Points:
        points = tuple((float(x), float(share)) for x, share in (pair.split(":") for pair in text.split(",")))
        rising = all(left[0] < right[0] for left, right in itertools.pairwise(points))
        if len(points) < 2 or not rising or not all(low <= x <= high and 0 <= share <= 1 for x, share in points):
            raise ValueError
        return points

    return _row(
        None,
        Option(
            doc=doc,
            expects=f"pairs {unit}:SHARE like {example} ({unit} rising, {low:g} to {high:g}; SHARE 0 to 1)",
            parse=parse,
            write=lambda points: ", ".join(f"{x:g}:{share:g}" for x, share in points),
            example=example,
            heading=heading,
        ),
    )


def _row(default: object, option: Option) -> Any:
    return dataclasses.field(default=default, metadata={"option": option})
