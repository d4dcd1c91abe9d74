"""A bank over all transports at once: a pack on a UART, one on an RS485 bus, one over Bluetooth."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from driver.simulator.line import jk_line
from driver.simulator.pb import pb_line
from tests.ble.scene import ADDRESS
from tests.whole.scene import PREFIX, Scene

BANK = f"{PREFIX}jk_bank_all"
DCL = "/Info/MaxDischargeCurrent"  # the pack in the air is too cold to be charged


def gone(state: str) -> bool:
    return state in ("is silent", "is lost")


@pytest.fixture
async def scene(air, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", air.address)
    async with Scene(tmp_path) as made:
        yield made


async def test_packs_of_three_transports_are_one_battery(scene, bms) -> None:
    uart = await scene.bms("uart", jk_line(1, profile="discharge"))
    pb = await scene.bms("pb", pb_line(3, 1, profile="discharge"))
    scene.start(
        f"[battery wire]\nport = {uart.url}\n[battery rack]\nport = {pb.url}\nprotocol = jk-pb\n"
        f"[battery air]\nport = {ADDRESS}\n[bank all]\n"
    )
    await scene.batteries(4, timeout=60)
    await scene.shows(BANK, "/System/NrOfModulesOnline", 3, timeout=60)
    items = await scene.items(BANK)
    assert items["/System/NrOfCellsPerBattery"] == 16
    assert items["/InstalledCapacity"] == pytest.approx(280 + 280 + 314)
    assert {items[f"/Packs/{n}/Name"] for n in (1, 2, 3)} == {"wire", "rack 3", "air"}
    await scene.shows(BANK, DCL, lambda amperes: amperes > 180, timeout=200)  # when shares are known
    whole = 180.0
    number = {items[f"/Packs/{n}/Name"]: n for n in (1, 2, 3)}
    for name, away, back in (
        ("wire", uart.unplug, uart.plug),
        ("rack 3", pb.unplug, pb.plug),
    ):
        await away()
        await scene.shows(BANK, f"/Packs/{number[name]}/State", gone, timeout=50)
        assert (await scene.items(BANK))[DCL] < whole
        await back()
        await scene.shows(BANK, f"/Packs/{number[name]}/State", "serves", timeout=100)
    bms.advertising = False
    bms.bluez.soon(0.0, bms.drop)
    await scene.shows(BANK, f"/Packs/{number['air']}/State", gone, timeout=50)
    bms.advertising = True
    await scene.shows(BANK, f"/Packs/{number['air']}/State", "serves", timeout=100)
    assert BANK in await scene.names()
