"""`protocol = auto` on real terminals: each protocol comes onto the bus by itself, and strangers are sent nothing."""

import asyncio
import time
from collections.abc import Callable

import pytest

from driver.known import KnownBatteries
from driver.protocol.balancer_wire import background, request, sealed
from driver.protocol.detected import Detected
from driver.protocol.jkuart_wire import READ_ALL
from driver.simulator.line import Device, Line, jk_line
from driver.simulator.pb import pb_line
from driver.simulator.port import PtyPort
from driver.state_file import StateFile
from tests.whole.scene import Scene

TALKS = {
    "VE.Direct": b"\r\nPID\t0xA389\r\nV\t26210\r\nI\t-1040\r\nSOC\t866\r\nChecksum\t\x5a",
    "Modbus": bytes.fromhex("010300000002c40b0103040000000afa31"),
    "NMEA": b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n",
}


class Recorder:
    """Keeps what a device is sent."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.bms = device.bms
        self.heard = b""

    def hear(self, chunk: bytes) -> bytes:
        self.heard += chunk
        return self.device.hear(chunk)

    def forget(self) -> None:
        self.device.forget()


class Balancer:
    """An old active balancer with 16 cells."""

    bms = jk_line().device.bms

    def hear(self, chunk: bytes) -> bytes:
        cells = b"".join((3300 + n).to_bytes(2, "big") for n in range(16)).ljust(48, b"\0")
        frame = background()
        status = frame[:4] + (5292).to_bytes(2, "big") + (3308).to_bytes(2, "big") + bytes((16,)) + frame[9:]
        status = status[:22] + bytes((16,)) + cells + status[71:]
        return sealed(status) if chunk == request() else b""

    def forget(self) -> None:
        pass


def auto(port: PtyPort, more: str = "") -> str:
    return f"[battery house]\nport = {port.url}\nprotocol = auto\n{more}"


def remembered(scene: Scene, port: PtyPort) -> Detected | None:
    return KnownBatteries(StateFile(scene.state)).detected(port.url)


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (jk_line, Detected("jk-uart", 115200)),
        (lambda: pb_line(1, 1), Detected("jk-pb", 115200, 1)),
        (lambda: pb_line(6, 1, faults=("echo",)), Detected("jk-pb", 115200, 6)),
        (lambda: Line(Balancer(), profile=None), Detected("jk-balancer", 9600)),
        (lambda: pb_line(0, 1), Detected("jk-pb-listen", 115200)),
    ],
    ids=["uart", "pb", "pb at 6", "balancer", "master"],
)
async def test_each_protocol_is_found_in_under_ten_seconds_and_remembered(
    scene: Scene, line: Callable[[], Line], found: Detected, caplog: pytest.LogCaptureFixture
) -> None:
    port = await scene.bms("bms", line())
    began = time.monotonic()
    scene.start(auto(port))
    await eventually(lambda: f"{found.protocol} answers" in caplog.text)
    assert time.monotonic() - began < 10
    [name] = await scene.batteries(1, 60.0)
    controls = found.protocol in ("jk-uart", "jk-pb")
    assert ("/Info/MaxChargeVoltage" in await scene.items(name)) == controls
    await scene.stop()
    assert remembered(scene, port) == found


async def test_what_is_remembered_is_asked_first(scene: Scene) -> None:
    line = Line(Balancer(), profile=None)
    device = line.device = Recorder(line.device)
    port = await scene.bms("bms", line)
    scene.start(auto(port))
    await scene.batteries(1, 60.0)
    assert device.heard.startswith(READ_ALL)
    await scene.stop()
    device.heard = b""
    scene.start(auto(port))
    await scene.batteries(1, 60.0)
    assert device.heard == request() * (len(device.heard) // 7)


async def test_a_known_battery_that_is_silent_is_shown_as_lost(scene: Scene) -> None:
    port = await scene.bms("bms")
    scene.start(auto(port))
    [name] = await scene.batteries(1)
    await scene.stop()
    port.line.faults.on("silent")
    scene.start(auto(port))
    assert await scene.batteries(1, 240.0) == [name]  # some 23 s
    assert (await scene.items(name))["/Alarms/BmsCable"] == 1


async def test_another_protocol_on_a_remembered_port_is_found(scene: Scene) -> None:
    port = await scene.bms("bms")
    scene.start(auto(port))
    await scene.batteries(1)
    await scene.stop()
    port.line = pb_line(3, 1)
    scene.start(auto(port))
    [name] = await scene.batteries(1, 60.0)
    assert (await scene.items(name))["/Mgmt/Connection"].endswith("address 3")
    await scene.stop()
    assert remembered(scene, port) == Detected("jk-pb", 115200, 3)


@pytest.mark.parametrize("talk", TALKS)
async def test_strangers_are_sent_nothing(scene: Scene, talk: str, caplog: pytest.LogCaptureFixture) -> None:
    line = jk_line()
    device = line.device = Recorder(line.device)
    port = await scene.bms("bms", line)

    async def talking() -> None:
        while True:
            port._write(TALKS[talk])
            await asyncio.sleep(0.2)

    talker = asyncio.ensure_future(talking())
    scene.start(auto(port))
    await eventually(lambda: "nothing was sent. This adapter is connected to another device" in caplog.text)
    talker.cancel()
    assert device.heard == b""
    assert await scene.names() == []
    assert len(await scene.batteries(1, 60.0)) == 1  # when the stranger is gone


async def test_of_two_sections_that_are_found_one_after_the_other_none_controls(scene: Scene) -> None:
    first, second = await scene.bms("one"), await scene.bms("two", jk_line(2, faults=("silent",)))
    scene.start(auto(first) + f"[battery boat]\nport = {second.url}\nprotocol = auto\n")
    [name] = await scene.batteries(1)
    assert "/Info/MaxChargeVoltage" not in await scene.items(name)
    second.line.faults.clear()
    for name in await scene.batteries(2, 120.0):
        assert "/Info/MaxChargeVoltage" not in await scene.items(name)


async def test_the_one_that_is_marked_controls(scene: Scene) -> None:
    port = await scene.bms("one")
    scene.start(auto(port, "control = yes\n") + "[battery boat]\nport = /dev/ttyNONE\nprotocol = auto\n")
    [name] = await scene.batteries(1)
    assert "/Info/MaxChargeVoltage" in await scene.items(name)
