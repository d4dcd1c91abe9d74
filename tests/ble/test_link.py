"""A Bluetooth link when all is well: how it finds the device, what it reads and writes, how it ends."""

import asyncio
import time
from itertools import pairwise

import pytest

from driver.bluetooth import BluetoothSession
from driver.errors import LinkError
from driver.link.ble import BleLink
from driver.link.moderation import Moderation
from driver.link.radio import Radios
from driver.link.recovery import Step
from driver.link.signals import signals
from driver.protocol.jk02 import Variant
from driver.protocol.jk02_wire import READ_DEVICE_INFO, READ_SETTINGS
from tests.ble.bms import AirBms, cell_info, device_info, settings
from tests.ble.scene import ADDRESS, OTHER_ADDRESS, QUICK, Battery, quick_dialect, quick_radios, until


@pytest.mark.parametrize("layout", ["single", "double", "request"])
@pytest.mark.parametrize("chunk", [20, 128, 240])
async def test_readings_come_over_every_layout_in_every_chunk(air, hci0, layout, chunk) -> None:
    device = air.add_device(hci0, ADDRESS, layout=layout, bms=AirBms(chunk=chunk, period=0.05))
    async with Battery() as battery:
        await battery.lives(3)
    reading = battery.readings[-1][1]
    assert reading.identity.serial == "3092572134"
    assert reading.current == -12.345
    assert reading.soc == 77
    assert battery.session.dialect.talk.framer.corrupt == 0
    assert list(device.writes)[:2] == [READ_DEVICE_INFO, READ_SETTINGS]
    assert battery.steps == {}


async def test_the_older_layout_of_frames(air, hci0) -> None:
    air.add_device(hci0, ADDRESS, bms=AirBms(chunk=20, period=0.05, variant=Variant.S24, cells=8))
    async with Battery() as battery:
        await battery.lives(3)
    assert len(battery.readings[-1][1].cells) == 8


@pytest.mark.parametrize("port", [ADDRESS, ADDRESS.lower(), "ble:JK_PB2A16S20P"])
async def test_by_address_and_by_name(bms, port) -> None:
    async with Battery(port) as battery:
        await battery.lives()


async def test_a_name_of_two_devices_is_not_guessed(air, hci0, bms) -> None:
    air.add_device(hci0, OTHER_ADDRESS)
    async with Battery("ble:JK_PB2A16S20P") as battery:
        problem = await battery.fails("2 devices are called")
    assert ADDRESS in problem
    assert OTHER_ADDRESS in problem
    assert bms.calls == []


async def test_a_known_device_is_connected_without_a_scan(air, hci0) -> None:
    air.add_device(hci0, ADDRESS, known=True).bms.period = 0.05
    async with Battery() as battery:
        await battery.lives()
    assert "StartDiscovery" not in hci0.calls


async def test_a_scan_ends_before_the_connection_is_made(hci0, bms) -> None:
    async with Battery() as battery:
        await battery.lives()
    assert [call for call in hci0.calls if call != "SetDiscoveryFilter"] == ["StartDiscovery", "StopDiscovery"]
    assert hci0.sessions == {}
    assert hci0.scans == [{"Transport": "le", "Pattern": ADDRESS}], "for this device only"


async def test_a_write_goes_out_in_chunks(air, hci0) -> None:
    device = air.add_device(hci0, ADDRESS, mtu=23)
    link = BleLink(ADDRESS, timeouts=QUICK)
    await link.open()
    await link.write(bytes(range(50)))
    await link.close()
    assert [len(piece) for piece in device.writes] == [20, 20, 10]
    assert b"".join(device.writes) == bytes(range(50))


async def test_close_ends_the_connection_so_that_it_advertises_again(air, bms) -> None:
    bms.disconnect_latency = 0.5  # real BlueZ: 2 s
    link = BleLink(ADDRESS)
    await link.open()
    began = time.monotonic()
    await link.close()
    assert time.monotonic() - began < 5.0
    assert not bms.connected
    await link.close()
    with pytest.raises(LinkError, match="not open"):
        await link.read(0, 0.1)


async def test_close_is_bounded_when_bluez_hangs(air, bms) -> None:
    bms.disconnect_latency = 60.0
    link = BleLink(ADDRESS)
    await link.open()
    began = time.monotonic()
    await link.close()
    assert time.monotonic() - began < 5.0


async def test_a_cancelled_attempt_leaves_nothing_behind(air, bms) -> None:
    bms.plan = [{"hang": True}]
    link = BleLink(ADDRESS)
    task = asyncio.ensure_future(link.open())
    await until(lambda: "Connect" in bms.calls)
    began = time.monotonic()
    task.cancel()
    await asyncio.wait({task})
    await link.close()
    assert time.monotonic() - began < 5.0
    assert "Disconnect" in bms.calls
    await link.open()
    await link.close()


async def test_read_hands_over_what_is_there_and_waits_no_longer_than_told(bms) -> None:
    link = BleLink(ADDRESS)
    await link.open()
    began = time.monotonic()
    assert await link.read(0, 0.2) == b""
    assert 0.15 < time.monotonic() - began < 2.0
    await link.write(READ_DEVICE_INFO)
    first = await link.read(300, 5.0)
    assert len(first) >= 300
    await link.close()


async def test_an_idle_link_wakes_nobody(bms) -> None:
    """No polling loop: while nothing comes the reader sleeps."""
    link = BleLink(ADDRESS)
    await link.open()
    loop = asyncio.get_running_loop()
    woken = 0
    real = loop._run_once

    def counted() -> None:
        nonlocal woken
        woken += 1
        real()

    loop._run_once = counted
    await link.read(0, 1.0)
    loop._run_once = real
    await link.close()
    assert woken <= 5


async def test_a_connection_left_over_is_adopted(air, hci0) -> None:
    device = air.add_device(hci0, ADDRESS, known=True)
    device.bms.period = 0.05
    air.call(device.link_up, {})
    await until(lambda: device.exported)
    async with Battery() as battery:
        await battery.lives()
        assert "Connect" not in device.calls
    assert not device.connected


async def test_a_left_over_connection_that_is_dead_is_dropped(air, hci0) -> None:
    device = air.add_device(hci0, ADDRESS, known=True)
    device.bms.period = 0.05
    device.bms.mute = True
    air.call(device.link_up, {})
    await until(lambda: device.exported)
    async with Battery() as battery:
        await until(lambda: "Disconnect" in device.calls)
        device.bms.mute = False
        await battery.lives()
    assert "Connect" in device.calls


async def test_attempts_at_one_adapter_take_turns(air, hci0, bms) -> None:
    other = air.add_device(hci0, OTHER_ADDRESS)
    for device in (bms, other):
        device.connect_latency = 0.3
        device.bms.period = 0.05
    radios = quick_radios()
    async with Battery(ADDRESS, radios=radios) as one, Battery(OTHER_ADDRESS, radios=radios) as two:
        await one.lives()
        await two.lives()
    starts = sorted(at for device in (bms, other) for at, call in device.log if call == "Connect")
    assert starts[1] - starts[0] >= 0.3


async def test_a_usb_radio_is_taken_first(air, tmp_path) -> None:
    for name, place in (("hci0", "platform/serial/hci0"), ("hci1", "usb1/1-1/1-1:1.0")):
        (tmp_path / "devices" / place).mkdir(parents=True)
        (tmp_path / name).mkdir()
        (tmp_path / name / "device").symlink_to(tmp_path / "devices" / place)
    devices = [
        air.add_device(air.add_adapter(name, address=address), ADDRESS)
        for name, address in (("hci0", "00:00:00:00:00:01"), ("hci1", "00:00:00:00:00:02"))
    ]
    radios = quick_radios()
    radios.bluez._sysfs = tmp_path
    async with Battery(radios=radios) as battery:
        await battery.lives()
        assert [device.connected for device in devices] == [False, True]


@pytest.mark.parametrize("adapter", ["hci1", "00:00:00:00:00:02", "00:00:00:00:00:02".lower()])
async def test_the_owners_adapter_is_taken(air, adapter) -> None:
    devices = [
        air.add_device(air.add_adapter(name, address=address), ADDRESS)
        for name, address in (("hci0", "00:00:00:00:00:01"), ("hci1", "00:00:00:00:00:02"))
    ]
    async with Battery(adapter=adapter) as battery:
        await battery.lives()
        assert [device.connected for device in devices] == [False, True]


async def test_an_adapter_that_is_not_there_is_named(bms) -> None:
    async with Battery(adapter="hci7") as battery:
        problem = await battery.fails("no Bluetooth adapter hci7")
    assert "there is hci0 (00:1A:7D:DA:71:13)" in problem


async def test_no_step_of_the_ladder_is_taken_while_all_is_well(hci0, bms) -> None:
    async with Battery() as battery:
        await battery.lives(20)
    assert battery.steps.get(Step.REMOVE, 0) == 0
    assert "RemoveDevice" not in hci0.calls
    assert battery.session.statistics.outages == 0


async def test_notifications_are_read_together_once_a_second(air, hci0, bms) -> None:
    """Fails when bleak, dbus-fast or asyncio no longer have the names that `signals.py` looks for."""
    other = air.add_device(hci0, OTHER_ADDRESS)
    other.bms.period = bms.bms.period
    period = 0.25  # s; time limits are a tenth here as well
    radios = Radios(moderation=Moderation(period))
    async with Battery(ADDRESS, radios=radios) as one, Battery(OTHER_ADDRESS, radios=radios) as two:
        assert await signals() is not None
        await one.lives()
        await two.lives()
        await until(lambda: radios.moderation.delay > 0)
        await one.lives(60)
        for battery in (one, two):
            times = [at for at, _ in battery.readings]
            looks = [after - before for before, after in pairwise(times) if after - before > 0.1]
            assert max(looks) >= period * 0.9, "twenty frames a second, and they come in bursts"
        assert one.session.dialect.talk.framer.corrupt == two.session.dialect.talk.framer.corrupt == 0


async def test_the_newest_of_the_frames_that_come_together_is_the_reading(bms) -> None:
    link = BleLink(ADDRESS, timeouts=QUICK)
    taken: list[float | None] = []
    dialect = quick_dialect()
    session = BluetoothSession(ADDRESS, link, link, dialect, lambda reading, now: taken.append(reading.current))
    frames = [bms.bms.numbered(cell_info(bms.bms.variant, 16, 100.0 + n, -float(n))) for n in (1, 2, 3)]
    dialect.take(bms.bms.numbered(device_info(bms.bms.variant, "3092572134")))
    dialect.take(bms.bms.numbered(settings(bms.bms.variant, 16)))
    session._take_all(dialect, frames, 10.0)
    session._take_all(dialect, frames, 10.5)
    session._take_all(dialect, frames[:2], 11.0)
    assert taken == [-3.0, -2.0]
    await link.close()
