"""Rows and their values in words for people: for `decode`, `read` and `tables`, whatever the protocol."""

from collections.abc import Sequence
from enum import IntEnum, IntFlag
from typing import Any

from .rows import REDACTED, Coded, Kind, Number, Row, Secret, Switch, Text

ABSENT = "—"  # the device does not say


def label(name: str) -> str:
    """The name of a row as people write it."""
    return name.replace("_", " ")


def value_text(row: Row, value: Any) -> str:
    """A row's value with its unit; `ABSENT` for None, never anything of a secret."""
    if row.secret:
        return REDACTED
    match value:
        case None:
            return ABSENT
        case bool():
            return "on" if value else "off"
        case IntFlag():
            return flags_text(value)
        case IntEnum():
            return f"{int(value)} = {label(value.name.lower())}"
        case str():
            return quoted(value)
        case float():
            text = number_text(row.kind, value)
        case tuple():
            text = spread_text(value)
        case _:
            text = str(value)
    return f"{text} {row.unit}".rstrip()


def number_text(kind: Kind, value: float) -> str:
    """With as many decimals as the wire carries."""
    div = kind.div if isinstance(kind, Number) else 1000
    return f"{value:.{len(str(div)) - 1}f}"


def spread_text(values: Sequence[float]) -> str:
    """How many there are, and from where to where they go."""
    return f"{len(values)}: {min(values):.3f} to {max(values):.3f}" if values else "none"


def flags_text(value: IntFlag) -> str:
    """The names of the bits that are set; bits without a name by their number."""
    codes = type(value)
    names = [
        label((codes(1 << bit).name or f"unknown bit {bit}").lower())
        for bit in range(int(value).bit_length())
        if int(value) >> bit & 1
    ]
    return ", ".join(names) or "none"


def quoted(text: str) -> str:
    """The text in quotes, with what cannot be printed escaped."""
    return '"' + "".join(char if char.isprintable() and char != '"' else ascii(char)[1:-1] for char in text) + '"'


def kind_text(kind: Kind) -> str:
    """How a value lies on the wire, in short."""
    match kind:
        case Number():
            scale = "" if kind.div == 1 else f" / {kind.div}"
            return f"{'i' if kind.signed else 'u'}{8 * kind.width}{scale}"
        case Switch():
            return "u8, 0 off, 1 on"
        case Coded():
            what = "bits" if issubclass(kind.codes, IntFlag) else "code"
            return f"u{8 * kind.width}, {what} {kind.codes.__name__}"
        case Text():
            return f"{kind.length} characters"
        case Secret():
            return f"{kind.length} bytes"
        case _:
            return (type(kind).__doc__ or "").partition("\n")[0].rstrip(".")
