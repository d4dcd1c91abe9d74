"""Waiting for a descriptor or a time: what ends a wait, and that it ends in the turn of the loop that notices."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from driver.link.doorbell import Doorbell

from .pairs import SOON


class Bell:
    """A doorbell on a pipe, and how often the loop has turned."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.near, self.far = os.pipe()
        self.doorbell = Doorbell(self.loop, self.near)
        self.turns = 0
        self._select = self.loop._selector.select  # type: ignore[attr-defined]
        self.loop._selector.select = self._counting  # type: ignore[attr-defined]

    def _counting(self, timeout: float | None = None) -> object:
        self.turns += 1
        return self._select(timeout)

    def close(self) -> None:
        self.loop._selector.select = self._select  # type: ignore[attr-defined]
        self.doorbell.close()
        os.close(self.near)
        os.close(self.far)


@pytest.fixture
async def bell() -> AsyncIterator[Bell]:
    made = Bell()
    yield made
    made.close()


async def test_a_time_that_has_come_is_noticed_in_one_turn_of_the_loop(bell: Bell) -> None:
    before, began = bell.turns, bell.loop.time()
    await bell.doorbell.sleep(began + 0.05)
    assert bell.turns - before == 1
    assert bell.loop.time() >= began + 0.05 - 0.001


async def test_what_can_be_read_ends_a_wait_and_not_a_sleep(bell: Bell) -> None:
    os.write(bell.far, b"x")
    began = bell.loop.time()
    await bell.doorbell.sleep(began + 0.05)
    assert bell.loop.time() >= began + 0.05 - 0.001
    before = bell.turns
    assert await bell.doorbell.wait(began + SOON)
    assert bell.turns - before == 1


async def test_a_wait_ends_with_its_time(bell: Bell) -> None:
    assert not await bell.doorbell.wait(bell.loop.time() + 0.01)


async def test_a_cancelled_wait_ends_once_and_the_next_one_works(bell: Bell) -> None:
    task = asyncio.ensure_future(bell.doorbell.wait(bell.loop.time() + SOON))
    await asyncio.sleep(0)
    os.write(bell.far, b"x")  # both at once
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bell.doorbell.wait(bell.loop.time() + SOON)


async def test_a_timeout_around_a_wait_ends_it(bell: Bell) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await bell.doorbell.sleep(bell.loop.time() + SOON)


async def test_closing_wakes_who_waits(bell: Bell) -> None:
    task = asyncio.ensure_future(bell.doorbell.wait(bell.loop.time() + SOON))
    await asyncio.sleep(0)
    bell.doorbell.close()
    async with asyncio.timeout(SOON):
        assert await task
    bell.doorbell = Doorbell(bell.loop, bell.near)
