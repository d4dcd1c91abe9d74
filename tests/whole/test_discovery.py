"""`ports = auto`: what is found, what is left alone, and that nothing is sent where anything is heard."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from driver import discovery
from driver.known import KnownBatteries
from driver.link import starter
from driver.link.ports import Adapter, Holder
from driver.protocol.detected import Detected
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL
from driver.simulator.line import Line, jk_line
from driver.simulator.pb import pb_line
from driver.simulator.port import PtyPort
from driver.state_file import StateFile
from tests.whole.scene import Scene

VE_DIRECT = b"\r\nPID\t0xA389\r\nV\t26210\r\nI\t-1040\r\nP\t-27\r\nSOC\t866\r\nChecksum\t\x5a"
MODBUS = bytes.fromhex("010300000002c40b0103040000000afa31")
NMEA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"


class Machine:
    """USB adapters of a machine that does not exist; the ports behind them are ptys."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scene = scene
        self.adapters: list[Adapter] = []
        self.dev = scene.folder / "dev"
        self.dev.mkdir()
        self.looks = 0
        monkeypatch.setattr(discovery, "usb_serial_adapters", self.look)
        monkeypatch.setattr(discovery, "LOOK", 0.2)
        made = discovery.Discovery
        monkeypatch.setattr("driver.app.Discovery", lambda *given: made(*given, str(self.dev)))

    def look(self) -> list[Adapter]:
        self.looks += 1
        return list(self.adapters)

    async def plug(self, number: int, line: Line, **changes: Any) -> PtyPort:
        port = PtyPort(line, self.dev / f"ttyUSB{number}")
        await port.plug()
        self.scene.on_leaving(port.unplug)
        self.adapters.append(self.adapter(port.url, **changes))
        return port

    @staticmethod
    def adapter(device: str, **changes: Any) -> Adapter:
        made = Adapter(
            device=device, by_id=None, product="USB UART", serial=None, driver="ftdi_sio",
            service=None, holders=(), plugged=(1, 2, 3),
        )  # fmt: skip
        return replace(made, **changes)


@pytest.fixture
def machine(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(scene, monkeypatch)


class Counting:
    """A device that keeps what it was sent, and says nothing."""

    def __init__(self) -> None:
        self.heard = b""
        self.bms = None

    def hear(self, chunk: bytes) -> bytes:
        self.heard += chunk
        return b""

    def forget(self) -> None:
        pass


async def test_one_jk_on_a_free_adapter_is_found_and_controls(scene: Scene, machine: Machine) -> None:
    await machine.plug(0, jk_line())
    scene.start("")
    [name] = await scene.batteries(1)
    assert (await scene.items(name))["/Info/MaxChargeVoltage"] == 55.2


async def test_a_sleeping_bms_is_woken_and_found(scene: Scene, machine: Machine) -> None:
    line = jk_line()
    line.device.bms.asleep = True
    await machine.plug(0, line)
    scene.start("")
    await scene.batteries(1)


async def test_a_bus_of_packs_is_found_and_remembered(scene: Scene, machine: Machine) -> None:
    line = pb_line(2, 2)
    port = await machine.plug(0, line)
    scene.start("")
    await scene.batteries(2, 60.0)
    await scene.stop()
    state = KnownBatteries(StateFile(scene.state))
    assert state.detected(port.url) == Detected("jk-pb", 115200, 2)
    before = line.device.written
    scene.start("")
    await eventually(lambda: line.device.written > before)
    assert line.device.written - before <= 2 * 11


async def test_a_master_is_listened_to_and_nothing_controls(scene: Scene, machine: Machine) -> None:
    line = pb_line(0, 1)
    await machine.plug(0, line)
    scene.start("")
    [name] = await scene.batteries(1, 60.0)
    assert "/Info/MaxChargeVoltage" not in await scene.items(name)
    assert line.device.written == 0


async def test_of_two_found_at_once_none_controls(scene: Scene, machine: Machine) -> None:
    for number in (0, 1):
        await machine.plug(number, jk_line(number + 1))
    scene.start("")
    for name in await scene.batteries(2):
        assert "/Info/MaxChargeVoltage" not in await scene.items(name)


async def test_one_that_is_plugged_in_later_is_only_shown(scene: Scene, machine: Machine) -> None:
    await machine.plug(0, jk_line(1))
    scene.start("")
    [first] = await scene.batteries(1)
    await machine.plug(1, jk_line(2))
    names = await scene.batteries(2)
    assert [name for name in names if "/Info/MaxChargeVoltage" in await scene.items(name)] == [first]


@pytest.mark.parametrize("talk", [VE_DIRECT, MODBUS, NMEA], ids=["VE.Direct", "Modbus", "NMEA"])
async def test_nothing_is_sent_where_others_talk(
    scene: Scene, machine: Machine, talk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    device = Counting()
    port = await machine.plug(0, Line(device))  # type: ignore[arg-type]

    async def talking() -> None:
        while True:
            port._write(talk)
            await asyncio.sleep(0.2)

    talker = asyncio.ensure_future(talking())
    scene.start("")
    await said(caplog, "is left alone")
    talker.cancel()
    assert device.heard == b""
    assert await scene.names() == []


async def test_a_port_that_the_owner_names_is_not_searched(
    scene: Scene, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    device = Counting()
    name = scene.folder / "by-id"
    named = await machine.plug(0, Line(device))  # type: ignore[arg-type]
    name.symlink_to(named.url)
    await machine.plug(1, Line(Counting()))  # type: ignore[arg-type]
    caplog.set_level("INFO")
    scene.start(f"[driver]\nports = auto\n[battery house]\nport = {name}\n")
    await said(caplog, "ttyUSB1 is left alone")
    assert "ttyUSB0 is left alone" not in caplog.text
    assert set(device.heard.split(READ_ALL)) <= {b"", ACTIVATE}


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({"service": "vedirect"}, "Victron's service vedirect"),
        ({"holders": (Holder(77, "gps_dbus"),)}, "gps_dbus (pid 77)"),
    ],
    ids=["claimed", "open"],
)
async def test_a_port_that_is_somebody_elses_is_left_alone(
    scene: Scene, machine: Machine, changes: dict[str, Any], who: str, caplog: pytest.LogCaptureFixture
) -> None:
    device = Counting()
    await machine.plug(0, Line(device), **changes)  # type: ignore[arg-type]
    scene.start("")
    await said(caplog, f"it belongs to {who}")
    assert device.heard == b""


async def test_what_is_no_jk_is_asked_again_only_when_it_is_plugged_in_anew(
    scene: Scene, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    device = Counting()
    await machine.plug(0, Line(device))  # type: ignore[arg-type]
    scene.start("")
    await said(caplog, "is left alone: nothing was received")
    asked = device.heard
    (machine.dev / "ttyUSB9").touch()  # something changes: the driver looks again
    looks = machine.looks
    await eventually(lambda: machine.looks > looks)
    assert device.heard == asked
    machine.adapters[0] = replace(machine.adapters[0], plugged=(1, 2, 4))
    (machine.dev / "ttyUSB9").unlink()
    await eventually(lambda: len(device.heard) > len(asked))


async def said(caplog: pytest.LogCaptureFixture, text: str) -> None:
    await eventually(lambda: text in caplog.text)


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(40):
        while not condition():
            await asyncio.sleep(0.02)


async def test_an_adapter_is_found_again_under_another_number(scene: Scene, machine: Machine) -> None:
    name = scene.folder / "usb-FTDI-if00-port0"
    first = await machine.plug(0, jk_line(), by_id=str(name))
    name.symlink_to(first.url)
    app = scene.start("")
    [service] = await scene.batteries(1)
    statistics = app.packs[0].source.statistics
    await first.unplug()
    await eventually(lambda: statistics.last_problem)
    name.unlink()
    again = await machine.plug(3, first.line, by_id=str(name))
    name.symlink_to(again.url)
    await eventually(lambda: not statistics.last_problem)
    assert await scene.names() == [service]


async def test_serial_starter_hands_over_a_port_and_gets_it_back(
    scene: Scene, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "ROOT", scene.folder)
    node, scripts = scene.folder / "dev/serial-starter/ttyUSB0", scene.folder / "opt/victronenergy/serial-starter"
    node.parent.mkdir()
    scripts.mkdir(parents=True)
    for script, does in {"stop-tty.sh": f"rm {node}", "start-tty.sh": f"touch {node}"}.items():
        (scripts / script).write_text(f"#!/bin/sh\n{does}\n")
        (scripts / script).chmod(0o755)
    node.touch()
    port = await machine.plug(0, jk_line())
    scene.start(f"[battery house]\nport = {port.url}\n")
    await scene.batteries(1)
    assert not node.exists()
    await scene.stop()
    assert node.exists()
