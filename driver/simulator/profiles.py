"""What charges and loads a simulated pack: functions of time and of what the pack would take."""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from .bms import JkBms

Profile: TypeAlias = Callable[[float, JkBms], float]
"""Simulated seconds and the BMS -> A, positive: charging."""

RATE = 0.3  # of the capacity per hour, for charger and load
TAIL = 0.03  # of the capacity per hour: a charger that gives less is done
RESERVE = 0.1  # state of charge at which a cycle turns


def steady(now: float, bms: JkBms) -> float:
    """Goes to and fro without getting anywhere, never at rest: what a benchmark wants."""
    return bms.capacity * (0.04 * math.sin(now / 600 * math.tau) + 0.005 * math.sin(now / 7 * math.tau))


def charge(now: float, bms: JkBms) -> float:
    """A charger with constant current, then constant voltage at the chemistry's charge voltage."""
    target = bms.battery.chemistry.value.charge * len(bms.battery.cells)
    return max(0.0, min(RATE * bms.capacity, bms.battery.current_for(target)))


def discharge(now: float, bms: JkBms) -> float:
    """A load that does not stop before the BMS does."""
    return -RATE * bms.capacity


class Cycle:
    """Charges until the current falls, discharges to 10 %, again and again."""

    def __init__(self) -> None:
        self._charging = True

    def __call__(self, now: float, bms: JkBms) -> float:
        """See `Profile`."""
        if self._charging:
            amperes = charge(now, bms)
            self._charging = amperes >= TAIL * bms.capacity and bms.charge_mosfet_on
            return amperes
        self._charging = bms.battery.soc <= RESERVE or not bms.discharge_mosfet_on
        return discharge(now, bms)


PROFILES: Mapping[str, Callable[[], Profile]] = {
    "steady": lambda: steady,
    "charge": lambda: charge,
    "discharge": lambda: discharge,
    "cycle": Cycle,
}
