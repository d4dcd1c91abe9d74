"""How much a battery may be charged and discharged: pure functions, each cap a line, the smallest wins.

A number is never without its reason. Nothing here catches an error: an impossible reading never gets here, and a
missing value lowers a limit, never raises one. Currents are in A, voltages in V, temperatures in °C.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .chemistry import Chemistry
from .envelope import Envelope
from .reading import Reading
from .settings import Curve

NEAR_FULL = 0.05  # V below the target from which on the highest cell leads the charge voltage
NO_SENSOR_SHARE = 0.5  # of the current when a temperature is missing or implausible
TAPER_FLOOR = 2.0  # A; a DCL of 0 makes a MultiPlus shut down, so "nearly empty" is not yet 0


class Limit(NamedTuple):
    """A value in V or A, and why it is not higher (for low_voltage: why not lower)."""

    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The four values that DVCC reads. All of them exist together or not at all."""

    charge_voltage: Limit  # V, CVL
    charge_current: Limit  # A, CCL, >= 0
    discharge_current: Limit  # A, DCL, >= 0
    low_voltage: Limit  # V, /Info/BatteryLowVoltage


def along(curve: Curve, x: float) -> float:
    """The curve's value at x: linear between its points, flat beyond its ends."""
    before_x, before_y = curve[0]
    if x <= before_x:
        return before_y
    for next_x, next_y in curve:
        if x <= next_x:
            return before_y + (next_y - before_y) * (x - before_x) / (next_x - before_x)
        before_x, before_y = next_x, next_y
    return before_y


def limits(now: Reading, envelope: Envelope) -> Limits:
    """What this reading allows inside the envelope. Never above it, never below 0."""
    highest, lowest = max(now.cells), min(now.cells)
    temperature, temperature_reason = _temperature_shares(now, envelope)
    return Limits(
        charge_voltage(now.cells, highest, envelope),
        _charge_current(now, highest, lowest, temperature[0], temperature_reason, envelope),
        _discharge_current(now, lowest, temperature[1], temperature_reason, envelope),
        Limit(envelope.low_voltage, "cell under-voltage protection × cells"),
    )


def charge_voltage(cells: Sequence[float], highest: float, envelope: Envelope) -> Limit:
    """CVL: cells × target, lowered so that the highest cell stays at the target when it runs ahead.

    Near full the pack may only rise as far as the highest cell has room, if all cells rose alike:
    sum + cells × (target - highest); above the target it falls twice as fast. CVL is the primary actuator, because
    MPPTs ignore CCL while feeding in.
    """
    count = len(cells)
    full = envelope.target * count
    ahead = 1.0 - (envelope.target - highest) / NEAR_FULL
    if ahead <= 0.0:
        return Limit(full, envelope.target_reason)
    lead = count * highest - sum(cells)  # how far the pack would be ahead if all cells were as high
    lowered = full - min(1.0, ahead) * lead - count * max(0.0, highest - envelope.target)
    floor = envelope.chemistry.value.rest * count
    if lowered >= full - 0.005:
        return Limit(full, envelope.target_reason)
    return Limit(max(floor, lowered), f"cell {cells.index(highest) + 1} runs ahead")


def _charge_current(
    now: Reading, highest: float, lowest: float, temperature: float, temperature_reason: str, envelope: Envelope
) -> Limit:
    top = envelope.charge_current
    blocked = _blocked(now, charging=True) or _implausible(now.cells, highest, lowest, envelope.chemistry)
    if blocked:
        return Limit(0.0, blocked)
    return min(
        Limit(top, envelope.charge_reason),
        Limit(top * along(envelope.charge_by_high_cell, highest), "highest cell"),
        Limit(top * along(envelope.charge_by_low_cell, lowest), "lowest cell"),
        Limit(top * temperature, temperature_reason),
        key=_value,
    )


def _discharge_current(
    now: Reading, lowest: float, temperature: float, temperature_reason: str, envelope: Envelope
) -> Limit:
    top = envelope.discharge_current
    blocked = _blocked(now, charging=False)
    if blocked:
        return Limit(0.0, blocked)
    if lowest < envelope.chemistry.value.plausible_low:
        return Limit(0.0, f"cell {now.cells.index(lowest) + 1} reads {lowest:.3f} V")
    if lowest <= envelope.cut_off:
        return Limit(0.0, "lowest cell at the BMS's under-voltage protection")
    by_cell = max(top * along(envelope.discharge_by_low_cell, lowest), min(top, TAPER_FLOOR))
    return min(
        Limit(top, envelope.discharge_reason),
        Limit(by_cell, "lowest cell"),
        Limit(top * temperature, temperature_reason),
        key=_value,
    )


def _value(limit: Limit) -> float:
    return limit.value


def _blocked(now: Reading, *, charging: bool) -> str:
    """Why the BMS itself lets no current flow on that side; empty: it does."""
    for alarm in sorted(now.alarms, key=lambda alarm: alarm.name) if now.alarms else ():
        row = alarm.value
        if row.blocks_charge if charging else row.blocks_discharge:
            return f"BMS: {row.text}"
    switch = now.charge_switch if charging else now.discharge_switch
    mosfet = now.charge_mosfet_on if charging else now.discharge_mosfet_on
    side = "charging" if charging else "discharging"
    if switch is False:
        return f"{side} is switched off in the BMS"
    if mosfet is not True:
        return f"the BMS holds its {side} MOSFET off"
    return ""


def _implausible(cells: Sequence[float], highest: float, lowest: float, chemistry: Chemistry) -> str:
    row = chemistry.value
    for value, wrong in ((lowest, lowest < row.plausible_low), (highest, highest > row.plausible_high)):
        if wrong:
            return f"cell {cells.index(value) + 1} reads {value:.3f} V"
    return ""


def _temperature_shares(now: Reading, envelope: Envelope) -> tuple[tuple[float, float], str]:
    """Shares of charge and discharge current that the temperatures allow, and which temperature that is."""
    charge, discharge, reason = 1.0, 1.0, "battery temperature"
    for value in now.temperatures or (None,):
        if value is None:
            return (NO_SENSOR_SHARE, NO_SENSOR_SHARE), "a battery temperature is missing"
        charge = min(charge, along(envelope.charge_by_temperature, value))
        discharge = min(discharge, along(envelope.discharge_by_temperature, value))
    mos = NO_SENSOR_SHARE if now.mos_temperature is None else along(envelope.by_mos_temperature, now.mos_temperature)
    if mos < min(charge, discharge):
        reason = "MOSFET temperature"
    return (min(charge, mos), min(discharge, mos)), reason
