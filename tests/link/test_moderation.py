"""Notifications of all links are read together, once a second, and at once where something is awaited."""

import asyncio

from driver.link.moderation import PERIOD, Moderation
from tests.virtual_time import run


class Air:
    """An inbox, and two links that write down what they were handed, and when."""

    def __init__(self) -> None:
        self.moderation = Moderation()
        self.moderation.use(self)
        self.kept: list[str] = []  # by the kernel
        self.watched = True
        self.looks: list[float] = []
        self.handed: list[tuple[float, str]] = []
        self._links = {name: lambda name=name: self.handed.append((now(), name)) for name in "AB"}

    def watch(self) -> None:
        self.watched = True
        while self.kept:
            self.read()

    def leave(self) -> None:
        self.watched = False

    def read(self) -> None:
        self.looks.append(now())
        if self.kept:
            link = self._links[self.kept.pop(0)]
            if not self.moderation.gathers(link):
                link()

    def comes(self, name: str) -> None:
        self.kept.append(name)
        if self.watched:
            self.read()


def now() -> float:
    return asyncio.get_running_loop().time()


def test_what_comes_in_a_second_is_handed_over_in_one_turn() -> None:
    async def scene() -> None:
        air = Air()
        for _ in range(20):
            air.comes("A")
            air.comes("B")
            await asyncio.sleep(0.25)
        turns = [1.0, 2.0, 3.0, 4.0, 5.0]
        assert air.handed == [(at, name) for at in turns for name in "AB"]
        assert {at for at in air.looks if at > PERIOD / 2} == set(turns), "the first is read as it comes"

    run(scene())


def test_an_idle_link_costs_no_look() -> None:
    async def scene() -> None:
        air = Air()
        air.comes("A")
        await asyncio.sleep(100.0)
        assert {0.0, 1.0} <= set(air.looks) <= {0.0, 1.0, 2.0}, "one look in vain, then it is watched"
        assert air.watched
        assert air.moderation.delay == 0.0
        air.comes("B")
        assert air.moderation.delay == PERIOD
        await asyncio.sleep(PERIOD)
        assert air.handed == [(1.0, "A"), (101.0, "B")]

    run(scene())


def test_nothing_waits_while_something_is_awaited() -> None:
    async def scene() -> None:
        air = Air()
        air.comes("A")
        await asyncio.sleep(0.3)
        air.comes("B")
        air.moderation.hurry("one")
        assert air.handed == [(0.3, "A"), (0.3, "B")], "what had gathered"
        assert air.watched
        await asyncio.sleep(0.1)
        air.comes("A")
        assert air.handed[-1] == (0.4, "A")
        air.moderation.calm("one")
        air.comes("A")
        await asyncio.sleep(PERIOD)
        assert air.handed[-1] == (1.4, "A")

    run(scene())


def test_a_question_asked_when_a_reading_is_handed_over_ends_the_gathering() -> None:
    async def scene() -> None:
        air = Air()
        air._links["A"] = lambda: air.moderation.hurry("A")
        air.comes("A")
        await asyncio.sleep(PERIOD)
        assert air.watched
        air.comes("B")
        assert air.handed == [(1.0, "B")]

    run(scene())


def test_where_the_inbox_is_not_known_nothing_waits() -> None:
    async def scene() -> None:
        moderation = Moderation()
        assert not moderation.gathers(lambda: None)
        assert moderation.delay == 0.0

    run(scene())
