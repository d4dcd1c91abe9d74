"""The keys of the vector files of balancers, and the same thing in the words of the records."""

from driver.protocol.neey import Operation
from driver.protocol.neey_settings import Buzzer, CellType
from tests.protocol.fixed_terms import CELLS, Values, as_is, fitted, rounded, times

NEEY_CELL_INFO: Values = {
    **CELLS,
    "total_voltage_V": lambda r: rounded(r.voltage, 4),
    "cell_voltages_V": lambda r: [rounded(v, 4) for v in fitted(r)],
    "cell_resistances_ohm": lambda r: [rounded(v, 5) for v in r.wire_resistances[: len(fitted(r))]],
    **as_is(
        "byte_215=last_cell operation_status_code=operation temperature_1_C=temperature_1 uptime_s=uptime "
        "temperature_2_C=temperature_2 mosfet_temperature_C=mos_temperature nominal_capacity_Ah=capacity "
        "balancer_temperature_C=balancer_temperature capacity_remaining_Ah=remaining "
        "state_of_charge_percent=state_of_charge cell_detection_failed_bitmask=not_detected "
        "cell_overvoltage_bitmask=over_voltage cell_undervoltage_bitmask=under_voltage error_charging=charging_fault "
        "cell_polarity_error_bitmask=polarity cell_excessive_line_resistance_bitmask=resistance_high "
        "temperature_warning_byte=hot error_discharging=discharging_fault read_write_error_byte=memory_faults "
        "pack_current_222_A=disputed_current"
    ),
    "balancing": lambda r: r.operation == Operation.BALANCING,
    "error_system_overheating": lambda r: bool(r.hot),
    **{key: lambda r: OPERATION_TEXTS[r.operation] for key in ("operation_status", "operation_status_source_format")},
    **{
        f"{key}_source_format": lambda r, name=name: " ".join(hex3(getattr(r, name)))
        for key, name in (
            ("cell_detection_failed", "not_detected"), ("cell_overvoltage_failed", "over_voltage"),
            ("cell_undervoltage_failed", "under_voltage"), ("cell_polarity_error", "polarity"),
            ("excessive_line_resistance", "resistance_high"),
        )
    },
    **{
        f"{key}_source_format": lambda r, name=name: hex(int(getattr(r, name)))
        for key, name in (
            ("overheating", "hot"), ("charging_fault", "charging_fault"), ("discharge_fault", "discharging_fault"),
            ("read_write_error", "memory_faults"),
        )
    },
}  # fmt: skip
OPERATION_TEXTS = {
    Operation.BALANCING: "balancing",
    Operation.TEST_COMPLETED: "system test completed",
    Operation.BELOW_START_VOLTAGE: "low battery voltage balancing stopped",
}


def hex3(mask: int) -> list[str]:
    return [f"0x{byte:02x}" for byte in mask.to_bytes(3, "little")]


NEEY_SETTINGS: Values = as_is(
    "cell_count balance_trigger_voltage_V=balance_trigger max_balance_current_A=balance_current_limit "
    "balance_sleep_voltage_V=balance_stop balance_start_voltage_V=balance_start balancer_switch=balance_switch "
    "balance_stop_diff_voltage_V=stop_difference buzzer_mode_code=buzzer battery_type_code=cell_type "
    "nominal_battery_capacity_Ah=nominal_capacity device_address reset_current "
    "line_resistance_reference=reference_resistance "
    "float_18=unknown_18 cell_overvoltage_protection_V=cell_over_voltage "
    "cell_overvoltage_recovery_V=cell_over_voltage_recovery cell_undervoltage_protection_V=cell_under_voltage "
    "cell_undervoltage_recovery_V=cell_under_voltage_recovery "
    "cell_voltage_difference_protection_V=cell_difference_protection "
    "cell_voltage_difference_recovery_V=cell_difference_recovery cell_shutdown_voltage_V=power_off_voltage "
    "charging_overcurrent_protection_A=charge_over_current charging_overcurrent_delay_s=charge_over_current_delay "
    "charging_overcurrent_recovery_s=charge_over_current_recovery "
    "discharging_overcurrent_protection_A=discharge_over_current "
    "discharging_overcurrent_delay_s=discharge_over_current_delay "
    "discharging_overcurrent_recovery_s=discharge_over_current_recovery "
    "discharging_overcurrent_2_protection_A=discharge_over_current_2 "
    "discharging_overcurrent_2_delay_ms=discharge_over_current_2_delay "
    "discharging_overcurrent_2_recovery_s=discharge_over_current_2_recovery short_circuit_protection_A=short_circuit "
    "short_circuit_detection_delay_us=short_circuit_delay short_circuit_recovery_s=short_circuit_recovery "
    "charging_overtemperature_protection_C=charge_over_temperature "
    "charging_overtemperature_recovery_C=charge_over_temperature_recovery "
    "charging_undertemperature_protection_C=charge_under_temperature "
    "charging_undertemperature_recovery_C=charge_under_temperature_recovery "
    "discharging_overtemperature_protection_C=discharge_over_temperature "
    "discharging_overtemperature_recovery_C=discharge_over_temperature_recovery "
    "discharging_undertemperature_protection_C=discharge_under_temperature "
    "discharging_undertemperature_recovery_C=discharge_under_temperature_recovery"
) | {
    "buzzer_mode": lambda r: {Buzzer.OFF: "Off", Buzzer.ONCE: "Beep once", Buzzer.REGULAR: "Beep regular"}[r.buzzer],
    "battery_type": lambda r: {CellType.LFP: "LFP", CellType.NCM: "NCM"}[r.cell_type],
}

BALANCER: Values = {
    "slave_address": lambda r: f"{r.address:02}",
    "command_code": lambda r: f"{r.command:02x}",
    "charging_discharging": lambda r: f"{r.moving:02}",
    "balance_on_off": lambda r: f"{int(r.balance_switch):02}",
    "cell_voltages_V": lambda r: list(r.cells),
    "delta_cell_voltage_V": lambda r: r.cell_difference,
    **{f"voltage_cell{n:02}_V": lambda r, n=n: r.cells[n - 1] for n in range(1, 25)},
    **{f"cell_voltage_{n}_V": lambda r, n=n: r.cells[n - 1] for n in range(1, 5)},
    **{key: CELLS[key] for key in CELLS if key.startswith(("min_", "max_"))},
    "balancing": lambda r: r.moving != 0,
    "balancer_on": lambda r: int(r.balance_switch),
    "battery_temperature_C": times("temperature_code", 0.1),
    **as_is(
        "address command total_voltage_V=voltage total_battery_voltage_V=voltage average_cell_voltage_V=average_cell "
        "number_of_cells=cells_found cell_count=cells_found cell_count_detected=cells_found highest_cell lowest_cell "
        "max_cell_number=highest_cell min_cell_number=lowest_cell balancing_direction=moving balancer_status=moving "
        "alarm_bitmask=alarms errors_bitmask=alarms voltage_difference_V=cell_difference "
        "balance_current_A=balance_current balancing_current_A=balance_current "
        "balance_trigger_voltage_V=balance_trigger max_balance_current_A=most_current set_number_of_cells=cell_count "
        "cell_count_setting=cell_count temperature_C=temperature_code temperature_raw=temperature_code"
    ),
}
