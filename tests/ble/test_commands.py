"""`read`, `check` and `record` over Bluetooth, from the command line to the radio and back."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.commands import record
from driver.link.interference import Cause
from driver.protocol.capture import Direction
from driver.recording_file import load
from tests.ble.balancer import AirBalancer
from tests.ble.scene import ADDRESS
from tests.whole.scene import Scene

TIMED_OUT = {"error": ("Failed", "Page Timeout")}
BALANCER = "3C:A5:51:00:00:01"


def test_read(bms, capsys) -> None:
    assert main(["read", "--port", ADDRESS, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["protocol"] == "jk-ble"
    assert told["reading"]["soc"] == 77.0
    assert not bms.connected


def test_read_tries_again_where_the_first_try_often_fails(bms, capsys) -> None:
    bms.plan = [TIMED_OUT, TIMED_OUT]
    assert main(["read", "--port", ADDRESS, "--json"]) == 0
    assert bms.calls.count("Connect") == 3


def test_read_says_what_is_wrong(hci0, capsys) -> None:
    assert main(["read", "--port", "C8:47:80:00:00:00", "--for", "30"]) == 1
    shown = capsys.readouterr()
    assert "is not heard" in shown.out + shown.err


def test_read_of_a_balancer(air, hci0, capsys) -> None:
    air.add_device(hci0, BALANCER, name="GW-24S4EB", bms=AirBalancer(period=0.1))
    assert main(["read", "--port", "ble:GW-24S4EB", "--protocol", "neey", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reading"]["voltage"] == pytest.approx(52.8)
    assert told["reading"]["soc"] is None


def test_record_and_replay(bms, capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "running_drivers", list)
    file = tmp_path / "air.txt"
    assert main(["record", str(file), "--port", ADDRESS, "--for", "3"]) == 0
    capture = load(file)
    assert (capture.protocol, capture.head["link"]) == ("jk-ble", "Bluetooth")
    assert {one.direction for one in capture.chunks} == set(Direction)
    assert bms.bms.serial.encode().hex() not in file.read_text()
    assert main(["replay", str(file)]) == 0
    assert "77" in capsys.readouterr().out
    assert not bms.connected


@pytest.fixture
async def scene(air, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", air.address)
    async with Scene(tmp_path) as made:
        yield made


async def check(folder: Path) -> tuple[int | None, str]:
    """Its exit code and what it says about one battery, in a process of its own."""
    config = folder / "config.ini"
    config.write_text(f"[battery house]\nport = {ADDRESS}\n")
    command = [sys.executable, "-m", "driver", "check", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, " ".join(said.decode().split())


async def test_check_of_a_battery_that_is_well(scene, bms, tmp_path: Path) -> None:
    scene.settings.set("/Settings/Services/Bluetooth", 0)
    code, said = await check(tmp_path)
    assert code == 1, said  # the driver does not run
    assert "Venus's own Bluetooth: /Settings/Services/Bluetooth = 0" in said
    assert "answers: " in said
    assert "JK_PB2A16S20P" in said
    assert "are on record" not in said
    assert not bms.connected


async def test_check_of_a_battery_that_is_not_heard_while_venus_uses_bluetooth(scene, bms, tmp_path: Path) -> None:
    scene.settings.set("/Settings/Services/BleSensors", 1)
    bms.advertising = False
    code, said = await check(tmp_path)
    assert code == 2
    assert "Bluetooth sensors: /Settings/Services/BleSensors = 1" in said
    assert "is not heard" in said


async def test_check_asks_the_driver_that_has_the_battery(scene, air, bms, tmp_path: Path) -> None:
    scene.start(f"[battery house]\nport = {ADDRESS}")
    [name] = await scene.batteries(1)
    code, said = await check(tmp_path)
    assert code == 0, said
    assert "the driver runs and has the port" in said
    assert bms.calls.count("Connect") == 1
    stranger = next(one for one in bms.characteristics if "notify" in one.flags)
    air.call(stranger.subscribers.add, ":1.999")
    await scene.shows(name, "/ConnectionInformation", lambda text: Cause.SHARED.value in text)
    code, said = await check(tmp_path)
    assert code == 1
    assert "every notification comes twice: stop that program" in said
