"""The closed loop of a bank, in virtual time: packs -> readings -> controllers -> bank -> chargers -> packs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from driver.battery.bank import Bank, BankOutcome
from driver.battery.bank_member import Member
from driver.battery.controller import Controller, Outcome, failsafe
from driver.battery.loss import Timing
from driver.battery.reading import Reading
from driver.battery.settings import ChargeSettings
from driver.simulator.bms import JkBms
from driver.simulator.cells import RESISTANCE, Battery
from driver.simulator.parallel import Parallel
from driver.simulator.plant import Plant, Site, Wanted
from tests.closed_loop.loop import published, reading

DELAY = 4  # s after which an inverter heeds a discharge limit, as those of ESS and RS do; a Multi alone never does
Spoil = Callable[[Reading], Reading | None]  # what the driver is told instead; None: nothing


def pack(capacity: float = 280.0, soc: float = 0.6, age: float = 1.0, seed: int = 1, **battery: float) -> JkBms:
    """A pack whose resistance is `age` times that of a new one."""
    cells = Battery(capacity=capacity, soc=soc, seed=seed, **battery)  # type: ignore[arg-type]
    for cell in cells.cells:
        cell.resistance *= age
    return JkBms(cells)


def unequal(count: int, soc: float = 0.6) -> list[JkBms]:
    """Packs of which the last takes as little, and the first as much as 30 to 70."""
    sizes, ages = (280.0, 230.0, 304.0, 200.0), (0.7, 1.0, 1.3, 1.633)
    made = []
    for index in range(count):
        size = sizes[index % 4]
        of_resistance = RESISTANCE / 280 / (RESISTANCE / size)  # resistance does not follow the capacity here
        age = ages[(index * 3) % 4] if count > 2 else (0.7, 1.87)[index]
        made.append(pack(size, soc - 0.01 * (index % 3), age * of_resistance, seed=index + 1))
    return made


@dataclass
class Sample:
    """One second of a bank."""

    now: float
    limits: Wanted
    currents: tuple[float, ...]
    own: tuple[Wanted, ...]  # limits of the packs
    outcome: BankOutcome
    highest: tuple[float, ...]  # cells


@dataclass
class BankLoop:
    """A bank in its house."""

    packs: list[JkBms]
    site: Site
    settings: ChargeSettings = field(default_factory=ChargeSettings)
    now: float = 0.0
    silent: set[int] = field(default_factory=set)
    maintenance: set[int] = field(default_factory=set)
    failing: set[int] = field(default_factory=set)  # their control code raises
    spoil: dict[int, Spoil] = field(default_factory=dict)
    naive: bool = False  # the limits of all packs are summed up
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bars = Parallel(self.packs)
        self.plant = Plant(self.site)
        self.controllers = [Controller(self.settings, Timing.wire(1.0), 0.0) for _ in self.packs]
        self.bank = Bank(0.0)
        self.outcomes: list[Outcome | None] = [None] * len(self.packs)
        self.read_at = [0.0] * len(self.packs)

    def run(self, seconds: float) -> "BankLoop":
        """Let so much time pass."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self._turn()
        return self

    def _turn(self) -> None:
        for index, controller in enumerate(self.controllers):
            self.outcomes[index] = self._outcome(index, controller)
        told = {f"B{n}": outcome for n, outcome in enumerate(self.outcomes, 1)}
        members = [
            Member(
                name=name,
                outcome=outcome,
                limits=outcome.limits,
                terms=controller.terms,
                late=self.now - self.read_at[index] > 4.0,
                resistance=controller.resistance,
                maintenance=index in self.maintenance,
            )
            for index, ((name, outcome), controller) in enumerate(zip(told.items(), self.controllers, strict=True))
            if outcome is not None and outcome.limits is not None
        ]
        there = {member.name for member in members}
        shown = self.bank.take(members, {name: "was not heard yet" for name in told if name not in there}, self.now)
        for controller in self.controllers:
            controller.charge_as(self.bank.state)
        self.now += 1.0
        if shown is None:
            return
        limits = self._summed() if self.naive else published(shown)
        drawn = self.samples[-DELAY].limits if len(self.samples) >= DELAY else limits
        self.bars.step(1.0, max(-drawn.discharge, self.plant.step(self.now, 1.0, self.bars, limits)))
        own = tuple(published(outcome) for outcome in self.outcomes if outcome is not None)
        highest = tuple(max(pack.measured.cells) for pack in self.packs)
        self.samples.append(Sample(self.now, limits, tuple(self.bars.currents), own, shown, highest))

    def _summed(self) -> Wanted:
        own = [published(outcome) for outcome in self.outcomes if outcome is not None]
        return Wanted(55.2, sum(o.charge for o in own), sum(o.discharge for o in own))

    def _outcome(self, index: int, controller: Controller) -> Outcome | None:
        if index in self.failing:
            last = self.outcomes[index]
            assert last is not None
            return failsafe(last, self.now, "fault inside the driver")
        if index in self.silent:
            return controller.step(self.now)
        seen: Reading | None = reading(self.packs[index])
        if index in self.spoil:
            assert seen is not None
            seen = self.spoil[index](seen)
        if seen is None:
            return controller.step(self.now)
        self.read_at[index] = self.now
        return controller.take(seen, self.now)


def longest_excess(samples: list[Sample], index: int) -> float:
    """s, the longest time for which a pack had more than 105 % of its own CCL or DCL."""
    over = [_over(sample.currents[index], sample.own[index]) for sample in samples]
    return float(max((len(list(run)) for beyond, run in groupby(over) if beyond), default=0))


def _over(current: float, own: Wanted) -> bool:
    return current > 1.05 * own.charge + 0.2 or -current > 1.05 * own.discharge + 0.2


def control_run(loop: BankLoop) -> BankLoop:
    """Twenty minutes with limits that are only summed up."""
    loop.naive = True
    return loop.run(1200)
