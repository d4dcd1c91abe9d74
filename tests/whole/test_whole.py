"""From bytes on a pty to values on D-Bus, in one process: the things that must never go wrong."""

import asyncio
import re
from dataclasses import replace

import pytest

from driver.battery.controller import Controller
from driver.simulator.line import jk_line
from driver.venus import bus as dbus
from tests.private_bus import PrivateBus
from tests.whole.scene import PREFIX, Scene

CONTROL = ("/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent", "/Info/BatteryLowVoltage")


async def test_a_bms_becomes_a_battery(scene: Scene, bus: PrivateBus) -> None:
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\nname = House\n")
    [name] = await scene.batteries(1)
    items = await scene.items(name)
    bms = port.line.device.bms
    assert items["/Dc/0/Voltage"] == pytest.approx(sum(items[f"/Voltages/Cell{n}"] for n in range(1, 17)), abs=0.02)
    assert items["/Soc"] == 60.0
    assert items["/InstalledCapacity"] == bms.settings.capacity_setting
    assert items["/CustomName"] == "House"
    assert items["/Info/MaxChargeVoltage"] == 55.2
    assert items["/Mgmt/Connection"] == "JK UART-TTL (4E 57) jk"
    assert await bus.dbus_send(name, "/DeviceInstance", "GetValue") == "variant       int32 1"


async def test_nothing_is_missing_when_the_name_appears(scene: Scene) -> None:
    """Victron's programs read once when a name appears: no null limit, no 0 %, no alarm from the first moment on."""
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\n")
    [name] = await scene.batteries(1)
    items = await scene.items(name)
    assert all(items[path] for path in CONTROL)
    assert items["/Soc"] == 60.0
    assert not [path for path, value in items.items() if path.startswith("/Alarms/") and value != 0]


async def test_an_unplugged_adapter_comes_back_under_the_same_name(scene: Scene) -> None:
    port = await scene.bms("jk")
    app = scene.start(f"[battery house]\nport = {port.url}\n")
    [name] = await scene.batteries(1)
    await port.unplug()
    session = app.packs[0].source
    async with asyncio.timeout(20):
        while session.statistics.outages == 0:
            await asyncio.sleep(0.02)
    before = session.statistics.readings
    await port.plug()
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(20):
        while session.statistics.readings == before:
            await asyncio.sleep(0.02)
    assert asyncio.get_running_loop().time() - began < 20
    assert await scene.names() == [name]


@pytest.mark.parametrize("fault", ["corrupt:5%", "echo", "byte-by-byte", "merge"])
async def test_a_bad_line_still_makes_a_battery(scene: Scene, fault: str) -> None:
    port = await scene.bms("jk", jk_line(faults=(fault,)))
    scene.start(f"[battery house]\nport = {port.url}\n")
    [name] = await scene.batteries(1)
    assert (await scene.items(name))["/Dc/0/Voltage"] > 50


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("silent", "nothing comes"),
        ("garbage", "no frame of this protocol"),
        ("other-protocol", "no frame of this protocol"),
        ("corrupt:100%", "only damaged frames come"),
        ("missing:0x83", "total_voltage is missing"),
        ("put:0xC0=07", "protocol version 7"),
    ],
)
async def test_a_battery_that_cannot_be_read_does_not_appear(
    scene: Scene, fault: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = await scene.bms("jk", jk_line(faults=(fault,)))
    scene.start(f"[battery house]\nport = {port.url}\n")
    async with asyncio.timeout(20):
        while said not in caplog.text:
            await asyncio.sleep(0.02)
    assert await scene.names() == []
    port.line.faults.clear()
    await scene.batteries(1, 60.0)


async def test_a_cell_of_0_volts_stops_both_directions_and_stays_a_cell(scene: Scene) -> None:
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\n")
    [name] = await scene.batteries(1)
    port.line.faults.on("zero-cell:3")
    await scene.shows(name, "/Info/MaxChargeCurrent", 0.0)
    items = await scene.items(name)
    assert items["/Info/MaxDischargeCurrent"] == 0.0
    assert items["/Voltages/Cell3"] == 0.0
    assert items["/System/NrOfCellsPerBattery"] == 16
    assert items["/Info/MaxChargeVoltage"] > 0


async def test_what_no_sensor_can_say_is_invalid_and_derates(scene: Scene) -> None:
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\n")
    [name] = await scene.batteries(1)
    full = (await scene.items(name))["/Info/MaxChargeCurrent"]
    port.line.faults.on("hot")
    port.line.faults.on("soc-255")
    await scene.shows(name, "/Soc", None)
    await scene.shows(name, "/System/Temperature1", None)
    await scene.shows(name, "/Info/MaxChargeCurrent", full / 2)


async def test_several_batteries_and_none_marked_none_controls(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    ports = [await scene.bms(f"jk{n}", jk_line(n)) for n in (1, 2)]
    scene.start("".join(f"[battery b{n}]\nport = {port.url}\n" for n, port in enumerate(ports)))
    for name in await scene.batteries(2):
        items = await scene.items(name)
        assert not [path for path in items if path in CONTROL]
        assert "none has control = yes" in items["/ConnectionInformation"]
    assert "several batteries, and none has control = yes" in caplog.text


async def test_of_two_packs_one_controls_and_the_other_lowers_it(scene: Scene) -> None:
    one, other = await scene.bms("jk1", jk_line(1)), await scene.bms("jk2", jk_line(2))
    scene.start(f"[battery a]\nport = {one.url}\ncontrol = yes\n[battery b]\nport = {other.url}\n")
    names = await scene.batteries(2)
    shown = {name: await scene.items(name) for name in names}
    [controlling] = [name for name, items in shown.items() if "/Info/MaxChargeVoltage" in items]
    assert shown[controlling]["/Info/MaxChargeCurrent"] == 140.0
    other.line.faults.on("zero-cell:3")
    await scene.shows(controlling, "/Info/MaxChargeCurrent", 0.0)
    reason = (await scene.items(controlling))["/Info/ChargeLimitation"]
    assert reason.startswith("b: cell 3")


async def test_two_bmss_of_one_name_are_two_batteries(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    ports = [await scene.bms(f"jk{n}", jk_line(7)) for n in (1, 2)]
    scene.start("".join(f"[battery b{n}]\nport = {port.url}\n" for n, port in enumerate(ports)))
    names = await scene.batteries(2)
    instances = {(await scene.items(name))["/DeviceInstance"] for name in names}
    assert instances == {1, 2}
    assert "two batteries call themselves" in caplog.text


async def test_instance_and_name_follow_the_bms_not_the_cable(scene: Scene) -> None:
    lines = [jk_line(1), jk_line(2)]
    ports = [await scene.bms(f"jk{n}", line) for n, line in enumerate(lines)]
    config = "".join(f"[battery b{n}]\nport = {port.url}\n" for n, port in enumerate(ports))
    scene.start(config)
    before = {name: (await scene.items(name))["/DeviceInstance"] for name in await scene.batteries(2)}
    await scene.stop()
    for port in ports:
        await port.unplug()
    ports[0].line, ports[1].line = lines[1], lines[0]
    for port in ports:
        await port.plug()
    scene.start(config)
    after = {name: (await scene.items(name))["/DeviceInstance"] for name in await scene.batteries(2)}
    assert after == before


async def test_a_fault_in_one_batterys_control_is_its_own(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ports = [await scene.bms(f"jk{n}", jk_line(n)) for n in (1, 2)]
    app = scene.start(
        f"[battery a]\nport = {ports[0].url}\ncontrol = yes\n[battery b]\nport = {ports[1].url}\ncontrol = no\n"
    )
    await scene.batteries(2)
    sick, well = app.packs
    assert sick.service is not None
    take = Controller.take

    def broken(controller: Controller, reading: object, now: float) -> object:
        if controller is sick.controller:
            raise ZeroDivisionError("made for this test")
        return take(controller, reading, now)  # type: ignore[arg-type]

    monkeypatch.setattr(Controller, "take", broken)
    await scene.shows(sick.service.name, "/Info/MaxChargeCurrent", 0.0)
    items = await scene.items(sick.service.name)
    assert items["/Info/MaxDischargeCurrent"] == 0.0
    assert 0 < items["/Info/MaxChargeVoltage"] <= 3.35 * 16
    assert items["/Alarms/BmsCable"] == 2
    assert items["/Dc/0/Voltage"] is None
    assert "made for this test" in caplog.text
    count = well.source.statistics.readings
    async with asyncio.timeout(20):
        while well.source.statistics.readings < count + 3:
            await asyncio.sleep(0.05)
    monkeypatch.setattr(Controller, "take", take)
    await scene.shows(sick.service.name, "/Alarms/BmsCable", 0, 60.0)
    assert (await scene.items(sick.service.name))["/Info/MaxChargeCurrent"] < 70.0  # rises, and does not jump


async def test_a_taken_name_is_said_and_taken_when_it_is_free(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\nid = house\n")
    [name] = await scene.batteries(1)
    await scene.stop()
    squatter = await dbus.connect()
    await dbus.claim(squatter, name)
    scene.start(f"[battery house]\nport = {port.url}\nid = house\n")
    async with asyncio.timeout(20):
        while "is taken by another program" not in caplog.text:
            await asyncio.sleep(0.02)
    await dbus.close(squatter)
    await scene.batteries(1, 60.0)
    await scene.shows(name, "/Connected", 1, 60.0)


async def test_a_known_battery_that_is_silent_after_a_restart_is_not_left_off_the_bus(scene: Scene) -> None:
    port = await scene.bms("jk")
    config = f"[battery house]\nport = {port.url}\n"
    scene.start(config)
    [name] = await scene.batteries(1)
    await scene.stop()
    assert await scene.names() == []
    port.line.faults.on("silent")
    scene.start(config)
    assert await scene.batteries(1, 150.0) == [name]  # 15 s
    items = await scene.items(name)
    assert items["/Alarms/BmsCable"] == 1
    assert re.search(r"^BMS silent since \d{4}-\d\d-\d\d \d\d:\d\d UTC, ", items["/ConnectionInformation"])
    assert items["/Soc"] is None
    assert items["/Dc/0/Voltage"] is None
    assert items["/Info/MaxChargeVoltage"] == pytest.approx(53.6)
    assert 0 < items["/Info/MaxChargeCurrent"] <= 140.0
    port.line.faults.clear()
    await scene.shows(name, "/Alarms/BmsCable", 0, 60.0)
    assert await scene.names() == [name]


async def test_the_loss_of_the_bus_ends_the_process(scene: Scene, bus: PrivateBus) -> None:
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\n")
    await scene.batteries(1)
    bus.kill()
    assert await asyncio.wait_for(scene.ended, 20) == 1


async def test_dvcc_that_is_off_is_said_loudly(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\n")
    await scene.batteries(1)
    scene.settings.set("/Settings/Services/Bol", 0)
    async with asyncio.timeout(20):
        while "DVCC is OFF" not in caplog.text:
            await asyncio.sleep(0.02)


async def test_an_uncertain_battery_is_a_monitor_and_says_which_setting_is_missing(scene: Scene) -> None:
    line = jk_line()
    bms = line.device.bms
    bms.settings = replace(bms.settings, cell_over_voltage=3.90)
    port = await scene.bms("jk", line)
    scene.start(f"[battery house]\nport = {port.url}\n")
    [name] = await scene.batteries(1)
    items = await scene.items(name)
    assert not [path for path in items if path in CONTROL]
    assert "set chemistry" in items["/ConnectionInformation"]
    assert name.startswith(PREFIX)
