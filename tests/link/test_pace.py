"""The pace of a port in virtual time, against a BMS whose chunks arrive as a UART's do."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from driver.link.pace import LONGEST, QUIET, TAIL, Pace

BYTE = 10 / 115200
SIZE = 291
MS = 0.001


@dataclass
class Wire:
    """A BMS that answers in chunks, and a link that waits for them with timers as coarse as asyncio's."""

    chunk: int = 16
    pace: Pace = field(default_factory=lambda: Pace(115200))
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    now: float = 1000.0
    latencies: list[float] = field(default_factory=list)
    wakeups: list[int] = field(default_factory=list)

    def poll(self, lag: float, size: int = SIZE, late: float = 0.0) -> tuple[float, int]:
        """Latency and wake-ups of one reply, `late` being how late the loop comes back from its first sleep."""
        self.now += 1.0
        self.pace.wrote(self.now)
        end = self.now + lag + size * BYTE
        chunks = [(end - left * BYTE, left) for left in range(size - self.chunk, 0, -self.chunk)] + [(end, 0)]
        have = wakeups = 0
        ready = False
        while True:
            blind = self.pace.blind(size - have, self.now)
            if blind > 0 and not ready:
                self.now += blind + self.dice.random() * MS + late
                wakeups += 1
                late = 0.0
            there = max((size - left for at, left in chunks if at <= self.now), default=0)
            if there > have:
                self.pace.took(there - have, self.now, complete=there >= size, exact=ready)
                have = there
            if have >= size:
                break
            ready = self.pace.blind(size - have, self.now) == 0.0
            if ready:
                self.now = min(at for at, _ in chunks if at > self.now)
                wakeups += 1
        self.latencies.append(self.now - end)
        self.wakeups.append(wakeups)
        return self.now - end, wakeups

    def polls(self, count: int, lag: Callable[[random.Random], float]) -> None:
        for _ in range(count):
            self.poll(lag(self.dice))

    def share(self, part: float) -> float:
        return sorted(self.latencies)[int(part * len(self.latencies))]

    def forget(self) -> None:
        self.latencies.clear()
        self.wakeups.clear()


@pytest.mark.parametrize("chunk", [16, 32, 62, SIZE])
def test_a_steady_bms_costs_little_more_than_one_wakeup(chunk: int) -> None:
    wire = Wire(chunk)
    wire.polls(20, lambda r: r.uniform(0.2, 1.0) * MS)
    wire.forget()
    wire.polls(1000, lambda r: r.uniform(0.2, 1.0) * MS)
    assert sum(wire.wakeups) / 1000 < 1.25
    assert wire.share(0.5) < 1.0 * MS
    assert wire.share(0.99) < 2.5 * MS


@pytest.mark.parametrize("chunk", [16, 32, SIZE])
def test_an_unsteady_bms_costs_neither_many_wakeups_nor_much_delay(chunk: int) -> None:
    wire = Wire(chunk)
    wire.polls(50, lambda r: r.uniform(0.0, 8.0) * MS)
    wire.forget()
    wire.polls(1000, lambda r: r.uniform(0.0, 8.0) * MS)
    assert sum(wire.wakeups) / 1000 < 6.0  # 19 chunks
    assert wire.share(0.5) < 5.0 * MS
    assert wire.share(0.99) < 10.0 * MS


def test_the_first_reply_is_awaited_and_teaches_the_lag() -> None:
    wire = Wire()
    latency, wakeups = wire.poll(38 * MS)
    assert latency < 0.1 * MS
    assert wakeups <= 6
    assert wire.pace.lag == pytest.approx(38 * MS, abs=0.1 * MS)


@pytest.mark.parametrize(("before", "after"), [(0.5, 40.0), (40.0, 0.5), (0.5, -25.0)])
def test_a_bms_that_changes_its_habit_is_learned_anew(before: float, after: float) -> None:
    wire = Wire()
    wire.polls(100, lambda r: before * MS + r.uniform(0, 0.2) * MS)
    wire.polls(60, lambda r: after * MS + r.uniform(0, 0.2) * MS)
    wire.forget()
    wire.polls(100, lambda r: after * MS + r.uniform(0, 0.2) * MS)
    assert wire.share(0.9) < 3 * MS
    assert sum(wire.wakeups) / 100 < 3


def test_one_hiccup_does_not_spoil_the_next_replies() -> None:
    wire = Wire()
    wire.polls(100, lambda r: 0.5 * MS)
    wire.poll(80 * MS)
    wire.forget()
    wire.polls(20, lambda r: 0.5 * MS)
    assert max(wire.latencies) < 3 * MS
    assert sum(wire.wakeups) < 40


def test_a_loop_that_was_late_does_not_spoil_the_next_replies() -> None:
    wire = Wire()
    wire.polls(100, lambda r: 0.5 * MS)
    assert wire.poll(0.5 * MS, late=30 * MS)[0] > 25 * MS
    wire.forget()
    wire.polls(20, lambda r: 0.5 * MS)
    assert max(wire.latencies) < 3 * MS


def test_an_unknown_length_is_not_slept_for() -> None:
    pace = Pace(115200)
    pace.wrote(0.0)
    assert pace.blind(0, 0.0) == 0.0
    assert pace.blind(-5, 0.0) == 0.0


def test_a_stream_is_not_slept_for_until_it_flows() -> None:
    pace = Pace(115200)
    assert pace.blind(300, 10.0) == 0.0
    pace.took(20, 10.0, complete=False, exact=True)
    assert pace.blind(280, 10.0) == pytest.approx((280 - TAIL) * BYTE)
    assert pace.blind(500, 10.0 + 1.1 * QUIET) == 0.0  # it has stopped


def test_a_damaged_length_is_not_slept_for() -> None:
    pace = Pace(115200)
    pace.took(20, 10.0, complete=False, exact=True)
    assert pace.blind(65535, 10.0) < LONGEST * BYTE
    assert pace.patience(65535) <= 10.0 + LONGEST * BYTE + QUIET


def test_a_slower_wire_is_slept_for_longer() -> None:
    fast, slow = Pace(115200), Pace(9600)
    for pace in (fast, slow):
        pace.took(20, 10.0, complete=False, exact=True)
    assert slow.blind(280, 10.0) == pytest.approx(12 * fast.blind(280, 10.0))


def test_reopening_keeps_what_was_learned() -> None:
    wire = Wire()
    wire.polls(50, lambda r: 0.5 * MS)
    lag = wire.pace.lag
    wire.pace.wrote(wire.now)
    wire.pace.restart()
    assert wire.pace.blind(SIZE, wire.now) == 0.0  # nothing was asked over the new connection
    assert wire.pace.lag == lag
