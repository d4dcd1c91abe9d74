"""Dialects of devices that stream, over a memory link in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import pairwise

import pytest

from driver.battery.reading import Reading
from driver.link.memory import MemoryLink, memory_pair
from driver.protocol.dialect import DIALECTS, Dialect
from driver.protocol.jk02_wire import READ_DEVICE_INFO, READ_SETTINGS, sealed
from driver.protocol.jkble_dialect import JkBluetooth
from driver.protocol.neey_dialect import Neey
from driver.protocol.neey_wire import Command, requests
from driver.session import Session
from tests.protocol.built import S24, cell_info, device_info, settings
from tests.protocol.fixed_sets import load
from tests.protocol.test_balancers import neey_cells, neey_device, neey_settings
from tests.virtual_time import run

ACKNOWLEDGE = bytes.fromhex("aa5590ebc8010100000000000000000000000044")
BEAT = 0.5  # s


class Device:
    """Answers requests in notifications of 20 bytes, and streams from the last one on."""

    def __init__(self, answers: dict[bytes, list[bytes]], stream: Callable[[int], bytes], starts: bytes) -> None:
        self.answers, self.stream, self.starts = answers, stream, starts
        self.asked: list[bytes] = []
        self.streaming = False
        self.deaf = 0  # requests that it does not hear

    async def serve(self, link: MemoryLink) -> None:
        await link.open()
        beat = 0
        while True:
            heard = await link.read(0, BEAT)
            for request in self.answers:
                for _ in range(heard.count(request)):
                    self.asked.append(request)
                    if self.deaf:
                        self.deaf -= 1
                        continue
                    self.streaming |= request == self.starts
                    await self.send(link, [*self.answers[request], ACKNOWLEDGE])
            if self.streaming and not heard:
                beat += 1
                await self.send(link, [self.stream(beat), b"AT\r\n"])

    async def send(self, link: MemoryLink, frames: Iterable[bytes]) -> None:
        data = b"".join(frames)
        for place in range(0, len(data), 20):
            await link.write(data[place : place + 20])


def jk(variant: int = S24) -> Device:
    return Device(
        {READ_DEVICE_INFO: [device_info(variant)], READ_SETTINGS: [settings(variant)]},
        lambda beat: cell_info(variant, counter=beat % 256, uptime=beat / 2),
        READ_SETTINGS,
    )


def played(
    dialect: Dialect, device: Device, seconds: float, act: Callable[[MemoryLink], Awaitable[None]] | None = None
) -> tuple[list[tuple[float, Reading]], Session]:
    """The readings of some virtual seconds."""
    readings: list[tuple[float, Reading]] = []
    near, far = memory_pair()
    session = Session("test", near, dialect, lambda reading, now: readings.append((now, reading)))

    async def scene() -> None:
        tasks = [asyncio.ensure_future(device.serve(far))]
        await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(session.run()))
        if act is not None:
            await act(near)
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(scene())
    return readings, session


def test_a_jk_streams_after_two_questions() -> None:
    device, dialect = jk(), JkBluetooth()
    readings, session = played(dialect, device, 60.0)
    assert device.asked == [READ_DEVICE_INFO, READ_SETTINGS]
    assert len(readings) == pytest.approx(119, abs=2)
    assert readings[0][0] < 1.0
    assert {reading.monitor_only for _, reading in readings} == {""}
    framer = dialect.talk.framer
    assert (framer.corrupt, framer.dropped, session.statistics.outages) == (0, 0, 0)
    assert [reading.tick for _, reading in readings] == sorted({reading.tick for _, reading in readings})


def test_device_info_and_settings_are_looked_at_again_every_five_minutes() -> None:
    device = jk()
    played(JkBluetooth(), device, 700.0)
    assert device.asked == [READ_DEVICE_INFO, READ_SETTINGS] * 3


def test_a_device_that_does_not_hear_the_first_question_is_asked_again() -> None:
    device = jk()
    device.deaf = 1
    readings, _ = played(JkBluetooth(), device, 10.0)
    assert device.asked == [READ_DEVICE_INFO, READ_DEVICE_INFO, READ_SETTINGS]
    assert 2.0 < readings[0][0] < 3.5


def test_a_stream_that_dries_up_is_begun_again() -> None:
    device = jk()

    async def fall_asleep(_: MemoryLink) -> None:
        await asyncio.sleep(10.0)
        device.streaming = False

    readings, session = played(JkBluetooth(), device, 20.0, fall_asleep)
    assert device.asked == [READ_DEVICE_INFO, READ_SETTINGS, READ_SETTINGS]
    pause = max(later - now for (now, _), (later, _) in pairwise(readings))
    assert 5.0 <= pause <= 6.5
    assert session.statistics.outages == 0


def test_a_silent_device_is_an_outage_and_comes_back() -> None:
    device = jk()

    async def go_away(_: MemoryLink) -> None:
        await asyncio.sleep(10.0)
        device.streaming, device.deaf = False, 8

    readings, session = played(JkBluetooth(), device, 60.0, go_away)
    assert session.statistics.outages == 1
    assert readings[-1][0] > 60.0


def test_another_bms_on_the_next_link_is_not_taken_for_the_first() -> None:
    device, other = jk(), device_info(S24, serial="2041803028")

    dialect = JkBluetooth()
    readings: list[Reading] = []
    near, far = memory_pair()

    async def scene() -> None:
        session = Session("test", near, dialect, lambda reading, now: readings.append(reading))
        serving = asyncio.ensure_future(device.serve(far))
        await asyncio.sleep(0)
        running = asyncio.ensure_future(session.run())
        await asyncio.sleep(5.0)
        near.unplug()
        await asyncio.gather(serving, return_exceptions=True)
        device.answers[READ_DEVICE_INFO] = [other]
        near.plug()
        again = asyncio.ensure_future(device.serve(far))
        await asyncio.sleep(10.0)
        running.cancel()
        again.cancel()
        await asyncio.gather(running, again, return_exceptions=True)

    run(scene())
    serials = list(dict.fromkeys(reading.identity.serial for reading in readings))
    assert serials == ["40119491480", "2041803028"]


def test_a_device_that_tells_nothing_of_itself_is_a_monitor() -> None:
    device = jk()
    device.answers[READ_DEVICE_INFO] = []
    readings, _ = played(JkBluetooth(), device, 60.0)
    assert {reading.monitor_only for _, reading in readings} == {"the BMS has not told its software version"}
    assert device.asked.count(READ_DEVICE_INFO) == 3


def test_damage_on_the_way_costs_frames_and_no_reading_is_wrong() -> None:
    device = jk()
    device.stream = lambda beat: (
        cell_info(S24, counter=beat % 256, uptime=beat / 2) if beat % 5 else bytes(17) + cell_info(S24)[40:]
    )
    readings, session = played(JkBluetooth(), device, 60.0)
    assert len(readings) == pytest.approx(95, abs=3)
    assert {reading.voltage for _, reading in readings} == {52.92}
    assert session.statistics.refused == 0


@pytest.mark.parametrize("generation", [0, 1])
def test_a_neey_balancer_streams_after_three_questions(generation: int) -> None:
    asks = [requests(command)[0] for command in (Command.DEVICE_INFO, Command.SETTINGS, Command.CELL_INFO)]
    answers = dict(zip(asks, [[neey_device()], [neey_settings(generation)], [neey_cells(generation)]], strict=True))
    device = Device(answers, lambda beat: neey_cells(generation, counter=beat % 256), asks[2])
    readings, session = played(Neey(), device, 60.0)
    assert device.asked == asks
    assert len(readings) > 100
    assert (session.statistics.outages, session.statistics.refused) == (0, 0)


def test_a_balancer_that_wants_the_other_checksum_is_asked_with_it() -> None:
    folded = [requests(command)[1] for command in (Command.DEVICE_INFO, Command.SETTINGS, Command.CELL_INFO)]
    answers = dict(zip(folded, [[neey_device()], [neey_settings(0)], [neey_cells(0)]], strict=True))
    device = Device(answers, lambda beat: neey_cells(0, counter=beat % 256), folded[2])
    readings, _ = played(Neey(), device, 30.0)
    assert device.asked[:3] == folded
    assert readings


def test_dialects_without_a_link_are_not_offered() -> None:
    """Nothing that config.ini can name needs a link that a serial port is not."""
    assert {JkBluetooth.name, Neey.name}.isdisjoint(DIALECTS)


def test_both_know_their_alarms() -> None:
    for make in (JkBluetooth, Neey):
        assert make.alarms
        assert make(1.0).take(sealed(b"\x55\xaa\xeb\x90\x05" + bytes(295))) is None


@pytest.mark.recorded
def test_a_recorded_conversation_gives_readings() -> None:
    """What an app heard, as the driver would have heard it."""
    known, dialect, found = load("ble_jk02_32s_heating_start_stop_setting_btsnoop"), JkBluetooth(), []
    for row in known.content["stream"]:
        if row["dir"] == "rx":
            for frame in dialect.talk.receive(bytes.fromhex(row["hex"])):
                found.append(dialect.take(frame))
    readings = [reading for reading in found if reading is not None]
    assert len(readings) > 50
    assert {reading.monitor_only for reading in readings} == {""}
    assert {reading.identity.software for reading in readings} == {"15.41"}
