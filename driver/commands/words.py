"""Readings in words, for every command that shows them."""

from collections.abc import Iterator

from ..battery.alarms import Severity
from ..battery.reading import Identity, Reading

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
    yield f"alarms: {', '.join(text for _, text in alarm_words(reading)) or 'none'}"
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


def alarm_words(reading: Reading) -> Iterator[tuple[Severity, str]]:
    """The alarms that the BMS raises."""
    for alarm in sorted(reading.alarms, key=lambda alarm: (-alarm.value.severity, alarm.name)):
        yield alarm.value.severity, alarm.value.text
    if reading.unknown_alarm_bits:
        yield Severity.WARNING, f"alarm bits {reading.unknown_alarm_bits:#06x}, which this driver does not know"


def model_words(identity: Identity) -> str:
    """Model or name with its versions; empty when the BMS says nothing about itself."""
    said = " ".join(filter(None, (identity.model or identity.name, identity.hardware, identity.software)))
    return "".join(char if char.isprintable() else "?" for char in said)


def _head(reading: Reading) -> Iterator[str]:
    if named := model_words(reading.identity):
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
