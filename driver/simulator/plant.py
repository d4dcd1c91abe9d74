"""What DVCC and Victron's chargers make of a battery's limits: a Multi, MPPTs, and loads, in steps of a second.

Each rule stands beside its line, as it was read in systemcalc (delegates/dvcc.py) and measured of versions 2.118 to
2.256; B.4 and B.5 are the sections of victron.md that say it. How fast chargers follow is firmware and a guess here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import NamedTuple, Protocol, TypeAlias

Power: TypeAlias = Callable[[float], float]  # s -> W
CYCLE = 3.0  # s between systemcalc's turns
DELAYS = (1.0, 3.0, 2.0)  # s from our signal to the Multi's value: measured 1 to 3; no luck, so that a run repeats
SOC_BAND = 5.0  # % over the minimum from which on the Multi serves the loads again
FEED_IN_OFFSET = 0.4  # V above CVL for MPPTs while feeding in; "at most" that, so this is the worst of any system
CHARGER_LAG = 1.5  # s, time constant of a charger that follows its set values
MPPT_SMOOTHING = 6.0  # s, of the current that systemcalc takes off the Multi's share


class Electrical(Protocol):
    """What a charger feels of a battery."""

    current: float

    @property
    def rest_voltages(self) -> tuple[float, ...]:
        """V, in series."""

    @property
    def resistance(self) -> float:
        """Ω."""

    @property
    def voltage(self) -> float:
        """V under the present current."""


class Storage(Protocol):
    """A pack, or several on the same bus bars."""

    @property
    def battery(self) -> Electrical:
        """Behind the MOSFETs."""

    @property
    def discharge_mosfet_on(self) -> bool:
        """Whether current can be drawn."""

    @property
    def soc(self) -> int:
        """%, as told."""


class Wanted(NamedTuple):
    """Limits as D-Bus shows them, V and A."""

    voltage: float
    charge: float
    discharge: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is connected: powers in W by the simulated second, currents in A."""

    solar: Power = lambda now: 0.0
    load: Power = lambda now: 0.0  # behind the Multi
    dc_load: Power = lambda now: 0.0  # beside the Multi, measured
    grid_charger: float = 0.0  # A, the Multi's own charger
    mppt_current: float = 200.0  # A, of all MPPTs together
    feed_in: bool = False  # feed-in of excess DC-coupled PV
    inverter: float = 100.0  # A that the Multi can take out of DC, for loads and feed-in
    minimum_soc: float = 0.0  # %, of ESS: below it the grid serves the loads; 0: there is no grid


class Plant:
    """Chargers and loads on one battery. `step` says what current they drive into it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.mppt = self.multi = 0.0  # A into the DC bus; the Multi's is negative while it inverts
        self.inverting = True  # the Multi serves its loads
        self._obeyed: Wanted | None = None  # limits that have reached the chargers
        self._coming: list[tuple[float, Wanted]] = []
        self._next_turn = 0.0
        self._smoothed = 0.0  # A, of the MPPTs
        self._multi_limit = self._mppt_limit = 0.0
        self._delay = cycle(DELAYS)

    def step(self, now: float, dt: float, bms: Storage, limits: Wanted) -> float:
        """A into the battery for the next `dt` s, after a turn of systemcalc if it is time."""
        if now >= self._next_turn:  # B.4: every 3 s, and with the chargers 1 to 3 s later
            self._next_turn = now + CYCLE
            self._coming.append((now + next(self._delay), limits))
        while self._coming and self._coming[0][0] <= now:
            self._obeyed = self._coming.pop(0)[1]
            self._share_out(now, self._obeyed, bms)
        if self._obeyed is None:
            return 0.0
        return self._charge(now, dt, bms, self._obeyed)

    def _share_out(self, now: float, limits: Wanted, bms: Storage) -> None:
        """The currents that systemcalc allows the chargers, from what it measured last."""
        volts = bms.battery.voltage
        beside = self.site.dc_load(now) / volts
        inverted = min(self.site.inverter, self.site.load(now) / volts) if self.inverting else 0.0
        # B.4, vebus MaxChargeCurrent: round(CCL + measured DC loads - smoothed current of all MPPTs), not below 0
        self._multi_limit = max(0, round(limits.charge + beside - self._smoothed))
        # B.4, /Link/ChargeCurrent: ceil(CCL + what the Multi takes out of DC for loads), and DC loads alike
        # B.5: so with CCL = 0 and 40 A of loads an MPPT may give 40 A, and without loads nothing
        self._mppt_limit = math.ceil(limits.charge + inverted + beside)

    def _charge(self, now: float, dt: float, bms: Storage, limits: Wanted) -> float:
        site = self.site
        rest, resistance = sum(bms.battery.rest_voltages), bms.battery.resistance
        volts = rest + bms.battery.current * resistance
        # B.5: DCL = 0 stops the Multi's inverter; no other DCL is enforced by a Multi
        least = site.minimum_soc + (0.0 if self.inverting else SOC_BAND * (site.minimum_soc > 0))
        self.inverting = limits.discharge > 0 and bms.discharge_mosfet_on and bms.soc >= least
        load = min(site.inverter, site.load(now) / volts) if self.inverting else 0.0
        beside = site.dc_load(now) / volts
        share = 1 - math.exp(-dt / CHARGER_LAG)
        # B.4: with feed-in MPPTs hold CVL + at most 0.4 V and are not limited in current; without, CVL and their limit
        offset = FEED_IN_OFFSET if site.feed_in else 0.0
        room = (limits.voltage + offset - rest) / resistance + load + beside - self.multi
        self._follow_mppt(site.solar(now) / volts, room, share)
        takes, excess = (limits.voltage - rest) / resistance, self.mppt - load - beside
        if site.feed_in:  # the Multi feeds in what lifts the battery over CVL; B.5: with a lower CVL it discharges
            wanted = -min(max(0.0, site.inverter - load), max(0.0, excess - takes))
        else:  # B.5: with a CVL below the battery they hold: no charge, and no discharge beyond the loads
            wanted = max(0.0, min(self._multi_limit, site.grid_charger, takes - excess))
        self.multi += (wanted - self.multi) * share
        self._smoothed += (self.mppt - self._smoothed) * min(1.0, dt / MPPT_SMOOTHING)
        return excess + self.multi

    def _follow_mppt(self, sun: float, room: float, share: float) -> None:
        available = min(self.site.mppt_current, sun)
        limit = math.inf if self.site.feed_in else self._mppt_limit
        wanted = max(0.0, min(available, limit, room))
        self.mppt = min(available, self.mppt + (wanted - self.mppt) * share)
