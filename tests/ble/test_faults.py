"""Every fault that BlueZ, an adapter or a BMS is known for: the battery comes back by itself."""

import asyncio

import pytest

from driver.link.interference import Cause
from driver.link.recovery import Step
from driver.link.trouble import Trouble
from tests.ble.scene import ADDRESS, OTHER_ADDRESS, Battery, quick_radios, until

REFUSALS = [
    ("Failed", "le-connection-abort-by-local"),
    ("Failed", "br-connection-canceled"),
    ("Failed", "Operation already in progress"),
    ("Failed", "Software caused connection abort"),
    ("Failed", "Input/output error"),
    ("Failed", "Page Timeout"),
    ("Failed", None),
    ("InProgress", "In Progress"),
    ("NotReady", None),
    ("NotAvailable", "Operation currently not available"),
    ("org.freedesktop.DBus.Error.NoReply", "Message recipient disconnected"),
    ("org.freedesktop.DBus.Error.UnknownObject", "gone"),
]


@pytest.mark.parametrize("error", REFUSALS, ids=str)
async def test_a_refused_connection(bms, error) -> None:
    bms.plan = [{"error": error}] * 2
    async with Battery() as battery:
        await battery.lives()
    assert battery.session.statistics.outages <= 1


async def test_an_abort_after_the_link_was_up_for_a_moment(bms) -> None:
    bms.plan = [{"error": ("Failed", "le-connection-abort-by-local"), "flash": True}] * 3
    async with Battery() as battery:
        await battery.lives()


@pytest.mark.parametrize("step", [{"hang": True}, {"resolve": None}, {"resolve": 5.0}, {"drop_after": 0.01}], ids=str)
async def test_a_connection_that_is_never_complete(bms, step) -> None:
    bms.plan = [step, step]
    async with Battery() as battery:
        await battery.lives()


async def test_services_that_are_shown_after_they_are_called_resolved(bms) -> None:
    """Seen on bluetoothd 5.82: D-Bus tells of the device's property before it tells of the new objects."""
    bms.plan = [{"shown": 0.3}]
    async with Battery() as battery:
        await battery.lives()
    assert battery.steps == {}


async def test_a_device_object_that_vanishes_with_a_cancelled_attempt(air, bms) -> None:
    air.bluez.remove_after_cancel = True  # BlueZ 5.82
    bms.plan = [{"hang": True}]
    async with Battery() as battery:
        await battery.lives()
    assert bms.adapter.calls.count("StartDiscovery") == 2


async def test_a_drop_in_the_middle_of_a_frame(bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        for _ in range(3):
            bms.bms.script = [{"drop_at": 1}]
            await until(lambda: not bms.connected)
            await battery.lives()
        assert battery.session.dialect.talk.framer.corrupt == 0
    assert battery.session.statistics.outages == 3


async def test_a_lost_notification_costs_one_frame(bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        bms.bms.script = [{"skip": 1}, {"corrupt": 100}]
        await battery.lives(5)
    assert battery.session.statistics.outages == 0


@pytest.mark.parametrize("error", [("NotPermitted", "Notify acquired"), ("InProgress", None), ("Failed", None), "hang"])
async def test_a_refused_subscription(bms, error) -> None:
    bms.errors["StartNotify"] = [error, error]
    async with Battery() as battery:
        await battery.lives()


@pytest.mark.parametrize("error", [("Failed", "Not connected"), ("Failed", None), ("InProgress", None), "hang"])
async def test_a_write_that_fails(bms, error) -> None:
    bms.errors["WriteValue"] = [error]
    async with Battery() as battery:
        await battery.lives()


async def test_a_mute_bms_is_asked_again_then_subscribed_again_then_connected_again(bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        bms.bms.mute = True
        await until(lambda: battery.steps.get(Step.RECONNECT, 0) >= 1)
        steps = battery.steps
        assert steps[Step.ASK] >= 1
        assert steps[Step.SUBSCRIBE] == 1
        assert "StopNotify" in bms.calls
        bms.bms.mute = False
        await battery.lives()


async def test_a_mute_bms_that_speaks_after_the_subscription_is_renewed(bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        bms.bms.mute = True
        await until(lambda: Step.SUBSCRIBE in battery.steps)
        bms.bms.mute = False
        await battery.lives()
    assert battery.session.statistics.outages == 0
    assert Step.RECONNECT not in battery.steps


async def test_the_device_object_is_removed_when_connecting_does_not_help(hci0, bms) -> None:
    bms.plan = [{"error": ("Failed", "Page Timeout")}] * 3
    async with Battery() as battery:
        await battery.lives()
    assert battery.steps[Step.REMOVE] == 1
    assert "RemoveDevice" in hci0.calls
    assert Step.POWER_CYCLE not in battery.steps


async def test_the_device_object_vanishes_while_connected(air, bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        air.call(bms.remove)
        await battery.lives()


@pytest.mark.parametrize("end", ["crash", "stop"])
async def test_bluetoothd_is_restarted(air, bms, end) -> None:
    async with Battery() as battery:
        for _ in range(2):
            await battery.lives()
            air.run(getattr(air.bluez, end)())
            await battery.fails()
            air.run(air.bluez.restart())
            await battery.lives()


async def test_a_disconnect_every_minute_is_named(air, bms, monkeypatch) -> None:
    monkeypatch.setattr("driver.link.interference.PERIOD", 0.6)
    monkeypatch.setattr("driver.link.interference.TOLERANCE", 0.25)
    async with Battery() as battery:
        await battery.lives()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(1, 8):
            await asyncio.sleep(max(0.0, began + 0.6 * number - loop.time()))
            air.call(bms.drop)
            await until(lambda count=number: battery.session.statistics.outages >= count)
        assert battery.link.advice == Cause.KEEP_ALIVE.value
        assert "VictronConnect" in battery.session.statistics.last_problem or battery.readings
        await battery.lives()


async def test_a_busy_adapter_is_named(hci0, bms) -> None:
    hci0.errors["StartDiscovery"] = [("InProgress", None)] * 4
    async with Battery() as battery:
        await battery.fails("Bluetooth sensors")
        await battery.lives()


async def test_a_second_subscriber_is_named_and_costs_no_data(air, bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        stranger = next(one for one in bms.characteristics if "notify" in one.flags)
        air.call(stranger.subscribers.add, ":1.999")
        await until(lambda: battery.link.advice == Cause.SHARED.value)
        await battery.lives(10)
        corrupt = battery.session.dialect.talk.framer.corrupt
        await battery.lives(10)
        assert battery.session.dialect.talk.framer.corrupt == corrupt
        air.call(stranger.subscribers.discard, ":1.999")
        await battery.lives(10)
    assert battery.session.statistics.outages == 0


async def test_the_old_client_is_closed_so_that_nothing_comes_twice(air, bms) -> None:
    async with Battery() as battery:
        for _ in range(3):
            await battery.lives()
            air.call(bms.drop)
        await battery.lives()
        notify = next(one for one in bms.characteristics if "notify" in one.flags)
        assert len(notify.subscribers) == 1
        assert not battery.link._doubles.doubled


async def test_stale_rssi_hides_the_device_from_a_scan_and_not_from_us(air, hci0, bms) -> None:
    """As on BlueZ 5.72 after somebody's passive scan: known and advertising, but not announced again."""
    bms.known = True
    air.call(air.bluez.add, bms)
    air.call(bms.seen)
    bms.plan = [{"error": ("org.freedesktop.DBus.Error.UnknownObject", "gone")}]
    async with Battery() as battery:
        await battery.lives()


async def test_two_batteries_on_one_adapter(air, hci0, bms) -> None:
    other = air.add_device(hci0, OTHER_ADDRESS)
    other.bms.serial = "9999999999"
    radios = quick_radios()
    async with Battery(radios=radios) as one, Battery(OTHER_ADDRESS, radios=radios) as two:
        await one.lives(3)
        await two.lives(3)
        air.call(bms.drop)
        await one.lives(3)
        await two.lives(3)
        assert two.session.statistics.outages == 0
    assert {reading.identity.serial for _, reading in one.readings} == {"3092572134"}
    assert {reading.identity.serial for _, reading in two.readings} == {"9999999999"}


async def test_a_device_that_is_no_jk(air, hci0) -> None:
    air.add_device(hci0, ADDRESS, layout="mute")
    async with Battery() as battery:
        await battery.fails(Trouble.NO_SERVICE.value)


async def test_no_bluetooth_service_at_all(air) -> None:
    air.run(air.bluez.crash())
    async with Battery() as battery:
        await battery.fails("bluetoothd")
