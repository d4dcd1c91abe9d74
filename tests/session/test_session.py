"""The session: what a bad line costs, what is said about it, and how soon it is over. In virtual time."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable

import pytest

from driver.battery.reading import Reading
from driver.link.memory import memory_pair
from driver.protocol.dialect import JkUart
from driver.session import Session
from driver.simulator.line import jk_line
from driver.simulator.port import MemoryPort
from tests.virtual_time import run


class Scene:
    """A session with a simulated BMS at the other end of a memory link."""

    def __init__(self, *faults: str) -> None:
        near, far = memory_pair()
        self.line = jk_line(faults=faults)
        self.bms = MemoryPort(self.line, far)
        self.readings: list[tuple[float, Reading]] = []
        self.session = Session("b", near, JkUart(), lambda reading, now: self.readings.append((now, reading)))

    def play(self, act: Callable[["Scene"], Awaitable[None]]) -> None:
        async def scene() -> None:
            await self.bms.plug()
            task = asyncio.ensure_future(self.session.run())
            await act(self)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.bms.unplug()

        run(scene())


async def ten_seconds(scene: Scene) -> None:
    await asyncio.sleep(10.0)


def test_one_reading_a_second_without_drift() -> None:
    scene = Scene()
    scene.play(ten_seconds)
    times = [now for now, _ in scene.readings]
    assert len(times) == 10
    assert [round(after - before, 6) for before, after in itertools.pairwise(times)] == [1.0] * 9


@pytest.mark.parametrize("fault", ["echo", "byte-by-byte", "split", "merge"])
def test_what_costs_nothing(fault: str) -> None:
    scene = Scene(fault)
    scene.play(ten_seconds)
    assert len(scene.readings) >= 9
    assert scene.session.statistics.outages == 0


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ("silent", "nothing comes"),
        ("garbage", "no frame of this protocol"),
        ("other-protocol", "no frame of this protocol"),
        ("half", "no frame of this protocol"),
        ("corrupt:100%", "only damaged frames"),
    ],
)
def test_what_is_an_outage_is_said_once_and_ends_soon(
    fault: str, verdict: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scene = Scene()

    async def act(scene: Scene) -> None:
        await asyncio.sleep(3.5)
        scene.line.faults.on(fault)
        await asyncio.sleep(60.0)
        scene.line.faults.clear()
        began = asyncio.get_running_loop().time()
        count = len(scene.readings)
        while len(scene.readings) == count:
            await asyncio.sleep(0.1)
        assert asyncio.get_running_loop().time() - began < 6.0

    scene.play(act)
    [said] = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert said.startswith("no answer to 3 requests: ")
    assert verdict in said
    assert [m for m in caplog.messages if "answers again after" in m]
    assert scene.session.statistics.outages == 1


def test_an_unplugged_adapter_is_open_again_in_under_two_seconds() -> None:
    scene = Scene()

    async def act(scene: Scene) -> None:
        await asyncio.sleep(3.5)
        await scene.bms.unplug()
        await asyncio.sleep(30.0)
        count = len(scene.readings)
        await scene.bms.plug()
        await asyncio.sleep(2.0)
        assert len(scene.readings) > count

    scene.play(act)
    assert scene.session.statistics.outages == 1


def test_a_frame_that_is_no_reading_is_counted_and_named_once(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene("missing:0x85")
    scene.play(ten_seconds)
    assert not scene.readings
    assert scene.session.statistics.refused == 10
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        "frame not understood: state_of_charge is missing (register 0x85)"
    ]


def test_an_echo_alone_is_called_one(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene("silent", "echo")
    scene.play(ten_seconds)
    assert "only our own requests come back" in caplog.text


def test_one_damaged_frame_in_twenty_loses_only_itself() -> None:
    scene = Scene("corrupt:5%")

    async def act(scene: Scene) -> None:
        await asyncio.sleep(400.0)

    scene.play(act)
    assert scene.session.statistics.outages == 0
    lost = scene.session.dialect.talk.framer.corrupt
    assert 5 <= lost <= 50
    assert len(scene.readings) >= 400 - lost - 1
