"""Captures: what went over a link, chunk by chunk, as text that people read and `replay` plays. Format 1.

    dbus-jkbms capture 1
    protocol: jk-uart
    reason: recorded by hand
                                     an empty line ends the head; its lines are NAME: TEXT
       0.000 |                       the link was opened
       0.001 > 4e57001300000000      sent
       0.094 < 4e570121000000        received, in the portions in which it came

Times are seconds since the first line, and never go back. docs/captures.md is the long form.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ..errors import CaptureError

VERSION = 1
TITLE = "dbus-jkbms capture"
LONGEST_LINE = 200_000  # characters; a day of silence leaves one chunk of 64 KiB at most
LATEST = 1e7  # s, a third of a year
_HEAD = re.compile(r"([a-z][a-z ]{0,30}): ([ -~]{0,400})")
_TIME = re.compile(r"\d{1,8}(?:\.\d{1,6})?", re.ASCII)
_PAIRS = re.compile(r"(?:[0-9a-fA-F]{2})+")


class Direction(Enum):
    """What happened."""

    OPENED = "|"
    SENT = ">"
    RECEIVED = "<"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that went over a link at once."""

    at: float  # s
    direction: Direction
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Capture:
    """A recording."""

    head: Mapping[str, str]  # "protocol" is there
    chunks: tuple[Chunk, ...]

    @property
    def protocol(self) -> str:
        """As config.ini names it."""
        return self.head["protocol"]


def lines(capture: Capture) -> Iterator[str]:
    """The capture as text, without line ends."""
    yield f"{TITLE} {VERSION}"
    for name, text in capture.head.items():
        yield f"{name}: {_printable(text)}"
    yield ""
    yield from chunk_lines(capture.chunks)


def chunk_lines(chunks: Iterable[Chunk]) -> Iterator[str]:
    """The lines of chunks."""
    for chunk in chunks:
        yield f"{chunk.at:8.3f} {chunk.direction.value} {chunk.data.hex()}".rstrip()


def parse(source: str, text: str) -> Capture:
    """The capture in `text`; CaptureError names `source`, line, what is there and what was expected."""
    numbered = enumerate(text.splitlines(), 1)
    title = next(numbered, (1, ""))[1]
    if title != f"{TITLE} {VERSION}":
        raise _error(source, 1, title, f"'{TITLE} {VERSION}'")
    head: dict[str, str] = {}
    for number, line in numbered:
        if not line:
            break
        match = _HEAD.fullmatch(line)
        if match is None or match[1] in head:
            raise _error(source, number, line, "NAME: TEXT, each name once, or an empty line before the first chunk")
        head[match[1]] = match[2]
    if "protocol" not in head:
        raise CaptureError(f"{source}: the head has no line 'protocol: NAME'")
    chunks: list[Chunk] = []
    for number, line in numbered:
        chunk = _chunk(source, number, line)
        if chunks and chunk.at < chunks[-1].at:
            raise _error(source, number, line, f"a time not before {chunks[-1].at:.3f} of the line above")
        chunks.append(chunk)
    return Capture(head, tuple(chunks))


def _chunk(source: str, number: int, line: str) -> Chunk:
    if len(line) > LONGEST_LINE:
        raise _error(source, number, line, f"at most {LONGEST_LINE} characters")
    match line.split():
        case [time, "|"] if _is_time(time):
            return Chunk(float(time), Direction.OPENED)
        case [time, (">" | "<") as sign, data] if _is_time(time) and _PAIRS.fullmatch(data):
            return Chunk(float(time), Direction(sign), bytes.fromhex(data))
    raise _error(source, number, line, "SECONDS, then < or > and pairs of hexadecimal digits, or |")


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None and float(text) <= LATEST


def _error(source: str, number: int, line: str, expected: str) -> CaptureError:
    shown = ascii(line if len(line) <= 40 else f"{line[:36]}...")
    return CaptureError(f"{source}, line {number}: {shown}: expected {expected}")


def _printable(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:400]
