"""The driver's process with batteries over Bluetooth: what stands on D-Bus, and how it ends."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from driver.link.interference import Cause
from tests.ble.jk04 import AirJk04
from tests.ble.scene import ADDRESS, OTHER_ADDRESS, until
from tests.whole.scene import Scene


@pytest.fixture
async def scene(air, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", air.address)
    async with Scene(tmp_path) as made:
        yield made


async def test_a_battery_over_bluetooth_stands_on_the_bus(scene, bms) -> None:
    scene.start(f"[battery house]\nport = {ADDRESS}")
    [name] = await scene.batteries(1)
    await scene.shows(name, "/Soc", 77.0)
    items = await scene.items(name)
    assert items["/Dc/0/Current"] == -12.3
    assert items["/Info/MaxChargeVoltage"] is not None
    assert items["/Mgmt/Connection"].startswith("JK Bluetooth")
    assert ADDRESS in items["/Mgmt/Connection"]


async def test_a_jk04_is_shown_and_controls_nothing(scene, air, hci0) -> None:
    air.add_device(hci0, OTHER_ADDRESS, name="JK-B2A16S", bms=AirJk04())
    scene.start(f"[battery house]\nport = {OTHER_ADDRESS}")
    [name] = await scene.batteries(1)
    await scene.shows(name, "/Voltages/Cell16", lambda volts: 3.0 < volts < 3.5)
    await scene.shows(name, "/Dc/0/Voltage", lambda volts: 48.0 < volts < 56.0)
    items = await scene.items(name)
    assert items["/Soc"] is None
    assert items["/Dc/0/Current"] is None
    assert "Monitoring only" in items["/ConnectionInformation"]
    assert not [path for path in items if path.startswith("/Info/")]


async def test_it_is_published_once_a_second(scene, bms) -> None:
    app = scene.start(f"[battery house]\nport = {ADDRESS}")
    await scene.batteries(1)
    taken = []
    take = app.packs[0].controller.take
    app.packs[0].controller.take = lambda reading, now: (taken.append(now), take(reading, now))[1]
    await until(lambda: len(taken) >= 3)
    assert all(after - before >= 0.9 for before, after in pairwise(taken))


async def test_a_named_disturbance_stands_in_connection_information(scene, air, bms) -> None:
    scene.start(f"[battery house]\nport = {ADDRESS}")
    [name] = await scene.batteries(1)
    stranger = next(one for one in bms.characteristics if "notify" in one.flags)
    air.call(stranger.subscribers.add, ":1.999")
    await scene.shows(name, "/ConnectionInformation", lambda text: Cause.SHARED.value in text)


async def test_venus_services_that_use_bluetooth_are_named_when_a_battery_does_not_come(scene, bms) -> None:
    scene.settings.set("/Settings/Services/Bluetooth", 1)
    scene.start(f"[battery house]\nport = {ADDRESS}")
    [name] = await scene.batteries(1)
    await scene.shows(name, "/ConnectionInformation", "Connected")
    bms.advertising = False
    bms.plan = [{"error": ("Failed", "Page Timeout")}] * 50
    bms.bluez.soon(0.0, bms.drop)
    await scene.shows(
        name, "/ConnectionInformation", lambda text: "/Settings/Services/Bluetooth = 1" in text, timeout=60.0
    )
    scene.settings.set("/Settings/Services/Bluetooth", 0)
    await scene.shows(name, "/ConnectionInformation", lambda text: "/Settings/Services" not in text, timeout=60.0)


async def test_stopping_disconnects_within_five_seconds(scene, air, bms) -> None:
    bms.disconnect_latency = 0.5
    scene.start(f"[battery house]\nport = {ADDRESS}")
    await scene.batteries(1)
    began = time.monotonic()
    assert await scene.stop() == 0
    assert time.monotonic() - began < 5.0
    assert not bms.connected


async def test_one_battery_is_lost_and_the_other_loses_no_sample(scene, air, hci0, bms) -> None:
    other = air.add_device(hci0, OTHER_ADDRESS)
    other.bms.serial, other.bms.period = "9999999999", 0.1
    app = scene.start(f"[battery one]\nport = {ADDRESS}\n[battery two]\nport = {OTHER_ADDRESS}")
    await scene.batteries(2)
    one, two = app.packs
    bms.advertising = False
    air.call(bms.drop)
    await until(lambda: one.source.statistics.outages == 1)
    count = two.source.statistics.readings
    await until(lambda: two.source.statistics.readings >= count + 5)
    bms.advertising = True
    await until(lambda: one.source.statistics.last_problem == "", within=60.0)
    assert two.source.statistics.outages == 0


async def test_without_bleak_the_other_batteries_run(scene, bms, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("driver.link.ble", "driver.link.gatt"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "bleak", None)
    app = scene.start(f"[battery house]\nport = {ADDRESS}")
    await until(lambda: app.packs and "package bleak" in app.packs[0].source.statistics.last_problem)
    assert not scene.ended.done()


async def test_killed_and_started_again_while_bluez_is_still_connected(scene, air, hci0, bms) -> None:
    """What a process that was killed leaves: a connection, and a BMS that does not advertise."""
    bms.known = True
    air.call(air.bluez.add, bms)
    air.call(bms.link_up, {})
    await until(lambda: bms.exported)
    began = time.monotonic()
    scene.start(f"[battery house]\nport = {ADDRESS}")
    [name] = await scene.batteries(1)
    await scene.shows(name, "/Soc", 77.0)
    assert time.monotonic() - began < 20.0
    assert "Connect" not in bms.calls
    await asyncio.sleep(0)
