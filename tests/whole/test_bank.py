"""A bank as one battery, in a whole process: packs leave and come back, and the bank stays."""

import asyncio
import time
from typing import Any

import pytest

from driver.__main__ import main
from driver.battery.bank import Bank
from driver.simulator.faults import explained
from driver.simulator.line import jk_line
from driver.simulator.port import PtyPort
from driver.venus import bus as dbus
from driver.venus.bus import Variant
from tests.whole.scene import PREFIX, Scene

BANK = f"{PREFIX}jk_bank_cellar"
CCL, CVL, DCL = "/Info/MaxChargeCurrent", "/Info/MaxChargeVoltage", "/Info/MaxDischargeCurrent"


async def cellar(scene: Scene, count: int, **bank: str) -> list[PtyPort]:
    """A bank of so many packs, all of them heard."""
    ports = [await scene.bms(f"B{n}", jk_line(n, profile="steady")) for n in range(1, count + 1)]
    config = "".join(f"[battery B{n}]\nport = {port.url}\n" for n, port in enumerate(ports, 1))
    options = "".join(f"{name} = {value}\n" for name, value in bank.items())
    scene.start(f"{config}[bank cellar]\n{options}")
    await scene.batteries(count + 1 if bank.get("show_packs") != "no" else 1)
    await scene.shows(BANK, "/System/NrOfModulesOnline", count)
    return ports


async def write(scene: Scene, path: str, value: int) -> int:
    body = await dbus.call(scene.client, BANK, path, "com.victronenergy.BusItem.SetValue", "v", [Variant("i", value)])
    return int(body[0])


async def number(scene: Scene, path: str) -> float:
    value = (await scene.items(BANK))[path]
    assert isinstance(value, float)
    return value


async def test_a_bank_is_one_battery_and_the_only_one_with_limits(scene: Scene) -> None:
    await cellar(scene, 3)
    items = await scene.items(BANK)
    assert items["/System/NrOfBatteries"] == 3
    assert items["/InstalledCapacity"] == 840
    assert items["/Info/MaxChargeCurrent"] > 150  # of one pack alone: 140
    assert items["/CustomName"] == "Bank cellar"
    assert items["/System/MaxVoltageCellId"][:4] in ("B1 C", "B2 C", "B3 C")
    assert items["/System/MinTemperatureCellId"][:4] in ("B1 T", "B2 T", "B3 T")
    assert [items[f"/Packs/{n}/Name"] for n in (1, 2, 3)] == ["B1", "B2", "B3"]
    assert not [path for path in items if path.startswith(("/Voltages/Cell", "/Balances"))]
    packs = [await scene.items(name) for name in await scene.names() if name != BANK]
    assert not [path for pack in packs for path in pack if path.startswith("/Info/")]
    assert {pack["/ConnectionInformation"] for pack in packs} == {"Monitoring only: bank cellar controls"}
    total = sum(pack["/Dc/0/Current"] for pack in packs)
    await scene.shows(BANK, "/Dc/0/Current", lambda amperes: abs(amperes - total) < 30)


async def test_packs_may_be_hidden(scene: Scene) -> None:
    await cellar(scene, 2, show_packs="no")
    assert await scene.names() == [BANK]


async def test_each_pack_leaves_and_comes_back_and_the_bank_stays(scene: Scene) -> None:
    ports = await cellar(scene, 2)
    gone = await _watch(scene)
    for number_, port in enumerate(ports, 1):
        await scene.shows(BANK, CCL, lambda amperes: amperes > 150)
        await port.unplug()
        await scene.shows(BANK, CCL, lambda amperes: amperes <= 140, timeout=50)  # ten times what is asked for
        items = await scene.items(BANK)
        assert items[f"/Packs/{number_}/State"] in ("is silent", "is lost")
        assert items[DCL] > 0
        await port.plug()
        await scene.shows(BANK, f"/Packs/{number_}/State", "serves", timeout=60)
        assert await number(scene, CCL) < 200  # comes back gradually
    assert gone == []


async def test_maintenance_is_announced_over_dbus_and_outlives_a_restart(scene: Scene) -> None:
    ports = await cellar(scene, 2)
    instance = (await scene.items(BANK))["/DeviceInstance"]
    await scene.shows(BANK, CCL, lambda amperes: amperes > 200)
    assert await write(scene, "/Packs/2/Maintenance", 2) == 2
    assert await write(scene, "/Packs/2/Maintenance", 1) == 0
    await scene.shows(BANK, CCL, lambda amperes: amperes <= 140, timeout=50)
    assert (await scene.items(BANK))["/Packs/2/State"].startswith("is in maintenance")
    await scene.stop()
    await ports[0].unplug()
    await ports[0].plug()
    config = "".join(f"[battery B{n}]\nport = {port.url}\n" for n, port in enumerate(ports, 1))
    scene.start(f"{config}[bank cellar]\n")
    await scene.batteries(3)
    await scene.shows(BANK, "/Packs/2/Maintenance", 1)
    assert (await scene.items(BANK))["/DeviceInstance"] == instance
    assert await write(scene, "/Packs/2/Maintenance", 0) == 0
    await scene.shows(BANK, "/System/NrOfModulesOnline", 2)


async def _watch(scene: Scene) -> list[Any]:
    """What is collected when the bank's name changes its owner."""
    seen: list[Any] = []

    def take(message: Any) -> None:
        if message.member == "NameOwnerChanged" and message.body[0] == BANK:
            seen.append(message.body)

    scene.client.add_message_handler(take)
    rule = f"type='signal',sender='{dbus.DAEMON}',member='NameOwnerChanged',arg0='{BANK}'"
    await dbus.call(scene.client, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.AddMatch", "s", [rule])
    return seen


async def test_whatever_comes_over_the_wire_of_one_pack_the_bank_stays_inside_its_bounds(scene: Scene) -> None:
    ports = await cellar(scene, 2)
    for fault, _ in explained():
        ports[1].line.faults.on(fault)
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            items = await scene.items(BANK)
            assert 0 <= items[CCL] <= 280, fault
            assert 0 <= items[DCL] <= 400, fault
            assert 48 < items[CVL] <= 55.2, fault
            assert items["/Packs/1/State"] == "serves", fault
            await asyncio.sleep(0.1)
        ports[1].line.faults.clear()
    await scene.shows(BANK, "/Packs/2/State", "serves", timeout=60)


async def test_the_command_takes_a_pack_out_and_lets_it_back(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    await cellar(scene, 2)
    for words, said, code in (
        (("B2", "on"), "B2 is in maintenance", 0),
        (("B2", "off"), "B2 serves", 0),
        (("B9", "on"), "no bank has a pack B9; there are B1, B2", 1),
    ):
        assert await asyncio.to_thread(main, ["maintenance", *words]) == code
        output = capsys.readouterr()
        assert (output.out + output.err).startswith(said)
    await scene.shows(BANK, "/Packs/2/Maintenance", 0)


async def test_the_command_says_that_there_is_no_bank(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert await asyncio.to_thread(main, ["maintenance", "B2", "on"]) == 1
    assert "no bank is on D-Bus" in capsys.readouterr().err


async def test_a_fault_in_the_code_of_the_bank_is_safe_and_is_left_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cellar(scene, 2)

    def broken(*_: object) -> None:
        raise RuntimeError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr(Bank, "take", broken)
        await scene.shows(BANK, CCL, 0.0)
        await scene.shows(BANK, "/Alarms/BmsCable", 2)
        packs = [await scene.items(name) for name in await scene.names() if name != BANK]
        assert {pack["/Alarms/BmsCable"] for pack in packs} == {0}  # the packs themselves are well
    await scene.shows(BANK, "/Alarms/BmsCable", 0)
    await scene.shows(BANK, CCL, lambda amperes: amperes > 0)


async def test_a_pack_of_another_voltage_waits_and_a_warning_says_so(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    ports = [await scene.bms(f"B{n}", jk_line(n, profile=None, soc=soc)) for n, soc in ((1, 0.6), (2, 0.6), (3, 0.02))]
    config = "".join(f"[battery B{n}]\nport = {port.url}\n" for n, port in enumerate(ports, 1))
    scene.start(f"{config}[bank cellar]\n")
    await scene.batteries(4)
    await scene.shows(BANK, "/Packs/3/State", "waits")
    items = await scene.items(BANK)
    assert items["/System/NrOfModulesOnline"] == 2
    assert items["/ConnectionInformation"].startswith("B3 waits: its voltage is ")
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [text for text in said if "B3 has not the voltage of the bank" in text] == [
        "B3 has not the voltage of the bank: it is not counted in before it has come close"
    ]
