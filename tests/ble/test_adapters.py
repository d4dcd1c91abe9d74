"""Adapters that are off, wedged, unplugged or used by others: what is done about them, and what is not."""

import asyncio

from driver.link.interference import Cause
from driver.link.recovery import Step
from tests.ble.scene import ADDRESS, OTHER_ADDRESS, Battery, quick_radios, until


async def test_an_adapter_switched_off_and_on_by_somebody(air, hci0, bms) -> None:
    async with Battery(power_cycle=False) as battery:
        await battery.lives()
        air.call(hci0.power, on=False)
        problem = await battery.fails("switched off")
        assert "hci0" in problem
        await asyncio.sleep(0.05)
        assert "SetPowered" not in hci0.calls
        air.call(hci0.power, on=True)
        await battery.lives()


async def test_an_adapter_that_is_off_is_switched_on(air, hci0, bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        air.call(hci0.power, on=False)
        await battery.lives()
    assert hci0.calls.count("SetPowered") == 1


async def test_a_wedged_adapter_is_switched_off_and_on(air, hci0, bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        hci0.wedged = True
        battery.link.recovery.failures = 2
        air.call(bms.drop)
        await until(lambda: Step.POWER_CYCLE in battery.steps, within=60.0)
        await battery.lives()
    assert battery.steps[Step.POWER_CYCLE] == 1


async def test_a_wedged_adapter_is_left_alone_when_its_owner_wants_that(air, hci0, bms) -> None:
    hci0.wedged = True
    async with Battery(power_cycle=False, failed=4) as battery:
        await until(lambda: battery.link.recovery.failures >= 6, within=60.0)
    assert "SetPowered" not in hci0.calls


async def test_an_adapter_is_left_alone_while_another_battery_lives_on_it(air, hci0, bms) -> None:
    other = air.add_device(hci0, OTHER_ADDRESS)
    bms.plan = [{"error": ("Failed", "Page Timeout")}] * 2
    radios = quick_radios()
    async with Battery(OTHER_ADDRESS, radios=radios) as living:
        await living.lives()
        async with Battery(radios=radios, failed=5) as battery:
            await battery.lives()
        assert living.session.statistics.outages == 0
    assert "SetPowered" not in hci0.calls
    assert other.calls.count("Connect") == 1


async def test_an_adapter_is_left_alone_while_somebody_else_is_connected(air, hci0, bms) -> None:
    phone = air.add_device(hci0, "11:22:33:44:55:66", known=True)
    air.call(phone.link_up, {})
    bms.plan = [{"error": ("Failed", "Page Timeout")}] * 2
    async with Battery(failed=5) as battery:
        await battery.lives()
    assert "SetPowered" not in hci0.calls
    assert phone.connected


async def test_a_battery_that_is_off_costs_its_neighbour_nothing(air, hci0, bms) -> None:
    absent = air.add_device(hci0, OTHER_ADDRESS)
    absent.advertising = False
    radios = quick_radios()
    async with Battery(radios=radios) as battery, Battery(OTHER_ADDRESS, radios=radios) as lost:
        await battery.lives()
        await until(lambda: lost.link.recovery.failures >= 3)
        for _ in range(3):
            air.call(bms.drop)
            assert await battery.lives() < 10.0
        assert lost.link.advice == Cause.HELD.value
        absent.advertising = True
        await lost.lives()
        assert lost.link.advice == ""
    assert "SetPowered" not in hci0.calls


async def test_an_unplugged_adapter_comes_back_as_another_hci(air, hci0, bms) -> None:
    async with Battery(adapter="00:1A:7D:DA:71:13") as battery:
        await battery.lives()
        air.call(hci0.unplug)
        await battery.fails("no Bluetooth adapter")
        air.call(hci0.move, "hci3")
        air.call(hci0.plug)
        await battery.lives()
        assert "/org/bluez/hci3/dev_C8_47_80_12_34_56" in air.bluez.tree


async def test_a_battery_moves_to_the_other_adapter_when_one_dies(air) -> None:
    one, two = (
        air.add_device(air.add_adapter(name, address=f"00:00:00:00:00:0{name[-1]}"), ADDRESS)
        for name in ("hci0", "hci1")
    )
    async with Battery() as battery:
        await battery.lives()
        assert one.connected
        air.call(one.adapter.unplug)
        await battery.lives(within=60.0)
        assert two.connected


async def test_a_bluetoothd_that_does_not_answer_a_scan_holds_nobody_up_for_ever(air, hci0, bms) -> None:
    other = air.add_device(hci0, OTHER_ADDRESS, known=True)
    other.bms.period = 0.05
    hci0.errors["StartDiscovery"] = ["hang"]
    radios = quick_radios()
    async with Battery(radios=radios) as held, Battery(OTHER_ADDRESS, radios=radios) as living:
        await living.lives()
        await held.fails("did not answer StartDiscovery")
        await held.lives()
        assert living.session.statistics.outages == 0


async def test_a_device_that_cannot_be_removed_is_connected_all_the_same(hci0, bms) -> None:
    hci0.errors["RemoveDevice"] = [("Failed", None)]
    bms.plan = [{"error": ("Failed", "Page Timeout")}] * 3
    async with Battery() as battery:
        await battery.lives()
    assert battery.steps[Step.REMOVE] == 1
