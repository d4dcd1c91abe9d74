"""A bank in virtual time: packs that say what a test lets them say, second by second."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from driver.battery.bank import Bank
from driver.battery.bank_member import Member
from driver.battery.bank_outcome import BankOutcome
from driver.battery.controller import Controller, Outcome
from driver.battery.memory import Memory
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from tests.battery.packs import WIRE, reading

SETTINGS = ChargeSettings(max_charge_current=100.0, max_discharge_current=150.0)
Told = Mapping[str, Reading | None]  # None: the pack is silent


@dataclass
class Banked:
    """Packs B1, B2, ... and their bank."""

    count: int = 2
    settings: Mapping[str, ChargeSettings] = field(default_factory=dict)
    memory: Memory | None = None
    maintenance: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    now: float = 0.0
    outcomes: list[BankOutcome | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bank = Bank(self.now, self.memory)
        self.names = [f"B{n}" for n in range(1, self.count + 1)]
        self.controllers = {name: Controller(self.settings.get(name, SETTINGS), WIRE, self.now) for name in self.names}
        self.packs: dict[str, Outcome | None] = dict.fromkeys(self.names)

    def hear(self, seconds: float = 1, usual: Reading | None = None, **told: Reading | None) -> "Banked":
        """Every pack says `usual`, or what stands under its name, once a second."""
        for _ in range(round(seconds)):
            self.now += 1.0
            for name in self.names:
                said = told.get(name, usual or reading()) if name in told or usual is None else usual
                controller = self.controllers[name]
                self.packs[name] = controller.step(self.now) if said is None else controller.take(said, self.now)
            self.look()
        return self

    def look(self) -> BankOutcome | None:
        """The bank looks at its packs now."""
        members = list(self.members())
        there = {member.name for member in members}
        others = {name: "was not heard yet" for name in self.names if name not in there}
        self.outcomes.append(self.bank.take(members, others, self.now))
        for controller in self.controllers.values():
            controller.charge_as(self.bank.state)
        return self.outcomes[-1]

    def members(self) -> "list[Member]":
        return [
            Member(
                name=name,
                outcome=outcome,
                limits=outcome.limits,
                terms=self.controllers[name].terms,
                resistance=self.controllers[name].resistance,
                maintenance=name in self.maintenance,
                late=name in self.late,
            )
            for name, outcome in self.packs.items()
            if outcome is not None and outcome.limits is not None
        ]

    @property
    def last(self) -> BankOutcome:
        outcome = self.outcomes[-1]
        assert outcome is not None
        return outcome

    @property
    def limits(self) -> tuple[float, float, float]:
        limits = self.last.limits
        assert limits is not None
        return (
            round(limits.charge_voltage.value, 3),
            round(limits.charge_current.value, 2),
            round(limits.discharge_current.value, 2),
        )

    @property
    def reasons(self) -> tuple[str, str, str]:
        limits = self.last.limits
        assert limits is not None
        return limits.charge_voltage.reason, limits.charge_current.reason, limits.discharge_current.reason

    @property
    def states(self) -> dict[str, str]:
        return {pack.name: pack.state for pack in self.last.packs}

    def restart(self) -> "Banked":
        """A new process, whose packs are heard anew."""
        memory = self.bank.keep(1.8e9 + self.now)
        assert memory is not None
        stored = Memory.from_json(memory.to_json())
        assert stored is not None
        return replace(self, memory=stored, now=0.0, outcomes=[])


def off(**changes: Any) -> Reading:
    """Both MOSFETs off."""
    return reading(charge_mosfet_on=False, discharge_mosfet_on=False, **changes)
