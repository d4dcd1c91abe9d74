"""What the owner changes in the JK app while the driver runs."""

from driver.simulator.bms import JkBms
from tests.whole.scene import Scene


async def test_a_limit_that_is_changed_in_the_app_is_followed(scene: Scene) -> None:
    """users.md need 24 asks for 60 s; a register is read each second."""
    port = await scene.bms("jk")
    scene.start(f"[battery house]\nport = {port.url}\nmax_charge_current = 90\n")
    [name] = await scene.batteries(1)
    bms: JkBms = port.line.device.bms
    before = (await scene.items(name))["/Info/MaxDischargeCurrent"]
    assert (await scene.items(name))["/Info/MaxChargeCurrent"] == 90.0
    bms.set(charge_over_current=40, discharge_over_current=60)
    await scene.shows(name, "/Info/MaxChargeCurrent", 38.0)
    await scene.shows(name, "/Info/MaxDischargeCurrent", 57.0)
    assert (await scene.items(name))["/Info/ChargeLimitation"] == "95 % of the BMS's own limit"
    bms.set(charge_over_current=200, discharge_over_current=250)
    await scene.shows(name, "/Info/MaxChargeCurrent", lambda amperes: amperes > 38.0, timeout=60)
    await scene.shows(name, "/Info/MaxDischargeCurrent", lambda amperes: 57.0 < amperes <= before, timeout=60)
