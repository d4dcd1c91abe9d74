"""A NEEY balancer of the first generation on the air, with the driver's own tables."""

from dataclasses import replace

from driver.protocol.layout import read, write
from driver.protocol.neey import NeeyCellInfo, NeeyDeviceInfo, Operation
from driver.protocol.neey_settings import Buzzer, CellType, NeeySettings
from driver.protocol.neey_wire import REQUEST, Command, background, sealed
from tests.ble.bms import AirBms

CELLS = 16


def _frame(command: Command, record: type, size: int, **values) -> bytes:
    blank = background(command, size)
    return write(replace(read(record, blank), **values), blank)


def cell_info(volts: float) -> bytes:
    return _frame(
        Command.CELL_INFO, NeeyCellInfo, 300,
        cells=(volts,) * CELLS + (0.0,) * (24 - CELLS), wire_resistances=(0.05,) * CELLS + (0.0,) * (24 - CELLS),
        voltage=volts * CELLS, average_cell=volts, cell_difference=0.0, last_cell=CELLS - 1,
        operation=Operation.FINISHED, balance_current=0.0, temperature_1=21.5, temperature_2=21.5,
    )  # fmt: skip


SETTINGS = _frame(
    Command.SETTINGS, NeeySettings, 100,
    cell_count=CELLS, nominal_capacity=280, balance_trigger=0.005, balance_current_limit=4.0, balance_stop=3.0,
    balance_start=3.2, balance_switch=True, buzzer=Buzzer.OFF, cell_type=CellType.LFP, stop_difference=0.003,
)  # fmt: skip
DEVICE_INFO = _frame(
    Command.DEVICE_INFO, NeeyDeviceInfo, 100,
    model="GW-24S4EB", hardware="HW-2.8.0", software="ZH-1.2.3", protocol="V1.0.0", manufactured="20220531",
)  # fmt: skip


class AirBalancer(AirBms):
    """As `AirBms`, in the balancer's language; `volts` of each cell."""

    volts = 3.3

    def written(self, data: bytes) -> None:
        if len(data) != 20 or not data.startswith(REQUEST):
            return
        match data[4]:
            case Command.DEVICE_INFO:
                self._spawn(self._send(DEVICE_INFO))
            case Command.SETTINGS:
                self._spawn(self._send(SETTINGS))
            case Command.CELL_INFO if self._stream is None:
                self._stream = self._spawn(self._stream_on())

    def numbered(self, frame: bytes) -> bytes:
        if frame[4] != Command.CELL_INFO:
            return sealed(frame)
        return sealed(frame[:8] + bytes((self._counter & 0xFF,)) + frame[9:])

    def live(self) -> bytes:
        return cell_info(self.volts)
