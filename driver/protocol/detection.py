"""Which JK protocol answers on a port: what is asked, in which order, and what an answer proves. Without I/O.

What answered the last time is asked first, then what is most likely, the fewest bytes first. A question without an
answer costs its `patience`; an answer that comes later counts all the same, for it says itself who it is from. With
nothing remembered that is 21 bytes until a JK UART has answered, 32 or 43 for a PB pack at address 1, and 400 in all.

Where somebody speaks who was not asked, nothing is asked. If that is the master of a PB bus, its packs are listened to.
"""

from collections.abc import Sequence
from typing import NamedTuple

from .balancer_dialect import JkBalancer, is_status
from .balancer_wire import BalancerFramer
from .balancer_wire import request as balancer_request
from .detected import Detected
from .dialect import JkUart
from .jkpb_dialect import JkPb, JkPbListen
from .jkpb_wire import MASTER, REQUESTS, SLAVES, Answer, PbFramer, Register, Request
from .jkuart_wire import ACTIVATE, READ_ALL, UartFramer

LISTEN = 1.2  # s before the first question at a speed; VE.Direct speaks once a second, a JK master twice
PAUSE = 0.1  # s that an answer may pause before its end
MASTER_SIGNS = 0.1  # s from the first to the last sign of a master: what an adapter has kept comes all at once


class Question(NamedTuple):
    """Something to send."""

    data: bytes
    patience: float  # s until the next one if nothing comes


class Attempt(NamedTuple):
    """Questions in one protocol, at one speed; none: listening tells."""

    protocol: str
    baudrate: int
    questions: tuple[Question, ...] = ()


_UART = (Question(READ_ALL, 0.3),)  # the slowest recorded reply began after 93 ms
_SLEEPING_UART = (Question(ACTIVATE, 0.1), Question(READ_ALL, 0.5))
_BALANCER = (Question(balancer_request(), 1.0),)  # so long the vendor's document gives it


def _status(*addresses: int) -> tuple[Question, ...]:
    """Twice each, and at once: firmware from 15.36 on ignores the first request after a quiet period."""
    asked = [REQUESTS[Request(address, Register.STATUS)] for address in addresses]
    return tuple(question for data in asked for question in (Question(data, 0.1), Question(data, 0.1)))


_ORDER = (
    Attempt(JkUart.name, JkUart.baudrate, _UART),
    Attempt(JkPb.name, JkPb.baudrate, _status(*SLAVES)),
    Attempt(JkUart.name, JkUart.baudrate, _SLEEPING_UART),
    Attempt(JkBalancer.name, JkBalancer.baudrate, _BALANCER),
)


def attempts(remembered: Detected | None = None, baudrate: int | None = None) -> tuple[Attempt, ...]:
    """What to try, in this order. `baudrate`: that of the port, if it is known."""
    first = () if remembered is None else (_again(remembered),)
    order = first + tuple(one for one in _ORDER if not first or one != first[0])
    return order if baudrate is None else tuple(one._replace(baudrate=baudrate) for one in order)


def _again(remembered: Detected) -> Attempt:
    protocol, baudrate, address = remembered.protocol, remembered.baudrate, remembered.address
    if protocol == JkPb.name and address is not None:
        return Attempt(protocol, baudrate, _status(address))
    return Attempt(protocol, baudrate, next((one.questions for one in _ORDER if one.protocol == protocol), ()))


class Ears:
    """Understands what comes at one speed, in every protocol. Times are monotonic seconds."""

    def __init__(self, baudrate: int) -> None:
        self.detected: Detected | None = None
        self.strangers: list[int] = []  # addresses of balancers that no protocol here serves
        self.heard = b""
        self.sent: set[bytes] = set()
        self.baudrate = baudrate
        self._asked: set[int] = set()  # addresses on a PB bus
        self._signs: list[float] = []  # of another master
        self._uart, self._pb, self._balancer = UartFramer(), PbFramer(), BalancerFramer()

    @property
    def pending(self) -> bool:
        """Whether a frame has begun."""
        return bool(self._uart.held or self._pb.held or self._balancer.held)

    def ask(self, question: Question) -> bytes:
        """The bytes to send; what they bring from now on is an answer."""
        self.sent.add(question.data)
        self._asked |= {request.address for request, data in REQUESTS.items() if data == question.data}
        return question.data

    def hear(self, chunk: bytes, now: float) -> None:
        """Take what came; an empty chunk says that what has begun does not go on."""
        self.heard += chunk
        self._take_pb(self._pb.feed(chunk) if chunk else self._pb.gap(), now)
        uart, balancer = (one.feed(chunk) if chunk else one.gap() for one in (self._uart, self._balancer))
        self.strangers += [frame[2] for frame in balancer if not is_status(frame)]
        if self.detected is not None or not self.sent:
            return
        if uart:
            self._found(JkUart.name)
        elif any(map(is_status, balancer)):
            self._found(JkBalancer.name)

    def _take_pb(self, heard: Sequence[Request | Answer], now: float) -> None:
        for one in heard:
            if self._is_sign(one):
                self._signs.append(now)
            elif isinstance(one, Answer) and self.detected is None:
                self._found(JkPb.name, one.address)
        if self._signs and self._signs[-1] - self._signs[0] >= MASTER_SIGNS:
            self._found(JkPbListen.name)

    def _is_sign(self, one: Request | Answer) -> bool:
        if isinstance(one, Request):
            return REQUESTS[one] not in self.sent
        return one.address == MASTER or one.address not in self._asked

    def _found(self, protocol: str, address: int | None = None) -> None:
        self.detected = Detected(protocol, self.baudrate, address)
