"""A bus and its packs over a memory link, in virtual time: what each loses, what is said, and what is nobody else's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

import pytest

from driver.battery.reading import Reading
from driver.bus_session import BusMember, BusSession
from driver.link.memory import memory_pair
from driver.protocol.jkpb_dialect import JkPb, JkPbListen
from driver.protocol.jkpb_reading import LISTENING
from driver.protocol.jkpb_wire import Register
from driver.session import Session
from driver.simulator.pb import PbLine, pb_line
from driver.simulator.port import MemoryPort
from tests.virtual_time import run


class Scene:
    """A bus session with simulated packs at the other end of a memory link."""

    def __init__(self, line: PbLine, addresses: Iterable[int], kind: type[JkPb] = JkPb) -> None:
        near, far = memory_pair()
        self.line = line
        self.port = MemoryPort(line, far)
        self.readings: list[tuple[float, int, Reading]] = []
        self.bus = BusSession(near, kind)
        self.members = {address: self.member(address) for address in addresses}

    def member(self, address: int) -> BusMember:
        def deliver(reading: Reading, now: float) -> None:
            self.readings.append((now, address, reading))

        return self.bus.member(f"b{address}", address, 1.0, deliver)

    def of(self, address: int, after: float = 0.0) -> list[tuple[float, Reading]]:
        return [(now, reading) for now, whose, reading in self.readings if whose == address and now >= after]

    def play(self, act: Callable[["Scene"], Awaitable[None]]) -> None:
        async def scene() -> None:
            await self.port.plug()
            tasks = [asyncio.ensure_future(one.run()) for one in (self.bus, *self.members.values())]
            await act(self)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.port.unplug()

        run(scene())


def now() -> float:
    return asyncio.get_running_loop().time()


async def half_a_minute(_: Scene) -> None:
    await asyncio.sleep(30.0)


@pytest.mark.parametrize("faults", [(), ("echo",), ("split",), ("byte-by-byte:0.1ms",), ("echo", "corrupt:2%")])
@pytest.mark.parametrize("firmware", ["15.10", "15.41"])
def test_each_pack_has_its_own_readings_once_a_second(faults: tuple[str, ...], firmware: str) -> None:
    scene = Scene(pb_line(1, 4, faults=faults, firmware=firmware), (1, 2, 3, 4))
    scene.play(half_a_minute)
    for address in (1, 2, 3, 4):
        mine = scene.of(address)
        assert 26 <= len(mine) <= 30
        assert {reading.identity.serial for _, reading in mine} == {f"401194{address:05}"}
        assert {reading.soc for _, reading in mine} == {61.0 - address}
        assert not any(reading.monitor_only for _, reading in mine)
        assert mine[0][0] < 3.0
        assert scene.members[address].statistics.outages == 0
        assert scene.members[address].statistics.readings == len(mine)


def test_what_a_reading_says() -> None:
    line = pb_line(3, 1, cells=15)
    scene = Scene(line, (3,))
    scene.play(half_a_minute)
    _, reading = scene.of(3)[-1]
    bms = line.device.packs[3].bms
    assert len(reading.cells) == 15
    assert reading.cells == pytest.approx(bms.measured.cells, abs=0.002)
    assert reading.voltage == pytest.approx(sum(reading.cells), abs=0.02)
    assert reading.protections.cell_over_voltage == bms.settings.cell_over_voltage
    assert reading.protections.requested_charge_voltage == 3.45
    assert (reading.charge_switch, reading.charge_mosfet_on) == (True, True)
    assert reading.capacity == 280
    assert (reading.identity.model, reading.identity.software) == ("JK_PB2A16S20P", "15.41")
    assert scene.members[3].where == "memory address 3"


def test_a_dead_pack_is_said_once_and_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    scene = Scene(pb_line(1, 3, faults=("dead:2",)), (1, 2, 3))

    async def act(scene: Scene) -> None:
        await asyncio.sleep(60.0)
        assert not scene.of(2)
        assert len(scene.of(1)) >= 57
        assert len(scene.of(3)) >= 57
        scene.line.faults.off("dead")
        await asyncio.sleep(10.0)
        assert scene.of(2)

    scene.play(act)
    said = [(record.device, record.getMessage()) for record in caplog.records]  # type: ignore[attr-defined]
    assert said[0] == ("[b2] ", "no answer from address 2")
    assert said[1][1].startswith("the BMS answers again after ")
    assert len(said) == 2 + 1  # "frames are understood again"
    assert scene.members[2].statistics.outages == 1
    assert scene.members[1].statistics.outages == 0


def test_a_pack_that_falls_silent_comes_back_with_settings_read_anew() -> None:
    scene = Scene(pb_line(1, 2), (1, 2))

    async def act(scene: Scene) -> None:
        await asyncio.sleep(10.0)
        scene.line.faults.on("dead:1")
        await asyncio.sleep(20.0)
        silent = len(scene.of(1))
        pack = scene.line.device.packs[1]
        pack.maker = replace(pack.maker, serial="ANOTHER")
        pack.bms.set(cell_over_voltage=3.6)
        scene.line.faults.clear()
        began = now()
        while len(scene.of(1)) == silent:
            await asyncio.sleep(0.1)
        assert now() - began < 6.0
        _, first = scene.of(1, began)[0]
        assert first.identity.serial == "ANOTHER"
        assert first.protections.cell_over_voltage == 3.6

    scene.play(act)
    assert scene.members[1].statistics.outages == 1


def test_an_unplugged_adapter_is_said_once_for_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    scene = Scene(pb_line(1, 3), (1, 2, 3))

    async def act(scene: Scene) -> None:
        await asyncio.sleep(10.0)
        await scene.port.unplug()
        await asyncio.sleep(30.0)
        await scene.port.plug()
        began = now()
        await asyncio.sleep(5.0)
        assert all(scene.of(address, began) for address in (1, 2, 3))

    scene.play(act)
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert {record.device for record in warnings} == {"[memory] "}  # type: ignore[attr-defined]
    assert len(warnings) <= 2  # gone; not plugged in
    for member in scene.members.values():
        assert member.statistics.outages == 1
        assert member.statistics.last_problem == ""


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ("silent", "nothing comes"),
        ("garbage", "no frame of this protocol"),
        ("half", "no frame of this protocol"),
        ("flip", "only damaged frames"),
    ],
)
def test_an_outage_of_the_bus_is_said_once_and_ends_soon(
    fault: str, verdict: str, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(pb_line(1, 2), (1, 2))

    async def act(scene: Scene) -> None:
        await asyncio.sleep(5.0)
        scene.line.faults.on(fault)
        await asyncio.sleep(60.0)
        scene.line.faults.clear()
        began = now()
        while not (scene.of(1, began) and scene.of(2, began)):
            await asyncio.sleep(0.1)
        assert now() - began < 9.0

    scene.play(act)
    said = [r.getMessage() for r in caplog.records if r.device == "[memory] "]  # type: ignore[attr-defined]
    assert len(said) == 1
    assert said[0].startswith("no answer from address 1, 2: ")
    assert verdict in said[0]


def test_what_one_packs_frames_raise_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(pb_line(1, 2), (1, 2))

    async def act(scene: Scene) -> None:
        await asyncio.sleep(5.0)
        sick = scene.members[1]

        def broken(frame: bytes) -> None:
            raise ZeroDivisionError("made for this test")

        monkeypatch.setattr(sick._pack, "take", broken)
        with pytest.raises(ZeroDivisionError):
            await sick.run()
        monkeypatch.undo()
        began = now()
        again = asyncio.ensure_future(sick.run())
        await asyncio.sleep(5.0)
        assert len(scene.of(2, began)) >= 4
        assert len(scene.of(1, began)) >= 4
        again.cancel()

    scene.play(act)


def test_settings_of_another_address_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    line = pb_line(1, 1)
    pack = line.device.packs[1]
    says = pack.says

    def confused(register: Register) -> bytes:
        pack.address = 7 if register is Register.SETTINGS else 1
        data = says(register)
        pack.address = 1
        return data[:300] + bytes.fromhex("0110161e00016587") if register is Register.SETTINGS else data

    pack.says = confused  # type: ignore[method-assign]
    scene = Scene(line, (1,))
    scene.play(half_a_minute)
    assert "settings of address 7, acknowledged by address 1" in caplog.text
    readings = scene.of(1)
    assert readings[0][0] > 5.0  # without settings it is a monitor, and not before it was waited for
    assert {reading.monitor_only for _, reading in readings} == {"the BMS has not told its settings"}


def test_without_device_info_a_pack_is_read_and_does_not_control(monkeypatch: pytest.MonkeyPatch) -> None:
    line = pb_line(1, 1)
    pack = line.device.packs[1]
    says = pack.says
    monkeypatch.setattr(pack, "says", lambda register: b"" if register is Register.DEVICE_INFO else says(register))
    scene = Scene(line, (1,))
    scene.play(half_a_minute)
    (at, first), *_ = scene.of(1)
    assert 4.0 < at < 12.0
    assert (first.monitor_only, first.identity.serial) == ("the BMS has not told its software version", None)


class TestAllThatAnswer:
    """Packs that nobody has named."""

    def scene(self, line: PbLine, kind: type[JkPb] = JkPb) -> tuple[Scene, list[tuple[float, list[int]]]]:
        scene = Scene(line, (), kind)
        scene.bus.talk.scan(1.0)
        found: list[tuple[float, list[int]]] = []

        def claim(addresses: list[int]) -> None:
            found.append((now(), addresses))
            for address in addresses:
                scene.members[address] = scene.member(address)

        scene.bus.found = claim
        return scene, found

    def test_are_reported_together_when_all_were_asked(self) -> None:
        scene, found = self.scene(pb_line(4, 3, faults=("echo",)))
        scene.play(half_a_minute)
        [(at, addresses)] = found
        assert addresses == [4, 5, 6]
        assert at < 8.0

    def test_and_one_that_comes_later_by_itself(self) -> None:
        scene, found = self.scene(pb_line(1, 2, faults=("dead:2",)))

        async def act(scene: Scene) -> None:
            await asyncio.sleep(20.0)
            scene.line.faults.clear()
            await asyncio.sleep(60.0)

        scene.play(act)
        assert [addresses for _, addresses in found] == [[1], [2]]

    def test_and_beside_a_master_whenever_they_are_heard(self) -> None:
        scene, found = self.scene(pb_line(0, 3), JkPbListen)
        scene.play(half_a_minute)
        assert sorted(address for _, addresses in found for address in addresses) == [0, 1, 2]
        assert scene.line.device.written == 0


class TestBesideAMaster:
    """A pack with address 0 asks."""

    def test_listening_brings_every_pack_and_sends_nothing(self) -> None:
        scene = Scene(pb_line(0, 4), (0, 1, 2, 3), JkPbListen)
        scene.play(half_a_minute)
        for address in (0, 1, 2, 3):
            mine = scene.of(address)
            assert len(mine) >= 4
            assert {reading.soc for _, reading in mine} == {60.0 - address}
            assert {reading.monitor_only for _, reading in mine} == {LISTENING}
        assert scene.line.device.written == 0

    def test_asking_is_refused_before_a_byte_is_sent(self, caplog: pytest.LogCaptureFixture) -> None:
        scene = Scene(pb_line(0, 3), (1, 2))
        scene.play(half_a_minute)
        assert scene.line.device.written == 0
        assert not scene.readings
        [said] = [record.getMessage() for record in caplog.records]
        assert said.startswith("another master asks on this bus")

    def test_a_pack_that_is_not_heard_any_more_is_said(self, caplog: pytest.LogCaptureFixture) -> None:
        scene = Scene(pb_line(0, 2), (0, 1), JkPbListen)

        async def act(scene: Scene) -> None:
            await asyncio.sleep(20.0)
            scene.line.faults.on("dead:1")
            await asyncio.sleep(60.0)

        scene.play(act)
        assert [record.getMessage() for record in caplog.records] == ["no answer from address 1"]

    def test_a_master_that_falls_silent_is_an_outage(self, caplog: pytest.LogCaptureFixture) -> None:
        scene = Scene(pb_line(0, 2), (0, 1), JkPbListen)

        async def act(scene: Scene) -> None:
            await asyncio.sleep(20.0)
            scene.line.faults.on("silent")
            await asyncio.sleep(60.0)
            scene.line.faults.clear()
            before = now()
            await asyncio.sleep(12.0)
            assert scene.of(0, before)
            assert scene.of(1, before)

        scene.play(act)
        assert any(message.startswith("no frame in 25 s") for message in caplog.messages)
        assert scene.members[1].statistics.outages == 1


class TestOneAlone:
    """The same bus for those who want one pack: an ordinary session."""

    @pytest.mark.parametrize("address", [2, None])
    def test_it_is_that_pack_or_the_first_that_answers(self, address: int | None) -> None:
        near, far = memory_pair()
        line = pb_line(2, 2, faults=("echo",))
        readings: list[Reading] = []
        dialect = JkPb(1.0, address)
        session = Session("b", near, dialect, lambda reading, _: readings.append(reading))

        async def scene() -> None:
            port = MemoryPort(line, far)
            await port.plug()
            task = asyncio.ensure_future(session.run())
            await asyncio.sleep(20.0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await port.unplug()

        run(scene())
        assert len(readings) >= 10
        assert {reading.identity.serial for reading in readings} == {"40119400002"}
        assert dialect.talk.address == 2
        assert session.statistics.outages == 0
