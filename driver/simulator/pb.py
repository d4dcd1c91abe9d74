"""A bus of simulated PB packs: slaves that answer triggers, and a master that asks by itself.

What is asked and the time go in; what is said and when comes out. Timing and the master's round are those of the
recorded bus captures.
"""

from collections.abc import Callable, Sequence
from math import inf

from ..battery.chemistry import Chemistry
from ..protocol.jkpb_wire import ACKNOWLEDGES, MASTER, REQUESTS, SLAVES, PbFramer, Register, Request
from .bms import JkBms
from .cells import Battery
from .faults import Faults
from .jk02 import Maker, device_frame, live_frame, settings_frame
from .line import Line
from .presets import settings
from .profiles import PROFILES, Profile

DEFAULT_FIRMWARE = "15.41"
DROWSY_FROM = (15, 36)  # this firmware ignores a status request after a quiet period
DROWSY_AFTER = 0.6  # s without anybody speaking on the bus; how long it really is nobody has written down
MARKED_BEFORE = (15, 41)  # firmware before puts 05 into byte 5
TAKES = 0.13  # s of the master's round for a question that is answered, and for its own frames
IN_VAIN = 0.475  # s for one that is not
ANSWER = 0.011  # s from a trigger to the begin of its answer


class PbPack:
    """One pack on a bus."""

    def __init__(self, address: int, bms: JkBms, maker: Maker, name: str) -> None:
        self.address = address
        self.bms = bms
        self.maker = maker
        self.name = name
        self.requests = 0
        version = tuple(int(part) for part in maker.software.split("."))
        self._drowsy = version >= DROWSY_FROM
        self._byte_5 = 0 if address == MASTER or version >= MARKED_BEFORE else 5

    def answer(self, register: Register, quiet: float) -> bytes:
        """Frame and acknowledge; nothing when it sleeps. The bus was quiet for so many s before."""
        self.requests += 1
        drowsy = self._drowsy and register is Register.STATUS and quiet > DROWSY_AFTER
        return b"" if drowsy or self.bms.asleep else self.says(register)

    def says(self, register: Register) -> bytes:
        """The same, whoever has asked."""
        match register:
            case Register.STATUS:
                frame = live_frame(self.bms, self._byte_5)
            case Register.SETTINGS:
                frame = settings_frame(self.bms, self.address, self._byte_5)
            case Register.DEVICE_INFO:
                frame = device_frame(self.bms, self.maker, self.name, self._byte_5)
        return frame + ACKNOWLEDGES[Request(self.address, register)]


class PbBus:
    """The wire that the packs share; a `line.Device`."""

    def __init__(self, packs: Sequence[PbPack]) -> None:
        self.packs = {pack.address: pack for pack in packs}
        self.bms = packs[0].bms
        self.now = 0.0  # s, set before it hears
        self.written = 0  # bytes that somebody else put on the wire
        self._framer = PbFramer()
        self.heard_at = -inf

    def hear(self, chunk: bytes) -> bytes:
        """What is answered to what it hears."""
        self.written += len(chunk)
        asked = [one for one in self._framer.feed(chunk) if isinstance(one, Request)]
        return b"".join(self.answer(request) for request in asked)

    def forget(self) -> None:
        """Throw away half a request."""
        self._framer.gap()

    def answer(self, request: Request) -> bytes:
        """What the pack at that address says to it."""
        quiet, self.heard_at = self.now - self.heard_at, self.now
        pack = self.packs.get(request.address)
        return b"" if pack is None else pack.answer(request.register, quiet)


class PbLine(Line):
    """A bus, and what charges and loads its packs. With a pack at address 0 there is a master on it."""

    device: PbBus

    def __init__(
        self,
        bus: PbBus,
        *,
        profile: Callable[[], Profile] | None = None,
        faults: Faults | None = None,
        baudrate: int | None = None,
        speed: float = 1.0,
    ) -> None:
        """`profile` makes one for each pack."""
        super().__init__(bus, faults=faults, baudrate=baudrate, speed=speed)
        self._profiles = [] if profile is None else [(pack.bms, profile()) for pack in bus.packs.values()]
        self._master = Master(bus, self.faults) if MASTER in bus.packs else None

    @property
    def batteries(self) -> tuple[JkBms, ...]:
        """See `Line.batteries`."""
        return tuple(pack.bms for pack in self.device.packs.values())

    @property
    def speaks_at(self) -> float:
        """See `Line.speaks_at`."""
        return inf if self._master is None else self._master.speaks_at

    def speak(self, now: float) -> list[tuple[float, bytes]]:
        """See `Line.speak`."""
        if self._master is None:
            return []
        self._live(now)
        return self._master.speak(now)

    def _live(self, now: float) -> None:
        self.device.now = now
        super()._live(now)

    def _step(self, dt: float) -> None:
        for bms, profile in self._profiles:
            bms.step(dt, profile(self._simulated, bms))


class Master:
    """The pack with address 0: asks all others, round after round, and then says what it has to say itself."""

    def __init__(self, bus: PbBus, faults: Faults) -> None:
        self.speaks_at = 0.0  # s: at once
        self._bus = bus
        self._faults = faults
        self._script = self._round()

    def speak(self, now: float) -> list[tuple[float, bytes]]:
        """What goes over the wire until now, each piece with its time."""
        said: list[tuple[float, bytes]] = []
        if now - self.speaks_at > IN_VAIN:  # it was not plugged in
            self.speaks_at = now
        while self.speaks_at <= now:
            if not self._script:
                self._script = self._round()
            request = self._script.pop(0)
            answer = self._bus.answer(request) if request.address != MASTER else self._own(request)
            trigger = REQUESTS[request] if request.address != MASTER else b""
            at = self.speaks_at
            said.append((at, trigger))
            for gap, data in self._faults.sent(trigger, answer):
                at += gap + ANSWER
                said.append((at, data))
            if answer and request.register is Register.STATUS and request.address != MASTER:
                self._script.insert(0, Request(request.address, Register.SETTINGS))
            self.speaks_at += TAKES if answer else IN_VAIN
        return [(at, data) for at, data in said if data]

    def _own(self, request: Request) -> bytes:
        self._bus.heard_at = self._bus.now
        return self._bus.packs[MASTER].says(request.register)

    @staticmethod
    def _round() -> list[Request]:
        asked = [Request(address, Register.STATUS) for address in SLAVES]
        return [*asked, Request(MASTER, Register.STATUS), Request(MASTER, Register.SETTINGS)]


def pb_line(
    address: int = 1,
    count: int = 3,
    *,
    chemistry: Chemistry = Chemistry.LFP,
    cells: int = 16,
    capacity: int = 280,
    soc: float = 0.6,
    profile: str | None = "steady",
    faults: tuple[str, ...] = (),
    baudrate: int | None = None,
    speed: float = 1.0,
    firmware: str = DEFAULT_FIRMWARE,
) -> PbLine:
    """A bus of so many packs with consecutive addresses, each a little emptier than the one before."""
    packs = []
    for place in range(address, address + count):
        battery = Battery(chemistry, cells, capacity=capacity, soc=max(0.0, soc - 0.01 * (place - address)), seed=place)
        bms = JkBms(battery, settings(chemistry, cells, capacity), noise=0.3, seed=place)
        maker = Maker(software=firmware, serial=f"401194{place:05}")
        packs.append(PbPack(place, bms, maker, f"Pack {place}"))
    running = None if profile is None else PROFILES[profile]
    return PbLine(PbBus(packs), profile=running, faults=Faults(*faults), baudrate=baudrate, speed=speed)
