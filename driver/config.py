"""config.ini: read, check and explain it, and write the default one. The options themselves are in `options.py`.

All problems are found at once, each with its place. A battery whose section has a problem does not run, the others do.
While something is wrong, nothing is done that the file does not say in so many words: no port is looked for that it
does not name, and no battery takes control because it happens to be the only one left.
"""

import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from .bank_options import BankOptions
from .battery.settings import Control
from .errors import ConfigError
from .ini import Problem, Report, Section, Value, quoted, read_sections
from .option_checks import CHECKS
from .option_rows import nearest, options
from .options import Battery, Driver, Ports

SIZE_LIMIT = 256 * 1024  # bytes; 64 batteries with every option and its explanation are less
NAME = r"[A-Za-z0-9_][A-Za-z0-9_ -]*"  # of a battery's section

SECTIONS = {"[driver]": Driver, "[battery NAME]": Battery, "[bank NAME]": BankOptions}
HIDDEN = "***"
SECRET = frozenset(name for name, row, _ in options(Battery) if row.secret)

T = TypeVar("T", Driver, Battery, BankOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What config.ini says, as far as it can be obeyed."""

    driver: Driver  # `ports` is never None here
    batteries: dict[str, Battery]  # those that run, by NAME of [battery NAME], in the order of the file
    problems: tuple[Problem, ...]  # in the order of the file; str() of one is a line for people
    stopped: tuple[str, ...]  # titles of sections that do not run
    banks: dict[str, BankOptions] = field(default_factory=dict)  # by NAME of [bank NAME]; one at most


def load(path: Path) -> Config:
    """Read the file. ConfigError when there is no text in it to make sense of."""
    source = str(path)
    try:
        if not path.is_file():
            raise ConfigError(source, ["is no file" if path.exists() else "there is no such file"])
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigError(source, [f"cannot be read: {error.strerror}"]) from error
    return parse(source, content)


def parse(source: str, content: bytes) -> Config:
    """Make sense of the content of the file `source`. ConfigError when it is no text, or too long for one."""
    if len(content) > SIZE_LIMIT:
        raise ConfigError(source, [f"has more than {SIZE_LIMIT // 1024} KiB: this is no configuration"])
    if b"\0" in content:
        raise ConfigError(source, ["is no text: expected a text file in UTF-8"])
    report = Report(source)
    sections = read_sections(content, report)
    driver = Driver()
    batteries: dict[str, Battery] = {}
    banks: dict[str, BankOptions] = {}
    for title, section in sections.items():
        kind, _, name = title.partition(" ")
        if title == "driver":
            driver = _read(Driver, section, report)
        elif kind == "battery" and re.fullmatch(NAME, name):
            batteries[title] = _battery(section, report)
        elif kind == "bank" and re.fullmatch(NAME, name):
            banks[title] = _read(BankOptions, section, report)
        else:
            _unknown_section(section, report)
    _call_alike(batteries)
    _stop_doubles(batteries, sections, report)
    _stop_mixtures(batteries, sections, report)
    _stop_banks(banks, sections, report)
    return _settle(driver, batteries, banks, sections, report)


def _read(kind: type[T], section: Section, report: Report) -> T:
    """Return the options of one section; a wrong one is reported and keeps its default."""
    rows = {name: row for name, row, _ in options(kind)}
    values: dict[str, Any] = {}
    for name, value in section.values.items():
        if name not in rows:
            near = nearest(name, tuple(rows))
            hint = f"did you mean {near}?" if near else f"there are {', '.join(rows)}"
            report.add(value.line, section.title, name, f"is no option; {hint}")
        elif value.text:  # without a value it is as if it were not there
            row = rows[name]
            try:
                values[name] = row.parse(value.text)
            except ValueError:
                meant = None if row.secret else row.corrected(value.text)
                hint = f"; did you mean {meant}?" if meant else ""
                shown = HIDDEN if row.secret else quoted(value.text)
                report.add(value.line, section.title, name, f"= {shown}: expected {row.expects}{hint}")
    return replace(kind(), **values)


def _battery(section: Section, report: Report) -> Battery:
    battery = _read(Battery, section, report)
    for option, holds, sentence in CHECKS:
        if not holds(battery) and not report.concerns(section.title, option):
            given = section.values.get(option, Value(section.line, ""))
            shown = f"= {HIDDEN if option in SECRET else quoted(given.text)}: " if given.text else ""
            report.add(given.line, section.title, option, shown + sentence)
    return battery


def _unknown_section(section: Section, report: Report) -> None:
    kind, _, name = section.title.partition(" ")
    known = {"driver": "[driver]", "battery": f"[battery {name or 'house'}]", "bank": f"[bank {name or 'house'}]"}
    meant = known.get(nearest(kind, tuple(known)) or "")
    if kind in ("battery", "bank") and name:
        text = "is no name: expected letters, digits, spaces, _ and -; the option name takes other characters too"
    elif kind in ("battery", "bank"):
        text = f"has no name; did you mean [{kind} house]?"
    elif meant:
        text = f"is no section; did you mean {meant}?"
    else:
        text = "is no section; there are [driver], [battery NAME] and [bank NAME]"
    report.add(section.line, section.title, "", text)


def _call_alike(batteries: dict[str, Battery]) -> None:
    """Give a port one name, the first in the file: /dev/serial/by-id/... leads to what is /dev/ttyUSB0 as well."""
    names: dict[str, str] = {}
    for title, battery in batteries.items():
        if battery.port.startswith("/"):
            batteries[title] = replace(battery, port=names.setdefault(os.path.realpath(battery.port), battery.port))


def _stop_doubles(batteries: dict[str, Battery], sections: dict[str, Section], report: Report) -> None:
    """Report the later of two batteries at one place, or with one id."""
    owners: dict[tuple[str, str], str] = {}
    for title, battery in batteries.items():
        if report.concerns(title):
            continue
        at = "port" if battery.address is None else "address"
        for option, value in ((at, battery.place), ("id", (battery.id or "").lower())):
            owner = owners.setdefault((option, value), title) if value else title
            if owner != title:
                given = sections[title].values[option]
                called = "" if option != "port" or given.text == battery.port else f", there called {battery.port}"
                report.add(given.line, title, option, f"= {quoted(given.text)}: [{owner}] has the same{called}")


def _stop_mixtures(batteries: dict[str, Battery], sections: dict[str, Section], report: Report) -> None:
    """Report a battery on a bus that speaks otherwise than the first one on its port."""
    first: dict[str, tuple[str, Battery]] = {}
    for title, battery in batteries.items():
        if report.concerns(title):
            continue
        owner, other = first.setdefault(battery.port, (title, battery))
        for option in ("protocol", "baudrate"):
            if getattr(battery, option) != getattr(other, option):
                given = sections[title].values.get(option, Value(sections[title].line, ""))
                text = f"is not that of [{owner}], which is on the same port: one port has one"
                report.add(given.line, title, option, text)


def _stop_banks(banks: dict[str, BankOptions], sections: dict[str, Section], report: Report) -> None:
    """Report all banks but one, packs that there are not, and an id that a battery has."""
    for title, bank in banks.items():
        if title != next(iter(banks)):
            report.add(sections[title].line, title, "", f"is one bank too many: [{next(iter(banks))}] is the bank")
        for name in bank.named:
            if f"battery {name}" not in sections:
                near = nearest(
                    name, tuple(other.partition(" ")[2] for other in sections if other.startswith("battery "))
                )
                hint = f"; did you mean {near}?" if near else ""
                report.add(sections[title].values["packs"].line, title, "packs", f"there is no [battery {name}]{hint}")
        own = sections[title].values.get("id")
        for other, section in sections.items():
            theirs = section.values.get("id")
            if own and own.text and other != title and theirs and theirs.text.lower() == own.text.lower():
                report.add(own.line, title, "id", f"= {quoted(own.text)}: [{other}] has the same")


def _settle(
    driver: Driver,
    batteries: dict[str, Battery],
    banks: dict[str, BankOptions],
    sections: dict[str, Section],
    report: Report,
) -> Config:
    """Leave out what does not run, and decide what follows for control and for ports that nobody names."""
    stopped = tuple(title for title in sections if title != "driver" and report.concerns(title))
    running = {title: battery for title, battery in batteries.items() if title not in stopped}
    ruling = [title for title in banks if title not in stopped]
    controlling = ruling + [title for title, battery in running.items() if battery.control is Control.YES]
    for title in controlling[1:]:
        line = sections[title].values["control"].line
        text = f"= 'yes': only one battery can control, and [{controlling[0]}] does"
        text += "" if ruling else "; this one is only shown"
        report.add(line, title, "control", text)
        running[title] = replace(running[title], control=Control.AUTO if ruling else Control.NO)
    for title, battery in running.items():
        if stopped and not controlling and battery.control is Control.AUTO:
            text = f"is not set, and [{stopped[0]}] does not run: this battery is only shown"
            report.add(sections[title].line, title, "control", text)
            running[title] = replace(battery, control=Control.NO)
    running = {
        title: replace(battery, control=Control.NO) if battery.only_heard else battery
        for title, battery in running.items()
    }
    doubtful = any((problem.section, problem.option) != ("driver", "log_level") for problem in report.problems)
    if doubtful and driver.ports is Ports.AUTO:
        line = sections["driver"].values["ports"].line
        report.add(line, "driver", "ports", "= 'auto': not obeyed while the file has other problems")
    unnamed = driver.ports or (Ports.NONE if batteries else Ports.AUTO)
    return Config(
        driver=replace(driver, ports=Ports.NONE if doubtful else unnamed),
        batteries={title.partition(" ")[2]: battery for title, battery in running.items()},
        problems=tuple(sorted(report.problems, key=lambda problem: problem.line)),
        stopped=stopped,
        banks={title.partition(" ")[2]: banks[title] for title in ruling},
    )


def default_ini() -> str:
    """Return the file that changes nothing, with every option explained."""
    return "\n".join(_default_lines())


def _default_lines() -> Iterator[str]:
    yield from _comment(
        "Settings of dbus-jkbms. With nothing set, one JK BMS on one USB serial adapter works. Remove the # in front "
        "of an option to set it. A comment has a line of its own that begins with # or ; and numbers have a decimal "
        "point. A battery with a mistake in its section does not run, the others do. To find mistakes: "
        "python3 -m driver config --check config.ini. To apply changes: svc -t /service/dbus-jkbms"
    )
    for title, kind in SECTIONS.items():
        yield from ("", "", title if kind is Driver else f"#{title}")
        yield from _comment((kind.__doc__ or "").strip())
        for name, row, default in options(kind):
            if row.heading:
                yield from ("", *_comment(row.heading))
            kind_of_value, shown = (
                ("Example", row.example) if default in (None, "") else ("Default", row.write(default))
            )
            yield from ("", *_comment(row.doc), *_comment(f"Expected: {row.expects}. {kind_of_value}:"))
            yield f"#{name} = {shown}"
    yield ""


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in textwrap.wrap(text, 98))
