"""When a bank looks at its packs: once a second, after all have answered, and at once when one may do less."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from driver import bank_battery
from driver.bank_battery import AFTER, BankBattery
from driver.bank_options import BankOptions
from driver.battery.controller import Controller, Outcome
from driver.pack import Pack
from tests.battery.packs import SETTINGS, WIRE, reading


class Known:
    """Nothing is known of an earlier process."""

    def bank(self, _: str) -> tuple[None, list[str]]:
        return None, []


@dataclass
class Options:
    rhythm: float = 1.0


@dataclass
class Told:
    """A pack as far as its bank asks."""

    name: str
    controller: Controller = field(default_factory=lambda: Controller(SETTINGS, WIRE, 0.0))
    outcome: Outcome | None = None
    read_at: float = 0.0
    options: Options = field(default_factory=Options)


class Loop:
    """Virtual time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.due: list[tuple[float, Any]] = []

    def call_later(self, delay: float, callback: Any) -> None:
        self.due.append((self.now + delay, callback))

    def go_on(self, until: float) -> None:
        for when, callback in [one for one in self.due if one[0] <= until]:
            self.due.remove((when, callback))
            self.now = when
            callback()
        self.now = until


class Rounds:
    """Packs that speak when a test says so; `looks` are the seconds at which the bank looked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self.packs = [Told(f"B{n}") for n in range(1, count + 1)]
        self.looks: list[float] = []
        self.loop = Loop()
        monkeypatch.setattr(bank_battery.asyncio, "get_running_loop", lambda: self.loop)
        monkeypatch.setattr(BankBattery, "has", lambda *_: True)
        nothing = cast(Any, None)
        self.bank = BankBattery(
            "all",
            BankOptions(),
            lambda: cast("list[Pack]", self.packs),
            lambda: self.bank.tick(self.loop.now),
            settings=nothing,
            known=cast(Any, Known()),
        )
        look = self.bank.look
        monkeypatch.setattr(self.bank, "look", lambda now: (self.looks.append(now), look(now)))

    def say(self, place: int, now: float, **changed: Any) -> None:
        self.loop.go_on(now)
        pack = self.packs[place]
        pack.outcome, pack.read_at = pack.controller.take(replace(reading(), **changed), now), now
        self.bank.heard(cast(Pack, pack), now)


def test_packs_that_answer_together_are_looked_at_after_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(monkeypatch, 4)
    for second in range(1, 10):
        for place in range(4):
            rounds.say(place, second + place / 500)
    begun = [now for now in rounds.looks if now > 3]
    assert begun == pytest.approx([second + AFTER for second in range(3, 9)])


def test_a_pack_that_may_do_less_is_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(monkeypatch, 2)
    for second in range(1, 30):
        for place in range(2):
            rounds.say(place, second + place / 500)
    rounds.say(0, 30.0, charge_mosfet_on=False)
    assert rounds.looks[-1] == 30.0
    rounds.say(1, 30.01)
    rounds.loop.go_on(30.5)
    assert rounds.looks[-1] == 30.0, "looked at again for nothing"


def test_a_bank_of_which_nobody_is_heard_is_looked_at_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(monkeypatch, 2)
    rounds.say(0, 1.0)
    rounds.loop.go_on(2.0)
    count = len(rounds.looks)
    rounds.bank.tick(9.0)
    assert rounds.looks[count:] == [9.0]
