"""The battery as Victron's own Python reads it: dbus-python without interface headers, and the real velib_python."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from driver.simulator.settings_service import SettingsService
from driver.venus.localsettings import LocalSettings
from driver.venus.service import BatteryService
from tests.private_bus import PrivateBus
from tests.venus.batteries import moment, reading

READER = Path(__file__).with_name("glib_reader.py")
VALUES = {
    "/Soc": 76.0, "/Dc/0/Voltage": 26.42, "/DeviceInstance": 1, "/CustomName": "", "/System/MinVoltageCellId": "C4",
    "/Soh": None,
}  # fmt: skip
TEXTS = {
    "/Soc": "76.0%", "/Dc/0/Voltage": "26.42V", "/DeviceInstance": "1", "/CustomName": "",
    "/System/MinVoltageCellId": "C4", "/Soh": "---",
}  # fmt: skip


@lru_cache
def glib_python() -> str:
    """A Python that has dbus-python and GLib; skips the test aloud when there is none."""
    for python in dict.fromkeys(("/usr/bin/python3", shutil.which("python3"), sys.executable)):
        if (
            python
            and subprocess.run([python, "-c", "import dbus, gi"], capture_output=True, check=False).returncode == 0
        ):
            return python
    pytest.skip("no Python here has dbus-python and GLib (Debian: python3-dbus python3-gi)")


async def read(bus: PrivateBus, battery: BatteryService, *arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the reader says at first, and then of a change that we make."""
    process = await asyncio.create_subprocess_exec(
        glib_python(), str(READER), battery.name, *arguments, env=bus.environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        first = await process.stdout.readline()
        battery.publish(moment(reading(soc=75.0, soh=None)))
        second = await process.stdout.readline()
        assert await process.wait() == 0
    return json.loads(first), json.loads(second)


async def test_dbus_python_without_interface_headers(
    bus: PrivateBus, settings_service: SettingsService, settings: LocalSettings
) -> None:
    glib_python()
    battery = BatteryService(settings, "2040612345")
    await battery.register(moment())
    battery.publish(moment(reading(soh=None)))
    first, second = await read(bus, battery)
    assert first == {
        "values": VALUES, "texts": TEXTS, "items": VALUES, "tree": VALUES, "refused": 1, "written": 0
    }  # fmt: skip
    assert second == {"changed": 75.0}
    assert settings_service["/Settings/Devices/jk_2040612345/CustomName"] == "Cellar"
    await battery.close()


async def test_velib_pythons_monitor_and_items(
    bus: PrivateBus, settings_service: SettingsService, settings: LocalSettings
) -> None:
    checkout = os.environ.get("VELIB_PYTHON")
    if not checkout:
        pytest.skip("VELIB_PYTHON names no checkout of github.com/victronenergy/velib_python")
    glib_python()
    battery = BatteryService(settings, "2040612345")
    await battery.register(moment())
    battery.publish(moment(reading(soh=None)))
    first, second = await read(bus, battery, checkout)
    assert first == {"values": VALUES, "texts": TEXTS, "items": VALUES, "refused": 1, "written": 0}
    assert second == {"changed": 75.0}
    await battery.close()
