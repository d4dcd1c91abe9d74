"""The lines of config.ini: sections, options and where they stand. What they mean is `config.py`'s business.

Not configparser, because that stops at the first duplicate, forgets the line numbers of options, and takes an
indented `  port = ...` for a continuation of the line above.
"""

import re
from dataclasses import dataclass, field

from .errors import ConfigError

COMMENT = ("#", ";")  # at the beginning of a line only: a value may hold either


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the owner has to put right."""

    source: str  # file
    line: int
    section: str  # "" in front of the first section
    option: str  # "" for the section itself
    text: str

    def __str__(self) -> str:
        section = f"[{_cut(self.section)}] " if self.section else ""
        option = f"{_cut(self.option)} " if self.option else ""
        line = f"{self.source}:{self.line}: {section}{option}{self.text}"
        return line if line.isprintable() else repr(line)[1:-1]


@dataclass(frozen=True, slots=True)
class Value:
    """The text of one option."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One section, its title with single spaces."""

    title: str
    line: int
    values: dict[str, Value] = field(default_factory=dict)


class Report:
    """Collects the problems of one file."""

    MOST = 100  # beyond that it is no configuration, and nobody reads on

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def add(self, line: int, section: str, option: str, text: str) -> None:
        """Note a problem. ConfigError when there are too many to be a configuration."""
        self.problems.append(Problem(self.source, line, section, option, text))
        if len(self.problems) > self.MOST:
            raise ConfigError(self.source, ["is this a configuration of dbus-jkbms?", *map(str, self.problems)])

    def concerns(self, section: str, option: str | None = None) -> bool:
        """Whether something was wrong in `section`, or with this option of it."""
        return any(one.section == section and option in (None, one.option) for one in self.problems)


def quoted(text: str) -> str:
    """`text` as problems show it: control characters escaped, not longer than a line."""
    return repr(_cut(text))


def _without_passkeys(text: str) -> str:
    """`text` as problems show it where it is not certain which option it belongs to: it may hold a passkey."""
    return quoted(re.sub(r"(?<!\d)\d{6}(?!\d)", "******", text))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def read_sections(content: bytes, report: Report) -> dict[str, Section]:
    """Return the sections by title. Lines that are not understood are reported and left out."""
    sections: dict[str, Section] = {}
    section = Section("", 1)
    for line, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        text = raw.decode(errors="replace").strip()
        if not text or text.startswith(COMMENT):
            continue
        option, equals, value = (part.strip() for part in text.partition("="))
        if header := re.match(r"\[([^]]*)", text):
            section = _begin(header[1], line, sections, report)
            if text != f"{header[0]}]":
                report.add(
                    line, section.title, "", f"{_without_passkeys(text)}: expected the section alone in its line"
                )
        elif not (option and equals):
            report.add(
                line, section.title, "", f"{_without_passkeys(text)}: expected OPTION = VALUE, or # before a comment"
            )
        else:
            _set(section, option.lower(), value, line, report)
        if "\ufffd" in text:
            report.add(line, section.title, "", f"{_without_passkeys(text)}: save the file as UTF-8, this line is not")
    return sections


def _begin(title: str, line: int, sections: dict[str, Section], report: Report) -> Section:
    kind, *name = title.split() or ["?"]
    title = " ".join([kind.lower(), *name])
    if title in sections:
        report.add(line, title, "", f"stands here a second time; the first is in line {sections[title].line}")
    return sections.setdefault(title, Section(title, line))


def _set(section: Section, option: str, value: str, line: int, report: Report) -> None:
    if not section.title:
        report.add(line, "", "", f"{quoted(option)} stands before the first section: expected [battery NAME] above it")
    elif option in section.values:
        first = section.values[option].line
        report.add(
            line,
            section.title,
            option,
            f"= {_without_passkeys(value)}: given a second time; the first is in line {first}",
        )
    else:
        section.values[option] = Value(line, value)
