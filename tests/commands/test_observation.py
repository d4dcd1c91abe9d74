"""One battery watched by a command, over a link in memory."""

import asyncio
import signal

import pytest

from driver.commands.observation import Observation, muted, observing, stopped_by_signals
from driver.link.memory import memory_pair
from driver.options import Battery
from driver.protocol.jkuart_wire import frame
from tests.commands.frames import FRAME


def nothing(text: str) -> None:
    """Nobody looks at the progress."""


async def test_a_cable_that_is_pulled_is_the_verdict() -> None:
    near, far = memory_pair()
    await far.open()
    seen = Observation("house", Battery(port="/dev/x"), near)
    with muted():
        async with observing(seen):
            waiting = asyncio.create_task(seen.first(60, nothing))
            assert await far.read(21, 10)
            far.unplug()
            assert await waiting is False
    assert "memory" in seen.verdict().found
    assert seen.counters()["outages"] == 1


async def test_answers_that_hold_no_values_are_the_verdict() -> None:
    near, far = memory_pair()
    await far.open()
    seen = Observation("house", Battery(port="/dev/x"), near)
    with muted():
        async with observing(seen):
            waiting = asyncio.create_task(seen.first(0.5, nothing))
            assert await far.read(21, 10)
            await far.write(frame(b"\xab", 2, 0, 1))
            assert await waiting is False
    assert seen.verdict().found == "the BMS answers, but with nothing that holds its values"
    assert seen.verdict().sample == frame(b"\xab", 2, 0, 1).hex()


async def test_a_reading_has_an_age_an_outcome_and_counters() -> None:
    near, far = memory_pair()
    await far.open()
    seen = Observation("house", Battery(port="/dev/x"), near)
    assert seen.outcome() is None
    assert seen.age() is None
    async with observing(seen):
        waiting = asyncio.create_task(seen.first(60, nothing))
        assert await far.read(21, 10)
        await far.write(FRAME)
        assert await waiting is True
        assert seen.age() is not None
        outcome = seen.outcome()
    assert outcome is not None
    assert outcome.limits is not None
    assert seen.counters()["readings"] == 1
    assert seen.link_words() == "link: 1 readings, 1 frames, 0 damaged, 291 received bytes, 0 outages"


async def test_waiting_ends_when_nobody_wants_to_know_any_more() -> None:
    near, _ = memory_pair()
    seen = Observation("house", Battery(port="/dev/x"), near)
    with muted(), stopped_by_signals(seen.end):
        async with observing(seen):
            waiting = asyncio.create_task(seen.first(600, nothing))
            await asyncio.sleep(0)
            signal.raise_signal(signal.SIGINT)
            assert await waiting is False


async def test_a_fault_of_ours_is_not_swallowed() -> None:
    near, far = memory_pair()
    await far.open()
    seen = Observation("house", Battery(port="/dev/x"), near)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    seen.dialect.take = fail  # type: ignore[assignment, method-assign]

    async def ask() -> None:
        async with observing(seen):
            assert await far.read(21, 10)
            await far.write(FRAME)
            await seen.first(60, nothing)

    async with asyncio.timeout(30):
        with pytest.raises(ZeroDivisionError):
            await ask()
