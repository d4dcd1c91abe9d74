"""What a protocol must offer to the rest of the driver, and the registry of those that do."""

from collections.abc import Callable, Mapping
from typing import Protocol

from ..battery.alarms import Alarm
from ..battery.reading import Reading
from .jkuart import REGISTERS, UartLive, UartSettings
from .jkuart_reading import ALARMS, reading, records
from .jkuart_wire import ACTIVATE, READ_ALL, UartFramer, payload
from .talk import Poll, Talk
from .tlv import read


class Dialect(Protocol):
    """One conversation with one BMS; remembers between frames what must be remembered."""

    name: str  # as config.ini writes it
    label: str  # for people
    baudrate: int
    alarms: frozenset[Alarm]  # that this protocol can signal
    talk: Talk

    def take(self, frame: bytes) -> Reading | None:
        """The reading of a frame; None for frames that hold none. LayoutError when bytes and table disagree."""


class JkUart:
    """JK UART-TTL, `4E 57`: one question brings everything."""

    name = "jk-uart"
    label = "JK UART-TTL (4E 57)"
    baudrate = 115200
    alarms = frozenset(ALARMS.values())
    READ_COMMANDS = (3, 6)  # "read register 00" is answered with everything as well

    def __init__(self, poll_interval: float = 1.0) -> None:
        # the longest answer takes 28 ms on the wire, the slowest recorded reply began after 93 ms
        timeout = min(0.5, poll_interval)
        self.talk = Talk(Poll(READ_ALL, poll_interval, timeout, wake=ACTIVATE), UartFramer())
        self._settings: tuple[bytes, UartSettings] | None = None  # settings seldom change: decoded once per content

    def take(self, frame: bytes) -> Reading | None:
        """See `Dialect.take`."""
        if frame[8] not in self.READ_COMMANDS:
            return None
        content = payload(frame)
        walk = REGISTERS.walk(content)
        first = walk.places.get(0x8E)
        if first is None:
            return reading(*records(walk), walk)
        slow = content[first:]
        if self._settings is None or self._settings[0] != slow:
            self._settings = slow, read(UartSettings, walk.registers)
        return reading(read(UartLive, walk.registers), self._settings[1], walk)


DIALECTS: Mapping[str, Callable[[float], Dialect]] = {JkUart.name: JkUart}


def dialect_names() -> tuple[str, ...]:
    """The protocols that config.ini may name."""
    return tuple(DIALECTS)
