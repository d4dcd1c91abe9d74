"""Readings and limits in words, for every command that shows them."""

from collections.abc import Iterator

from ..battery.limits import Limits
from ..battery.reading import Reading

REST = 0.05  # A below which nobody speaks of charging


def reading_words(reading: Reading) -> Iterator[str]:
    """What the BMS says, in a few lines."""
    yield ", ".join(_head(reading))
    if any(reading.cells):
        fitted = [volts for volts in reading.cells if volts]
        low, high = min(fitted), max(fitted)
        yield (
            f"cells from {low:.3f} V (cell {reading.cells.index(low) + 1}) to {high:.3f} V "
            f"(cell {reading.cells.index(high) + 1}), {(high - low) * 1000:.0f} mV apart"
        )
    for number, volts in enumerate(reading.cells, 1):
        if not volts:
            yield f"cell {number} reads 0 V: its wire is off, or the cell is dead"
    yield f"temperatures: {_temperatures(reading)}"
    yield (
        f"charging {switch_words(reading.charge_switch, reading.charge_mosfet_on)}, "
        f"discharging {switch_words(reading.discharge_switch, reading.discharge_mosfet_on)}, "
        f"balancer {switch_words(reading.balance_switch, reading.balancing)}"
    )
    alarms = [f"{alarm.value.text}" for alarm in sorted(reading.alarms, key=lambda alarm: alarm.name)]
    if reading.unknown_alarm_bits:
        alarms.append(f"bits {reading.unknown_alarm_bits:#06x} that this driver does not know")
    yield f"alarms: {', '.join(alarms) or 'none'}"
    if reading.monitor_only:
        yield f"good for monitoring only: {reading.monitor_only}"


def current_words(amperes: float | None) -> str:
    """The current and which way it flows."""
    if amperes is None:
        return "current not told"
    way = "at rest" if abs(amperes) < REST else "charging" if amperes > 0 else "discharging"
    return f"{amperes:.2f} A ({way})"


def switch_words(switch: bool | None, state: bool | None) -> str:
    """The owner's switch and what really is; the two differ while a protection holds."""
    if state is None:
        return "not told" if switch is None else f"switched {_on(switch)}"
    if switch is None or switch == state:
        return _on(state)
    return f"{_on(state)} (switched {_on(switch)})"


def limit_words(limits: Limits) -> Iterator[str]:
    """The four limits, each with its reason."""
    for title, limit, unit in (
        ("charge voltage at most", limits.charge_voltage, "V"),
        ("charge current at most", limits.charge_current, "A"),
        ("discharge current at most", limits.discharge_current, "A"),
        ("battery empty at", limits.low_voltage, "V"),
    ):
        yield f"{title:<26}{limit.value:7.2f} {unit}  {limit.reason}"


def _head(reading: Reading) -> Iterator[str]:
    identity = reading.identity
    named = " ".join(filter(None, (identity.model or identity.name, identity.hardware, identity.software)))
    if named:
        yield named
    yield f"{len(reading.cells)} cells"
    yield f"{reading.voltage:.2f} V"
    yield current_words(reading.current)
    yield "state of charge not told" if reading.soc is None else f"{reading.soc:.0f} %"
    if reading.capacity is not None:
        yield f"{reading.capacity:.0f} Ah"


def _temperatures(reading: Reading) -> str:
    sensors = [
        f"sensor {number} {'no value' if value is None else f'{value:.0f} °C'}"
        for number, value in enumerate(reading.temperatures, 1)
    ]
    if reading.mos_temperature is not None:
        sensors.append(f"MOSFETs {reading.mos_temperature:.0f} °C")
    return ", ".join(sensors) or "none"


def _on(state: bool) -> str:
    return "on" if state else "off"
