"""A simulated BMS speaking JK UART-TTL (`4E 57`): requests in, answers out, with the driver's own tables.

The tables are the driver's, so a wrong row is wrong on both sides: what pins them is in `tests/protocol`.
"""

from collections.abc import Callable

from ..protocol.jkuart import REGISTERS, UartLive, UartSettings, current_code
from ..protocol.jkuart_wire import (
    END,
    LONGEST,
    SHORTEST,
    SOURCE_BMS,
    START,
    Command,
    Transmission,
    frame,
    payload,
    reply,
)
from ..protocol.tlv import write
from .bms import JkBms
from .presets import uart_settings

uart_live: Callable[..., UartLive] = UartLive

WRITE, READ_ONE = 2, 3  # commands that the driver never sends
PASSWORD_REGISTER = 0xB2
LAST_OF_VERSION_0 = 0xB7  # the registers above came with protocol version 1


class UartBms:
    """The serial port of a `JkBms`. Counts what it is asked, so that a test can prove what was never asked."""

    def __init__(self, bms: JkBms, protocol_version: int = 1) -> None:
        self.bms = bms
        self.protocol_version = protocol_version
        self.requests = 0  # whole and intact ones
        self.writes = 0  # of them: attempts to change something
        self._heard = b""
        self._settings: tuple[UartSettings, dict[int, bytes]] | None = None

    def live(self) -> UartLive:
        """The registers that move, as they are now."""
        bms, seen = self.bms, self.bms.measured
        # the old encoding ends at +100 A
        current = seen.current if self.protocol_version else min(seen.current, 100.0)
        return uart_live(
            cells=seen.cells,
            mos_temperature=_degrees(seen.mos_temperature),
            box_temperature=_degrees(seen.box_temperature),
            battery_temperature=_degrees(seen.battery_temperature),
            total_voltage=seen.voltage,
            current_code=current_code(current, self.protocol_version),
            state_of_charge=bms.soc,
            temperature_sensors=2,
            cycles=bms.cycles,
            cycle_capacity=int(bms.charged_total),
            strings=len(seen.cells),
            alarms=bms.alarms,
            status=bms.status,
            protocol_version=self.protocol_version,
        )

    def registers(self) -> dict[int, bytes]:
        """Every register as it goes over the wire, the password too."""
        settings = self.bms.settings
        if self._settings is None or self._settings[0] is not settings:
            self._settings = settings, write(settings)
        found = self._settings[1] | write(self.live()) | write(uart_settings(runtime=int(self.bms.runtime / 60)))
        found[PASSWORD_REGISTER] = self.bms.password.encode("latin-1").ljust(10, b"\0")[:10]
        if self.protocol_version == 0:
            return {register: value for register, value in found.items() if register <= LAST_OF_VERSION_0}
        return found

    def reply(self) -> bytes:
        """The whole answer to READ_ALL."""
        return reply(self.registers())

    def hear(self, chunk: bytes) -> bytes:
        """Take what arrives on the wire; the answers to the requests that became whole with it."""
        self._heard += chunk
        return b"".join(self._answer(request) for request in self._cut())

    def forget(self) -> None:
        """The line was quiet: half a request will never be whole."""
        self._heard = b""

    def _cut(self) -> list[bytes]:
        """Intact requests at the front of what was heard."""
        found: list[bytes] = []
        while (start := self._heard.find(START)) >= 0:
            self._heard = self._heard[start:]
            length = int.from_bytes(self._heard[2:4], "big") if len(self._heard) >= 4 else SHORTEST
            if not SHORTEST <= length <= LONGEST:
                self._heard = self._heard[1:]
                continue
            whole = self._heard[: length + 2]
            if len(whole) < length + 2:
                return found
            intact = whole[-5] == END and int.from_bytes(whole[-4:], "big") == sum(whole[:-4]) & 0xFFFF
            self._heard = self._heard[len(whole) if intact else 1 :]
            if intact and whole[10] == Transmission.REQUEST:
                found.append(whole)
        self._heard = self._heard[-1:] if self._heard.endswith(START[:1]) else b""
        return found

    def _answer(self, request: bytes) -> bytes:
        self.requests += 1
        command, asked = request[8], payload(request)[:1]
        if command == Command.ACTIVATE:
            self.bms.asleep = False
            # never recorded: the vendor document promises an answer to every request
            return frame(b"\0", command, SOURCE_BMS, Transmission.REPLY)
        if self.bms.asleep:
            return b""
        if command == Command.READ_ALL:
            return self.reply()
        if command == READ_ONE:
            return self._one(asked)
        self.writes += command == WRITE
        return b""  # a password frame has no answer, a write without one has none either

    def _one(self, asked: bytes) -> bytes:
        if asked in (b"", b"\0"):  # register 00 is everything, under the command that asked
            content = payload(self.reply())
        else:
            value = self.registers().get(asked[0])
            if value is None or asked[0] not in REGISTERS.rows:
                return b""
            content = asked + value
        return frame(content, READ_ONE, SOURCE_BMS, Transmission.REPLY)


def _degrees(temperature: float) -> int:
    """What the temperature code can say: -40 to 100 °C."""
    return max(-40, min(100, round(temperature)))
