"""Which Victron service udev's rules give a port to, read from the rules themselves.

Venus OS marks ports with `ENV{VE_SERVICE}="..."` (/etc/udev/rules.d/serial-starter.rules and rules of the image);
serial-starter then starts that service on the port. Only what decides about a tty that was just added is understood:
matches on the device, its properties and its parents, assignments of properties, GOTO and LABEL. Syntax: udev(7).

What is not understood counts as fulfilled where it claims a port, and as not fulfilled where it frees one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

SERVICE = "VE_SERVICE"
FREE = "ignore"  # the service name that keeps serial-starter away from a port
TERM = re.compile(r'\s*([A-Z_]+)(?:\{([^}]*)\})?\s*(==|!=|\+=|-=|:=|=)\s*[ei]?"((?:[^"\\]|\\.)*)"\s*,?')
UNSAFE = re.compile(r"[^A-Za-z0-9#+.:=@_-]")
PARENT_KEYS = ("ATTRS", "KERNELS", "SUBSYSTEMS", "DRIVERS")


@dataclass(frozen=True, slots=True)
class Term:
    """One `KEY{name}OP"value"` of a rule."""

    key: str
    name: str
    operator: str
    value: str

    def fits(self, text: str | None) -> bool:
        """Compare with what the device has; None: it has no such thing."""
        if text is None:
            return False
        found = any(fnmatchcase(text, pattern) for pattern in self.value.split("|"))
        return found == (self.operator == "==")


Rule = tuple[Term, ...]


@dataclass(slots=True)
class Device:
    """A tty as udev sees it when it is added. `parents`: its directory in /sys and all above it, nearest first."""

    name: str
    parents: Sequence[Path]
    properties: dict[str, str] = field(default_factory=dict)


def parse(text: str) -> list[Rule]:
    """The rules of one file; comments, blank lines and lines that are no rules are left out."""
    lines = text.replace("\\\n", "").splitlines()
    rules = (tuple(Term(*match) for match in TERM.findall(line)) for line in lines if not line.lstrip().startswith("#"))
    return [rule for rule in rules if rule]


def safe(text: str) -> str:
    """A device's own text as udev stores it: ID_MODEL "USB Serial" is "USB_Serial"."""
    return UNSAFE.sub("_", "_".join(text.split()))


def service(files: Iterable[Sequence[Rule]], device: Device) -> str | None:
    """The service that claims `device`, None when nobody does. Changes `device.properties` as the rules do."""
    for rules in files:
        label: str | None = None  # where a GOTO leads to
        for rule in rules:
            if label is not None:
                if any(term.key == "LABEL" and term.value == label for term in rule):
                    label = None
                continue
            certain = _applies(rule, device)
            if certain is not False:
                _assign(rule, device, certain=certain is True)
            if certain:
                label = next((term.value for term in rule if term.key == "GOTO"), None)
    return device.properties.get(SERVICE) or None


def _assign(rule: Rule, device: Device, *, certain: bool) -> None:
    for term in rule:
        if term.key != "ENV" or term.operator not in ("=", ":="):
            continue
        if term.name == SERVICE:
            if term.value != FREE:
                device.properties[SERVICE] = term.value
            elif certain:
                device.properties.pop(SERVICE, None)
        elif certain:
            device.properties[term.name] = term.value


def _applies(rule: Rule, device: Device) -> bool | None:
    """Whether all matches of a rule hold; None: cannot be told."""
    matches = [term for term in rule if term.operator in ("==", "!=")]
    answers = [_holds(term, device) for term in matches if term.key not in PARENT_KEYS]
    above = [term for term in matches if term.key in PARENT_KEYS]
    if above:  # one and the same parent must fulfil them all
        answers.append(any(all(term.fits(_of_parent(term, parent)) for term in above) for parent in device.parents))
    if False in answers:
        return False
    return None if None in answers else True


def _holds(term: Term, device: Device) -> bool | None:
    match term.key:
        case "ACTION":
            return term.fits("add")
        case "SUBSYSTEM":
            return term.fits("tty")
        case "KERNEL":
            return term.fits(device.name)
        case "ENV":
            return term.fits(device.properties.get(term.name, ""))
        case "ATTR":
            return term.fits(_read(device.parents[0] / term.name))
        case _:
            return None


def _of_parent(term: Term, parent: Path) -> str | None:
    match term.key:
        case "ATTRS":
            return _read(parent / term.name)
        case "KERNELS":
            return parent.name
        case key:
            link = parent / ("driver" if key == "DRIVERS" else "subsystem")
            return link.resolve().name if link.exists() else ""


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None
