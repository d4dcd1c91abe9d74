"""`check`: each fault is named in plain words, with what to do about it and an exit code."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from driver.commands import check_battery, check_bluetooth, check_system, check_venus, examination, target
from driver.commands.check import apply
from driver.commands.check_system import System
from driver.commands.examination import Examined
from driver.commands.findings import Finding, Level, broken, conclusion, finding_lines, good, warning
from driver.config import parse
from driver.link.ports import Holder
from driver.options import Battery
from driver.protocol.dialect import JkUart
from driver.simulator.settings_service import SettingsService
from driver.verdicts import Verdict
from tests.commands.frames import FRAME
from tests.commands.simulated_port import simulated_port
from tests.private_bus import PrivateBus

OVER_THE_AIR = "[battery air]\nport = C8:47:80:12:34:56\n"
NO_BUS = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the library's, when nobody is there
ROOT = Path(__file__).parents[2]
ONE = "[battery one]\nport = /dev/ttyUSB1\n"
TWO = "[battery two]\nport = /dev/ttyUSB2\n"
OURS = {"/Mgmt/ProcessName": {"Value": "dbus-jkbms"}, "/Mgmt/Connection": {"Value": "JK UART-TTL (4E 57) ttyUSB1"}}
WELL = System(
    libraries={"pyserial": "3.5", "D-Bus": "dbus_fast"},
    missing={},
    config_path=Path("config.ini"),
    config_exists=True,
    config=parse("config.ini", ONE.encode()),
    settings_present=True,
    dvcc=True,
    batteries={"com.victronenergy.battery.jk_one": OURS},
)


def configured(text: str) -> System:
    return replace(WELL, config=parse("config.ini", text.encode()))


def finding(found: list[Finding], title: str) -> Finding:
    return next(one for one in found if one.title == title)


def test_a_system_that_is_well_has_nothing_else() -> None:
    assert {one.level for one in apply(check_system.CHECKS, WELL)} == {Level.OK}


@pytest.mark.parametrize(
    ("system", "title", "level", "detail", "next_step"),
    [
        (replace(WELL, python=(3, 8, 13)), "Python", Level.BROKEN, "3.8.13 is too old", "update the GX"),
        (
            replace(WELL, libraries={"D-Bus": "x"}, missing={"pyserial": "No module named 'serial'"}),
            "libraries",
            Level.BROKEN,
            "pyserial: No module named 'serial'",
            "pip install pyserial dbus-fast",
        ),
        (
            replace(WELL, config=None, config_error="config.ini: is no text"),
            "configuration",
            Level.BROKEN,
            "is no text",
            "config --default",
        ),
        (configured("[driver]\nlog_level = loud\n" + ONE), "configuration", Level.WARNING, "'loud'", "these lines"),
        (configured(ONE + "[battery x]\n"), "configuration", Level.BROKEN, "not running: [battery x]", "these lines"),
        (configured(ONE + TWO), "control", Level.WARNING, "none has control = yes", "Set control = yes"),
        (configured(ONE + "control = no\n"), "control", Level.WARNING, "only shown", "Remove it"),
        (replace(WELL, bus_error="no D-Bus at unix:path=/x"), "D-Bus", Level.BROKEN, "no D-Bus at", "./dev demo"),
        (replace(WELL, settings_present=False), "D-Bus", Level.BROKEN, "localsettings", "restart the GX"),
        (replace(WELL, dvcc=False), "DVCC", Level.WARNING, "ignore the limits", "Switch it on"),
        (replace(WELL, dvcc=None), "DVCC", Level.WARNING, "cannot be told", "Look"),
        (replace(WELL, batteries={}), "driver", Level.WARNING, "no battery on D-Bus", "Start it"),
        (
            replace(WELL, batteries=WELL.batteries | {"com.victronenergy.battery.x": {}}),
            "other batteries",
            Level.WARNING,
            "battery.x did not answer",
            "restart that driver",
        ),
    ],
)
def test_what_is_wrong_with_the_system_is_named(
    system: System, title: str, level: Level, detail: str, next_step: str
) -> None:
    one = finding(list(apply((*check_system.CHECKS, *check_venus.CHECKS), system)), title)
    assert one.level is level
    assert detail in one.detail
    assert next_step in one.next_step


def test_the_marked_battery_controls() -> None:
    one = finding(list(apply(check_system.CHECKS, configured(ONE + "control = yes\n" + TWO))), "control")
    assert (one.level, one.detail) == (Level.OK, "one sets the limits of the system")


@pytest.mark.parametrize(
    ("text", "level", "detail"),
    [
        (ONE + TWO + "[bank x]\n", Level.OK, "bank x sets the limits of the system: one, two"),
        (ONE + TWO + "[bank x]\npacks = two\n", Level.OK, "bank x sets the limits of the system: two"),
        ("[bank x]\n", Level.OK, "bank x sets the limits of the system: what is found"),
        (ONE + "control = no\n[bank x]\n", Level.WARNING, "bank x has no pack"),
    ],
)
def test_a_bank_controls(text: str, level: Level, detail: str) -> None:
    one = finding(list(apply(check_system.CHECKS, configured(text))), "control")
    assert (one.level, one.detail) == (level, detail)


def reading() -> Reading:
    found = JkUart().take(FRAME)
    assert found is not None
    return replace(found, alarms=frozenset())


def examined(change: Callable[[Reading], Reading] = lambda one: one, **more: object) -> Examined:
    seen = change(reading())
    outcome = Controller(ChargeSettings(), Timing.wire(1.0), 0.0).take(seen, 0.0)
    found = Examined(
        name="house",
        port="/dev/ttyUSB1",
        protocol="jk-uart",
        reading=seen,
        outcome=outcome,
        counters={"frames": 4, "damaged": 0},
    )
    return replace(found, **more)  # type: ignore[arg-type]


def silent(**more: object) -> Examined:
    return Examined(name="house", port="/dev/ttyUSB1", protocol="jk-uart", **more)  # type: ignore[arg-type]


def test_a_battery_that_is_well_has_nothing_else() -> None:
    found = list(apply(check_battery.CHECKS, examined()))
    assert {one.level for one in found} == {Level.OK}
    assert [one.title for one in found] == [
        "port",
        "BMS",
        "wire",
        "firmware",
        "cells",
        "temperatures",
        "state of charge",
        "chemistry",
        "settings",
        "limits",
        "alarms",
    ]


def with_software(version: str | None) -> Callable[[Reading], Reading]:
    return lambda one: replace(one, identity=replace(one.identity, software=version))


def without_cell(one: Reading) -> Reading:
    return replace(one, cells=(0.0, *one.cells[1:]))


def without_protection(one: Reading) -> Reading:
    return replace(one, protections=replace(one.protections, cell_over_voltage=None))


@pytest.mark.parametrize(
    ("found", "title", "level", "detail", "next_step"),
    [
        (
            silent(holders=(Holder(7, "gps_dbus"),)),
            "port",
            Level.BROKEN,
            "already open in gps_dbus (pid 7)",
            "a port serves one",
        ),
        (silent(verdict=Verdict("no such port", "Do x"), opened=False), "port", Level.BROKEN, "no such port", "Do x"),
        (silent(verdict=Verdict("garbage", "Do y", "00ff")), "BMS", Level.BROKEN, "garbage\nreceived: 00ff", "Do y"),
        (examined(counters={"frames": 40, "damaged": 2}), "wire", Level.WARNING, "2 of 42 frames", "ground wire"),
        (examined(with_software("15.38")), "firmware", Level.WARNING, "no frames of version 15.38", "report"),
        (examined(with_software(None)), "firmware", Level.WARNING, "does not tell its version", "report"),
        (examined(without_cell), "cells", Level.BROKEN, "cell 1 reads 0 V", "sense wire"),
        (examined(without_protection), "chemistry", Level.WARNING, "over-voltage protection", "Set chemistry"),
        (examined(without_protection), "limits", Level.WARNING, "monitoring only", "let the battery control"),
        (
            examined(lambda one: replace(one, alarms=JkUart().take(FRAME).alarms)),  # type: ignore[union-attr]
            "alarms",
            Level.BROKEN,
            "battery too cold to charge",
            "The BMS says so itself",
        ),
        (
            examined(lambda one: replace(one, unknown_alarm_bits=0x8000)),
            "alarms",
            Level.WARNING,
            "0x8000",
            "The BMS says so itself",
        ),
        (
            silent(published=OURS | {"/Alarms/BmsCable": {"Value": 2}, "/ConnectionInformation": {"Value": "gone"}}),
            "BMS",
            Level.BROKEN,
            "but the BMS is lost: gone",
            "svc -d",
        ),
        (silent(published=OURS), "limits", Level.WARNING, "this battery does not control", "control = yes"),
    ],
)
def test_what_is_wrong_with_a_battery_is_named(
    found: Examined, title: str, level: Level, detail: str, next_step: str
) -> None:
    one = finding(list(apply(check_battery.CHECKS, found)), title)
    assert one.level is level
    assert detail in one.detail
    assert next_step in one.next_step


def test_the_running_driver_speaks_for_a_port_that_it_has() -> None:
    assert examination.published_for(Battery(port="/dev/ttyUSB1"), WELL) == OURS
    assert examination.published_for(Battery(port="/dev/ttyUSB2"), WELL) is None
    found = list(apply(check_battery.CHECKS, silent(published=OURS | {"/Dc/0/Voltage": {"Value": 52.9}})))
    assert "52.90 V" in finding(found, "BMS").detail
    assert not [one for one in found if one.title == "port"]


def test_the_running_driver_speaks_for_each_pack_of_a_bus() -> None:
    packs = {n: OURS | {"/Mgmt/Connection": {"Value": f"JK PB RS485 ttyUSB1 address {n}"}} for n in (1, 12)}
    system = replace(WELL, batteries={f"com.victronenergy.battery.jk_{n}": shown for n, shown in packs.items()})
    bus = Battery(port="/dev/ttyUSB1", protocol="jk-pb")
    assert examination.published_for(replace(bus, address=12), system) == packs[12]
    assert examination.published_for(replace(bus, address=2), system) is None
    assert examination.published_for(bus, system) == packs[1]  # any of them


def test_a_pack_that_only_its_bank_shows_is_found_there() -> None:
    bank = OURS | {"/Packs/2/Name": {"Value": "two"}, "/Packs/2/State": {"Value": "is lost"}}
    system = replace(WELL, batteries={"com.victronenergy.battery.jk_bank": bank})
    assert examination.standing("two", system) == "is lost"
    assert examination.standing("one", system) == ""


def test_other_peoples_batteries_are_not_ours() -> None:
    other = {"/Mgmt/ProcessName": {"Value": "dbus-serialbattery.py"}}
    assert replace(WELL, batteries={"com.victronenergy.battery.x": other}).ours == {}


def test_a_finding_is_printed_with_what_to_do() -> None:
    shown = list(finding_lines(broken("port", "no such\nport\x1b", "Plug it in. " * 12)))
    assert shown[0] == "  broken   port            no such"
    assert shown[1].strip() == "port?"
    assert shown[2].strip().startswith("-> Plug it in.")
    assert all(len(line) <= 100 for line in shown)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ([good("a", "")], "all well"),
        ([good("a", ""), warning("b", "", "")], "0 broken, 1 warning"),
        ([broken("a", "", ""), warning("b", "", ""), warning("c", "", "")], "1 broken, 2 warnings"),
    ],
)
def test_the_last_line_counts(found: list[Finding], text: str) -> None:
    assert conclusion(found) == text


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@NO_BUS
def test_it_asks_every_battery_of_the_file(no_bus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port() as port:
        (no_bus / "config.ini").write_text(f"[battery a]\nport = {port}\n[battery b]\nport = /dev/ttyNONE\n")
        assert main(["check"]) == 2
    shown = capsys.readouterr().out
    assert f"battery a ({port})\n  ok       port" in shown
    assert "ok       chemistry       LFP" in shown
    assert "battery b (/dev/ttyNONE)\n  broken   port            /dev/ttyNONE: no such port" in shown
    assert "broken   D-Bus           no D-Bus at unix:path=" in shown


@NO_BUS
def test_without_an_adapter_it_says_what_to_do(
    no_bus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(target, "usb_serial_adapters", list)
    assert main(["check"]) == 2
    shown = capsys.readouterr().out
    assert "config.ini is not there: an adapter is looked for" in shown
    assert "no battery is configured, and no USB serial adapter is free" in shown


@NO_BUS
def test_a_file_that_is_none_is_said(no_bus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (no_bus / "x.ini").write_bytes(b"\0\1\2")
    assert main(["check", "--config", "x.ini"]) == 2
    assert "is no text" in capsys.readouterr().out


@contextmanager
def program(bus: PrivateBus, folder: Path, *arguments: str) -> Iterator[None]:
    environment = bus.environment | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *arguments]
    with (folder / f"{arguments[0]}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@NO_BUS
@pytest.mark.bus
def test_it_sees_the_bus_the_settings_and_the_running_driver(
    no_bus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated_port() as port, PrivateBus() as bus:
        (no_bus / "config.ini").write_text(f"[battery house]\nport = {port}\n")
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        assert main(["check"]) == 2
        assert "com.victronenergy.settings (localsettings) is not there" in capsys.readouterr().out
        with program(bus, no_bus, "driver.simulator.settings_service"):
            until(lambda: check_says(capsys, "reachable, with localsettings") == 1)
            with program(bus, no_bus, "driver", "run"):
                until(lambda: "is on D-Bus" in (no_bus / "driver.log").read_text())
                assert check_says(capsys, "the driver runs and has the port; on D-Bus: JK UART-TTL") == 0


def check_says(capsys: pytest.CaptureFixture[str], text: str) -> int:
    """The exit code when the output has `text`; -1 when it has not."""
    code = main(["check"])
    words = " ".join(capsys.readouterr().out.split())
    return code if text in words else -1


@pytest.mark.parametrize(
    ("values", "level", "detail"),
    [
        ({}, Level.OK, "no Bluetooth service of its own"),
        ({"/Settings/Services/Bluetooth": 0}, Level.OK, "/Settings/Services/Bluetooth = 0"),
        ({"/Settings/Services/Bluetooth": 1}, Level.WARNING, "/Settings/Services/Bluetooth = 1"),
        ({"/Settings/Services/Bluetooth": 0, "/Settings/Services/BleSensors": 1}, Level.WARNING, "BleSensors = 1"),
    ],
)
def test_who_else_uses_the_adapter(values: dict[str, int], level: Level, detail: str) -> None:
    found = check_bluetooth.other_users(replace(configured(OVER_THE_AIR), bluetooth=values))
    assert found is not None
    assert found.level is level
    assert detail in found.detail
    assert ("USB Bluetooth adapter" in found.next_step) is (level is Level.WARNING)


def test_bluetooth_is_nobodys_business_where_no_battery_uses_it() -> None:
    assert not list(apply(check_bluetooth.CHECKS, replace(WELL, bluetooth={"/Settings/Services/Bluetooth": 1})))


def test_bluetooth_without_bleak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    found = check_bluetooth.bleak_installed(configured(OVER_THE_AIR))
    assert found is not None
    assert found.level is Level.BROKEN
    assert "pip install bleak" in found.next_step


async def test_the_settings_of_venus_are_read_where_a_battery_uses_bluetooth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.ini"
    with PrivateBus() as bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        settings = SettingsService()
        await settings.start()
        settings.set("/Settings/Services/Bluetooth", 1)
        for text, read in ((OVER_THE_AIR, {"/Settings/Services/Bluetooth": 1}), (ONE, {})):
            config.write_text(text)
            assert (await check_system.gather(config)).bluetooth == read
        await settings.close()
