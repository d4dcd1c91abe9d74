"""A JK BMS as it behaves on the air: answers requests, then streams, in notifications that respect no frame."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from driver.protocol.jk02 import CellInfo, Variant
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk02_wire import CHATTER, COMMAND, FrameType, background, request, sealed
from driver.protocol.layout import read, write

CURRENT = -12.345  # A
ACKNOWLEDGE = request(0xC8)[:5] + b"\x01\x01" + bytes(12)
ACKNOWLEDGE += bytes((sum(ACKNOWLEDGE) & 0xFF,))


def device_info(variant: Variant, serial: str) -> bytes:
    software = "15.38" if variant is Variant.S32 else "8.0.6G"
    blank = background(FrameType.DEVICE_INFO, variant)
    told = replace(
        read(DeviceInfo, blank, variant),
        model="JK_PB2A16S20P", hardware="15A", software=software, name="cellar",
        serial=serial, manufactured="240501",
    )  # fmt: skip
    return write(told, blank, variant)


def settings(variant: Variant, cells: int) -> bytes:
    blank = background(FrameType.SETTINGS, variant)
    told = replace(
        read(Settings, blank, variant),
        cell_under_voltage=2.6, cell_under_voltage_recovery=2.65, cell_over_voltage=3.65,
        cell_over_voltage_recovery=3.55, power_off_voltage=2.5, charge_over_current=80.0, discharge_over_current=100.0,
        cell_count=cells, charge_switch=True, discharge_switch=True, balance_switch=True, capacity=314.0,
        charge_over_temperature=65.0, charge_under_temperature=0.0, discharge_over_temperature=70.0,
    )  # fmt: skip
    return write(told, blank, variant)


def cell_info(variant: Variant, cells: int, uptime: float, current: float = CURRENT) -> bytes:
    blank = background(FrameType.CELL_INFO, variant)
    voltages = tuple(3.300 + number / 1000 for number in range(cells))
    told = read(CellInfo, blank, variant)
    told = replace(
        told,
        cells=(*voltages, *(0.0,) * (len(told.cells) - cells)),
        cell_mask=(1 << cells) - 1,
        average_cell=round(sum(voltages) / cells, 3),
        voltage=round(sum(voltages), 3),
        current=current, temperature_1=21.5, temperature_2=-5.7, mos_temperature=28.3, state_of_charge=77,
        remaining=241.78, full_capacity=314.0, cycles=5, state_of_health=100, charge_mosfet=True,
        discharge_mosfet=True, uptime=uptime,
    )  # fmt: skip
    return write(told, blank, variant)


class AirBms:
    """`notify(chunk)` and `drop()` are the device's. `script` holds one-shot faults for the coming frames:

    corrupt: n     the byte at n is damaged          skip: n     notification n is lost
    drop_at: n     the link is lost at notification n  prefix: b   bytes before the frame
    """

    def __init__(
        self,
        *,
        chunk: int = 128,
        period: float = 0.5,
        variant: Variant = Variant.S32,
        cells: int = 16,
        serial: str = "3092572134",
    ) -> None:
        self.chunk, self.period, self.variant, self.cells, self.serial = chunk, period, variant, cells, serial
        self.notify: Callable[[bytes], None] = lambda chunk: None
        self.drop: Callable[[], None] = lambda: None
        self.mute = False
        self.current = CURRENT
        self.script: list[dict[str, Any]] = []
        self.sent = 0  # whole frames
        self._counter = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._stream: asyncio.Task[None] | None = None
        self._line = asyncio.Lock()

    def written(self, data: bytes) -> None:
        if len(data) < 20 or not data.startswith(COMMAND) or sum(data[:19]) & 0xFF != data[19]:
            return  # a BMS ignores broken commands
        if data[4] == 0x97:
            self._spawn(self._send(device_info(self.variant, self.serial), acknowledge=True))
        elif data[4] == 0x96:
            self._spawn(self._start())

    def live(self) -> bytes:
        """The frame that streams, as it is now."""
        return cell_info(self.variant, self.cells, round(asyncio.get_running_loop().time(), 1), self.current)

    def numbered(self, frame: bytes) -> bytes:
        """The frame with its number, and its sum made right."""
        return sealed(frame, self._counter)

    def reset(self) -> None:
        """Link lost: the BMS forgets the stream."""
        self._stream = None
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _start(self) -> None:
        await self._send(settings(self.variant, self.cells), acknowledge=True)
        if self._stream is None:
            self._stream = self._spawn(self._stream_on())

    async def _stream_on(self) -> None:
        while True:
            await self._send(self.live())
            await asyncio.sleep(self.period)

    async def _send(self, frame: bytes, *, acknowledge: bool = False) -> None:
        async with self._line:
            if self.mute:
                return
            self._counter += 1
            fault = self.script.pop(0) if self.script else {}
            stream = bytearray(fault.get("prefix", b"")) + self.numbered(frame)
            if acknowledge:
                stream += ACKNOWLEDGE + CHATTER
            if "corrupt" in fault:
                stream[fault["corrupt"]] ^= 0x5A
            for number, start in enumerate(range(0, len(stream), self.chunk)):
                if fault.get("drop_at") == number:
                    self.drop()
                    return
                if fault.get("skip") != number:
                    self.notify(bytes(stream[start : start + self.chunk]))
                await asyncio.sleep(0)
            self.sent += 1
