"""The structure that docs/architecture.md draws, held against the imports of the code."""

import ast
from pathlib import Path

import pytest

import driver

ROOT = Path(driver.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# what every part may import, besides itself
FREE = {"errors", "logs", "modbus_crc"}
# and what each may besides
MAY_IMPORT = {
    "battery": set(),
    "protocol": {"battery"},
    "link": set(),
    "venus": {"battery"},
    "simulator": {"battery", "protocol", "link", "venus", "session", "options"},
}
# files of protocol/ that may know what a reading is
KNOW_READINGS = {"dialect.py"}
# not on every GX, or only in a package that a GX lacks
NOT_ON_A_GX = {
    "graphlib", "pty", "resource", "sched", "sqlite3", "statistics", "syslog", "tomllib", "tty", "unittest", "zoneinfo",
}  # fmt: skip
ON_A_PC_ONLY = {"simulator", "demo.py", "simulate.py"}
IMPURE = {"asyncio", "logging", "os", "random", "serial", "signal", "socket", "subprocess", "threading", "time"}


def imports(file: Path) -> set[str]:
    """Absolute names of everything a file imports; the driver's own parts as `driver.part.module`."""
    package = ("driver", *file.relative_to(ROOT).parent.parts)
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join((*base, *(node.module or "").split("."))).strip(".")
            found.add(name)
            if node.module is None:
                found.update(f"{name}.{alias.name}" for alias in node.names)
    return found


def part_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_follow_the_picture(file: Path) -> None:
    part = part_of(file)
    if part not in MAY_IMPORT:
        return
    parts = {name.split(".")[1] for name in imports(file) if name.startswith("driver.")}
    extra = parts - MAY_IMPORT[part] - {part} - FREE
    assert not extra, f"{part}/{file.name} imports {sorted(extra)}"


@pytest.mark.parametrize("file", [file for file in FILES if part_of(file) in ("protocol", "battery")], ids=str)
def test_the_middle_is_pure(file: Path) -> None:
    assert not {name.split(".")[0] for name in imports(file)} & IMPURE


@pytest.mark.parametrize("file", [file for file in FILES if part_of(file) == "protocol"], ids=lambda file: file.name)
def test_only_readings_know_the_battery(file: Path) -> None:
    if file.name in KNOW_READINGS or file.name.endswith(("_reading.py", "_dialect.py")):
        return
    assert not [name for name in imports(file) if name.startswith("driver.battery")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_gx_has_what_is_imported(file: Path) -> None:
    if part_of(file) in ON_A_PC_ONLY or file.name in ON_A_PC_ONLY:
        return
    assert not {name.split(".")[0] for name in imports(file)} & NOT_ON_A_GX


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_are_read_in_one_sitting(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 300


def test_a_broad_except_stands_once() -> None:
    broad = [
        str(file.relative_to(ROOT))
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert broad == ["app.py"]


# what could call home, or let somebody in; the links call the host that the owner has named
NETWORK = {"socket", "socketserver", "ssl", "http", "urllib", "ftplib", "smtplib", "xmlrpc", "telnetlib", "webbrowser"}
MAY_CONNECT = {"link/opening.py", "link/refusal.py", "link/rfc2217.py"}
DOORS = {"create_server", "start_server", "start_unix_server", "create_unix_server", "create_datagram_endpoint", "bind"}


@pytest.mark.parametrize("file", [file for file in FILES if part_of(file) != "simulator"], ids=lambda file: file.name)
def test_nothing_calls_home_and_nothing_listens(file: Path) -> None:
    if file.relative_to(ROOT).as_posix() not in MAY_CONNECT:
        assert not {name.split(".")[0] for name in imports(file)} & NETWORK
    called = {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert not called & DOORS
