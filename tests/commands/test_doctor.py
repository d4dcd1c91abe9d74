"""Each fault that tests inject, wherever it is, is named by `check`, with what to do and an exit code, in tables."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.battery.alarms import Alarm
from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.settings import ChargeSettings
from driver.commands import check_battery, check_machine, check_venus
from driver.commands.check import apply
from driver.commands.check_machine import Machine
from driver.commands.check_system import BMS_INSTANCE, VOLTAGE_SENSE, System
from driver.commands.examination import Examined
from driver.commands.findings import Level
from driver.link.interference import Cause
from driver.protocol.dialect import JkUart
from driver.simulator.bms import PASSWORD
from driver.simulator.faults import FAULTS
from driver.simulator.line import Line
from driver.simulator.pb import pb_line
from driver.simulator.voices import VOICES, line_of
from tests.commands.frames import FRAME
from tests.commands.simulated_port import simulated_port

OK, WARNING, BROKEN = Level.OK, Level.WARNING, Level.BROKEN


class Talker:
    """A device that answers whatever it hears with the same: another make."""

    def __init__(self, says: bytes) -> None:
        self.says = says

    def hear(self, chunk: bytes) -> bytes:
        return self.says

    def forget(self) -> None:
        pass


# fmt: off
WIRES: dict[str, tuple[object, Level, str, str, str]] = {
    # fault of the line: what is there (faults of a JK, or a line), verdict, its title, words of it, what to do
    "silent":         (("silent",), BROKEN, "BMS", "nothing was received, not one byte", "TX and RX not swapped"),
    "late":           (("late",), OK, "BMS", "answers", ""),
    "byte-by-byte":   (("byte-by-byte",), OK, "BMS", "answers", ""),
    "split":          (("split",), OK, "BMS", "answers", ""),
    "merge":          (("merge",), OK, "BMS", "answers", ""),
    "flip":           (("flip",), BROKEN, "BMS", "only damaged frames", "Check the ground wire"),
    "flip-length":    (("flip-length",), BROKEN, "BMS", "damaged", "Check the ground wire"),
    "corrupt":        (("corrupt:40%",), WARNING, "wire", "frames arrived damaged", "Check the ground wire"),
    "echo":           (("echo",), OK, "wire", "own echoes (ignored)", ""),
    "only echo":      (("silent", "echo"), BROKEN, "BMS", "only our own requests came back", "RX and TX are connected"),
    "garbage":        (("garbage",), BROKEN, "BMS", "garbage: ", "A and B swapped"),
    "other-protocol": (("other-protocol",), BROKEN, "BMS", "speaks another protocol", "set the UART1 protocol to 000"),
    "half":           (("half",), BROKEN, "BMS", "beginnings of JK frames", "Bytes are lost on the way"),
    "missing":        (("missing",), BROKEN, "BMS", "is missing (register 0x85)", "report what `decode` says"),
    "put":            (("put",), WARNING, "readings", "unknown register 0xc1", "report what `decode` says"),
    "zero-cell":      (("zero-cell",), BROKEN, "cells", "cell 3 reads 0 V", "A sense wire is off"),
    "hot":            (("hot",), WARNING, "temperatures", "sensor 1 says nothing that can be", "Check the sensor"),
    "soc-255":        (("soc-255",), WARNING, "state of charge", "none that can be", "charge to the full"),
    "dead":           (("address = 1", pb_line(1, 2, faults=("dead:1",))), BROKEN, "BMS", "a pack answers", "DIP"),
    "other address":  (("address = 3", pb_line(7, 1)), BROKEN, "BMS", "answers at address 7, and none at 3", "DIP"),
    "other setting":  (("", pb_line(1, 1)), BROKEN, "BMS", "answers, but as jk-pb and not", "Set protocol = jk-pb"),
    "VE.Direct":      (("", Line(Talker(b"\r\nPID\t0xA389\r\nV\t26210\r\nChecksum\t\x5a"))), BROKEN, "BMS",
                       "a Victron device (VE.Direct)", "choose the port of the BMS"),
    "GPS":            (("", Line(Talker(b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"))),
                       BROKEN, "BMS", "a GPS or another NMEA device", "choose the port of the BMS"),
    "meter":          (("", Line(Talker(bytes.fromhex("010300000002c40b0103040000000afa31")))), BROKEN, "BMS",
                       "Modbus", "set the UART1 protocol"),
    "balancer":       (("protocol = jk-balancer", line_of("jk-balancer")), OK, "readings", "for monitoring", ""),
    "no port":        (None, BROKEN, "port", "no such port", ""),
}
# fmt: on
NOT_SEEN_AT_ONCE = {"frozen"}  # takes longer than `check`: the running driver sees it, below


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `check` prints about batteries with all these faults."""
    folder = tmp_path_factory.mktemp("doctor")
    with ExitStack() as stack:
        sections = []
        for name, (there, *_) in WIRES.items():
            port, lines = str(folder / "ttyNONE"), ""
            match there:
                case (str(option), Line() as line):
                    port = stack.enter_context(simulated_port(line=line))
                    lines = f"protocol = jk-pb\n{option}" if option.startswith("address") else option
                case tuple():
                    port = stack.enter_context(simulated_port(*map(str, there)))
            sections.append(f"[battery {name.replace('.', '')}]\nport = {port}\ncontrol = no\n{lines}\n")
        config = folder / "config.ini"
        config.write_text("".join(sections))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder}/none")
        output = folder / "output"
        with output.open("w") as file, suppress(SystemExit):
            patch.setattr("sys.stdout", file)
            assert main(["check", "--config", str(config)]) == BROKEN
        patch.undo()
        yield output.read_text()


def said(text: str, battery: str, title: str) -> tuple[str, str]:
    """Level and words of one verdict, and what to do."""
    part = re.split(r"^battery ", text, flags=re.MULTILINE)
    [mine] = [one for one in part if one.startswith(f"{battery.replace('.', '')} (")]
    verdict = re.search(
        rf"^  (\w+) +{re.escape(title)} (?:.*\n(?=  \w|\n|\Z)|(?:.*\n)+?(?=  \w|\n|\Z))", mine, re.MULTILINE
    )
    assert verdict, mine
    return verdict[1], " ".join(verdict[0].split())


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("fault", WIRES)
def test_what_is_wrong_with_a_line_is_named(verdicts: str, fault: str) -> None:
    _, level, title, words, step = WIRES[fault]
    found, text = said(verdicts, fault, title)
    assert (found, words in text, step in text) == (level.name.lower(), True, True), text


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_no_password_is_in_it(verdicts: str) -> None:
    assert PASSWORD not in verdicts
    assert PASSWORD.encode().hex() not in verdicts.replace("\n", "").replace(" ", "")


def test_every_fault_of_the_simulator_is_in_the_table() -> None:
    assert set(FAULTS) <= set(WIRES) | NOT_SEEN_AT_ONCE


# --- the battery itself, and its control

UART = JkUart().take(FRAME)
assert UART is not None
WELL = replace(UART, alarms=frozenset())


def examined(**changes: object) -> Examined:
    """A battery that answers; `changes` are those of its reading, and of the charge settings."""
    wishes = {name: changes.pop(name) for name in tuple(changes) if name in ChargeSettings.__slots__}
    reading = replace(WELL, **changes)  # type: ignore[arg-type]
    outcome = Controller(ChargeSettings(**wishes), Timing.wire(1.0), 0.0).take(reading, 0.0)  # type: ignore[arg-type]
    return Examined(name="a", port="p", protocol="jk-uart", reading=reading, outcome=outcome, counters={"frames": 4})


def shown(state: str, cable: int) -> Examined:
    """A battery as the running driver shows it."""
    items = {"/ConnectionInformation": {"Value": state}, "/Alarms/BmsCable": {"Value": cable}}
    return Examined(name="a", port="p", protocol="jk-uart", published=items)


def in_bank(state: str) -> Examined:
    """A pack that the running driver's bank does not show by itself."""
    return Examined(name="a", port="p", protocol="jk-uart", in_bank=state)


CONTROL = {
    "target beside the protection": (
        examined(protections=replace(WELL.protections, cell_over_voltage=3.46)),
        WARNING, "settings", "too near to the BMS's over-voltage protection", "Change one of the two",
    ),
    "balancing never begins": (
        examined(protections=replace(WELL.protections, balance_start=3.6)),
        WARNING, "settings", "it never balances", "Change one of the two",
    ),
    "float above the target": (
        examined(cell_charge_voltage=3.4, cell_float_voltage=3.6),
        WARNING, "settings", "cell_float_voltage of 3.6 V is above the target", "Change one of the two",
    ),
    "chemistry not certain": (
        examined(protections=replace(WELL.protections, cell_over_voltage=None)),
        WARNING, "chemistry", "over-voltage protection", "Set chemistry",
    ),
    "sense wire off": (examined(cells=(0.0, *WELL.cells[1:])), BROKEN, "cells", "cell 1 reads 0 V", "A sense wire"),
    "no state of charge": (examined(soc=None), WARNING, "state of charge", "none that can be", "charge to the full"),
    "silent for a moment": (shown("hold: BMS silent", 1), BROKEN, "BMS", "silent: hold", "Check cable and BMS"),
    "lost": (shown("BMS lost since 10:00", 2), BROKEN, "BMS", "lost: BMS lost since", "Check cable and BMS"),
    "frozen": (shown("values stand still", 2), BROKEN, "BMS", "values stand still", "Check cable and BMS"),
    "pack of a bank is lost": (in_bank("is lost"), BROKEN, "bank", "the pack is lost", "Check its cable"),
    "pack of a bank waits": (in_bank("waits"), WARNING, "bank", "the pack waits", "has come near"),
    "pack in maintenance": (in_bank("is in maintenance"), WARNING, "bank", "is in maintenance", "maintenance NAME off"),
    "fault inside the driver": (shown("fault inside the driver, see its log", 2), BROKEN, "BMS", "see its log", "log"),
} | {
    alarm.name: (examined(alarms=frozenset({alarm})), None, "alarms", "", "The BMS says so itself") for alarm in Alarm
}  # fmt: skip


@pytest.mark.parametrize("fault", CONTROL)
def test_what_is_wrong_with_a_battery_is_named(fault: str) -> None:
    found, level, title, words, step = CONTROL[fault]
    [one] = [one for one in apply(check_battery.CHECKS, found) if one.title == title]
    assert one.level in ((WARNING, BROKEN) if level is None else (level,))
    assert (words in one.detail, step in one.next_step) == (True, True), one


def test_a_pack_that_serves_in_a_bank_is_well() -> None:
    found = list(apply(check_battery.CHECKS, in_bank("serves")))
    assert [(one.title, one.level) for one in found] == [("bank", OK)]
    shown = list(apply(check_battery.CHECKS, replace(in_bank("serves"), published={})))
    assert next(one for one in shown if one.title == "limits").detail == "set by the bank"


@pytest.mark.parametrize("cause", Cause)
def test_what_disturbs_bluetooth_is_named(cause: Cause) -> None:
    found = replace(shown(f"BMS silent; {cause.value}", 1), protocol="jk-ble")
    [one] = [one for one in apply(check_battery.CHECKS, found) if one.title == "connection"]
    assert one.level is WARNING
    assert one.detail
    assert one.next_step


# --- the system around it

JK, OTHER = "com.victronenergy.battery.jk_a", "com.victronenergy.battery.pylontech"


def items(program: str, instance: int, charge_voltage: float | None = None) -> dict[str, dict[str, object]]:
    values = {"/Mgmt/ProcessName": program, "/DeviceInstance": instance, "/Info/MaxChargeVoltage": charge_voltage}
    return {path: {"Value": value} for path, value in values.items()}


MINE = items("dbus-jkbms", 1, 55.2)
GX = System(
    libraries={}, missing={}, config_path=Path("config.ini"), config_exists=True, config=None, settings_present=True,
    dvcc=True, batteries={JK: MINE}, calculated={"/ActiveBmsService": {"Value": JK}},
    setup={BMS_INSTANCE: -1, VOLTAGE_SENSE: 1}, drivers=(12,),
)  # fmt: skip


def gx(**changes: object) -> System:
    return replace(GX, **changes)  # type: ignore[arg-type]


def obeys(service: object) -> dict[str, dict[str, object]]:
    return {"/ActiveBmsService": {"Value": service}}


MONITOR = {JK: items("dbus-jkbms", 1)}
# fmt: off
SYSTEM = {
    "two drivers": (gx(drivers=(12, 34)), BROKEN, "D-Bus name", "2 times (processes 12, 34)", "Stop those"),
    "name taken": (gx(batteries={JK: items("dbus-other", 1)}), BROKEN, "D-Bus name", "belongs to dbus-other", "Stop"),
    "name hangs": (gx(batteries={JK: {}}), BROKEN, "D-Bus name", "a program that does not answer", "Stop"),
    "one instance twice": (gx(batteries={JK: MINE, OTHER: items("x", 1)}), BROKEN, "DeviceInstance",
                           f"1: {JK} and {OTHER}", "give the other"),
    "two BMSs": (gx(batteries={JK: MINE, OTHER: items("x", 2, 54.0)}), WARNING, "other BMS",
                 f"{OTHER} sets limits as well", "Let one battery control"),
    "another one is obeyed": (gx(calculated=obeys(OTHER)), WARNING, "controlling BMS", OTHER, "Controlling BMS"),
    "nobody may be obeyed": (gx(setup={BMS_INSTANCE: -255}), WARNING, "controlling BMS", "to obey none", "automatic"),
    "one that is gone": (gx(calculated=obeys(""), setup={BMS_INSTANCE: 7}), WARNING, "controlling BMS",
                         "though a battery here sets limits; it is set to the device instance 7", "automatic"),
    "nobody is obeyed": (gx(calculated=obeys(None)), WARNING, "controlling BMS", "none, though", "automatic"),
    "nobody sets limits": (gx(calculated=obeys(""), batteries=MONITOR), WARNING, "controlling BMS",
                           "no battery on D-Bus sets limits", "See control"),
    "SVS off": (gx(setup={VOLTAGE_SENSE: 0}), WARNING, "voltage sense", "SVS is off", "Switch it on"),
    "SVS forced off": (gx(setup={VOLTAGE_SENSE: 2}), WARNING, "voltage sense", "SVS is off", "Switch it on"),
}
# fmt: on


@pytest.mark.parametrize("fault", SYSTEM)
def test_what_is_wrong_with_the_gx_is_named(fault: str) -> None:
    system, level, title, words, step = SYSTEM[fault]
    [one] = [one for one in apply(check_venus.CHECKS, system) if one.title == title]
    assert (one.level, words in one.detail, step in one.next_step) == (level, True, True), one


def test_a_gx_that_is_well_and_a_pc_have_nothing_else() -> None:
    found = list(apply(check_venus.CHECKS, GX))
    assert [one.title for one in found] == ["D-Bus name", "DeviceInstance", "controlling BMS", "voltage sense"]
    assert {one.level for one in found} == {OK}
    pc = gx(batteries={}, calculated={}, setup={}, drivers=())
    assert list(apply(check_venus.CHECKS, pc)) == []
    assert not [one for one in apply(check_venus.CHECKS, gx(dvcc=False)) if one.title == "voltage sense"]


# --- the machine

HEALTHY = Machine(
    folder=Path("/data/apps/dbus-jkbms"), free=200_000_000, writable=True, gx=True, load=(0.5, 0.6, 0.7),
    memory=400_000_000, log_file=Path("/var/log/dbus-jkbms/current"), log=("INFO dbus-jkbms 0.1.0", "WARNING [a] x"),
)  # fmt: skip
BAD_LOG = ("INFO a", "ERROR [house] unexpected; nothing else is stopped", "Traceback (most recent call last):", "  x")
# fmt: off
MACHINE = {
    "no folder": (replace(HEALTHY, free=None), BROKEN, "disk", "nothing can be written to /data", "as root"),
    "read-only": (replace(HEALTHY, writable=False), BROKEN, "disk", "nothing can be written to /data", "as root"),
    "full": (replace(HEALTHY, free=400_000), BROKEN, "disk", "0 MB free", "Remove"),
    "nearly full": (replace(HEALTHY, free=6_000_000), WARNING, "disk", "6 MB free", "Remove"),
    "overload": (replace(HEALTHY, load=(9.0, 7.5, 3.0)), WARNING, "load", "9.0 7.5 3.0", "top"),
    "long overload": (replace(HEALTHY, load=(3.0, 4.0, 4.5)), WARNING, "load", "restarts itself above", "top"),
    "little memory": (replace(HEALTHY, memory=20_000_000), WARNING, "memory", "20 MB available", "top"),
    "errors in the log": (replace(HEALTHY, log=BAD_LOG), WARNING, "log", "2 errors in /var/log", "report"),
}
# fmt: on


@pytest.mark.parametrize("fault", MACHINE)
def test_what_is_wrong_with_the_machine_is_named(fault: str) -> None:
    machine, level, title, words, step = MACHINE[fault]
    [one] = [one for one in apply(check_machine.CHECKS, machine) if one.title == title]
    assert (one.level, words in one.detail, step in one.next_step) == (level, True, True), one


def test_a_machine_that_is_well_has_nothing_else() -> None:
    assert {one.level for one in apply(check_machine.CHECKS, HEALTHY)} == {OK}
    bare = replace(HEALTHY, gx=False, load=(50.0, 50.0, 50.0), memory=None, log=None)
    assert {(one.title, one.level) for one in apply(check_machine.CHECKS, bare)} == {("disk", OK), ("load", OK)}


def test_this_machine_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRIVER_LOG", str(tmp_path))
    (tmp_path / "current").write_text("@4000000065f0a1b20123456c ERROR [a] broken\nINFO well\n")
    found = check_machine.gather(tmp_path / "config.ini")
    assert found.folder == tmp_path
    assert found.free is not None
    assert found.memory is not None
    assert found.log == ("ERROR [a] broken", "INFO well")
    assert found.load == pytest.approx(os.getloadavg(), abs=2)
    assert check_machine.gather(tmp_path / "none" / "config.ini").free is None


def test_every_voice_is_known_as_what_it_is() -> None:
    assert {voice.protocol for voice in VOICES.values()} >= set(check_battery.MONITORS)
