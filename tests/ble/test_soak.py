"""Hundreds of random faults: every battery comes back every time, the others notice nothing, and nothing is left over.

500 faults where CI is set, fewer at home. Time limits are a tenth of the real ones, so a minute is six seconds here.
"""

import asyncio
import gc
import logging
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from dbus_fast.aio import MessageBus
from dbus_fast.message import Message

from driver.link.bluez import close_bus
from tests.ble.adapter import FakeAdapter
from tests.ble.daemon import BluezThread
from tests.ble.device import FakeDevice
from tests.ble.scene import Battery, quick_radios

FAULTS = 500 if os.environ.get("CI") else 60
BATTERIES = 6
DAEMON = "org.freedesktop.DBus"
REACHABLE = 60.0 / 10 * 3  # s; a busy machine gets three times as long
REFUSALS = [
    ("Failed", "le-connection-abort-by-local"), ("Failed", "br-connection-canceled"), ("InProgress", "In Progress"),
    ("Failed", "Operation already in progress"), ("NotReady", None), ("Failed", "Page Timeout"), ("Failed", None),
    ("org.freedesktop.DBus.Error.UnknownObject", "gone"), ("NotAvailable", "Operation currently not available"),
]  # fmt: skip


def drop(device: FakeDevice, dice: random.Random) -> None:
    device.drop()


def drop_in_mid_frame(device: FakeDevice, dice: random.Random) -> None:
    device.bms.script.append({"drop_at": dice.randrange(3)})


def refuse_then_drop(device: FakeDevice, dice: random.Random) -> None:
    device.plan = [{"error": dice.choice(REFUSALS), "flash": dice.random() < 0.3} for _ in range(dice.randint(1, 3))]
    device.drop()


def hang_then_drop(device: FakeDevice, dice: random.Random) -> None:
    device.plan = [dice.choice([{"hang": True}, {"resolve": None}, {"drop_after": 0.01}, {"delay": 0.3}])]
    device.drop()


def forget(device: FakeDevice, dice: random.Random) -> None:
    device.remove()


def fail_calls(device: FakeDevice, dice: random.Random) -> None:
    device.errors[dice.choice(["StartNotify", "WriteValue", "StopNotify"])] = [
        dice.choice([("Failed", None), ("NotPermitted", "Notify acquired"), ("InProgress", None), "hang"])
    ]
    device.drop()


def damage(device: FakeDevice, dice: random.Random) -> None:
    device.bms.script += [{"corrupt": dice.randrange(300)}, {"skip": dice.randrange(3)}, {"prefix": b"AT\r\n"}]


def fall_silent(device: FakeDevice, dice: random.Random) -> None:
    device.bms.mute = True
    device.bluez.later(dice.uniform(0.2, 3.0), lambda: setattr(device.bms, "mute", False))


def go_away(device: FakeDevice, dice: random.Random) -> None:
    device.advertising = False
    device.drop()
    device.bluez.later(dice.uniform(0.2, 3.0), lambda: setattr(device, "advertising", True))


FAULTS_OF_ONE = (
    drop, drop_in_mid_frame, refuse_then_drop, hang_then_drop, forget, fail_calls, damage, fall_silent, go_away,
)  # fmt: skip


async def switch_off(air: BluezThread, adapter: FakeAdapter) -> None:
    air.call(adapter.power, on=False)
    await asyncio.sleep(0.3)
    air.call(adapter.power, on=True)


async def unplug(air: BluezThread, adapter: FakeAdapter) -> None:
    air.call(adapter.unplug)
    await asyncio.sleep(0.3)
    air.call(adapter.plug)


async def crash(air: BluezThread, adapter: FakeAdapter) -> None:
    air.run(air.bluez.crash())
    await asyncio.sleep(0.3)
    air.run(air.bluez.restart())


async def stop(air: BluezThread, adapter: FakeAdapter) -> None:
    air.run(air.bluez.stop())
    await asyncio.sleep(0.3)
    air.run(air.bluez.restart())


FAULTS_OF_ALL = (switch_off, unplug, crash, stop)


class Soak:
    def __init__(self, air: BluezThread, seed: int) -> None:
        self.air, self.dice = air, random.Random(seed)
        self.adapters = [air.add_adapter(f"hci{n}", address=f"00:00:00:00:00:0{n}") for n in range(2)]
        self.radios = quick_radios()
        self.devices, self.batteries = [], []
        for number in range(BATTERIES):
            adapter = self.adapters[number % 2]
            device = air.add_device(adapter, f"C8:47:80:00:00:{number:02X}")
            device.bms.period = 0.1
            device.bms.serial = f"{number:010d}"
            self.devices.append(device)
            self.batteries.append(Battery(device.address, adapter.path[-4:], self.radios))
        self.done: Counter[str] = Counter()
        self.own: Counter[int] = Counter()
        self.slowest = 0.0
        self.halfway = 0  # KiB in use when half of the faults were done
        self.general = asyncio.Lock()

    async def worry(self, number: int) -> None:
        """One fault of a battery after the other, and now and then one that befalls all."""
        device, battery = self.devices[number], self.batteries[number]
        while self.done.total() < FAULTS:
            if number == 0 and self.dice.random() < 0.2:
                async with self.general:
                    fault = self.dice.choice(FAULTS_OF_ALL)
                    self.done[fault.__name__] += 1
                    await fault(self.air, self.dice.choice(self.adapters))
                    await asyncio.gather(*(self.recovers(one) for one in self.batteries))
                continue
            async with self.general:
                pass
            fault = self.dice.choice(FAULTS_OF_ONE)
            self.done[fault.__name__] += 1
            self.own[number] += 1
            self.air.call(fault, device, self.dice)
            await self.recovers(battery)

    async def recovers(self, battery: Battery) -> None:
        if not self.halfway and self.done.total() >= FAULTS // 2:
            gc.collect()
            self.halfway = memory()
        self.slowest = max(self.slowest, await battery.lives(4, within=REACHABLE + 4.0))


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def memory() -> int:
    """KiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


async def on_the_bus(air: BluezThread) -> dict[str, int]:
    """Connections, and what they have asked dbus-daemon to be told of; none of ours is among them."""
    async with asyncio.timeout(10.0):
        bus = await MessageBus(bus_address=air.address).connect()
        question = Message(
            destination=DAEMON, path="/org/freedesktop/DBus", interface=f"{DAEMON}.Debug.Stats", member="GetStats"
        )
        (stats,) = (await bus.call(question)).body
        await close_bus(bus)
    return {name: stats[name].value for name in ("ActiveConnections", "BusNames", "MatchRules")}


@pytest.mark.parametrize("seed", [1])
async def test_random_faults(
    air: BluezThread, seed: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "driver")  # pytest keeps every line
    soak = Soak(air, seed)
    for battery in soak.batteries:
        battery.start()
    await asyncio.gather(*(battery.lives() for battery in soak.batteries))
    for battery in soak.batteries:
        await battery.stop()
    await soak.radios.bluez.close()
    files, bus, tasks = open_files(), await on_the_bus(air), len(asyncio.all_tasks())
    for battery in soak.batteries:
        battery.start()
    await asyncio.gather(*(soak.worry(number) for number in range(BATTERIES)))
    for number, battery in enumerate(soak.batteries):
        serials = {reading.identity.serial for _, reading in battery.readings} - {None}  # its frame was damaged
        assert serials == {f"{number:010d}"}
        await battery.stop()
    await soak.radios.bluez.close()
    steps = sum((battery.link.recovery.counters for battery in soak.batteries), Counter())
    gc.collect()
    grown = memory() - soak.halfway
    told = ", ".join(f"{step.name.lower()} {count}" for step, count in steps.items())
    with capsys.disabled():
        print(f"\n{soak.done.total()} faults, slowest recovery {soak.slowest:.1f} s, {told}, ", end="")
        print(f"memory {grown:+d} KiB since half of them")
    assert await on_the_bus(air) == bus
    assert len(asyncio.all_tasks()) == tasks
    assert open_files() <= files
    assert grown < 2048  # the fake bluetoothd lives in this process too
