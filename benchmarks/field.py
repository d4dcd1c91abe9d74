"""The driver under observation, with JK BMSs on ptys at the pace of 115200 baud, on a real dbus-daemon.

Simulators and observer live in this process, the driver in its own: only the driver is measured. Times are of the
one monotonic clock that all processes of a machine share.
"""

import asyncio
import os
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from driver.simulator.field import Field
from driver.simulator.line import BAUDRATE, jk_line
from driver.simulator.port import PtyPort
from driver.venus import bus as dbus
from driver.venus.bus import Message, MessageBus, MessageType
from driver.venus.items import BUS_ITEM

from .process import Usage

BATTERY = "com.victronenergy.battery."
ASKED_PATHS = ("/Dc/0/Voltage", "/Soc", "/Voltages/Cell7", "/System/MinCellVoltage", "/Alarms/HighVoltage")


@dataclass(slots=True)
class Figures:
    """What one run measured."""

    batteries: int
    seconds: float
    cpu_per_hour: float = 0.0  # CPU-s
    bare: float = 0.0  # CPU-s per hour of `bare.py`, at the same time
    wakeups: float = 0.0  # per battery and second
    resident: float = 0.0  # MB
    private: float = 0.0  # MB
    registered: float = 0.0  # s from process start until the last battery was on the bus
    signals: float = 0.0  # per battery and minute
    polls_missed: int = 0
    latencies: list[float] = field(default_factory=list)  # s from the last byte of a frame to its signal
    round_trips: list[float] = field(default_factory=list)  # s of GetValue


class Observed:
    """`count` batteries in a field of their own; with `bank`, as packs of one bank."""

    def __init__(self, count: int, field: Field, *, bank: bool = False) -> None:
        self.count = count
        self._bank = bank
        self._field = field
        self._folder = field.folder
        self._sent_at: dict[str, float] = {}
        self._owners: dict[str, str] = {}
        self._appeared: dict[str, float] = {}
        self._signals: Counter[str] = Counter()
        self._requests: Counter[int] = Counter()
        self._latencies: list[float] = []
        self._all_there = asyncio.Event()

    async def measure(self, seconds: float, *, round_trips: int = 0) -> Figures:
        """Run the driver for so long and look at it."""
        async with AsyncExitStack() as stack:
            bus = await self._observe()
            ports = [await stack.enter_async_context(self._simulated(index)) for index in range(1, self.count + 1)]
            config = self._folder / "config.ini"
            packs = "".join(f"[battery b{n}]\nport = {port.url}\n" for n, port in enumerate(ports, 1))
            config.write_text(packs + ("[bank all]\n" if self._bank else ""))
            began = time.monotonic()
            driver = self._field.module("driver", "run", "--config", str(config))
            bare = self._field.module("benchmarks.bare")
            try:
                async with asyncio.timeout(60):
                    await self._all_there.wait()
                figures = Figures(self.count, seconds, registered=max(self._appeared.values()) - began)
                await asyncio.sleep(3.0)  # what happens only once has happened
                await self._window(driver.pid, bare.pid, figures)
                figures.round_trips = [await self._round_trip(bus) for _ in range(round_trips)]
            finally:
                await dbus.close(bus)
        return figures

    def _simulated(self, index: int) -> PtyPort:
        line = jk_line(index, profile="steady", baudrate=BAUDRATE)
        hear = line.hear

        def counted(data: bytes, now: float) -> list[tuple[float, bytes]]:
            self._requests[index] += 1
            return hear(data, now)

        line.hear = counted  # type: ignore[method-assign]
        port = PtyPort(line, self._folder / f"jk{index}")
        suffix = f"_{index}"

        def sent(now: float) -> None:
            self._sent_at[suffix] = now

        port.on_sent = sent
        return port

    async def _window(self, pid: int, bare: int, figures: Figures) -> None:
        self._signals.clear()
        self._latencies.clear()
        asked, before, began = Counter(self._requests), Usage.of(pid), time.monotonic()
        bare_before = Usage.of(bare)
        await asyncio.sleep(figures.seconds)
        after, took = Usage.of(pid), time.monotonic() - began
        figures.cpu_per_hour = (after.cpu - before.cpu) / took * 3600
        figures.bare = (Usage.of(bare).cpu - bare_before.cpu) / took * 3600
        figures.wakeups = (after.switches - before.switches) / took / self.count
        figures.resident, figures.private = after.resident, after.private
        figures.signals = sum(self._signals.values()) / took * 60 / self.count
        figures.latencies = list(self._latencies)
        due = int(took)  # one poll a second
        figures.polls_missed = sum(max(0, due - (self._requests[n] - asked[n])) for n in range(1, self.count + 1))

    async def _observe(self) -> MessageBus:
        bus = await dbus.connect()
        bus.add_message_handler(self._seen)
        for rule in (
            f"type='signal',interface='{BUS_ITEM}',member='ItemsChanged'",
            f"type='signal',sender='{dbus.DAEMON}',member='NameOwnerChanged',arg0namespace='{BATTERY[:-1]}'",
        ):
            await dbus.call(bus, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.AddMatch", "s", [rule])
        return bus

    def _seen(self, message: Message) -> None:
        now = time.monotonic()
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.member == "NameOwnerChanged":
            name, _, owner = message.body
            if owner:
                self._owners[owner] = name
                self._appeared[name] = now
                if len(self._appeared) == self.count + self._bank:
                    self._all_there.set()
        elif message.sender in self._owners:
            name = self._owners[message.sender]
            self._signals[name] += 1
            suffix = "_" + name.rpartition("_")[2]
            if suffix in self._sent_at:
                self._latencies.append(now - self._sent_at.pop(suffix))

    async def _round_trip(self, bus: MessageBus) -> float:
        await asyncio.sleep(random.uniform(0.0, 0.02))
        name, path = random.choice(list(self._appeared)), random.choice(ASKED_PATHS)
        began = time.monotonic()
        await dbus.call(bus, name, path, f"{BUS_ITEM}.GetValue")
        return time.monotonic() - began


async def measure(count: int, seconds: float, *, round_trips: int = 0, bank: bool = False) -> Figures:
    """One run with `count` batteries on a bus of its own."""
    with TemporaryDirectory(prefix="jkbms-bench") as folder:
        field = Field(Path(folder))
        try:
            field.start_bus()
            os.environ["DBUS_SESSION_BUS_ADDRESS"] = field.address
            return await Observed(count, field, bank=bank).measure(seconds, round_trips=round_trips)
        finally:
            field.close()
