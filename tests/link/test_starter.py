"""A made-up serial-starter, and what is done with it."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from driver.link import starter
from driver.link.starter import SerialStarter, name_of


class Machine:
    """Its scripts write down how they were called, and do what the real ones do."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls = root / "calls"
        for folder in ("opt/victronenergy/serial-starter", "dev/serial-starter", "dev/serial/by-id", "service"):
            (root / folder).mkdir(parents=True)
        self.script("stop-tty.sh", f'rm -f "{root}/dev/serial-starter/$1" "{root}/service/"*."$1"')
        self.script("start-tty.sh", f'touch "{root}/dev/serial-starter/$1"')

    def script(self, name: str, does: str) -> None:
        path = self.root / "opt/victronenergy/serial-starter" / name
        path.write_text(f'#!/bin/sh\necho "{name} $1" >> "{self.calls}"\n{does}\n')
        path.chmod(0o755)

    def plug(self, tty: str) -> str:
        (self.root / "dev" / tty).touch()
        self.node(tty).touch()
        return str(self.root / "dev" / tty)

    def node(self, tty: str) -> Path:
        return self.root / "dev/serial-starter" / tty

    @property
    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(starter, "ROOT", tmp_path)
    monkeypatch.setattr(starter, "LOOK", 0.02)
    return Machine(tmp_path)


async def until(condition: object) -> None:
    async with asyncio.timeout(10):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_a_port_is_taken_and_given_back(machine: Machine) -> None:
    mine, _ = machine.plug("ttyUSB0"), machine.plug("ttyUSB1")
    task = asyncio.ensure_future(SerialStarter(lambda: [mine]).run())
    await until(lambda: not machine.node("ttyUSB0").exists())
    await asyncio.sleep(0.1)
    assert machine.called == ["stop-tty.sh ttyUSB0"]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert machine.called == ["stop-tty.sh ttyUSB0", "start-tty.sh ttyUSB0"]
    assert machine.node("ttyUSB0").exists()
    assert machine.node("ttyUSB1").exists()


async def test_a_program_that_was_started_already_is_stopped(machine: Machine) -> None:
    port = machine.plug("ttyUSB0")
    machine.node("ttyUSB0").unlink()
    (machine.root / "service/gps-dbus.ttyUSB0").mkdir()
    machine.script("stop-tty.sh", ":")  # whatever it leaves behind, it is asked once
    one = SerialStarter(lambda: [port])
    await one.take()
    await one.take()
    assert machine.called == ["stop-tty.sh ttyUSB0"]


async def test_it_is_taken_again_when_it_is_plugged_in_again(machine: Machine) -> None:
    port = machine.plug("ttyUSB0")
    one = SerialStarter(lambda: [port])
    await one.take()
    machine.plug("ttyUSB0")
    await one.take()
    assert machine.called == ["stop-tty.sh ttyUSB0"] * 2


async def test_what_it_does_not_have_is_left_alone(machine: Machine) -> None:
    port = machine.plug("ttyUSB0")
    machine.node("ttyUSB0").unlink()
    ports = [port, "socket://10.0.0.5:8899", "C8:47:80:12:34:56", str(machine.root / "dev/ttyUSB7"), "/nowhere/at/all"]
    await SerialStarter(lambda: ports).take()
    assert machine.called == []


@pytest.mark.parametrize(
    ("does", "why"), [("exit 3", "exit code 3"), ("exec sleep 60", "did not end within 0.3 s")], ids=["fails", "hangs"]
)
async def test_a_script_that_fails_is_said_once(
    machine: Machine, does: str, why: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "PATIENCE", 0.3)
    port = machine.plug("ttyUSB0")
    machine.script("stop-tty.sh", does)
    one = SerialStarter(lambda: [port])
    await one.take()
    await one.take()
    assert caplog.text.count(why) == 1


async def test_a_script_that_cannot_be_run_is_said(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    port = machine.plug("ttyUSB0")
    (machine.root / "opt/victronenergy/serial-starter/stop-tty.sh").chmod(0o644)
    await SerialStarter(lambda: [port]).take()
    assert "Permission denied; programs of Victron may disturb" in caplog.text


def test_a_port_has_one_name_there(machine: Machine) -> None:
    machine.plug("ttyUSB0")
    by_id = machine.root / "dev/serial/by-id/usb-FTDI-if00-port0"
    by_id.symlink_to("../../ttyUSB0")
    assert name_of(str(by_id)) == name_of(str(machine.root / "dev/ttyUSB0")) == "ttyUSB0"
    assert name_of(str(machine.root / "calls")) == ""


def test_a_machine_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "ROOT", tmp_path)
    assert not SerialStarter(list).present
