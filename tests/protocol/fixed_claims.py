"""What must hold inside any frame, whatever table reads it: physics and plain sense. Each was checked on all frames."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from driver.protocol.balancer import BalancerStatus
from driver.protocol.jk02 import AlarmBits, CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_log import DetailLog, Logbook
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.neey import NeeyCellInfo, NeeyDeviceInfo, Operation
from driver.protocol.neey_settings import NeeyFactory, NeeySettings
from tests.protocol.fixed_terms import fitted

Claims = Iterator[tuple[str, bool]]
IDLE = 1.0  # A below which cells do not move between two measurements


def near(one: float | None, other: float | None, within: float) -> bool:
    return one is not None and other is not None and abs(one - other) <= within


def between(low: float, value: float | None, high: float) -> bool:
    return value is not None and low <= value <= high


def measured(wires: Sequence[float], count: int, most: float) -> bool:
    """Whether these are resistances of so many wires; a BMS that has just started has measured only some."""
    return all(ohms == 0 or between(0.02, ohms, most) for ohms in wires[:count])


def cells_agree(r: Any, mean_within: float, spread_within: float) -> Claims:
    """What a frame says about its cells, and what they are."""
    cells = fitted(r)
    yield "mean of the cells", near(r.average_cell, sum(cells) / len(cells), mean_within)
    yield "spread of the cells", near(r.cell_difference, max(cells) - min(cells), spread_within)
    yield "highest cell", r.highest_cell < len(r.cells) and near(r.cells[r.highest_cell], max(cells), spread_within)
    yield "lowest cell", r.lowest_cell < len(r.cells) and near(r.cells[r.lowest_cell], min(cells), spread_within)


def cell_info(r: CellInfo) -> Claims:
    cells, count = fitted(r), sum(1 for volts in r.cells if volts)
    yield "the mask counts the cells", r.cell_mask.bit_count() == count == len(cells)
    yield "the cells sum to the pack voltage", near(sum(cells), r.voltage, 0.1)
    yield "a pack voltage", between(0, r.voltage, 120)
    yield "current", between(-300, r.current, 300)
    yield "balance current", between(-5, r.balance_current, 5)
    yield "a charge that is left", between(0, r.remaining, r.full_capacity * 1.001)
    yield "a capacity", between(1, r.full_capacity, 2000) or not cells
    yield "cycles do what they can", r.cycle_capacity <= (r.cycles + 2) * max(r.full_capacity, 1) * 1.5
    yield "percent", r.state_of_charge <= 100 >= r.state_of_health
    yield "health", r.state_of_health in (0, 99, 100) or r.state_of_health > 50
    yield "switch", None not in (r.charge_mosfet, r.discharge_mosfet, r.heating, r.charger_plugged)
    yield "balancing", r.balancing in (0, 1, 2)
    yield "nothing flows into a closed battery", r.charge_mosfet or r.current <= 0.5
    yield "nothing flows out of it", r.discharge_mosfet or r.current >= -0.5
    yield "the balance current has its sign", (r.balance_current >= 0) if r.balancing == 1 else True
    yield "and its other sign", (r.balance_current <= 0) if r.balancing == 2 else True
    yield "no balancing, no current", bool(r.balancing) or r.balance_current == 0
    yield "an alarm speaks of wires that are named", not r.wire_alarms or bool(r.alarms & AlarmBits.WIRE_RESISTANCE)
    yield "wires are named by an alarm", bool(r.wire_alarms) or not r.alarms & AlarmBits.WIRE_RESISTANCE
    yield "power, a frame late", near(r.power, abs(r.voltage * r.current), 0.2 * r.power + 45) or r.power == 0
    yield "temperatures", all(between(-20, one, 60) for one in (r.temperature_1, r.temperature_2) if one is not None)
    yield "one temperature", near(r.temperature_1, r.temperature_2, 8) or r.temperature_1 is None
    yield "MOSFETs", between(-20, r.mos_temperature, 90) or r.mos_temperature is None
    yield "MOSFETs near the cells", near(r.mos_temperature, r.temperature_1, 15) or r.mos_temperature is None
    yield "corrections", between(2.8, r.voltage_correction, 3.1) and r.emergency_time == 0
    yield "countdowns", not any(countdowns(r)) or r.over_voltage_release > 0
    if not cells:
        yield "no cells", bool(r.alarms & AlarmBits.CELL_COUNT)
        return
    yield "cells", all(between(1.2, volts, 4.3) for volts in cells)
    yield "wires", measured(r.wire_resistances, r.cell_mask.bit_length(), 1.0)
    if abs(r.current) < IDLE:
        yield from cells_agree(r, 0.006, 0.012)
    yield "state of charge", near(r.state_of_charge, 100 * r.remaining / r.full_capacity, 1.5)
    if r.voltage_again is not None:
        yield from newer(r)


def newer(r: CellInfo) -> Claims:
    """What only 32S tells."""
    yield "the voltage is told again", near(r.voltage, r.voltage_again, 0.3)
    rest = (r.user_alarm, r.user_alarm_2, r.precharge)
    yield "nothing else is wrong", not any(rest)
    yield "what is rarely so", r.parallel_limiting is False and r.battery_type in (0, 1) and r.charge_status in (0, 2)
    yield "a status has its time", r.charge_status == 0 or bool(r.charge_status_time)
    yield "sleep", r.time_to_sleep == 86400 or r.time_to_sleep == 0 or between(0, r.time_to_sleep, 360000)
    yield (
        "more temperatures",
        all(one is None or between(-20, one, 60) for one in (r.temperature_3, r.temperature_4, r.temperature_5)),
    )
    yield "the third is the MOSFETs'", r.temperature_3 in (0, r.mos_temperature) or r.charge_status == 2
    both = (r.temperature_4, r.temperature_5)
    yield (
        "fourth and fifth like the others",
        both in ((0, 0), (None, None)) or all(near(one, r.temperature_1, 10) for one in both),
    )


def countdowns(r: CellInfo) -> tuple[int, ...]:
    return (
        r.discharge_over_current_release,
        r.discharge_short_circuit_release,
        r.charge_over_current_release,
        r.charge_short_circuit_release,
        r.under_voltage_release,
        r.over_voltage_release,
    )


def settings(r: Settings) -> Claims:
    yield (
        "cells are protected",
        1.2 <= r.cell_under_voltage < r.cell_under_voltage_recovery < r.cell_over_voltage <= 4.3,
    )
    yield "over-voltage recovers below", 3.0 <= r.cell_over_voltage_recovery < r.cell_over_voltage
    yield "sleep", between(0, r.sleep_voltage, 4.3)
    yield "power-off below under-voltage", 1.0 <= r.power_off_voltage <= r.cell_under_voltage
    yield "balancing", between(0.002, r.balance_trigger, 0.1) and between(0.3, r.balance_current_limit, 10)
    yield "balancing begins", between(1.0, r.balance_start, r.cell_over_voltage)
    full, empty = r.full_voltage, r.empty_voltage
    yield "full and empty, or neither", bool(full) == bool(empty)
    if full:
        yield "full", 3.3 <= full < r.cell_over_voltage
        yield "empty", r.cell_under_voltage <= empty <= 3.0
    charge, rest = r.requested_charge_voltage, r.requested_float_voltage
    yield "charge and float, or neither", bool(charge) == bool(rest)
    if charge:
        yield "float below charge", 3.2 <= rest < charge < r.cell_over_voltage
    yield "currents", between(2, r.charge_over_current, 300) and between(2, r.discharge_over_current, 1000)
    delays = (r.charge_over_current_delay, r.discharge_over_current_delay)
    yield "delays", all(between(2, value, 600) for value in delays) and delays[0] <= delays[1]
    recoveries = (r.charge_over_current_recovery, r.discharge_over_current_recovery, r.short_circuit_recovery)
    yield "recoveries", all(between(2, value, 600) for value in recoveries)
    yield "charge heat", 30 <= r.charge_over_temperature_recovery < r.charge_over_temperature <= 80
    yield "discharge heat", 30 <= r.discharge_over_temperature_recovery < r.discharge_over_temperature <= 80
    yield "cold", -45 <= r.charge_under_temperature < r.charge_under_temperature_recovery <= 20
    yield "MOSFETs", 50 <= r.mos_over_temperature_recovery < r.mos_over_temperature <= 110
    yield "cells", 2 <= r.cell_count <= 25
    yield "switches", None not in (r.charge_switch, r.discharge_switch, r.balance_switch)
    yield "a capacity", between(1, r.capacity, 2000)
    yield "a short circuit", between(0, r.short_circuit_delay, 10000)
    yield "no resistances", not any(r.connection_resistances)
    if r.device_address is not None:
        yield "an address", r.device_address <= 15
        yield "precharge", between(0, r.precharge_time, 255)
        yield "sleep after hours", r.sleep_delay in (0, 24, 100)
        yield "fields", r.data_fields in (0x7C, 0xFC, 0xFE)
        assert r.discharge_under_temperature is not None
        assert r.discharge_under_temperature_recovery is not None
        cold = (r.discharge_under_temperature, r.discharge_under_temperature_recovery)
        yield "cold while discharging", cold == (0, 0) or -40 <= cold[0] < cold[1] <= 20


def date(text: str) -> bool:
    """YYMMDD of these years."""
    return not text or (
        text.isdigit() and 18 <= int(text[:2]) <= 26 and 1 <= int(text[2:4]) <= 12 and int(text[4:]) <= 31
    )


def device_info(r: DeviceInfo) -> Claims:
    yield "model", r.model.startswith(("JK-B", "JK_B", "JK_PB", "JK-PB"))
    yield "versions", r.hardware[:1].isdigit() and "." in r.software and r.software[:1].isdigit()
    yield "date", date(r.manufactured) and len(r.manufactured) in (0, 6)
    yield "serial", len(r.serial) in (0, 10, 11, 15)
    yield "text", all(one.isprintable() for one in (r.model, r.hardware, r.software, r.name, r.serial))
    yield "power-ups", r.power_on_count <= 2000
    yield "times", between(0, r.total_runtime, 10**9)
    if r.uart_1 is not None:
        yield "protocols", r.uart_1 <= 20 and (r.can or 0) <= 13 and (r.uart_2 or 0) <= 21 and (r.uart_3 or 0) <= 20
        yield "a choice that was made was possible", not r.uart_1_choice or bool(r.uart_1_choice >> r.uart_1 & 1)
        yield "option", (r.hardware_option or "").isalpha() or not r.hardware_option
        yield "triggers", all(one is not None and one <= 14 for one in (r.buzzer, r.dry_1, r.dry_2))
        yield "hours", between(0, r.charge_time, 18.2) and between(0, r.float_time, 18.2)
        yield "period", r.storage_period in (0, 3600) or between(1000, r.storage_period, 40000)


def jk04_cell_info(r: CellInfo04) -> Claims:
    cells = fitted(r)
    yield "the mask counts the cells", r.cell_mask.bit_count() == sum(1 for volts in r.cells if volts)
    yield "cells", all(between(2.1, volts, 4.3) for volts in cells)
    yield "wires", measured(r.wire_resistances, len(cells), 0.3)
    yield from cells_agree(r, 0.006, 0.025)
    yield "balancing", r.balancing in (0, 1, 2) and r.balancer_ready in (0, 1)
    yield "balancing, and a current", bool(r.balance_current) or not r.balancing
    yield "its sign", r.balancing != 1 or (r.balance_current or 0) > 0
    yield "its other sign", r.balancing != 2 or (r.balance_current or 0) < 0
    yield "balance current", between(-6, r.balance_current, 6)


def jk04_settings(r: Settings04) -> Claims:
    yield "cells", 2 <= r.cell_count <= 24
    yield "power-off", between(2.0, r.power_off_voltage, 3.7) or r.power_off_voltage == 0
    yield "reference", between(2.8, r.reference_voltage, 3.2)
    yield "start", between(1.0, r.balance_start, 4.25) or r.balance_start == 0
    yield "trigger", between(0.001, r.balance_trigger, 1.0)
    yield "current", between(0.1, r.balance_current_limit, 10)
    yield "switch", r.balance_switch is not None


def neey_cell_info(r: NeeyCellInfo) -> Claims:
    cells = fitted(r)
    yield "the cells sum to the voltage", near(sum(cells), r.voltage, 0.01)
    yield "cells", all(between(2.0, volts, 4.3) for volts in cells)
    yield "all cells", r.last_cell + 1 == len(cells)
    yield "wires", measured(r.wire_resistances, len(cells), 0.3)
    yield from cells_agree(r, 0.001, 0.003)
    yield "balancing, and a current", not r.balance_current or r.operation == Operation.BALANCING
    yield "balance current", between(-10, r.balance_current, 10)
    yield "temperatures", between(-20, r.temperature_1, 80) and between(-20, r.temperature_2, 80)
    yield "one temperature", near(r.temperature_1, r.temperature_2, 1)
    yield "no cell is wrong", not (r.over_voltage or r.under_voltage or r.polarity or r.resistance_high)
    yield "only unused cells are not detected", r.not_detected & (1 << len(cells)) - 1 == 0
    yield "no fault", (r.charging_fault, r.discharging_fault, r.hot, r.memory_faults) == (False, False, 0, 0)
    if r.state_of_charge is not None:
        assert r.capacity is not None
        assert r.remaining is not None
        yield "state of charge", near(r.state_of_charge, 100 * r.remaining / r.capacity, 0.1)


def neey_settings(r: NeeySettings) -> Claims:
    yield "cells", 1 <= r.cell_count <= 24
    yield "capacity", between(1, r.nominal_capacity, 2000)
    yield "trigger", between(0.0009, r.balance_trigger, 1.0)
    yield "current", between(0.5, r.balance_current_limit, 10)
    yield "voltages", between(1, r.balance_stop, 4.5) and (r.balance_start == 0 or between(1, r.balance_start, 4.5))
    yield "switch", r.balance_switch is not None
    yield "codes", r.buzzer in (1, 2, 3) and r.cell_type in (1, 2, 3, 4)


def neey_device_info(r: NeeyDeviceInfo) -> Claims:
    yield "model", r.model.startswith(("GW-", "EK-"))
    yield "versions", r.hardware.startswith("HW-") and r.software[:3] in ("ZH-", "SW-") and r.protocol.startswith("V1.")
    yield "date", date(r.manufactured[2:]) and r.manufactured.startswith("20")
    yield "power-ups", r.power_on_count < 1000


def balancer(r: BalancerStatus) -> Claims:
    cells = r.cells[: r.cells_found]
    yield "address", r.address == 1 and r.command == 0xFF
    yield "the cells sum to the voltage", near(sum(cells), r.voltage, 0.03)
    yield "mean of the cells", near(r.average_cell, sum(cells) / len(cells), 0.001)
    yield "spread of the cells", near(r.cell_difference, max(cells) - min(cells), 0.008)
    yield "as set", r.cell_count == r.cells_found
    yield "places", r.highest_cell < 25 > r.lowest_cell
    yield "currents", between(0, r.balance_current, r.most_current) and between(0.03, r.most_current, 2)
    yield "trigger", between(0.002, r.balance_trigger, 1)
    yield "switch", r.balance_switch is not None
    yield "temperature", between(15, r.temperature_code, 300)


def logbook(r: Logbook) -> Claims:
    times = [seconds for seconds, _ in r.entries[: r.count]]
    yield "in order", times == sorted(times)
    yield "all are used", all(code for _, code in r.entries[: r.count]) and not any(map(any, r.entries[r.count :]))
    yield "newest", r.newest == r.count - 1


def detail_log(r: DetailLog) -> Claims:
    samples = r.samples[: r.count]
    yield "in order", all(later.clock - one.clock >= -1 for one, later in pairwise(samples))
    yield "steps", r.first % 12 == 0 and 1 <= r.count <= 12
    yield "cells", all(2 < volts < 4 for one in samples for volts in (one.lowest_voltage, one.highest_voltage))
    yield "pack", all(between(12, one.voltage, 15) for one in samples)
    yield "charge", all(one.remaining <= one.full_capacity for one in samples)


CLAIMS: Mapping[type, Callable[[Any], Claims]] = {
    CellInfo: cell_info,
    Settings: settings,
    DeviceInfo: device_info,
    CellInfo04: jk04_cell_info,
    Settings04: jk04_settings,
    NeeyCellInfo: neey_cell_info,
    NeeySettings: neey_settings,
    NeeyDeviceInfo: neey_device_info,
    NeeyFactory: lambda r: iter([("temperatures", (r.highest_temperature, r.lowest_temperature) == (85, 65))]),
    BalancerStatus: balancer,
    Logbook: logbook,
    DetailLog: detail_log,
}
