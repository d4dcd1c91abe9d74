"""Batteries over Bluetooth: the driver with the real bleak, on the fake bluetoothd of the tests, two frames a second.

The fake lives in this process; only the driver is measured.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from driver.simulator.field import Field
from driver.venus import bus as dbus
from tests.ble.bms import AirBms, cell_info
from tests.ble.daemon import BluezThread

from .field import BATTERY
from .process import Usage

SETTLED = 10.0  # s after the last battery has come: what is done once is done
ADDRESS = "C8:47:80:12:34:%02X"


@dataclass(slots=True)
class Air:
    """What one run over Bluetooth measured."""

    batteries: int
    seconds: float
    cpu_per_hour: float  # CPU-s, of the process
    wakeups: float  # per battery and second
    resident: float  # MB
    frames: float  # sent per battery and second


async def measure(count: int, seconds: float) -> Air:
    """One run with `count` batteries on one adapter."""
    with TemporaryDirectory(prefix="jkbms-bench") as folder, BluezThread() as air:
        adapter = air.add_adapter("hci0")
        devices = [air.add_device(adapter, ADDRESS % number) for number in range(count)]
        for number, device in enumerate(devices):
            device.bms.serial = f"30925721{number:02}"
            device.bms.live = _moving(device.bms)
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = air.address
        field = Field(Path(folder))
        field.address = air.address
        config = field.folder / "config.ini"
        config.write_text("".join(f"[battery b{n}]\nport = {ADDRESS % n}\n" for n in range(count)))
        try:
            field.module("driver.simulator.settings_service")
            driver = field.module("driver", "run", "--config", str(config))
            await _all_there(count)
            await asyncio.sleep(SETTLED)
            sent, before, began = sum(one.bms.sent for one in devices), Usage.of(driver.pid), time.monotonic()
            await asyncio.sleep(seconds)
            after, took = Usage.of(driver.pid), time.monotonic() - began
            return Air(
                count,
                took,
                (after.cpu - before.cpu) / took * 3600,
                (after.switches - before.switches) / took / count,
                after.resident,
                (sum(one.bms.sent for one in devices) - sent) / took / count,
            )
        finally:
            field.close()


def _moving(bms: AirBms) -> Callable[[], bytes]:
    """Frames whose current and uptime are other ones each time."""
    return lambda: cell_info(bms.variant, bms.cells, round(time.monotonic(), 1), random.randint(-20000, -10000) / 1000)


async def _all_there(count: int) -> None:
    bus = await dbus.connect()
    try:
        async with asyncio.timeout(60):
            names: list[str] = []
            while sum(name.startswith(BATTERY) for name in names) < count:
                await asyncio.sleep(0.2)
                [names] = await dbus.call(bus, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.ListNames")
    finally:
        await dbus.close(bus)
