"""From the config.ini of dbus-serialbattery to ours: every line is translated, not needed, not possible, or not known.

Only options whose meaning is certain are in the tables. The result is a config.ini that explains itself in comments,
and in which every battery is a shadow: `control = no`, so that it is shown without limits beside the other driver. What
our own check of the result finds fault with is taken out again and explained.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .config import parse
from .ini import quoted
from .options import MAC

SIZE_LIMIT = 256 * 1024  # bytes
ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]*)\s*[=:]\s*(?P<value>.*)")
BLUETOOTH = re.compile(rf"(?P<kind>\w+)\s+(?P<mac>{MAC})")
SERIAL_KINDS = {"jkbms": "jk-uart", "jkbms_pb": "jk-pb"}


class Fate(StrEnum):
    """What becomes of a line."""

    TRANSLATED = "translated"
    NOT_NEEDED = "not needed any more"
    CANNOT = "cannot be translated"
    UNKNOWN = "not known here"


@dataclass(frozen=True, slots=True)
class Line:
    """One option of the old file."""

    number: int
    name: str  # in capitals
    value: str


@dataclass(slots=True)
class Migration:
    """What was made of an old file: the fate of each line, and the new file's options."""

    lines: list[Line]
    fates: dict[int, tuple[Fate, str]] = field(default_factory=dict)  # by line number, with the reason
    driver: dict[str, str] = field(default_factory=dict)
    common: dict[str, tuple[str, int]] = field(default_factory=dict)  # of every battery: value, and the line it is from
    batteries: dict[str, dict[str, str]] = field(default_factory=dict)  # by NAME

    def put(self, line: Line, option: str, value: str) -> None:
        """Give every battery this option."""
        self.common[option] = value, line.number
        self.fates[line.number] = Fate.TRANSLATED, f"{option} = {value}"


# numbers that every battery gets: name in the old file, option here
SAME = {
    "MAX_BATTERY_CHARGE_CURRENT": "max_charge_current",
    "MAX_BATTERY_DISCHARGE_CURRENT": "max_discharge_current",
    "MAX_CELL_VOLTAGE": "cell_charge_voltage",
    "FLOAT_CELL_VOLTAGE": "cell_float_voltage",
    "BATTERY_CAPACITY": "capacity",
    "POLL_INTERVAL": "poll_interval",
    "BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES": "ride_through",
}

# two lists in the old file: x values, shares; the curve that they are, and the switch that turns it off
CURVES = (
    ("CELL_VOLTAGES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_CV_FRACTION", "charge_by_high_cell", "CCCM_CV_ENABLE"),
    ("CELL_VOLTAGES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_CV_FRACTION", "discharge_by_low_cell", "DCCM_CV_ENABLE"),
    ("TEMPERATURES_WHILE_CHARGING", "MAX_CHARGE_CURRENT_T_FRACTION", "charge_by_temperature", "CCCM_T_ENABLE"),
    ("TEMPERATURES_WHILE_DISCHARGING", "MAX_DISCHARGE_CURRENT_T_FRACTION", "discharge_by_temperature", "DCCM_T_ENABLE"),
)

NOT_NEEDED = {
    "EXCLUDED_DEVICES": "only ports that config.ini names are opened, or free USB adapters on which a JK answers",
    "AUTO_RESET_SOC": "this driver never writes to the BMS",
    "USE_PORT_AS_UNIQUE_ID": "a battery is known by what its BMS says about itself, or by id",
    "CVCM_ENABLE": "the charge voltage is always lowered when a cell runs ahead",
    "LINEAR_LIMITATION_ENABLE": "curves are always linear between their points",
    "LINEAR_RECALCULATION_EVERY": "limits follow every reading: down at once, up slowly",
    "LINEAR_RECALCULATION_ON_PERC_CHANGE": "limits follow every reading: down at once, up slowly",
    "BMS_CAPTURE_RAW_DATA": "python3 -m driver record does it, without secrets",
    "BATTERY_CELL_DATA_FORMAT": "every cell is always on D-Bus",
    "GUI_PARAMETERS_SHOW_ADDITIONAL_INFO": "the reason of each limit is always on D-Bus",
}

SILENCE = "how long a silence is bridged does not depend on the voltage: see docs/loss-of-bms.md"
CANNOT = {
    "MIN_CELL_VOLTAGE": "the BMS's own under-voltage protection ends a discharge",
    "SOC_CALCULATION": "the state of charge is the BMS's own",
    "SOC_RESET_VOLTAGE": "no voltage above cell_charge_voltage is ever asked for",
    "SOC_RESET_AFTER_DAYS": "full_charge_interval charges to the full every so many days, without a higher voltage",
    "CCCM_SOC_ENABLE": "limits follow cell voltages and temperatures, not the state of charge",
    "DCCM_SOC_ENABLE": "limits follow cell voltages and temperatures, not the state of charge",
    "BLOCK_ON_DISCONNECT_VOLTAGE_MIN": SILENCE,
    "BLOCK_ON_DISCONNECT_VOLTAGE_MAX": SILENCE,
    "MAX_VOLTAGE_TIME_SEC": "a charge ends when the cells are even or after absorption_time, in hours",
    "VOLTAGE_DROP": "there is no such correction: the voltage is the BMS's",
}


def translate(content: bytes) -> Migration:
    """The fate of each line of the old file, and what the new one holds."""
    migration = Migration(list(read(content)))
    by_name = {line.name: line for line in migration.lines}
    for line in migration.lines:
        if line.name not in by_name or by_name[line.name] is not line:
            migration.fates[line.number] = Fate.NOT_NEEDED, f"line {by_name[line.name].number} sets it again"
    for line in by_name.values():
        _one(line, migration)
    for curve in CURVES:
        _curve(*curve, by_name, migration)
    _batteries(by_name, migration)
    _take_out_what_is_wrong(migration)
    return migration


def read(content: bytes) -> Iterator[Line]:
    """The options of the old file that have a value, in its order."""
    for number, raw in enumerate(content[:SIZE_LIMIT].removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        found = ASSIGNMENT.fullmatch(raw.decode(errors="replace").strip())
        if found is not None and found["value"]:
            yield Line(number, found["name"].upper(), found["value"])


def _one(line: Line, migration: Migration) -> None:
    """What one line says by itself. Lists are read later, together."""
    fates = migration.fates
    if line.name in NOT_NEEDED:
        fates[line.number] = Fate.NOT_NEEDED, NOT_NEEDED[line.name]
    elif line.name in CANNOT:
        fates[line.number] = Fate.CANNOT, CANNOT[line.name]
    elif line.name in SAME:
        try:
            migration.put(line, SAME[line.name], f"{float(line.value):g}")
        except ValueError:
            fates[line.number] = Fate.CANNOT, f"{quoted(line.value)} is no number"
    elif line.name == "LOGGING":
        migration.driver["log_level"] = line.value.lower()
        fates[line.number] = Fate.TRANSLATED, f"log_level = {line.value.lower()} in [driver]"
    elif line.name == "BLOCK_ON_DISCONNECT":
        if _is_on(line):
            migration.put(line, "ride_through", "0")
        else:
            fates[line.number] = Fate.NOT_NEEDED, "a silence is bridged for 30 minutes, with reduced currents"
    else:
        fates[line.number] = Fate.UNKNOWN, "this driver does not know what it means; nothing was made of it"


def _curve(xs: str, shares: str, option: str, switch: str, by_name: dict[str, Line], migration: Migration) -> None:
    """Make a curve of two lists."""
    fates = migration.fates
    off = switch in by_name and not _is_on(by_name[switch])
    if switch in by_name:
        fates[by_name[switch].number] = (
            (Fate.CANNOT, f"currents are always limited; {option} may be wider")
            if off
            else (Fate.NOT_NEEDED, "this limit is always on")
        )
    lines = [by_name[name] for name in (xs, shares) if name in by_name]
    for line in lines:
        fates[line.number] = Fate.CANNOT, f"{xs} and {shares} are needed together, as lists of the same length"
        if off:
            fates[line.number] = Fate.NOT_NEEDED, f"{switch} is off"
    if off or len(lines) < 2:
        return
    try:
        points = sorted(zip(*(map(float, line.value.split(",")) for line in lines), strict=True))
    except ValueError:
        return
    migration.put(lines[0], option, ", ".join(f"{x:g}:{share:g}" for x, share in points))
    fates[lines[1].number] = Fate.TRANSLATED, f"together with line {lines[0].number}"


def _batteries(by_name: dict[str, Line], migration: Migration) -> None:
    """A section for each battery that the old file names; one without a port where it names none."""
    kinds = by_name.get("BMS_TYPE")
    protocol = ""
    if kinds is not None:
        known = [SERIAL_KINDS[one] for one in _items(kinds.value.lower()) if one in SERIAL_KINDS]
        protocol = known[0] if len(set(known)) == 1 else ""
        migration.fates[kinds.number] = (
            (Fate.TRANSLATED, f"protocol = {protocol}")
            if protocol
            else (Fate.CANNOT, "it does not say one protocol: set protocol for each battery, or leave it out")
        )
    _named(by_name.get("CUSTOM_BATTERY_NAMES"), protocol, migration)
    _over_the_air(by_name.get("BLUETOOTH_BMS"), migration)
    _on_a_bus(by_name.get("BATTERY_ADDRESSES"), migration)
    if not migration.batteries:
        migration.batteries["house"] = {"port": "", **({"protocol": protocol} if protocol else {})}


def _named(line: Line | None, protocol: str, migration: Migration) -> None:
    if line is None:
        return
    for item in _items(line.value):
        port, colon, name = item.rpartition(":")
        if colon and port.startswith("/dev/") and name.strip() and item.isprintable():
            options = {"port": port, "name": name.strip(), **({"protocol": protocol} if protocol else {})}
            migration.batteries[f"{len(migration.batteries) + 1}"] = options
    migration.fates[line.number] = (
        (Fate.TRANSLATED, "port and name of each battery")
        if migration.batteries
        else (Fate.CANNOT, "expected PORT:NAME, with commas between")
    )


def _over_the_air(line: Line | None, migration: Migration) -> None:
    if line is None:
        return
    others = []
    for item in _items(line.value):
        found = BLUETOOTH.fullmatch(item)
        if found is None or not found["kind"].lower().startswith("jkbms"):
            others.append(item)
        else:
            migration.batteries[f"{len(migration.batteries) + 1}"] = {"port": found["mac"].upper()}
    said = f"not {', '.join(map(quoted, others))}: this driver reads JK BMSs only" if others else "a battery each"
    migration.fates[line.number] = (Fate.CANNOT if others else Fate.TRANSLATED), said


def _on_a_bus(line: Line | None, migration: Migration) -> None:
    if line is None:
        return
    try:
        addresses = [int(item, 0) for item in _items(line.value)]
    except ValueError:
        migration.fates[line.number] = Fate.CANNOT, "expected addresses with commas between"
        return
    for address in addresses:
        migration.batteries[f"pack {address}"] = {"port": "", "protocol": "jk-pb", "address": str(address)}
    migration.fates[line.number] = Fate.TRANSLATED, "a battery with protocol = jk-pb for each address"


def _take_out_what_is_wrong(migration: Migration) -> None:
    """Leave out every common option that our own check would refuse, and say what it says."""
    trial = "\n".join(
        ["[driver]", *_options(migration.driver), "[battery x]", "port = /dev/x"]
        + [f"{option} = {value}" for option, (value, _) in migration.common.items()]
    )
    for problem in parse("", trial.encode()).problems:
        if problem.option in migration.common:
            _, number = migration.common.pop(problem.option)
            migration.fates[number] = Fate.CANNOT, f"{problem.option} {problem.text}"
            return _take_out_what_is_wrong(migration)
        if problem.option in migration.driver:
            del migration.driver[problem.option]
            for line in migration.lines:
                if line.name == "LOGGING":
                    migration.fates[line.number] = Fate.CANNOT, f"{problem.option} {problem.text}"
            return _take_out_what_is_wrong(migration)
    return None


def written(migration: Migration) -> Iterator[str]:
    """The lines of the new config.ini."""
    yield "# Made from the config.ini of dbus-serialbattery. What became of each of its lines:"
    for line in migration.lines:
        fate, reason = migration.fates[line.number]
        shown = f" = {quoted(line.value)[1:-1]}" if fate is not Fate.UNKNOWN else ""  # it may be a secret
        yield f"# line {line.number}, {line.name}{shown}: {fate}{', ' if reason else ''}{reason}"
    yield from ("", "[driver]", *_options(migration.driver))
    for name, options in migration.batteries.items():
        yield from ("", f"[battery {name}]")
        for option, value in options.items():
            if not value:
                yield "# To do: say where the BMS is connected. The names below /dev/serial/by-id stay the same."
            yield f"{option} = {value}" if value else f"#{option} = /dev/serial/by-id/..."
        yield "# A shadow: shown, and without limits. Take this line out, and stop the other driver, to let it control."
        yield "control = no"
        yield from (f"{option} = {value}" for option, (value, _) in migration.common.items())


def _options(values: dict[str, str]) -> list[str]:
    return [f"{option} = {value}" for option, value in values.items()]


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _is_on(line: Line) -> bool:
    return line.value.lower() in ("true", "yes", "on", "1")
