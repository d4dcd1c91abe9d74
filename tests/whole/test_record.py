"""`record` while the driver runs: as processes, as on a GX."""

import asyncio
import sys
from pathlib import Path

from driver.protocol.capture import Direction
from driver.recording_file import load
from driver.simulator.line import jk_line
from tests.private_bus import PrivateBus
from tests.whole.scene import Scene

ROOT = Path(__file__).parents[2]
PASSWORD = "tellNobody"


async def test_the_running_driver_gives_its_last_minutes(scene: Scene, bus: PrivateBus) -> None:
    line = jk_line()
    line.device.bms.password = PASSWORD  # type: ignore[attr-defined]
    port = await scene.bms("jk", line)
    (scene.folder / "config.ini").write_text(f"[battery house]\nport = {port.url}\n")
    environment = bus.environment | {"PYTHONPATH": str(ROOT)}

    async def start(*arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "driver", *arguments, cwd=scene.folder, env=environment
        )

    driver = await start("run", "--config", "config.ini")
    try:
        await scene.batteries(1, 60)
        file = scene.folder / "out.txt"
        async with asyncio.timeout(120):
            assert await (await start("record", str(file))).wait() == 0
        assert driver.returncode is None
        assert len(await scene.names()) == 1
    finally:
        driver.terminate()
        await driver.wait()
    capture = load(file)
    assert capture.head["reason"] == "the running driver was asked"
    assert sum(one.direction is Direction.RECEIVED for one in capture.chunks) >= 1
    assert PASSWORD.encode().hex() not in file.read_text()
