"""What `check` finds, and how it is printed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from textwrap import wrap

TITLE_WIDTH = 16
WIDTH = 100


class Level(IntEnum):
    """How bad it is; the worst one is the exit code."""

    OK = 0
    WARNING = 1
    BROKEN = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict in plain words."""

    level: Level
    title: str
    detail: str
    next_step: str = ""  # what to do about it


def good(title: str, detail: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, title, detail)


def warning(title: str, detail: str, next_step: str) -> Finding:
    """It works, but not as it should."""
    return Finding(Level.WARNING, title, detail, next_step)


def broken(title: str, detail: str, next_step: str) -> Finding:
    """It does not work."""
    return Finding(Level.BROKEN, title, detail, next_step)


def finding_lines(finding: Finding) -> Iterator[str]:
    """The finding as a person reads it; what to do stands on lines of its own."""
    indent = " " * (11 + TITLE_WIDTH)
    head = f"  {finding.level.name.lower():<8} {finding.title:<{TITLE_WIDTH}}"
    detail = "".join(char if char.isprintable() or char == "\n" else "?" for char in finding.detail)
    rows = [row for line in detail.splitlines() or [""] for row in wrap(line, WIDTH - len(indent)) or [""]]
    yield f"{head}{rows[0]}".rstrip()
    yield from (indent + row for row in rows[1:])
    for number, row in enumerate(wrap(finding.next_step, WIDTH - len(indent) - 3)):
        yield f"{indent}{'   ' if number else '-> '}{row}"


def conclusion(findings: Iterable[Finding]) -> str:
    """The last line: how many of which kind."""
    levels = [finding.level for finding in findings]
    bad, doubtful = levels.count(Level.BROKEN), levels.count(Level.WARNING)
    if not bad and not doubtful:
        return "all well"
    return f"{bad} broken, {doubtful} warning{'s' if doubtful != 1 else ''}"
