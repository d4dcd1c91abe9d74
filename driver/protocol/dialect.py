"""What a protocol must offer to the rest of the driver, and the registry of those that do."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..battery.alarms import Alarm
from ..battery.reading import Reading
from .balancer_dialect import JkBalancer
from .jkuart import REGISTERS, UartLive, UartSettings
from .jkuart_reading import ALARMS, Lasting, lasting, reading
from .jkuart_wire import ACTIVATE, READ_ALL, Command, UartFramer, payload
from .talk import Conversation, Poll, Talk
from .tlv import Form, Walk, read

if TYPE_CHECKING:
    from .jkpb_dialect import JkPb


class Dialect(Protocol):
    """One conversation with one BMS; remembers between frames what must be remembered."""

    name: str  # as config.ini writes it
    label: str  # for people
    baudrate: int
    alarms: frozenset[Alarm]  # that this protocol can signal

    @property
    def talk(self) -> Conversation:
        """What to ask and when."""

    def take(self, frame: bytes) -> Reading | None:
        """The reading of a frame; None for frames that hold none. LayoutError when bytes and table disagree."""


class Usual(NamedTuple):
    """The frame before, without what changes from frame to frame: the next one differs in nothing else, mostly."""

    form: Form[UartLive]
    slow: Lasting
    walk: Walk


class JkUart:
    """JK UART-TTL, `4E 57`: one question brings everything."""

    name = "jk-uart"
    label = "JK UART-TTL (4E 57)"
    baudrate = 115200
    alarms = frozenset(ALARMS.values())

    def __init__(self, poll_interval: float = 1.0) -> None:
        # the longest answer takes 28 ms on the wire, the slowest recorded reply began after 93 ms
        timeout = min(0.5, poll_interval)
        self.talk = Talk(Poll(READ_ALL, poll_interval, timeout, wake=ACTIVATE, answers=_has_registers), UartFramer())
        self._usual: Usual | None = None

    def take(self, frame: bytes) -> Reading | None:
        """See `Dialect.take`."""
        if not _has_registers(frame):
            return None
        content = payload(frame)
        if (usual := self._usual) is not None and (live := usual.form.read(content)) is not None:
            return reading(live, usual.slow, usual.walk)
        walk = REGISTERS.walk(content)
        if frame[8] == Command.READ_ONE and len(walk.registers) == 1 and walk.complete:
            return None  # somebody else on the wire asked for it
        live, slow = read(UartLive, walk.registers), lasting(read(UartSettings, walk.registers))
        self._usual = Usual(Form(UartLive, content, walk), slow, walk)
        return reading(live, slow, walk)


def _has_registers(frame: bytes) -> bool:
    """Whether it answers a question for registers; "read register 00" is answered with everything as well."""
    return frame[8] in (Command.READ_ONE, Command.READ_ALL)


DIALECTS: Mapping[str, Callable[[float], Dialect]] = {JkUart.name: JkUart, JkBalancer.name: JkBalancer}
BUSES = ("jk-pb", "jk-pb-listen")  # several batteries share a port, told apart by their addresses
LISTENING = frozenset({"jk-pb-listen"})  # of them: somebody else asks
BLUETOOTH = ("jk-ble", "neey")  # over the air, and nowhere else


def bus(protocol: str) -> "type[JkPb]":
    """What belongs to one of `BUSES`."""
    from .jkpb_dialect import JkPb, JkPbListen  # their tables are paid for only where there is a bus

    return JkPbListen if protocol in LISTENING else JkPb


def _over_the_air(protocol: str, poll_interval: float) -> Dialect:
    from .jkble_dialect import JkBluetooth  # their tables are paid for only where there is Bluetooth
    from .neey_dialect import Neey

    return Neey(poll_interval) if protocol == Neey.name else JkBluetooth(poll_interval)


def dialect_names() -> tuple[str, ...]:
    """The protocols that config.ini may name."""
    return (*DIALECTS, *BUSES, *BLUETOOTH)


def conversation(protocol: str, poll_interval: float, address: int | None = None) -> Dialect:
    """A conversation with one battery; on a bus with that at `address`, or else with the first that answers."""
    if protocol in BLUETOOTH:
        return _over_the_air(protocol, poll_interval)
    return bus(protocol)(poll_interval, address) if protocol in BUSES else DIALECTS[protocol](poll_interval)
