"""What is known of the recorded frames from elsewhere, and what a frame says about itself.

Witnesses, strongest first:
  source    values that the frame's own source asserts: a test suite of another driver, the vendor's document
  title     what the source calls the frame or the unit in it: "under-voltage alarm", "charging", a file name
  identity  what must hold inside any frame: cells sum to the voltage, strings count cells, physics of a protection
  second    a second, independent decoder; it follows the same notes, so it proves care and not truth
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from driver.battery.alarms import Alarm
from driver.battery.reading import Reading
from driver.protocol.jkuart import BatteryType, UartLive, UartSettings
from driver.protocol.jkuart_wire import payload
from tests.protocol.recordings import MISPRINTED, Recording


class Objection(NamedTuple):
    """One disagreement between a witness and the driver."""

    witness: str
    text: str


class Seen(NamedTuple):
    """A frame as the driver understands it."""

    frame: bytes
    reading: Reading

    @property
    def live(self) -> UartLive:
        return next(one for one in self.reading.details if isinstance(one, UartLive))

    @property
    def settings(self) -> UartSettings:
        return next(one for one in self.reading.details if isinstance(one, UartSettings))

    @property
    def cells(self) -> tuple[float, ...]:
        return self.reading.cells


TYPE_NAMES = {BatteryType.LFP: "Lithium Iron Phosphate", BatteryType.TERNARY_LITHIUM: "Ternary Lithium"}
SECRETS = {"parameter_password"}  # checked by its absence


def nth(values: tuple[float | None, ...], n: int) -> float | None:
    return values[n - 1] if len(values) >= n else None


def power(seen: Seen) -> float:
    return seen.reading.voltage * (seen.reading.current or 0.0)


def days_and_hours(minutes: int | None) -> str:
    hours = (minutes or 0) // 60
    return f"{hours // 24}d {hours % 24}h"


# the keys of the vector files -> the same thing in the driver's words
# fmt: off
VALUES: Mapping[str, Callable[[Seen], Any]] = {
    # the frame around the registers
    "command":                              lambda s: s.frame[8],
    "frame_source":                         lambda s: s.frame[9],
    "transmission_type":                    lambda s: s.frame[10],
    "terminal_number":                      lambda s: s.frame[4:8].hex(),
    "record_number":                        lambda s: s.frame[-9:-5].hex(),
    "end_byte":                             lambda s: s.frame[-5],
    # 79 to 8C and C0
    "cell_numbers":                         lambda s: [n for n, _ in enumerate(s.cells, 1)],
    "cell_voltages_V":                      lambda s: list(s.cells),
    **{f"cell_voltage_{n}_V":               lambda s, n=n: nth(s.cells, n) for n in range(1, 33)},
    "min_cell_voltage_V":                   lambda s: min(s.cells),
    "max_cell_voltage_V":                   lambda s: max(s.cells),
    "min_voltage_cell_number":              lambda s: s.cells.index(min(s.cells)) + 1,
    "max_voltage_cell_number":              lambda s: s.cells.index(max(s.cells)) + 1,
    "delta_cell_voltage_V":                 lambda s: max(s.cells) - min(s.cells),
    "average_cell_voltage_V":               lambda s: sum(s.cells) / len(s.cells),
    "mosfet_temperature_C":                 lambda s: s.reading.mos_temperature,
    "temperature_1_C":                      lambda s: nth(s.reading.temperatures, 1),
    "temperature_2_C":                      lambda s: nth(s.reading.temperatures, 2),
    "box_temperature_C":                    lambda s: nth(s.reading.temperatures, 1),
    "battery_temperature_C":                lambda s: nth(s.reading.temperatures, 2),
    "total_voltage_V":                      lambda s: s.reading.voltage,
    "current_raw":                          lambda s: s.live.current_code,
    "current_A":                            lambda s: s.reading.current,
    "power_W":                              power,
    "charging_power_W":                     lambda s: max(0.0, power(s)),
    "discharging_power_W":                  lambda s: max(0.0, -power(s)),
    "state_of_charge_percent":              lambda s: s.reading.soc,
    "temperature_sensor_count":             lambda s: s.live.temperature_sensors,
    "cycle_count":                          lambda s: s.reading.cycles,
    "total_cycle_capacity_Ah":              lambda s: s.reading.charged_total,
    "string_count":                         lambda s: s.live.strings,
    "cell_count":                           lambda s: s.live.strings,
    "alarm_bitmask":                        lambda s: int(s.live.alarms or 0),
    "errors_bitmask":                       lambda s: int(s.live.alarms or 0),
    "errors":                               lambda s: ", ".join(alarm.value.text for alarm in s.reading.alarms),
    "status_bitmask":                       lambda s: int(s.live.status or 0),
    "operation_mode_bitmask":               lambda s: int(s.live.status or 0),
    "charging_mosfet_on":                   lambda s: s.reading.charge_mosfet_on,
    "discharging_mosfet_on":                lambda s: s.reading.discharge_mosfet_on,
    "balancing":                            lambda s: s.reading.balancing,
    "balancer_on":                          lambda s: s.reading.balancing,
    "status_bit3_battery_connected":        lambda s: bool((s.live.status or 0) & 8),
    "protocol_version":                     lambda s: s.live.protocol_version,
    "register_ids":                         lambda s: register_ids(payload(s.frame)),
    # 8E to BA
    "pack_overvoltage_protection_V":        lambda s: s.settings.pack_over_voltage,
    "pack_undervoltage_protection_V":       lambda s: s.settings.pack_under_voltage,
    "cell_overvoltage_protection_V":        lambda s: s.reading.protections.cell_over_voltage,
    "cell_overvoltage_recovery_V":          lambda s: s.settings.cell_over_voltage_recovery,
    "cell_overvoltage_delay_s":             lambda s: s.settings.cell_over_voltage_delay,
    "cell_undervoltage_protection_V":       lambda s: s.reading.protections.cell_under_voltage,
    "cell_undervoltage_recovery_V":         lambda s: s.settings.cell_under_voltage_recovery,
    "cell_undervoltage_delay_s":            lambda s: s.settings.cell_under_voltage_delay,
    "cell_voltage_difference_protection_V": lambda s: s.settings.cell_difference_protection,
    "discharge_overcurrent_protection_A":   lambda s: s.reading.protections.discharge_current,
    "discharge_overcurrent_delay_s":        lambda s: s.settings.discharge_over_current_delay,
    "charge_overcurrent_protection_A":      lambda s: s.reading.protections.charge_current,
    "charge_overcurrent_delay_s":           lambda s: s.settings.charge_over_current_delay,
    "balance_start_voltage_V":              lambda s: s.reading.protections.balance_start,
    "balancing_start_voltage_V":            lambda s: s.reading.protections.balance_start,
    "balance_trigger_voltage_V":            lambda s: s.settings.balance_trigger,
    "balancing_delta_voltage_V":            lambda s: s.settings.balance_trigger,
    "balancer_switch":                      lambda s: s.reading.balance_switch,
    "balancing_switch":                     lambda s: s.reading.balance_switch,
    "mosfet_overtemperature_protection_C":  lambda s: s.reading.protections.mos_over_temperature,
    "mosfet_overtemperature_recovery_C":    lambda s: s.settings.mos_over_temperature_recovery,
    "box_overtemperature_protection_C":     lambda s: s.settings.box_over_temperature,
    "box_overtemperature_recovery_C":       lambda s: s.settings.box_over_temperature_recovery,
    "temperature_difference_protection_C":  lambda s: s.settings.temperature_difference,
    "charge_overtemperature_protection_C":  lambda s: s.reading.protections.charge_over_temperature,
    "discharge_overtemperature_protection_C":  lambda s: s.reading.protections.discharge_over_temperature,
    "charge_undertemperature_protection_C":    lambda s: s.reading.protections.charge_under_temperature,
    "charge_undertemperature_recovery_C":      lambda s: s.settings.charge_under_temperature_recovery,
    "discharge_undertemperature_protection_C": lambda s: s.reading.protections.discharge_under_temperature,
    "discharge_undertemperature_recovery_C":   lambda s: s.settings.discharge_under_temperature_recovery,
    "string_count_setting":                 lambda s: s.settings.cell_count_setting,
    "battery_capacity_Ah":                  lambda s: s.settings.capacity_setting,
    "full_charge_capacity_Ah":              lambda s: s.settings.capacity_setting,
    "capacity_remaining_Ah":                lambda s: (s.settings.capacity_setting or 0) * (s.reading.soc or 0.0) / 100,
    "charging_switch":                      lambda s: s.reading.charge_switch,
    "discharging_switch":                   lambda s: s.reading.discharge_switch,
    "current_calibration_A":                lambda s: s.settings.current_calibration,
    "board_address":                        lambda s: s.settings.board_address,
    "battery_type":                         lambda s: TYPE_NAMES.get(s.settings.battery_type),
    "battery_type_code":                    lambda s: s.settings.battery_type,
    "sleep_wait_s":                         lambda s: s.settings.sleep_time,
    "low_capacity_alarm_percent":           lambda s: s.settings.low_capacity_alarm,
    "low_soc_alarm_threshold_percent":      lambda s: s.settings.low_capacity_alarm,
    "dedicated_charger_switch":             lambda s: s.settings.dedicated_charger,
    "device_id":                            lambda s: s.settings.device_id,
    "manufacturing_date":                   lambda s: s.reading.identity.manufactured,
    "total_runtime_min":                    lambda s: s.settings.runtime,
    "total_runtime_h":                      lambda s: (s.reading.runtime or 0.0) / 3600,
    "total_runtime_formatted":              lambda s: days_and_hours(s.settings.runtime),
    "software_version":                     lambda s: s.settings.software_version,
    "current_calibration_running":          lambda s: s.settings.calibrating,
    "actual_battery_capacity_Ah":           lambda s: s.settings.actual_capacity,
    "manufacturer_id":                      lambda s: s.settings.manufacturer_id,
}
# fmt: on


def register_ids(content: bytes) -> list[str]:
    """The ids of a payload, by widths written down once more, from section 4 of the vendor's document."""
    widths = dict.fromkeys(range(0x80, 0xC1), 2)
    widths |= dict.fromkeys((0x85, 0x86, 0x9D, 0xA9, 0xAB, 0xAC, 0xAE, 0xAF, 0xB1, 0xB3, 0xB8, 0xC0), 1)
    widths |= {0x89: 4, 0xAA: 4, 0xB2: 10, 0xB4: 8, 0xB5: 4, 0xB6: 4, 0xB7: 15, 0xB9: 4, 0xBA: 24}
    found, at = [], 0
    while at < len(content):
        found.append(f"{content[at]:02x}")
        at += 2 + content[at + 1] if content[at] == 0x79 else 1 + widths[content[at]]
    return found


def same(actual: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(wanted, list):
        return len(actual) == len(wanted) and all(same(a, b, tolerance) for a, b in zip(actual, wanted, strict=True))
    if isinstance(wanted, bool) or wanted is None or isinstance(wanted, str):
        return bool(actual == wanted)
    return actual is not None and abs(actual - wanted) <= tolerance + 1e-9


def _values(seen: Seen, witness: str, wanted: dict[str, Any], tolerance: dict[str, float]) -> Iterator[Objection]:
    for key, value in wanted.items():
        if key in SECRETS:
            continue
        actual = VALUES[key](seen)
        if not same(actual, value, tolerance.get(key, 0.0)):
            yield Objection(witness, f"{key} is {value!r}, read as {actual!r}")


# what the sources call their frames, and what follows from that
TITLES: Mapping[str, Mapping[str, Callable[[Seen], bool]]] = {
    "uart_16s_b1a24s15p_11.262h_discharging_opendtu": {
        "discharging": lambda s: (s.reading.current or 0.0) < 0,
    },
    "uart_16s_b1a24s15p_11.262h_undervoltage_alarm_opendtu": {
        "under-voltage alarm": lambda s: s.reading.alarms == {Alarm.PACK_UNDER_VOLTAGE},
        "so discharging is stopped": lambda s: s.reading.discharge_mosfet_on is False,
        "and charging is not": lambda s: s.reading.charge_mosfet_on is True,
    },
    "uart_16s_b1a24s15p_11.262h_undertemperature_alarm_opendtu": {
        "under-temperature alarm": lambda s: s.reading.alarms == {Alarm.BATTERY_UNDER_TEMPERATURE},
        "so charging is stopped": lambda s: s.reading.charge_mosfet_on is False,
        "and discharging is not": lambda s: s.reading.discharge_mosfet_on is True,
        "it is as cold as the protection": lambda s: (
            (nth(s.reading.temperatures, 1) or 0) <= (s.reading.protections.charge_under_temperature or 0)
        ),
    },
    "uart_16s_b2a20s20p_11.26_arminjo_charging": {"charging": lambda s: (s.reading.current or 0.0) > 0},
    "uart_16s_b2a20s20p_11.26_arminjo_idle": {"idle": lambda s: s.reading.current == 0.0},
    "uart_16s_bd6a17s6p_7.1.0h_syssi_pdus": {
        "JK-BD6A17S6P-7.1.0H": lambda s: s.reading.identity.software == "7.1.0H",
    },
    "uart_13s_b2a24s20p_10.07_syssi_pdus": {
        # the unit calls itself JK-B2A24S15P: the file's title is wrong there
        "JK-B2A24S20P-10.07": lambda s: s.reading.identity.software == "10.07",
    },
    "uart_16s_11a_11.52_truncated_pico": {
        "eve280Ah, as its owner named it": lambda s: s.reading.capacity == 280,
    },
}


def _titles(recording: Recording, seen: Seen) -> Iterator[Objection]:
    for title, holds in TITLES.get(recording.name, {}).items():
        if not holds(seen):
            yield Objection("title", title)


def _identities(recording: Recording, seen: Seen) -> Iterator[Objection]:
    """What must hold in every frame. Each was checked on all of them: none is true by accident of one unit."""
    live, settings, reading = seen.live, seen.settings, seen.reading
    count = len(reading.cells)
    new = recording.name != MISPRINTED
    one = reading.protections
    claims = {
        "strings count the cells": live.strings == count,
        "the setting counts the cells": settings.cell_count_setting == count,
        "the cells sum to the voltage, which is told in 10 mV": same(sum(reading.cells), reading.voltage, 0.010),
        "every register was understood": reading.monitor_only == "" or not new,
        "only the old protocol is in doubt": ("version 0" in reading.monitor_only) is not new,
        "length": not new or len(seen.frame) == 243 + 3 * count,
        "pack over-voltage": same(settings.pack_over_voltage, count * (one.cell_over_voltage or 0), 0.001),
        "pack under-voltage": same(settings.pack_under_voltage, count * (one.cell_under_voltage or 0), 0.001),
        "over-voltage recovers below": _rising(settings.cell_over_voltage_recovery, one.cell_over_voltage),
        "under-voltage recovers above": _rising(one.cell_under_voltage, settings.cell_under_voltage_recovery),
        "MOSFET heat recovers below": _rising(settings.mos_over_temperature_recovery, one.mos_over_temperature),
        "cold recovers above": _rising(one.charge_under_temperature, settings.charge_under_temperature_recovery)
        and _rising(one.discharge_under_temperature, settings.discharge_under_temperature_recovery),
        "both capacities agree where both are told": settings.actual_capacity in (None, 0, settings.capacity_setting),
        "charging flows through a closed switch": (reading.current or 0.0) <= 0 or reading.charge_mosfet_on is True,
        "discharging as well": (reading.current or 0.0) >= 0 or reading.discharge_mosfet_on is True,
        "the balancer works only when it is switched on": not (reading.balancing and new) or reading.balance_switch,
        "a state is on only when its switch is": not new
        or (
            (settings.charge_switch or not reading.charge_mosfet_on)
            and (settings.discharge_switch or not reading.discharge_mosfet_on)
        ),
        "a month": "01" <= (settings.manufactured or "")[2:] <= "12",
    }
    for claim, holds in claims.items():
        if not holds:
            yield Objection("identity", claim)


def _rising(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low < high


def objections(recording: Recording, reading: Reading, *, second_decoder: bool = True) -> Iterator[Objection]:
    """Everything that speaks against `reading`, strongest witness first."""
    seen = Seen(recording.frame, reading)
    yield from _values(seen, "source", recording.expected, recording.tolerance)
    yield from _titles(recording, seen)
    yield from _identities(recording, seen)
    if second_decoder:
        yield from _values(seen, "second", recording.derived, {})
