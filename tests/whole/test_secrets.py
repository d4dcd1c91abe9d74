"""What the driver lets out while it runs: no passcode, no port that listens, a recording when a BMS is lost."""

import asyncio
import gzip
import logging
import re
import stat
from pathlib import Path

import pytest

from driver.announcements import CHANGE_IT
from driver.recording_file import load
from driver.simulator.line import jk_line
from driver.simulator.pb import pb_line
from driver.simulator.port import PtyPort
from tests.private_bus import PrivateBus
from tests.whole.scene import Scene

SECRETS = ("tellNobody", "8642097531")


async def recordings(folder: Path, count: int) -> list[Path]:
    async with asyncio.timeout(90):
        while len(found := there(folder)) < count:
            await asyncio.sleep(0.05)
    return found


def there(folder: Path) -> list[Path]:
    return sorted(folder.glob("recordings/*.gz"))


def written(folder: Path) -> str:
    """All files, unpacked."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    return "".join(
        (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode() for file in files
    )


async def secretive(scene: Scene) -> tuple[PtyPort, PtyPort]:
    """A BMS on a wire and one on a bus, that send their passcodes in clear."""
    wire, bus = jk_line(), pb_line(1, 1)
    wire.device.bms.password = SECRETS[0]  # type: ignore[attr-defined]
    for bms in bus.batteries:
        bms.password = SECRETS[1]
    return await scene.bms("wire", wire), await scene.bms("bus", bus)


def listening() -> set[str]:
    """The sockets of this process at which somebody could knock: TCP that listens, UDP that is bound, and UNIX."""
    mine = set()
    for file in Path("/proc/self/fd").iterdir():
        try:
            mine.add(str(file.readlink()))
        except FileNotFoundError:
            continue
    found = set()
    for table, listens in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        path = Path("/proc/net", table)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == listens and f"socket:[{fields[9]}]" in mine:
                found.add(line)
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[3], 16) & 0x10000 and f"socket:[{fields[6]}]" in mine:  # accepts connections
            found.add(line)
    return found


async def test_no_passcode_gets_out(scene: Scene, bus: PrivateBus, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire, packs = await secretive(scene)
    app = scene.start(
        f"[driver]\nlog_level = debug\n[battery a]\nport = {wire.url}\n"
        f"[battery b]\nport = {packs.url}\nprotocol = jk-pb\naddress = 1\n"
    )
    names = await scene.batteries(2)
    app._recorder.write_all()
    await recordings(scene.folder, 2)
    dump = "".join([await bus.dbus_send(name, "/", "GetItems") for name in names])
    dump += "".join([str(await scene.items(name)) for name in names])
    await wire.unplug()
    async with asyncio.timeout(20):
        while app.packs[0].source.statistics.outages == 0:
            await asyncio.sleep(0.02)
    await scene.stop()
    everything = {"log": caplog.text, "D-Bus": dump, "files": written(scene.folder)}
    for place, text in everything.items():
        assert len(text) > 500, place
        for secret in SECRETS:
            assert secret not in text, place
            assert secret.encode().hex() not in text.lower(), place
            assert secret.encode().hex(" ") not in text.lower(), place
    for file in (scene.state, *there(scene.folder)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_nobody_can_knock(scene: Scene) -> None:
    before = listening()
    wire, packs = await secretive(scene)
    scene.start(f"[battery a]\nport = {wire.url}\n[battery b]\nport = {packs.url}\nprotocol = jk-pb\n")
    await scene.batteries(2)
    assert listening() <= before


async def test_a_loss_is_recorded(scene: Scene) -> None:
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\n")
    await scene.batteries(1)
    await port.unplug()
    [file] = await recordings(scene.folder, 1)
    capture = load(file)
    assert re.search("house: .*jk", capture.head["reason"])
    assert capture.protocol == "jk-uart"
    assert any(one.direction.value == "<" for one in capture.chunks)


async def test_the_passcode_of_the_factory_is_warned_about_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    line = jk_line()
    line.device.bms.password = "123456"  # type: ignore[attr-defined]
    port = await scene.bms("jk", line)
    app = scene.start(f"[battery house]\nport = {port.url}\n")
    await scene.batteries(1)
    async with asyncio.timeout(30):
        while app.packs[0].source.statistics.readings < 3:
            await asyncio.sleep(0.05)
    assert [CHANGE_IT in record.message for record in caplog.records].count(True) == 1
