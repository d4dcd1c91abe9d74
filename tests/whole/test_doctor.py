"""What `check` finds on a GX: a driver that runs, systemcalc, and its settings."""

from pathlib import Path

from driver.commands import check_system, check_venus
from driver.commands.check import apply
from driver.commands.check_system import BMS_INSTANCE, SYSTEM, VOLTAGE_SENSE
from driver.commands.findings import Level
from driver.venus import bus as dbus
from driver.venus.items import Item, Tree
from tests.whole.scene import Scene


async def test_systemcalc_and_its_settings_are_read(scene: Scene, tmp_path: Path) -> None:
    port = await scene.bms("ttyJK")
    scene.settings.set(BMS_INSTANCE, -1)
    scene.settings.set(VOLTAGE_SENSE, 0)
    connection = await dbus.connect()
    try:
        Tree(connection).replace({"/ActiveBmsService": Item("s", "%s", "com.victronenergy.battery.pylontech")})
        await dbus.claim(connection, SYSTEM)
        scene.start(f"[battery house]\nport = {port.url}\n")
        await scene.batteries(1)
        system = await check_system.gather(tmp_path / "config.ini")
    finally:
        await dbus.close(connection)
    assert system.setup == {BMS_INSTANCE: -1, VOLTAGE_SENSE: 0}
    found = {one.title: (one.level, one.detail) for one in apply(check_venus.CHECKS, system)}
    assert found["controlling BMS"][0] is Level.WARNING
    assert "pylontech: its limits are obeyed" in found["controlling BMS"][1]
    assert found["voltage sense"][0] is Level.WARNING
    assert found["DeviceInstance"][0] is Level.OK
