"""The closed loop in virtual time: cells and BMS -> reading -> controller -> limits -> chargers -> cells."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from driver.battery.controller import Controller, Outcome
from driver.battery.loss import Timing
from driver.battery.memory import Memory
from driver.battery.reading import Identity, Protections, Reading
from driver.battery.settings import ChargeSettings
from driver.protocol.jkuart_reading import ALARMS
from driver.simulator.bms import JkBms
from driver.simulator.plant import Plant, Site, Wanted
from driver.simulator.protection import Side

IDENTITY = Identity(protocol="jk-uart", manufacturer_id="House")
WALL = 1.8e9  # Unix s at second 0
AFTER_A_STEP = 10.0  # s after a step of load or sun in which a cell may stand higher
STEP = 500.0  # W
Naive = Callable[[Reading], Wanted]


def reading(bms: JkBms) -> Reading:
    """What the driver reads of a simulated BMS, without the bytes between."""
    seen, has = bms.measured, bms.settings
    return Reading(
        identity=IDENTITY,
        protections=_protections(bms),
        voltage=seen.voltage,
        current=seen.current,
        cells=seen.cells,
        soc=float(bms.soc),
        temperatures=(round(seen.box_temperature), round(seen.battery_temperature)),
        mos_temperature=round(seen.mos_temperature),
        alarms=frozenset(alarm for bit, alarm in ALARMS.items() if bms.alarms & bit) if bms.alarms else frozenset(),
        charge_mosfet_on=bms.charge_mosfet_on,
        discharge_mosfet_on=bms.discharge_mosfet_on,
        balancing=bms.balancing,
        charge_switch=has.charge_switch,
        discharge_switch=has.discharge_switch,
        balance_switch=has.balancer_switch,
        capacity=bms.capacity,
        cycles=bms.cycles,
    )


def _protections(bms: JkBms) -> Protections:
    has = bms.settings
    return Protections(
        cell_over_voltage=has.cell_over_voltage,
        cell_under_voltage=has.cell_under_voltage,
        charge_current=has.charge_over_current,
        discharge_current=has.discharge_over_current,
        charge_over_temperature=has.charge_over_temperature,
        charge_under_temperature=has.charge_under_temperature,
        discharge_over_temperature=has.discharge_over_temperature,
        discharge_under_temperature=has.discharge_under_temperature,
        mos_over_temperature=has.mos_over_temperature,
        balance_start=has.balance_start,
    )


class Sample(NamedTuple):
    """One moment of a run."""

    now: float
    limits: Wanted
    highest: float
    lowest: float
    current: float
    blocked: Side
    disturbed: bool  # a load or the sun has just jumped
    inverting: bool
    outcome: Outcome | None
    voltage: float
    temperature: float  # °C, the colder one
    load: float  # W
    sun: float  # W, as far as it shines


def published(outcome: Outcome) -> Wanted:
    """As the paths round them: never up."""
    limits = outcome.limits
    assert limits is not None
    return Wanted(
        math.floor(limits.charge_voltage.value * 100 + 1e-6) / 100,
        math.floor(limits.charge_current.value * 10 + 1e-6) / 10,
        math.floor(limits.discharge_current.value * 10 + 1e-6) / 10,
    )


@dataclass
class Loop:
    """A battery in its house. `naive` replaces the controller by fixed limits: the control run."""

    bms: JkBms
    site: Site
    settings: ChargeSettings = field(default_factory=ChargeSettings)
    naive: Wanted | None = None
    dt: float = 1.0
    now: float = 0.0
    silent: bool = False
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plant = Plant(self.site)
        self.controller = Controller(self.settings, Timing.wire(self.dt), self.now)
        self._power = self.site.load(0.0), self.site.solar(0.0)
        self._stepped = -math.inf
        self._shown: Wanted | None = None

    def run(self, seconds: float) -> "Loop":
        """Let so much time pass."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self._turn()
        return self

    def restart(self, clock: float = 0.0) -> None:
        """A new process, whose clock has jumped by so much."""
        wall = WALL + self.now
        memory = self.controller.keep(self.now, wall)
        assert memory is not None
        stored = Memory.from_json(memory.to_json())
        assert stored is not None
        self.controller = Controller(self.settings, Timing.wire(self.dt), self.now, stored, wall + clock)

    def _turn(self) -> None:
        bms, dt = self.bms, self.dt
        outcome = self.controller.step(self.now) if self.silent else self.controller.take(reading(bms), self.now)
        if self.naive is not None:
            self._shown = self.naive
        elif outcome is not None:
            self._shown = published(outcome)
        assert self._shown is not None
        power = self.site.load(self.now), self.site.solar(self.now)
        if max(abs(a - b) for a, b in zip(power, self._power, strict=True)) > STEP:
            self._stepped = self.now
        self._power = power
        current = bms.step(dt, self.plant.step(self.now, dt, bms, self._shown))
        self.now += dt
        measured = bms.measured
        self.samples.append(
            Sample(
                self.now,
                self._shown,
                max(measured.cells),
                min(measured.cells),
                current,
                bms.guard.blocked,
                self.now - self._stepped <= AFTER_A_STEP,
                self.plant.inverting,
                outcome,
                measured.voltage,
                measured.battery_temperature,
                *power,
            )
        )


def calm(samples: Iterable[Sample]) -> list[Sample]:
    """Those outside the first seconds after a step."""
    return [sample for sample in samples if not sample.disturbed]


def most_turns(values: Iterable[tuple[float, float]], least: float = 0.0, within: float = 3600.0) -> int:
    """How often a value turns round in its worst hour; swings of `least` or less are none. Pairs of s and value."""
    turns: list[float] = []
    direction, extreme = 0, None
    for now, value in values:
        if extreme is None:
            extreme = value
        moved = value - extreme
        heading = (moved > 0) - (moved < 0)
        if heading == direction:
            extreme = value
        elif heading and abs(moved) > least:
            if direction:
                turns.append(now)
            direction, extreme = heading, value
    return max((sum(1 for turn in turns if begin <= turn < begin + within) for begin in turns), default=0)


def shows(samples: Iterable[Sample], what: Callable[[Sample], object]) -> list[object]:
    """The different values in a row."""
    values = [what(sample) for sample in samples]
    return values[:1] + [now for before, now in pairwise(values) if now != before]


def said(sample: Sample) -> str:
    """What the charge voltage is, in words."""
    assert sample.outcome is not None
    assert sample.outcome.limits is not None
    return sample.outcome.limits.charge_voltage.reason
