"""Batteries in virtual time: readings with round numbers, and a controller that is fed second by second."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from driver.battery.controller import Controller, Outcome
from driver.battery.limits import Limits
from driver.battery.loss import Timing
from driver.battery.memory import Memory
from driver.battery.reading import Identity, Protections, Reading
from driver.battery.settings import ChargeSettings

IDENTITY = Identity(protocol="jk-uart", software="11.26", manufacturer_id="House")
PROTECTIONS = Protections(
    cell_over_voltage=3.65,
    cell_under_voltage=2.60,
    charge_current=200.0,
    discharge_current=300.0,
    charge_over_temperature=60.0,
    charge_under_temperature=-20.0,
    discharge_over_temperature=65.0,
    discharge_under_temperature=-25.0,
    mos_over_temperature=90.0,
)
NMC = replace(PROTECTIONS, cell_over_voltage=4.20, cell_under_voltage=2.90)
LTO = replace(PROTECTIONS, cell_over_voltage=2.80, cell_under_voltage=1.70)
SETTINGS = ChargeSettings(max_charge_current=100.0, max_discharge_current=150.0)
WIRE, BLUETOOTH = Timing.wire(1.0), Timing.bluetooth()
WALL = 1.8e9  # Unix s of second 0 of the virtual clock


def reading(cells: float | Sequence[float] = 3.30, count: int = 16, **changes: Any) -> Reading:
    """A healthy LFP pack at 25 °C and rest; `cells` alike, or one by one."""
    volts = (cells,) * count if isinstance(cells, float) else tuple(cells)
    usual = {
        "identity": IDENTITY,
        "protections": PROTECTIONS,
        "voltage": sum(volts),
        "current": 0.0,
        "cells": volts,
        "soc": 60.0,
        "temperatures": (25.0, 25.0),
        "mos_temperature": 30.0,
        "charge_mosfet_on": True,
        "discharge_mosfet_on": True,
        "charge_switch": True,
        "discharge_switch": True,
        "capacity": 280.0,
        "cycles": 12,
    }
    return Reading(**(usual | changes))


def ahead(high: float, others: float, count: int = 16) -> tuple[float, ...]:
    """Cells of which the third differs."""
    return (others, others, high, *(others,) * (count - 3))


def amounts(limits: Limits | None) -> tuple[float, float, float]:
    """CVL, CCL and DCL, to the mV and mA."""
    assert limits is not None
    return (
        round(limits.charge_voltage.value, 3),
        round(limits.charge_current.value, 3),
        round(limits.discharge_current.value, 3),
    )


@dataclass
class Timeline:
    """A controller whose seconds pass one by one; each outcome is remembered with its second."""

    settings: ChargeSettings = SETTINGS
    timing: Timing = WIRE
    memory: Memory | None = None
    wall: float = WALL
    now: float = 0.0
    outcomes: list[tuple[float, Outcome | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.controller = Controller(self.settings, self.timing, self.now, self.memory, self.wall)

    @property
    def last(self) -> Outcome:
        outcome = self.outcomes[-1][1]
        assert outcome is not None
        return outcome

    def take(self, reading: Reading) -> Outcome:
        """A reading comes now."""
        self.outcomes.append((self.now, self.controller.take(reading, self.now)))
        return self.last

    def hear(self, reading: Reading, seconds: float, every: float = 1.0) -> Outcome:
        """The same values come for so long, the first of them after `every` s."""
        end = self.now + seconds
        while self.now + every <= end + 1e-9:
            self.now += every
            self.take(reading)
        return self.last

    def silence(self, seconds: float) -> Outcome | None:
        """Nothing comes for so long; time is shown once a second."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 1.0, end)
            self.outcomes.append((self.now, self.controller.step(self.now)))
        return self.outcomes[-1][1]

    def restart(self, after: float = 0.0, wall: float | None = None) -> "Timeline":
        """A new process, `after` s later; its monotonic clock begins anew, its wall clock says `wall`."""
        memory = self.controller.keep(self.now, self.wall + self.now)
        stored = None if memory is None else Memory.from_json(memory.to_json())
        assert (stored is None) is (memory is None)
        return Timeline(self.settings, self.timing, stored, self.wall + self.now + after if wall is None else wall)


def lost(cells: float | Sequence[float] = 3.30, timing: Timing = WIRE, **changes: Any) -> Timeline:
    """A pack that was heard for two minutes, the last time at second 120, and is silent from now on."""
    timeline = Timeline(timing=timing)
    timeline.hear(reading(cells, **changes), 120)
    return timeline
