"""Every protocol and variant that can be simulated, read back by the driver's own session. In virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from driver.battery.controller import Controller
from driver.battery.loss import Timing
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from driver.link.memory import memory_pair
from driver.protocol.dialect import conversation
from driver.protocol.jk02_wire import COMMAND, READ_DEVICE_INFO, READ_SETTINGS, FrameType, Jk02Framer, request
from driver.protocol.neey_wire import Command, NeeyFramer, requests
from driver.session import Session
from driver.simulator.port import MemoryPort
from driver.simulator.stream import PERIOD
from driver.simulator.voices import VOICES, line_of
from tests.virtual_time import run

CONTROLLING = {"jk-uart", "jk02-24s", "jk02-32s"}
each = pytest.mark.parametrize("voice", VOICES)


class Scene:
    """A session with a simulated battery at the other end of a memory link."""

    def __init__(self, voice: str, **options: object) -> None:
        near, far = memory_pair()
        self.line = line_of(voice, **options)  # type: ignore[arg-type]
        self.bms = self.line.device.bms
        self.port = MemoryPort(self.line, far)
        self.readings: list[Reading] = []
        dialect = conversation(VOICES[voice].protocol, 1.0)
        self.session = Session("b", near, dialect, lambda reading, _: self.readings.append(reading))

    def play(self, act: Callable[["Scene"], Awaitable[None]]) -> None:
        async def scene() -> None:
            await self.port.plug()
            task = asyncio.ensure_future(self.session.run())
            await act(self)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.port.unplug()

        run(scene())


async def a_minute(scene: Scene) -> None:
    await asyncio.sleep(60.0)


@each
def test_what_is_read_is_what_was_measured(voice: str) -> None:
    scene = Scene(voice, cells=14, profile="charge")
    scene.play(a_minute)
    assert len(scene.readings) >= 55
    assert scene.session.statistics.refused == scene.session.statistics.outages == 0
    found, seen = scene.readings[-1], scene.bms.measured
    assert found.cells == pytest.approx(seen.cells, abs=0.005)
    assert found.voltage == pytest.approx(sum(found.cells), abs=0.02)
    assert found.alarms == frozenset()
    if voice in CONTROLLING:
        assert found.current == pytest.approx(seen.current, abs=0.3)
        assert found.soc == scene.bms.soc
        assert (found.charge_mosfet_on, found.discharge_mosfet_on) == (True, True)
        assert found.protections.cell_over_voltage == scene.bms.settings.cell_over_voltage
    outcome = Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(found, 1.0)
    assert (outcome.limits is not None) == (voice in CONTROLLING)
    assert bool(found.monitor_only) == (voice not in CONTROLLING)


@each
def test_a_battery_that_falls_asleep_is_lost_and_comes_back(voice: str) -> None:
    async def act(scene: Scene) -> None:
        await asyncio.sleep(10.0)
        scene.bms.asleep = True
        await asyncio.sleep(20.0)
        assert scene.session.statistics.outages == (0 if voice == "jk-uart" else 1)  # which is woken
        scene.bms.asleep = False
        scene.readings.clear()
        await asyncio.sleep(90.0)  # who it is is asked again after a minute
        assert scene.readings
        assert bool(scene.readings[-1].monitor_only) == (voice not in CONTROLLING)

    Scene(voice).play(act)


@each
def test_bad_lines_cost_frames_and_no_more(voice: str) -> None:
    scene = Scene(voice, faults=("corrupt:20%", "split", "echo"))
    scene.play(a_minute)
    assert len(scene.readings) >= 25
    assert {len(one.cells) for one in scene.readings} == {16}


def test_two_of_a_kind_are_not_the_same() -> None:
    def serial(index: int) -> str | None:
        scene = Scene("jk02-32s", index=index)
        scene.play(a_minute)
        return scene.readings[-1].identity.serial

    assert serial(1) != serial(2)


@pytest.mark.parametrize(
    ("voice", "firmware", "doubt"),
    [
        ("jk02-32s", "13.01", "is not known to this driver"),
        ("jk02-32s", "10.07", "should send JK02_24S, but these are JK02_32S frames"),
        ("jk02-24s", "11.54", "should send JK02_32S, but these are JK02_24S frames"),
        ("jk04", "11.54", "should send JK02_32S, but these are JK04 frames"),
        ("jk02-24s", "3.3", "should send JK04, but these are JK02_24S frames"),
    ],
)
def test_frames_of_another_variant_never_control(voice: str, firmware: str, doubt: str) -> None:
    scene = Scene(voice, firmware=firmware)
    scene.play(a_minute)
    assert len(scene.readings) >= 50
    for found in scene.readings:
        assert doubt in found.monitor_only
        assert Controller(ChargeSettings(), Timing.wire(1.0), started=0.0).take(found, 1.0).limits is None


def test_a_jk_answers_each_command_and_streams_after_the_settings() -> None:
    line, framer = line_of("jk02-32s"), Jk02Framer()

    def hear(data: bytes, now: float) -> list[int]:
        return [frame[4] for _, chunk in line.hear(data, now) for frame in framer.feed(chunk)]

    assert hear(READ_DEVICE_INFO, 0.0) == [FrameType.DEVICE_INFO]
    assert line.speak(10.0) == []
    assert hear(request(0x55), 10.0) == hear(COMMAND + bytes(16), 10.0) == []
    assert hear(READ_SETTINGS[:7], 10.0) == []
    assert hear(READ_SETTINGS[7:], 10.05) == [FrameType.SETTINGS]
    assert (framer.acknowledges, framer.chatter) == (2, 8)
    assert line.speaks_at == pytest.approx(10.05 + PERIOD)
    streamed = [framer.feed(chunk)[0] for _, chunk in line.speak(11.1)]
    assert [(frame[4], frame[5]) for frame in streamed] == [(FrameType.CELL_INFO, 1), (FrameType.CELL_INFO, 2)]
    assert len(line.speak(1000.0)) == 1  # nobody was there to hear the rest


@pytest.mark.parametrize(("voice", "size"), [("neey-v1", 100), ("neey-v2", 150)])
def test_a_balancer_takes_both_forms_of_a_request(voice: str, size: int) -> None:
    for form in (0, 1):
        line, framer = line_of(voice), NeeyFramer()
        for command in (Command.DEVICE_INFO, Command.SETTINGS, Command.FACTORY, Command.CELL_INFO):
            [(_, answer)] = line.hear(requests(command)[form], 0.0)
            [frame] = framer.feed(answer)
            assert frame[4] == command
            assert len(frame) == {Command.SETTINGS: size, Command.CELL_INFO: 300}.get(command, 100)
        assert line.hear(requests(Command.WRITE)[form], 0.0) == []
        assert line.hear(requests(Command.CELL_INFO)[form][:-1] + b"\0", 0.0) == []


def test_alarms_are_those_of_the_bms() -> None:
    for voice in ("jk02-24s", "jk02-32s"):
        scene = Scene(voice, profile="charge")
        scene.bms.set(cell_over_voltage=3.3, cell_over_voltage_recovery=3.2)
        scene.play(a_minute)
        found = scene.readings[-1]
        assert found.alarms
        assert found.charge_mosfet_on is False
