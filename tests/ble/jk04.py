"""A JK of hardware 3.0 on the air, which speaks JK04: the simulator's, in notifications."""

from typing import Any

from driver.protocol.family import Family
from driver.simulator.bms import JkBms
from driver.simulator.jkble import BluetoothBms
from driver.simulator.line import jk_line
from tests.ble.bms import AirBms


class AirJk04(AirBms):
    """As `AirBms`, in the older language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        made: list[JkBms] = []
        jk_line(cells=self.cells, made=lambda bms, **_: made.append(bms))  # type: ignore[arg-type,return-value]  # no line
        [self._bms] = made
        self._device = BluetoothBms(self._bms, Family.JK04)

    def written(self, data: bytes) -> None:
        if answer := self._device.hear(data):
            self._spawn(self._send(answer))
        if self._device.streaming and self._stream is None:
            self._stream = self._spawn(self._stream_on())

    def live(self) -> bytes:
        self._bms.step(self.period, 10.0)
        return self._device.next_frame()

    def numbered(self, frame: bytes) -> bytes:
        return frame  # it has its number

    def reset(self) -> None:
        super().reset()
        self._device.forget()
        self._device.streaming = False
