"""Pairing: never unless the owner asks for it, and a refusal is no lost link."""

import pytest

from driver.link.interference import Cause
from driver.link.recovery import Step
from tests.ble.nodes import DEVICE
from tests.ble.scene import Battery, until


async def test_nothing_is_paired_by_default(air, bms) -> None:
    async with Battery() as battery:
        await battery.lives()
    assert "Pair" not in bms.calls
    assert air.bluez.agents == {}


async def test_pairing_before_services_are_read(air, bms) -> None:
    bms.wants_pairing = True
    async with Battery(pairing="yes") as battery:
        await battery.lives()
        assert bms.get(DEVICE, "Paired")
        air.call(bms.drop)
        await battery.lives()
    assert bms.calls.count("Pair") == 1
    assert air.bluez.agents == {}


@pytest.mark.parametrize(("passkey", "pairs"), [("123456", True), ("654321", False), ("yes", False)])
async def test_a_passkey(bms, passkey, pairs) -> None:
    bms.wants_pairing, bms.passkey = True, 123456
    async with Battery(pairing=passkey) as battery:
        if pairs:
            await battery.lives()
        else:
            assert "refused pairing" in await battery.fails("pairing")


async def test_a_refused_pairing_is_told_apart_from_a_lost_link(bms) -> None:
    bms.refuses_pairing = True
    async with Battery(pairing="yes") as battery:
        problem = await battery.fails("refused pairing")
    assert Cause.PAIRING.value in problem
    assert "lost" not in problem


async def test_a_bms_that_wants_pairing_says_so(bms) -> None:
    bms.wants_pairing = True
    async with Battery() as battery:
        problem = await battery.fails("pairing")
        await until(lambda: battery.link.advice == Cause.PAIRING.value)
    assert "option pairing" in problem


async def test_a_paired_device_is_not_forgotten(air, hci0, bms) -> None:
    async with Battery(pairing="yes") as battery:
        await battery.lives()
        bms.plan = [{"error": ("Failed", "Page Timeout")}] * 3
        air.call(bms.drop)
        await battery.lives()
    assert battery.steps[Step.RECONNECT] >= 3
    assert "RemoveDevice" not in hci0.calls


async def test_a_device_that_is_not_paired_would_be(air, hci0, bms) -> None:
    async with Battery() as battery:
        await battery.lives()
        bms.plan = [{"error": ("Failed", "Page Timeout")}] * 3
        air.call(bms.drop)
        await battery.lives()
    assert "RemoveDevice" in hci0.calls
