"""Simulated active balancers: NEEY (v1 and v2), which stream over Bluetooth, and the old JK ones on RS485.

A balancer knows the cells, and of the currents only its own. With the driver's own tables.
"""

from dataclasses import replace
from functools import cache, reduce
from operator import xor
from typing import Any

from ..protocol import balancer_wire, neey_wire
from ..protocol.balancer import BalancerStatus, Moving
from ..protocol.layout import layout_of, read, write
from ..protocol.neey import Generation, NeeyCellInfo, NeeyDeviceInfo, Operation
from ..protocol.neey_settings import Buzzer, CellType, NeeyFactory, NeeySettings
from ..protocol.neey_wire import END, REQUEST_SIZE, Command
from .bms import JkBms
from .jk02 import WIRE
from .stream import Requests, StreamingDevice

_RECORDS = {
    Command.DEVICE_INFO: NeeyDeviceInfo,
    Command.CELL_INFO: NeeyCellInfo,
    Command.FACTORY: NeeyFactory,
    Command.SETTINGS: NeeySettings,
}
_MODELS = {
    Generation.V1: {"model": "GW-24S4EB", "hardware": "HW-2.8.0", "software": "ZH-1.2.3", "protocol": "V1.0.0"},
    Generation.V2: {"model": "EK-B24S8E200A", "hardware": "2.0.0", "software": "2.0.0", "protocol": "V2.0.0"},
}
BALANCING = 1.0  # A, of either kind


class NeeyBalancer(StreamingDevice):
    """Answers each command; after that for the cell info it streams."""

    def __init__(self, bms: JkBms, generation: Generation) -> None:
        super().__init__(bms, Requests(neey_wire.REQUEST, REQUEST_SIZE, _is_request))
        self.generation = generation

    def answer(self, request: bytes) -> bytes:
        """See `StreamingDevice.answer`."""
        match request[4]:
            case Command.DEVICE_INFO:
                return self._frame(
                    Command.DEVICE_INFO,
                    **_MODELS[self.generation],
                    manufactured="20220916",
                    power_on_count=7,
                    runtime=int(self.bms.runtime),
                )
            case Command.SETTINGS:
                return self._settings()
            case Command.FACTORY:
                return self._frame(Command.FACTORY, power_on_count=7, runtime=int(self.bms.runtime))
            case Command.CELL_INFO:
                self.streaming = True
                return self.live()
            case _:
                return b""  # whatever writes would change

    def live(self) -> bytes:
        """See `StreamingDevice.live`."""
        bms, seen = self.bms, self.bms.measured
        cells = seen.cells
        return self._frame(
            Command.CELL_INFO,
            counter=self.frames & 0xFF,
            cells=cells,
            wire_resistances=(WIRE,) * len(cells),
            voltage=sum(cells),
            average_cell=sum(cells) / len(cells),
            cell_difference=max(cells) - min(cells),
            highest_cell=cells.index(max(cells)),
            lowest_cell=cells.index(min(cells)),
            last_cell=len(cells) - 1,
            operation=Operation.BALANCING if bms.balancing else Operation.FINISHED,
            balance_current=BALANCING if bms.balancing else 0.0,
            temperature_1=seen.box_temperature,
            temperature_2=seen.battery_temperature,
            mos_temperature=seen.mos_temperature,
            balancer_temperature=seen.box_temperature,
            capacity=bms.capacity,
            remaining=bms.remaining,
            state_of_charge=100 * bms.remaining / bms.capacity,
            uptime=int(bms.runtime),
        )

    def _settings(self) -> bytes:
        mine = self.bms.settings
        return self._frame(
            Command.SETTINGS,
            cell_count=len(self.bms.measured.cells),
            nominal_capacity=mine.capacity_setting,
            balance_trigger=mine.balance_trigger,
            balance_current_limit=4.0,
            balance_stop=mine.cell_under_voltage,
            balance_start=mine.balance_start,
            stop_difference=0.005,
            balance_switch=mine.balancer_switch,
            buzzer=Buzzer.OFF,
            cell_type=CellType.LFP,
            cell_over_voltage=mine.cell_over_voltage,
            cell_over_voltage_recovery=mine.cell_over_voltage_recovery,
            cell_under_voltage=mine.cell_under_voltage,
            cell_under_voltage_recovery=mine.cell_under_voltage_recovery,
        )

    def _frame(self, command: Command, **values: object) -> bytes:
        frame, record, variant = _empty(command, self.generation)
        return neey_wire.sealed(write(replace(record, **values), frame, variant))


class RsBalancer:
    """An old JK balancer: one question, one answer; a `line.Device`."""

    def __init__(self, bms: JkBms, address: int = balancer_wire.ADDRESS) -> None:
        self.bms = bms
        self.address = address
        self._requests = Requests(
            balancer_wire.REQUEST, balancer_wire.REQUEST_SIZE, lambda whole: whole == balancer_wire.sealed(whole)
        )

    def hear(self, chunk: bytes) -> bytes:
        """See `line.Device`."""
        mine = balancer_wire.request(self.address)
        asked = self._requests.feed(chunk).count(mine)
        return b"" if self.bms.asleep else self.status() * asked

    def forget(self) -> None:
        """See `line.Device`."""
        self._requests.gap()

    def status(self) -> bytes:
        """The answer to the only question."""
        bms, empty = self.bms, balancer_wire.background(self.address)
        cells, mine = bms.measured.cells, bms.settings
        record: Any = read(BalancerStatus, empty)
        told = replace(
            record,
            voltage=sum(cells),
            average_cell=sum(cells) / len(cells),
            cells_found=len(cells),
            highest_cell=cells.index(max(cells)),
            lowest_cell=cells.index(min(cells)),
            moving=Moving.CHARGING_LOWEST if bms.balancing else Moving(0),
            cell_difference=max(cells) - min(cells),
            balance_current=BALANCING if bms.balancing else 0.0,
            balance_trigger=mine.balance_trigger or 0.0,
            most_current=2.0,
            balance_switch=mine.balancer_switch,
            cell_count=len(cells),
            cells=cells,
            temperature_code=round(bms.measured.box_temperature),
        )
        return balancer_wire.sealed(write(told, empty))


def _is_request(whole: bytes) -> bool:
    return whole[-1] == END and whole[-2] in (sum(whole[:-2]) & 0xFF, reduce(xor, whole[:-2]))


@cache
def _empty(command: Command, generation: Generation) -> tuple[bytes, Any, int]:
    """A frame with nothing in it, its record, and its column: only two of the records have two."""
    sizes = layout_of(_RECORDS[command]).sizes
    variant = generation if len(sizes) > 1 else 0
    frame = neey_wire.background(command, sizes[variant], generation)
    return frame, read(_RECORDS[command], frame, variant), variant
