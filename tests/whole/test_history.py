"""What is kept of a battery while the driver runs: its history, which the owner may clear, and the last limits."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from driver.__main__ import main
from driver.battery.history import NONE
from driver.simulator.line import jk_line
from driver.venus import bus as dbus
from driver.venus.bus import Variant
from tests.private_bus import PrivateBus
from tests.whole.scene import Scene

SET_VALUE = "com.victronenergy.BusItem.SetValue"
BATTERY = "[battery house]\nport = {}\nname = House\n"


async def written(scene: Scene, name: str, value: Variant) -> list[object]:
    body: list[object] = await dbus.call(scene.client, name, "/History/Clear", SET_VALUE, "v", [value])
    return body


async def test_the_owner_clears_the_history(scene: Scene) -> None:
    port = await scene.bms("jk")
    app = scene.start(BATTERY.format(port.url))
    [name] = await scene.batteries(1)
    controller = app.packs[0].controller
    controller._history = replace(NONE, maximum_voltage=58.6, full_charges=3, deepest_discharge=-80.0)
    await scene.shows(name, "/History/MaximumVoltage", 58.6)
    await scene.shows(name, "/History/AutomaticSyncs", 3)
    assert (await scene.items(name))["/History/CanBeCleared"] == 1
    assert await written(scene, name, Variant("i", 2)) == [2]
    assert await written(scene, name, Variant("s", "now")) == [1]
    assert (await scene.items(name))["/History/MaximumVoltage"] == 58.6
    assert await written(scene, name, Variant("i", 1)) == [0]
    await scene.shows(name, "/History/MaximumVoltage", lambda volts: volts is not None and volts < 58)
    await scene.shows(name, "/History/AutomaticSyncs", None)
    await scene.shows(name, "/History/DeepestDischarge", None)
    assert (await scene.items(name))["/History/Clear"] == 0
    assert await written(scene, name, Variant("i", 1)) == [0]  # and once more
    await scene.stop()
    [entry] = json.loads(scene.state.read_text())["batteries"].values()
    assert entry["history"]["full_charges"] == 0


@pytest.mark.parametrize("wanted", [[], ["house"], ["HOUSE"]])
async def test_the_command_prints_the_last_changes_of_the_limits(
    scene: Scene, capsys: pytest.CaptureFixture[str], wanted: list[str]
) -> None:
    port = await scene.bms("jk")
    scene.start(BATTERY.format(port.url))
    await scene.batteries(1)
    assert await _run(lambda: main(["changes", *wanted])) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "House"
    assert [line.split(maxsplit=2)[2].split("  ")[0] for line in lines[:4]] == [
        "charge voltage", "charge current", "discharge current", "low voltage"
    ]  # fmt: skip
    assert " 55.20 V  bulk; charge voltage × cells" in lines[0]


async def test_the_command_as_json_and_what_nobody_asked_for(
    scene: Scene, bus: PrivateBus, capsys: pytest.CaptureFixture[str]
) -> None:
    port = await scene.bms("jk")
    scene.start(BATTERY.format(port.url))
    [name] = await scene.batteries(1)
    assert await _run(lambda: main(["changes", "--json"])) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["service"], shown["name"]) == (name, "House")
    ago, limit, value, reason = shown["changes"][0]
    assert 0 <= ago < 60
    assert (limit, value) == ("charge_voltage", 55.2)
    assert reason
    assert "/LimitChanges" not in await scene.items(name)  # 8 kB that nobody else wants
    assert "charge_voltage" in await bus.dbus_send(name, "/LimitChanges", "GetValue")
    assert await _run(lambda: main(["changes", "shed"])) == 1
    assert "no battery of this driver called shed" in capsys.readouterr().err


async def test_an_uncertain_battery_has_no_changes(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    port = await scene.bms("jk", jk_line(faults=("put:0x90=1388",)))
    scene.start(BATTERY.format(port.url))
    await scene.batteries(1)
    assert await _run(lambda: main(["changes"])) == 0
    assert "no limits: " in capsys.readouterr().out


async def test_conflicting_settings_are_said_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    port = await scene.bms("jk")
    scene.start(BATTERY.format(port.url) + "cell_charge_voltage = 3.64\n")
    [name] = await scene.batteries(1)
    app = scene.app
    assert app is not None
    read = app.packs[0].source.statistics.readings
    await scene.shows(name, "/Soc", lambda _: app.packs[0].source.statistics.readings > read + 2)
    said = [record for record in caplog.records if "settings contradict each other" in record.getMessage()]
    assert len(said) == 1
    assert said[0].levelno == logging.WARNING
    assert "3.64 V per cell is too near to the BMS's over-voltage protection" in said[0].getMessage()


async def _run(command: Callable[[], int]) -> int:
    """A command of another process, beside the driver."""
    return await asyncio.to_thread(command)
