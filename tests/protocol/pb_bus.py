"""A bus of PB packs for tests of the pure part: what is asked and the time go in, bytes and their times come out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from driver.errors import ProtocolError
from driver.protocol.bus_talk import BusTalk
from driver.protocol.jk02_wire import START, sealed
from driver.protocol.jkpb_wire import ACKNOWLEDGES, REQUESTS, TYPES, Answer, Register, Request

TAKES = 0.038  # s from a request to the end of its answer, as recorded
ASKED = {data: request for request, data in REQUESTS.items()}


def frame_of(address: int, register: Register, byte_5: int = 0) -> bytes:
    """A frame that says of whom it is: in every byte."""
    return sealed(START + bytes((TYPES[register], byte_5)) + bytes((address + 32,)) * 294)


@dataclass
class Pack:
    """One address. `drowsy`: it ignores a status request after so many s without any request to it."""

    address: int
    drowsy: float | None = None
    silent: bool = False
    deaf_to: frozenset[Register] = frozenset()
    delay: float = TAKES
    asked: list[tuple[float, Register]] = field(default_factory=list)
    _woken: float = -1e9

    def answer(self, register: Register, now: float) -> bytes:
        self.asked.append((now, register))
        asleep = self.drowsy is not None and now - self._woken > self.drowsy and register is Register.STATUS
        self._woken = now
        if self.silent or asleep or register in self.deaf_to:
            return b""
        return frame_of(self.address, register) + ACKNOWLEDGES[Request(self.address, register)]


class Bus:
    """Packs on a wire. `damage` befalls each answer: what it becomes."""

    def __init__(self, *packs: Pack, echo: bool = False, damage: Callable[[bytes], bytes] = lambda data: data) -> None:
        self.packs = {pack.address: pack for pack in packs}
        self.echo = echo
        self.damage = damage
        self.on_wire: list[tuple[float, bytes]] = []
        self.written: list[tuple[float, bytes]] = []
        self.now = 0.0
        self.failures: list[str] = []

    def heard(self, data: bytes) -> None:
        self.written.append((self.now, data))
        if self.echo:
            self.on_wire.append((self.now + 0.001, data))
        address, register = ASKED[data]
        pack = self.packs.get(address)
        if pack is not None and (answer := pack.answer(register, self.now)):
            self.on_wire.append((self.now + pack.delay, self.damage(answer)))
        self.on_wire.sort(key=lambda one: one[0])

    def run(self, talk: BusTalk, seconds: float, took: Callable[[Answer, float], None]) -> None:
        """Let the talk talk for so long."""
        end = self.now + seconds
        while self.now < end:
            try:
                request = talk.send(self.now)
            except ProtocolError as exc:
                self.failures.append(str(exc))
                self.now += 1.0
                self.on_wire = [one for one in self.on_wire if one[0] > self.now]
                talk.begin()
                continue
            if request is not None:
                self.heard(request)
            until = self.now + talk.wake(self.now)
            chunk = b""
            if self.on_wire and self.on_wire[0][0] <= until:
                at, chunk = self.on_wire.pop(0)
                self.now = max(self.now, at)
            else:
                self.now = until
            for answer in talk.receive(chunk, self.now):
                took(answer, self.now)


def flips(share: float, seed: int = 1) -> Callable[[bytes], bytes]:
    """Damage that turns a bit in so many of the answers."""
    draw = Random(seed)

    def damage(data: bytes) -> bytes:
        if draw.random() >= share:
            return data
        at = draw.randrange(len(data))
        return data[:at] + bytes((data[at] ^ 1 << draw.randrange(8),)) + data[at + 1 :]

    return damage
