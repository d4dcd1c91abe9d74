"""PB packs on one port become batteries on D-Bus: named or found, one silent, one late, or only listened to."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from driver.protocol.jkpb_reading import LISTENING, PbPack
from driver.simulator.pb import PbLine, pb_line
from tests.whole.scene import Scene

CONTROL = ("/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent", "/Info/BatteryLowVoltage")


def sections(port: str, *addresses: int, controls: int = 0) -> str:
    return "".join(
        f"[battery p{n}]\nport = {port}\nprotocol = jk-pb\naddress = {n}\n{'control = yes' if n == controls else ''}\n"
        for n in addresses
    )


async def by_serial(scene: Scene, count: int, timeout: float = 60.0) -> dict[str, dict[str, Any]]:
    """What each battery shows, by the end of its name."""
    names = await scene.batteries(count, timeout)
    return {name[-5:]: await scene.items(name) for name in names}


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


async def test_three_packs_on_one_port_become_three_batteries(scene: Scene) -> None:
    line = pb_line(1, 3, faults=("echo",))
    port = await scene.bms("bus", line)
    scene.start(sections(port.url, 1, 2, 3, controls=2))
    shown = await by_serial(scene, 3)
    assert sorted(shown) == ["00001", "00002", "00003"]
    for number in (1, 2, 3):
        items = shown[f"0000{number}"]
        assert items["/Soc"] == 61.0 - number
        assert items["/Mgmt/Connection"] == f"JK PB RS485 bus address {number}"
        assert items["/Dc/0/Voltage"] == pytest.approx(sum(items[f"/Voltages/Cell{n}"] for n in range(1, 17)), abs=0.02)
        assert (items["/Info/MaxChargeVoltage"] if number == 2 else None) == items.get("/Info/MaxChargeVoltage")
        assert bool(set(CONTROL) & set(items)) == (number == 2)
    assert sorted(items["/DeviceInstance"] for items in shown.values()) == [1, 2, 3]


async def test_without_an_address_every_pack_that_answers_is_a_battery_and_none_controls(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    port = await scene.bms("bus", pb_line(4, 3))
    app = scene.start(f"[battery bank]\nport = {port.url}\nprotocol = jk-pb\nname = Bank\n")
    shown = await by_serial(scene, 3)
    assert [pack.name for pack in app.packs] == ["bank 4", "bank 5", "bank 6"]
    assert {items["/CustomName"] for items in shown.values()} == {"Bank 4", "Bank 5", "Bank 6"}
    assert not any(set(CONTROL) & set(items) for items in shown.values())
    assert "several batteries, and none has control = yes" in caplog.text


async def test_a_pack_that_is_alone_on_its_bus_controls(scene: Scene) -> None:
    port = await scene.bms("bus", pb_line(7, 1))
    scene.start(f"[battery house]\nport = {port.url}\nprotocol = jk-pb\n")
    [items] = (await by_serial(scene, 1)).values()
    assert items["/Info/MaxChargeVoltage"] == 55.2


async def test_a_silent_pack_disturbs_nobody_and_appears_when_it_speaks(scene: Scene) -> None:
    port = await scene.bms("bus", pb_line(1, 3, faults=("dead:2",)))
    app = scene.start(sections(port.url, 1, 2, 3))
    assert sorted(await by_serial(scene, 2)) == ["00001", "00003"]
    sources = [pack.source.statistics for pack in app.packs]
    before = [one.readings for one in sources]
    await eventually(lambda: sources[0].readings >= before[0] + 4)
    assert sources[2].readings >= before[2] + 3
    assert sources[1].readings == 0
    port.line.faults.clear()
    assert "00002" in await by_serial(scene, 3)


async def test_a_pack_that_is_switched_on_later_is_found(scene: Scene) -> None:
    port = await scene.bms("bus", pb_line(1, 2, faults=("dead:2",)))
    app = scene.start(f"[battery bank]\nport = {port.url}\nprotocol = jk-pb\n")
    [items] = (await by_serial(scene, 1)).values()
    assert "/Info/MaxChargeVoltage" in items
    port.line.faults.clear()
    shown = await by_serial(scene, 2, 120.0)
    assert [pack.name for pack in app.packs] == ["bank 1", "bank 2"]
    assert [key for key, items in shown.items() if "/Info/MaxChargeVoltage" in items] == ["00001"]


async def test_a_pack_that_falls_silent_is_lost_alone(scene: Scene) -> None:
    port = await scene.bms("bus", pb_line(1, 2))
    scene.start(sections(port.url, 1, 2))
    first, second = await scene.batteries(2, 60.0)
    port.line.faults.on("dead:2")
    await scene.shows(second, "/ConnectionInformation", lambda text: "BMS silent" in str(text), 60.0)
    assert "BMS silent" not in str((await scene.items(first))["/ConnectionInformation"])
    port.line.faults.clear()
    await scene.shows(second, "/ConnectionInformation", lambda text: "BMS silent" not in str(text), 60.0)


async def test_a_fault_in_one_packs_decoding_is_its_own(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = await scene.bms("bus", pb_line(1, 2))
    app = scene.start(sections(port.url, 1, 2, controls=1))
    sick, well = await scene.batteries(2, 60.0)
    take = PbPack.take

    def broken(pack: PbPack, frame: bytes) -> object:
        if pack._address == 1:
            raise ZeroDivisionError("made for this test")
        return take(pack, frame)

    monkeypatch.setattr(PbPack, "take", broken)
    await scene.shows(sick, "/Info/MaxChargeCurrent", 0.0, 60.0)
    assert (await scene.items(sick))["/Alarms/BmsCable"] == 2
    assert "made for this test" in caplog.text
    readings = app.packs[1].source.statistics.readings
    await eventually(lambda: app.packs[1].source.statistics.readings >= readings + 3)
    assert (await scene.items(well))["/Dc/0/Voltage"] > 50
    monkeypatch.undo()
    await scene.shows(sick, "/Alarms/BmsCable", 0, 60.0)


async def test_a_fault_in_the_bus_itself_stops_its_packs_alone_and_is_tried_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = await scene.bms("bus", pb_line(1, 2))
    scene.start(sections(port.url, 1, 2))
    names = await scene.batteries(2, 60.0)
    for name in names:
        await scene.shows(name, "/Alarms/BmsCable", 0)
    receive = "driver.protocol.bus_talk.MasterTalk.receive"
    with monkeypatch.context() as patch:
        patch.setattr(receive, lambda *_: 1 / 0)
        for name in names:
            await scene.shows(name, "/Alarms/BmsCable", 2, 60.0)
    for name in names:
        await scene.shows(name, "/Alarms/BmsCable", 0, 60.0)


async def test_a_known_pack_that_is_silent_after_a_restart_is_not_left_off_the_bus(scene: Scene) -> None:
    port = await scene.bms("bus", pb_line(1, 2))
    config = f"[battery bank]\nport = {port.url}\nprotocol = jk-pb\n"
    scene.start(config)
    names = await scene.batteries(2, 60.0)
    await scene.stop()
    port.line.faults.on("dead:2")
    scene.start(config)
    assert await scene.batteries(2, 150.0) == names  # 15 s
    assert (await scene.items(names[1]))["/Alarms/BmsCable"] == 1
    assert (await scene.items(names[1]))["/Soc"] is None
    assert (await scene.items(names[0]))["/Alarms/BmsCable"] == 0


async def test_identity_follows_the_pack_not_its_address(scene: Scene) -> None:
    line = pb_line(1, 2)
    port = await scene.bms("bus", line)
    scene.start(sections(port.url, 1, 2))
    before = {key: items["/DeviceInstance"] for key, items in (await by_serial(scene, 2)).items()}
    await scene.stop()
    packs = line.device.packs
    packs[1].address, packs[2].address = 2, 1
    line.device.packs = {pack.address: pack for pack in packs.values()}
    scene.start(sections(port.url, 1, 2))
    shown = await by_serial(scene, 2)
    assert {key: items["/DeviceInstance"] for key, items in shown.items()} == before
    assert shown["00002"]["/Mgmt/Connection"].endswith("address 1")


async def test_listening_beside_a_master_shows_every_pack_and_writes_nothing(scene: Scene) -> None:
    line = pb_line(0, 3)
    port = await scene.bms("bus", line)
    app = scene.start(f"[battery jk]\nport = {port.url}\nprotocol = jk-pb-listen\n")
    names = await scene.batteries(3, 60.0)
    assert sorted(pack.name for pack in app.packs) == ["jk 0", "jk 1", "jk 2"]
    for name in names:
        items = await scene.items(name)
        assert not set(CONTROL) & set(items)
        assert LISTENING in items["/ConnectionInformation"]
        assert items["/Dc/0/Voltage"] > 50
        assert items["/Alarms/BmsCable"] == 0
    assert isinstance(port.line, PbLine)
    assert line.device.written == 0


async def test_asking_beside_a_master_is_refused_and_writes_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    line = pb_line(0, 3)
    port = await scene.bms("bus", line)
    scene.start(sections(port.url, 1, 2))
    await eventually(lambda: "another master asks on this bus" in caplog.text)
    assert line.device.written == 0
    assert await scene.names() == []
