"""A GX with the driver and three devices around it: two BMSs and a balancer, of which each test disturbs one or all."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driver.protocol.jk02 import Variant
from tests.ble.balancer import AirBalancer
from tests.ble.bms import AirBms
from tests.bluez.air import Air, AirDevice
from tests.bluez.machine import Machine

WIDE, NARROW, BALANCER = "C8:47:80:12:34:56", "20:22:08:65:43:21", "3C:A5:51:00:00:01"
CONFIG = f"""[battery wide]
port = {WIDE}
control = yes
[battery narrow]
port = {NARROW}
control = no
[battery balancer]
port = {BALANCER}
protocol = neey
"""
DRIVER = "cd /checkout && exec python3 -m driver"
BACK = 60.0  # s: what the driver promises for a battery that can be reached again
PATIENCE = 3.0 * BACK  # a machine without hardware support may take longer, and what it took is told


class Gx:
    """The emulated machine with the driver in it."""

    def __init__(self, machine: Machine, air: Air, devices: dict[str, AirDevice]) -> None:
        self.machine, self.air, self.devices = machine, air, devices
        self.shell = machine.shell
        self.pid = ""

    async def start_driver(self) -> None:
        """Start its process, unless it is running."""
        if self.pid and await self.shell(f"[ -d /proc/{self.pid} ] && echo alive", expect=None):
            return
        self.pid = (await self.shell(f"({DRIVER} run --config /data/config.ini) >>/data/log 2>&1 & echo $!")).strip()

    async def stop_driver(self, sign: str = "TERM") -> float:
        """End the driver's process; the seconds that it took."""
        began = time.monotonic()
        await self.shell(f"kill -{sign} {self.pid}; while [ -d /proc/{self.pid} ]; do sleep 0.1; done")
        return time.monotonic() - began

    async def command(self, line: str) -> str:
        """What one of the driver's commands prints; what it says beside that must not be a fault."""
        said = await self.shell(f"({DRIVER} {line}) 2>/tmp/said", expect=None, within=PATIENCE)
        errors = await self.shell("cat /tmp/said")
        assert "Traceback" not in errors and "Error" not in errors, errors  # noqa: PT018
        return said

    async def items(self, address: str) -> dict[str, Any]:
        """What stands on D-Bus of a battery."""
        items: dict[str, Any] = await self.machine.ask("battery", address=address)
        return items

    async def shows(self, address: str, path: str, wanted: Callable[[Any], bool], within: float = PATIENCE) -> float:
        """Wait until a value is as wanted; the seconds that it took."""
        began = time.monotonic()
        seen: Any = None
        while time.monotonic() - began < within:
            seen = (await self.items(address)).get(path)
            if seen is not None and wanted(seen):
                return time.monotonic() - began
            await asyncio.sleep(0.2)
        raise AssertionError(f"{address} {path}: {seen!r} after {within:.0f} s\n{await self.log()}")

    async def lives(self, address: str, within: float = PATIENCE) -> float:
        """Wait until D-Bus shows what the device sends from now on; the seconds that it took."""
        bms = self.devices[address].bms
        if isinstance(bms, AirBalancer):
            bms.volts = random.choice([volts for volts in (3.2, 3.25, 3.3, 3.35) if volts != bms.volts])
            voltage = bms.volts * 16
            return await self.shows(address, "/Dc/0/Voltage", lambda seen: abs(seen - voltage) < 0.02, within)
        before, bms.current = bms.current, round(random.uniform(-50.0, 50.0), 1)
        if abs(before - bms.current) < 1.0:
            bms.current += 5.0
        return await self.shows(address, "/Dc/0/Current", lambda seen: abs(seen - bms.current) < 0.06, within)

    async def all_live(self, within: float = PATIENCE) -> float:
        """Wait for all three; the seconds that it took."""
        return max(await asyncio.gather(*(self.lives(address, within) for address in self.devices)))

    async def lost(self, address: str, within: float = PATIENCE) -> float:
        """Wait until the loss stands on D-Bus."""
        return await self.shows(address, "/ConnectionInformation", lambda text: "BMS silent" in text, within)

    async def log(self) -> str:
        """The end of every log in the machine."""
        logs = "/data/log /tmp/bluetoothd.log /tmp/btattach.log"
        return await self.shell(f"tail -n 25 {logs}; busybox dmesg | tail -n 15", expect=None)

    async def restart_bluetoothd(self, sign: str) -> None:
        await self.shell(f"kill -{sign} $(cat /run/bluetoothd.pid); sleep 1; /checkout/guest/bluetoothd")

    async def unplug(self) -> None:
        """Pull the Bluetooth chip out."""
        self.air.power_off()
        await self.shell("kill $(cat /run/btattach.pid)")

    async def plug(self) -> None:
        self.air.power_off()
        await self.shell("/checkout/guest/chip")


async def devices(air: Air) -> dict[str, AirDevice]:
    """What is around."""
    return {
        WIDE: await air.add(WIDE, "JK_PB2A16S20P", AirBms(chunk=128)),
        NARROW: await air.add(
            NARROW, "JK-B1A24S15P", AirBms(chunk=20, variant=Variant.S24, cells=8, serial="2082021300"), "double"
        ),
        BALANCER: await air.add(BALANCER, "GW-24S4EB", AirBalancer(chunk=200)),
    }


def machine(image: Path, socket: Path, console: Path) -> Machine:
    return Machine(image, socket, {"data/config.ini": CONFIG}, console)
