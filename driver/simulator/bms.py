"""A battery seen through a JK BMS: what it measures, counts, protects, balances and lets pass.

It knows nothing of bytes; `uart.py` and its later siblings give it a voice. Nothing that comes out of here is evidence
about a real JK: sources are named where there are any, the rest is a plausible invention.
"""

from dataclasses import replace
from random import Random
from typing import Any, cast

from ..protocol.jkuart import AlarmBits, StatusBits, UartSettings
from .cells import Battery
from .presets import settings
from .protection import Guard, Measured, Side

DEAD_ZONE = 0.2  # A; smaller currents are measured as 0 (uart-ttl section 6)
LARGEST_CURRENT = 327.67  # A, what register 0x84 holds
UNKNOWING = 16.0  # s after power-up with SoC 0 and cycles 0 (uart-ttl section 3)
BALANCE_CURRENT = 1.0  # A: a 2 A active balancer that takes half of the time and gives in the other half
MOS_RESISTANCE, MOS_COOLING, MOS_TIME = 0.0006, 0.4, 300.0  # Ω, W/K, s
PASSWORD = "q7Wicket-8"  # so that a test can look for it everywhere


class JkBms:
    """One pack with its BMS. Read `measured`, `alarms`, `status`; change settings with `set`, `battery` as you like.

    `noise` is the share of the cells whose measurement is 1 mV off at any moment. `its_settings` None: those of a usual
    pack of this size.
    """

    def __init__(
        self,
        battery: Battery | None = None,
        its_settings: UartSettings | None = None,
        *,
        noise: float = 0.0,
        seed: int = 1,
        password: str = PASSWORD,
    ) -> None:
        self.battery = battery or Battery()
        count, capacity = len(self.battery.cells), sum(c.capacity for c in self.battery.cells) / len(self.battery.cells)
        self.settings = its_settings or settings(self.battery.chemistry, count, round(capacity))
        self.password = password
        self.noise = noise
        self.asleep = False  # a sleeping BMS answers only to "activate"
        self.remaining = self.battery.soc * self.capacity  # Ah, as counted
        self.charged_total = 44.4 * self.capacity  # Ah
        self.runtime = 181_440 * 60.0  # s since first power-up: 126 days
        self.balancing = False
        self.guard = Guard()
        self._noise_draw = Random(seed)
        self._since_power_up = UNKNOWING
        self._mos_rise = 0.0  # K above the battery
        self.measured = self._measure()

    def step(self, dt: float, amperes: float) -> float:
        """Let a source (positive) or a load (negative) push a current for `dt` s; returns what the MOSFETs let pass."""
        current = amperes if self._passes(amperes) else 0.0
        self.battery.step(dt, current)
        self._balance(dt)
        self._heat(dt, current)
        self.runtime += dt
        self._since_power_up += dt
        self._count(dt)
        self.measured = self._measure()
        self.guard.step(dt, self.measured, self.settings)
        self._anchor()
        return current

    def power_up(self) -> None:
        """The BMS was without power: for 16 s it says SoC 0 and cycles 0."""
        self._since_power_up = 0.0

    @property
    def capacity(self) -> float:
        """Ah, as set."""
        return float(self.settings.capacity_setting or 1)

    @property
    def soc(self) -> int:
        """%, as told."""
        return round(100 * self.remaining / self.capacity) if self._since_power_up >= UNKNOWING else 0

    @property
    def cycles(self) -> int:
        """Full cycles, as told."""
        return int(self.charged_total / self.capacity) if self._since_power_up >= UNKNOWING else 0

    @property
    def alarms(self) -> AlarmBits:
        """What has tripped."""
        return self.guard.alarms

    @property
    def charge_mosfet_on(self) -> bool:
        """The state, after switch and protections."""
        return bool(self.settings.charge_switch) and not self.guard.blocked & Side.CHARGE

    @property
    def discharge_mosfet_on(self) -> bool:
        """The state, after switch and protections."""
        return bool(self.settings.discharge_switch) and not self.guard.blocked & Side.DISCHARGE

    @property
    def status(self) -> StatusBits:
        """The states as register 0x8C has them."""
        bits = StatusBits(0)
        if self.charge_mosfet_on:
            bits |= StatusBits.CHARGE_MOSFET_ON
        if self.discharge_mosfet_on:
            bits |= StatusBits.DISCHARGE_MOSFET_ON
        return bits | StatusBits.BALANCING if self.balancing else bits

    def set(self, **changes: object) -> None:
        """What the owner does in the app: `set(charge_switch=False)`. The names are those of `UartSettings`."""
        self.settings = replace(cast(Any, self.settings), **changes)

    def _passes(self, amperes: float) -> bool:
        return self.charge_mosfet_on if amperes > 0 else self.discharge_mosfet_on

    def _measure(self) -> Measured:
        battery, noise = self.battery, self.noise
        cells = tuple(round(volts + (self._jitter() if noise else 0.0), 3) for volts in battery.voltages)
        return Measured(
            cells=tuple(max(0.0, volts) for volts in cells),
            voltage=round(sum(cells), 2),
            current=self._ammeter(),
            soc=100 * self.remaining / self.capacity,
            mos_temperature=battery.temperature + 1 + self._mos_rise,
            box_temperature=battery.temperature + 0.6,  # the two sensors sit at different cells
            battery_temperature=battery.temperature - 0.6,
        )

    def _jitter(self) -> float:
        draw = self._noise_draw.random()
        return 0.0 if draw >= self.noise else 0.001 if draw < self.noise / 2 else -0.001

    def _ammeter(self) -> float:
        current = self.battery.current
        return 0.0 if abs(current) < DEAD_ZONE else round(max(-LARGEST_CURRENT, min(LARGEST_CURRENT, current)), 2)

    def _count(self, dt: float) -> None:
        moved = self._ammeter() * dt / 3600
        self.remaining = min(self.capacity, max(0.0, self.remaining + moved))
        self.charged_total += max(0.0, moved)

    def _anchor(self) -> None:
        # the count is set right where a protection proves full or empty; the recorded under-voltage shows SoC 0
        if self.alarms & AlarmBits.CHARGE_OVER_VOLTAGE:
            self.remaining = self.capacity
        elif self.alarms & AlarmBits.DISCHARGE_UNDER_VOLTAGE:
            self.remaining = 0.0

    def _balance(self, dt: float) -> None:
        now, cells = self.settings, self.measured.cells
        high, low = max(cells), min(cells)
        self.balancing = (
            bool(now.balancer_switch)
            and now.balance_start is not None
            and now.balance_trigger is not None
            and high >= now.balance_start
            and high - low >= now.balance_trigger
        )
        if self.balancing:
            self.battery.move(cells.index(high), cells.index(low), BALANCE_CURRENT * dt / 3600)

    def _heat(self, dt: float, current: float) -> None:
        final = current**2 * MOS_RESISTANCE / MOS_COOLING
        self._mos_rise += (final - self._mos_rise) * min(1.0, dt / MOS_TIME)
