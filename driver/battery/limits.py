"""How much a battery may be charged and discharged: pure functions, each cap a line, the smallest wins.

A number is never without its reason. Nothing here catches an error: an impossible reading never gets here, and a
missing value lowers a limit, never raises one. Currents are in A, voltages in V, temperatures in °C.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .chemistry import Chemistry
from .curve import Curve, along
from .envelope import Envelope
from .reading import Reading

NEAR_FULL = 0.05  # V below the target from which on the highest cell leads the charge voltage
EVEN = 0.005  # V per pack by which cells that are even may seem to be ahead
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


def limits(now: Reading, envelope: Envelope) -> Limits:
    """What this reading allows inside the envelope. Never above it, never below 0."""
    highest, lowest = max(now.cells), min(now.cells)
    return Limits(
        charge_voltage(now.cells, highest, envelope),
        _charge_current(now, highest, lowest, envelope),
        _discharge_current(now, lowest, envelope),
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
    lead = max(0.0, count * highest - sum(cells) - EVEN)  # of the pack, were all cells as high as the highest
    over = count * max(0.0, highest - envelope.target)
    if lead <= 0.0 and over <= 0.0:
        return Limit(full, envelope.target_reason)
    floor = min(envelope.chemistry.value.rest, envelope.target) * count
    return Limit(max(floor, full - min(1.0, ahead) * lead - over), f"cell {cells.index(highest) + 1} runs ahead")


def _charge_current(now: Reading, highest: float, lowest: float, envelope: Envelope) -> Limit:
    top = envelope.charge_current
    blocked = _blocked(now, charging=True) or _implausible(now.cells, highest, lowest, envelope.chemistry)
    if blocked:
        return Limit(0.0, blocked)
    return min(
        Limit(top, envelope.charge_reason),
        Limit(top * along(envelope.charge_by_high_cell, highest), "highest cell"),
        Limit(top * along(envelope.charge_by_low_cell, lowest), "lowest cell"),
        _by_soc(now.soc, top, envelope.charge_by_soc),
        _by_temperature(now, top, envelope.charge_by_temperature, envelope.by_mos_temperature),
        key=_value,
    )


def _discharge_current(now: Reading, lowest: float, envelope: Envelope) -> Limit:
    top = envelope.discharge_current
    blocked = _blocked(now, charging=False)
    if blocked:
        return Limit(0.0, blocked)
    if lowest < envelope.chemistry.value.plausible_low:
        return Limit(0.0, f"cell {now.cells.index(lowest) + 1} reads {lowest:.3f} V")
    if lowest <= envelope.cut_off:
        return Limit(0.0, "lowest cell at the BMS's under-voltage protection")
    floor = min(top, TAPER_FLOOR)
    by_soc = _by_soc(now.soc, top, envelope.discharge_by_soc)
    return min(
        Limit(top, envelope.discharge_reason),
        Limit(max(top * along(envelope.discharge_by_low_cell, lowest), floor), "lowest cell"),
        Limit(max(by_soc.value, floor), by_soc.reason),
        _by_temperature(now, top, envelope.discharge_by_temperature, envelope.by_mos_temperature),
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


def _by_soc(soc: float | None, top: float, curve: Curve | None) -> Limit:
    """What an owner's curve leaves of `top`; where no state of charge is told, the least that it ever leaves."""
    if curve is None:
        return Limit(top, "state of charge")
    if soc is None:
        return Limit(top * min(share for _, share in curve), "the state of charge is missing")
    return Limit(top * along(curve, soc), "state of charge")


def _by_temperature(now: Reading, top: float, curve: Curve, mos_curve: Curve) -> Limit:
    """What the least share of all temperatures leaves of `top`; one that is missing has a share too."""
    share, reason = 1.0, "battery temperature"
    for value in now.temperatures or (None,):
        allowed = NO_SENSOR_SHARE if value is None else along(curve, value)
        if allowed < share:
            share, reason = allowed, "battery temperature" if value is not None else "a battery temperature is missing"
    mos = now.mos_temperature
    allowed = NO_SENSOR_SHARE if mos is None else along(mos_curve, mos)
    if allowed < share:
        share, reason = allowed, "MOSFET temperature" if mos is not None else "the MOSFET temperature is missing"
    return Limit(top * share, reason)
