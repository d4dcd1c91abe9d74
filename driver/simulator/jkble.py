"""A simulated JK BMS as it speaks over Bluetooth: JK02 in both variants, and JK04. With the driver's own tables."""

from dataclasses import replace
from functools import cache
from typing import Any

from ..protocol.family import Family
from ..protocol.jk02 import Balancing, Variant
from ..protocol.jk02_wire import (
    ACKNOWLEDGE,
    CHATTER,
    COMMAND,
    COMMAND_SIZE,
    READ_DEVICE_INFO,
    READ_SETTINGS,
    FrameType,
    background,
    request,
    sealed,
)
from ..protocol.jk04 import CellInfo04, Settings04
from ..protocol.layout import read, write
from .bms import JkBms
from .jk02 import WIRE, Maker, device_frame, live_frame, settings_frame
from .stream import Requests, StreamingDevice

MAKERS = {
    Family.S24: Maker(model="JK-B2A24S20P", hardware="10.XW", software="10.07", serial="20322800001"),
    Family.S32: Maker(model="JK_B2A20S20P", hardware="11.XW", software="11.54", serial="30319400001"),
    Family.JK04: Maker(model="JK-B2A16S", hardware="3.0", software="3.3.0", serial="2060200001"),
}
UNKNOWN_6, UNKNOWN_102, REFERENCE = 1.0, 3.4, 3.03  # what recorded JK04 settings hold there
ACCEPTED = sealed(request(ACKNOWLEDGE)[:5] + b"\x01\x01" + bytes(COMMAND_SIZE - 7))


class BluetoothBms(StreamingDevice):
    """Answers READ_DEVICE_INFO and READ_SETTINGS; after the second it streams."""

    def __init__(self, bms: JkBms, family: Family, name: str = "Sim", number: int = 1) -> None:
        super().__init__(bms, Requests(COMMAND, COMMAND_SIZE, lambda whole: whole[-1] == sum(whole[:-1]) & 0xFF))
        self.family = family
        self.name = name
        maker = MAKERS[family]
        self.maker = replace(maker, serial=str(int(maker.serial) + number - 1))

    def answer(self, request: bytes) -> bytes:
        """See `StreamingDevice.answer`."""
        if request == READ_DEVICE_INFO:
            frame = device_frame(self.bms, self.maker, self.name, self.frames, self.family.variant)
        elif request == READ_SETTINGS:
            self.streaming = True
            frame = self._settings()
        else:
            return b""  # whatever writes would change
        return frame + ACCEPTED + CHATTER

    def live(self) -> bytes:
        """See `StreamingDevice.live`."""
        if self.family is Family.JK04:
            return _live_04(self.bms, self.frames & 0xFF)
        return live_frame(self.bms, self.frames & 0xFF, self.family.variant)

    def _settings(self) -> bytes:
        if self.family is Family.JK04:
            return _settings_04(self.bms)
        return settings_frame(self.bms, byte_5=self.frames, variant=self.family.variant)


def _live_04(bms: JkBms, counter: int) -> bytes:
    cells = bms.measured.cells
    return _frame_04(
        FrameType.CELL_INFO,
        counter=counter,
        cells=cells,
        cell_mask=(1 << len(cells)) - 1,
        wire_resistances=(WIRE,) * len(cells),
        average_cell=sum(cells) / len(cells),
        cell_difference=max(cells) - min(cells),
        highest_cell=cells.index(max(cells)),
        lowest_cell=cells.index(min(cells)),
        balancing=Balancing.CHARGING if bms.balancing else Balancing.OFF,
        balancer_ready=1,
        balance_current=1.0 if bms.balancing else 0.0,
        runtime=int(bms.runtime),
    )


def _settings_04(bms: JkBms) -> bytes:
    mine = bms.settings
    return _frame_04(
        FrameType.SETTINGS,
        unknown_6=UNKNOWN_6,
        cell_count=len(bms.measured.cells),
        power_off_voltage=(mine.cell_under_voltage or 0.1) - 0.1,
        reference_voltage=REFERENCE,
        balance_start=mine.balance_start,
        unknown_102=UNKNOWN_102,
        balance_trigger=mine.balance_trigger,
        balance_current_limit=2.0,
        balance_switch=mine.balancer_switch,
    )


def _frame_04(kind: FrameType, **values: object) -> bytes:
    frame, record = _empty_04(kind)
    return sealed(write(replace(record, **values), frame))


@cache
def _empty_04(kind: FrameType) -> tuple[bytes, Any]:
    frame = background(kind, Variant.S24)
    if kind is FrameType.CELL_INFO:  # the constants of JK02 lie where the singles do
        frame = sealed(frame[:6].ljust(len(frame), b"\0"))
    return frame, read(CellInfo04 if kind is FrameType.CELL_INFO else Settings04, frame)
