"""The driver on the real bluetoothd, from the best case to the worst; the order is that of the file."""

import asyncio
import json
import time

import pytest

from driver.link.interference import Cause
from tests.bluez.scene import BACK, BALANCER, NARROW, WIDE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_24_cells_32_cells_and_a_balancer_at_once(gx) -> None:
    wide, narrow, balancer = [await gx.items(address) for address in (WIDE, NARROW, BALANCER)]
    assert (wide["/System/NrOfCellsPerBattery"], wide["/Soc"], wide["/Serial"]) == (16, 77.0, "3092572134")
    assert (narrow["/System/NrOfCellsPerBattery"], narrow["/Serial"]) == (8, "2082021300")
    assert balancer["/System/NrOfCellsPerBattery"] == 16
    assert wide["/Info/MaxChargeVoltage"] > 50.0
    assert "/Info/MaxChargeVoltage" not in balancer
    said = await gx.shell("cat /data/log")
    await asyncio.sleep(5.0)  # that nothing happens has no event
    await gx.all_live()
    assert await gx.shell("cat /data/log") == said, "something was logged though nothing was wrong"


async def test_a_drop_in_the_middle_of_a_frame(gx, tell) -> None:
    for _ in range(3):
        gx.devices[WIDE].bms.script = [{"drop_at": 1}]
        await wait_until(lambda: not gx.devices[WIDE].connected)
        took = await gx.lives(WIDE)
        tell(took, "back after a drop in the middle of a frame")
        assert took < BACK


async def test_a_device_that_is_away_for_a_while(gx, tell) -> None:
    away = gx.devices[NARROW]
    await away.leave()
    tell(await gx.lost(NARROW), "until the loss of an absent battery stands on D-Bus")
    assert not away.connected
    for _ in range(5):
        assert max(await gx.lives(WIDE), await gx.lives(BALANCER)) < 10.0, "the others lose nothing meanwhile"
    await away.come_back()
    took = await gx.lives(NARROW)
    tell(took, "back after it was out of range")
    assert took < BACK


async def test_a_second_subscriber(gx, tell) -> None:
    assert await gx.machine.ask("subscribe", address=WIDE) == 1
    named = await gx.shows(WIDE, "/ConnectionInformation", lambda text: Cause.SHARED.value in text)
    tell(named, "until a second subscriber is named")
    await gx.lives(WIDE)
    await gx.machine.ask("unsubscribe")
    for _ in range(3):
        await gx.lives(WIDE)


async def test_the_driver_is_killed(gx, tell) -> None:
    await gx.stop_driver("KILL")
    assert gx.devices[WIDE].connected, "bluetoothd keeps the connection"
    await gx.start_driver()
    took = await gx.all_live()
    tell(took, "from a new process to all three, whose connections were left over")
    assert took < BACK
    assert "adopts a connection that was left over" in await gx.shell("cat /data/log")


async def test_stopping_lets_go_of_the_devices_and_the_commands_find_them(gx, tell) -> None:
    took = await gx.stop_driver()
    tell(took, "from SIGTERM to the end of the process")
    assert took < 10.0  # 5 s on a machine that is not emulated: tests/ble
    assert not any(device.connected for device in gx.devices.values())
    began = time.monotonic()
    listed = [json.loads(line) for line in (await gx.command("scan --for 6 --json")).splitlines() if line[0] == "{"]
    tell(time.monotonic() - began, "scan, with model and firmware of all three")
    found = {one["address"]: (one["protocol"], one["model"], one["firmware"]) for one in listed}
    assert found == {
        WIDE: ("jk-ble", "JK_PB2A16S20P", "15.38"),
        NARROW: ("jk-ble", "JK_PB2A16S20P", "8.0.6G"),
        BALANCER: ("neey", "GW-24S4EB", "ZH-1.2.3"),
    }
    read = json.loads(await gx.command(f"read --port {WIDE} --json"))
    assert read["reading"]["soc"] == 77.0
    began = time.monotonic()
    checked = await gx.command("check --config /data/config.ini")
    tell(time.monotonic() - began, "check, with all three asked in turn")
    assert checked.count("answers: ") == 3, checked
    await gx.start_driver()
    await gx.all_live()


async def test_the_adapter_is_switched_off_and_on(gx, tell) -> None:
    await gx.shell("bluetoothctl power off")
    took = await gx.all_live()
    tell(took, "back after the adapter was switched off: the driver switches it on")
    assert took < BACK


@pytest.mark.parametrize("sign", ["TERM", "KILL"])
async def test_bluetoothd_is_restarted(gx, tell, sign) -> None:
    await gx.restart_bluetoothd(sign)
    took = await gx.all_live()
    tell(took, f"back after SIG{sign} for bluetoothd and its restart")
    assert took < BACK


async def test_the_adapter_is_unplugged_and_plugged_in_again(gx, tell) -> None:
    await gx.unplug()
    tell(await gx.lost(WIDE), "until the loss of the adapter stands on D-Bus")
    await gx.plug()
    took = await gx.all_live()
    tell(took, "back after the adapter was plugged in again")
    assert took < BACK


async def test_the_process_was_never_ended_by_a_fault(gx) -> None:
    assert await gx.shell(f"[ -d /proc/{gx.pid} ] && echo alive") == "alive\n"
    assert "Traceback" not in await gx.shell("cat /data/log")


async def wait_until(condition, within: float = 30.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.05)
