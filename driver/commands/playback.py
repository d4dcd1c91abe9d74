"""A capture through everything but the link: framer, tables, readings, controller. Time is that of the capture.

On a bus each pack that answers is a battery of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..battery.controller import Controller, Outcome
from ..battery.loss import Timing
from ..battery.reading import Reading
from ..errors import LayoutError
from ..options import Battery
from ..protocol.capture import Chunk, Direction
from ..protocol.dialect import BLUETOOTH, BUSES, LISTENING, Dialect, conversation
from ..protocol.jkpb_reading import PbPack
from ..protocol.jkpb_wire import Answer, PbFramer
from ..protocol.talk import Counters

STEP = 1.0  # s after which the passing of time alone is shown
MOST_STEPS = 3600  # in one pause
PAUSE = 1.0  # s without a byte after which a frame that has begun will not end


@dataclass(slots=True)
class Pack:
    """One battery of the capture."""

    name: str
    source: Dialect | PbPack
    controller: Controller
    readings: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something to show: an outcome, or why a frame was none."""

    at: float  # s since the beginning of the capture
    pack: Pack
    outcome: Outcome | None = None
    problem: str = ""
    reading: Reading | None = None  # None: only time has passed


@dataclass(slots=True)
class Playback:
    """Takes chunks one after the other."""

    protocol: str
    battery: Battery = field(default_factory=Battery)
    packs: dict[int | None, Pack] = field(default_factory=dict)  # by address, where there is one
    _dialect: Dialect | None = None
    _bus: PbFramer | None = None
    _now: float = 0.0
    _heard: float = 0.0

    def __post_init__(self) -> None:
        if self.protocol in BUSES:
            self._bus = PbFramer()
        else:
            self._dialect = conversation(self.protocol, self.battery.poll_interval)

    @property
    def framer(self) -> Counters:
        """What has been cut so far."""
        if self._bus is not None:
            return self._bus
        assert self._dialect is not None
        return self._dialect.talk.framer

    def play(self, chunk: Chunk) -> Iterator[Event]:
        """What comes of this chunk, and of the time until it came."""
        yield from self.wait(chunk.at)
        if chunk.direction is Direction.OPENED:
            if self._bus is not None:
                self._bus.gap()
            elif self._dialect is not None:
                self._dialect.talk.begin()
        elif chunk.direction is Direction.RECEIVED:
            self._heard = chunk.at
            yield from self._take(chunk.data)

    def wait(self, until: float) -> Iterator[Event]:
        """Let time pass."""
        if until - self._heard > PAUSE:
            yield from self._take(b"")
        step = max(STEP, (until - self._now) / MOST_STEPS)
        while self._now + step < until:
            self._now += step
            for pack in self.packs.values():
                outcome = pack.controller.step(self._now)
                if outcome is not None:
                    yield Event(self._now, pack, outcome)
        self._now = max(self._now, until)

    def _take(self, data: bytes) -> Iterator[Event]:
        if self._bus is not None:
            for heard in self._bus.feed(data) if data else self._bus.gap():
                if isinstance(heard, Answer):
                    yield from self._frame(self._pack(heard.address), heard.frame)
        elif self._dialect is not None:
            for frame in self._dialect.talk.receive(data):
                yield from self._frame(self._pack(None), frame)

    def _frame(self, pack: Pack, frame: bytes) -> Iterator[Event]:
        try:
            reading = pack.source.take(frame)
        except LayoutError as exc:
            pack.refused += 1
            yield Event(self._now, pack, problem=f"frame not understood: {exc}")
            return
        if reading is not None:
            pack.readings += 1
            yield Event(self._now, pack, pack.controller.take(reading, self._now), reading=reading)

    def _pack(self, address: int | None) -> Pack:
        if address not in self.packs:
            over_the_air = self.protocol in BLUETOOTH
            timing = Timing.bluetooth() if over_the_air else Timing.wire(self.battery.rhythm)
            controller = Controller(self.battery.charge_settings(), timing, self._now)
            name = "" if address is None else f"address {address}"
            self.packs[address] = Pack(name, self._source(address), controller)
        return self.packs[address]

    def _source(self, address: int | None) -> Dialect | PbPack:
        if address is None:
            assert self._dialect is not None
            return self._dialect
        interval, listening = self.battery.poll_interval, self.protocol in LISTENING
        return PbPack(self.protocol, address, interval, listening=listening)
