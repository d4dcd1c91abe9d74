"""One simulated BMS on one wire, without I/O: what arrives and the time go in, what is sent and when comes out."""

from collections.abc import Callable
from math import inf
from typing import Any, Protocol

from ..battery.chemistry import Chemistry
from .bms import JkBms
from .cells import Battery
from .faults import Faults
from .presets import settings
from .profiles import PROFILES, Profile
from .uart import UartBms

BAUDRATE = 115200
CHUNK = 16  # bytes that a USB adapter hands over at once
THINKING = 0.0005  # s from the last byte of a request to the first of the answer (uart-ttl section 3: 0.2 to 1 ms)
QUIET = 0.1  # s after which a half request is forgotten
STRIDE = 5.0  # s of physics in one step at most


class Device(Protocol):
    """A simulated BMS with a voice."""

    bms: JkBms

    def hear(self, chunk: bytes) -> bytes:
        """What it answers to what it hears."""

    def forget(self) -> None:
        """Throw away half a request."""


class Together(Protocol):
    """Packs of several lines on the same bus bars."""

    def live(self, now: float, speed: float) -> None:
        """Let all of them live up to now, in monotonic s."""


class Line:
    """A device, what charges and loads it, and what is wrong with its wire.

    `profile` None leaves the battery to the caller, who steps it. `baudrate` paces what is sent in chunks of 16 bytes
    like a real port behind a USB adapter; None sends an answer at once. `speed`: so many simulated
    seconds pass in one.
    """

    def __init__(
        self,
        device: Device,
        *,
        profile: Profile | None = None,
        faults: Faults | None = None,
        baudrate: int | None = None,
        speed: float = 1.0,
    ) -> None:
        self.device = device
        self.profile = profile
        self.together: Together | None = None  # the packs of several lines, when they share their bus bars
        self.faults = faults or Faults()
        self.baudrate = baudrate
        self.speed = speed
        self._began: float | None = None
        self._simulated = 0.0
        self._heard_at = 0.0
        self._free_at = 0.0  # when the last byte will have been sent

    @property
    def batteries(self) -> tuple[JkBms, ...]:
        """Every BMS on it."""
        return (self.device.bms,)

    @property
    def speaks_at(self) -> float:
        """When somebody on it will say something without being asked."""
        return inf

    def speak(self, now: float) -> list[tuple[float, bytes]]:
        """What is said until now without being asked, each piece with its time; once."""
        return []

    def hear(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Take what arrived; what is to be sent, each piece with its time. Times in monotonic seconds."""
        self._live(now)
        if now - self._heard_at > QUIET:
            self.device.forget()
        self._heard_at = now
        at = max(now, self._free_at)
        sent: list[tuple[float, bytes]] = []
        for gap, piece in self._paced(data, self.faults.sent(data, self.device.hear(data))):
            at += gap
            sent.append((at, piece))
        self._free_at = at
        return sent

    def _live(self, now: float) -> None:
        """Let the battery live up to now. Nobody asks between two requests, so nothing need happen between them."""
        if self.together is not None:
            self.together.live(now, self.speed)
        if self._began is None:
            self._began = now
        target = (now - self._began) * self.speed
        while (dt := min(STRIDE, target - self._simulated)) > 0:
            self._simulated += dt
            self._step(dt)

    def _step(self, dt: float) -> None:
        if self.profile is not None:
            self.device.bms.step(dt, self.profile(self._simulated, self.device.bms))

    def _paced(self, request: bytes, chunks: list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
        if self.baudrate is None:
            return chunks
        per_byte = 10 / self.baudrate
        paced: list[tuple[float, bytes]] = []
        before = THINKING + len(request) * per_byte  # the request was handed over at once, but takes its time as well
        for gap, data in chunks:
            pieces = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
            paced += [(before + gap + len(pieces[0]) * per_byte, pieces[0])]
            paced += [(len(piece) * per_byte, piece) for piece in pieces[1:]]
            before = 0.0
        return paced


def _uart_line(bms: JkBms, **options: Any) -> Line:
    return Line(UartBms(bms), **options)


def jk_line(
    index: int = 1,
    *,
    chemistry: Chemistry = Chemistry.LFP,
    cells: int = 16,
    capacity: int = 280,
    soc: float = 0.6,
    profile: str | None = "steady",
    faults: tuple[str, ...] = (),
    baudrate: int | None = None,
    speed: float = 1.0,
    made: Callable[..., Line] = _uart_line,
) -> Line:
    """A believable JK of its own for each `index`, with 1 mV of noise on 30 % of the cells.

    `made` puts its BMS on a line, with the keyword arguments of `Line`.
    """
    battery = Battery(chemistry, cells, capacity=capacity, soc=soc, seed=index)
    own = settings(chemistry, cells, capacity, name=f"Sim {index}", user_data=f"Sim bank {index:02}")
    bms = JkBms(battery, own, noise=0.3, seed=index)
    running = None if profile is None else PROFILES[profile]()
    return made(bms, profile=running, faults=Faults(*faults, seed=index), baudrate=baudrate, speed=speed)
