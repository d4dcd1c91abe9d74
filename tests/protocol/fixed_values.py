"""The keys of the vector files, and the same thing in the words of the records."""

from collections.abc import Mapping
from typing import Any

from driver.protocol.balancer import BalancerStatus
from driver.protocol.jk02 import CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_log import DetailLog, Logbook, Sample, States
from driver.protocol.jk02_settings import Controls, Settings
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.neey import NeeyCellInfo, NeeyDeviceInfo
from driver.protocol.neey_settings import NeeyFactory, NeeySettings
from tests.protocol.fixed_terms import CELLS, Values, as_is, bit, fitted, rounded, times
from tests.protocol.fixed_values_balancers import BALANCER, NEEY_CELL_INFO, NEEY_SETTINGS

# secrets: checked by their absence. The rest is about the frame, or worked out by the source's own library
UNCOMPARED = {"device_passcode", "setup_passcode", "passcode", "user_data", "user_data_2", "serial_number_11"} | {
    "frame_type", "length_bytes", "checksum", "header", "byte_5", "computed_cycle_capacity_Wh",
    "computed_battery_charging", "computed_runtime_s", "computed_temperature_mean_C", "computed_problem",
    "errors_bitmask_hex", "temperature_values_C", "errors", "total_runtime_formatted", "byte_8", "byte_217",
    "nominal_battery_capacity_settings_Ah", "balancer_switch_settings", "feature_flags", "alarm_todo",
}  # fmt: skip


CELL_INFO: Values = {
    **CELLS,
    **as_is(
        "wire_resistance_alarm_bitmask=wire_alarms power_unsigned_W=power current_A=current "
        "mosfet_temperature_C=mos_temperature temperature_1_C=temperature_1 temperature_2_C=temperature_2 "
        "errors_bitmask=alarms balancing_state=balancing state_of_charge_percent=state_of_charge "
        "capacity_remaining_Ah=remaining full_charge_capacity_Ah=full_capacity cycle_count=cycles "
        "total_cycle_capacity_Ah=cycle_capacity state_of_health_percent=state_of_health precharge user_alarm "
        "charging_mosfet_on=charge_mosfet discharging_mosfet_on=discharge_mosfet user_alarm_2 heating "
        "discharge_ocp_release_s=discharge_over_current_release charger_plugged battery_type_code=battery_type "
        "discharge_scp_release_s=discharge_short_circuit_release charge_ocp_release_s=charge_over_current_release "
        "charge_scp_release_s=charge_short_circuit_release undervoltage_release_s=under_voltage_release "
        "overvoltage_release_s=over_voltage_release temperature_sensor_present_bitmask=sensors "
        "emergency_time_s=emergency_time discharge_current_correction=current_correction "
        "charge_current_sensor_V=charge_sensor discharge_current_sensor_V=discharge_sensor "
        "battery_voltage_10mV_V=voltage_again heating_current_A=heating_current temperature_word_254_C=temperature_3 "
        "temperature_word_256_C=temperature_4 temperature_word_258_C=temperature_5 detail_log_count=log_entries "
        "rtc_seconds_since_2020=clock time_to_sleep_s=time_to_sleep parallel_module_on=parallel_limiting "
        "charge_status_time_s=charge_status_time charge_status_code=charge_status temperature_sensor_mask=sensors "
        "detail_log_entry_count=log_entries"
    ),
    "errors_bitmask_low16": lambda r: r.alarms & 0xFFFF,
    "system_run_ticks_100ms": times("uptime", 10),
    "voltage_correction_factor": lambda r: rounded(r.voltage_correction, 6),
    "dry_contact_1": bit("dry_contacts", 2),
    "dry_contact_2": bit("dry_contacts", 4),
    "balancing": lambda r: r.balancing != 0,
    "balancer_status_bitmask": lambda r: r.balancing,
    "battery_type": lambda r: r.battery_type.name,
    "power_W": lambda r: r.voltage * r.current,
    "computed_power_W": lambda r: round(r.voltage * r.current, 3),
    "charging_power_W": lambda r: max(0.0, r.voltage * r.current),
    "discharging_power_W": lambda r: max(0.0, -r.voltage * r.current),
    "current_inverted_sign_A": times("current", -1.0),
    "state_of_charge_recomputed_percent": lambda r: round(r.remaining / r.full_capacity * 100, 2),
    "temperatures_1_2_C": lambda r: [r.temperature_1, r.temperature_2],
}

SETTINGS: Values = as_is(
    "smart_sleep_voltage_V=sleep_voltage cell_undervoltage_protection_V=cell_under_voltage "
    "cell_undervoltage_recovery_V=cell_under_voltage_recovery cell_overvoltage_protection_V=cell_over_voltage "
    "cell_overvoltage_recovery_V=cell_over_voltage_recovery balance_trigger_voltage_V=balance_trigger "
    "soc_100_voltage_V=full_voltage soc_0_voltage_V=empty_voltage request_charge_voltage_V=requested_charge_voltage "
    "request_float_voltage_V=requested_float_voltage power_off_voltage_V=power_off_voltage "
    "max_charge_current_A=charge_over_current charge_ocp_delay_s=charge_over_current_delay "
    "charge_ocp_recovery_s=charge_over_current_recovery max_discharge_current_A=discharge_over_current "
    "discharge_ocp_delay_s=discharge_over_current_delay discharge_ocp_recovery_s=discharge_over_current_recovery "
    "scp_recovery_s=short_circuit_recovery max_balance_current_A=balance_current_limit "
    "charge_overtemperature_protection_C=charge_over_temperature "
    "charge_overtemperature_recovery_C=charge_over_temperature_recovery "
    "discharge_overtemperature_protection_C=discharge_over_temperature "
    "discharge_overtemperature_recovery_C=discharge_over_temperature_recovery "
    "charge_undertemperature_protection_C=charge_under_temperature "
    "charge_undertemperature_recovery_C=charge_under_temperature_recovery "
    "mosfet_overtemperature_protection_C=mos_over_temperature "
    "mosfet_overtemperature_recovery_C=mos_over_temperature_recovery cell_count charging_switch=charge_switch "
    "discharging_switch=discharge_switch balancer_switch=balance_switch nominal_battery_capacity_Ah=capacity "
    "scp_delay_us=short_circuit_delay balance_start_voltage_V=balance_start device_address "
    "precharge_time_s=precharge_time control_bitmask=controls heating_start_temperature_C=heating_start "
    "heating_stop_temperature_C=heating_stop smart_sleep_delay_h=sleep_delay data_field_enable=data_fields "
    "discharge_undertemperature_protection_C=discharge_under_temperature "
    "discharge_undertemperature_recovery_C=discharge_under_temperature_recovery"
) | {
    "frame_counter": lambda r: None,  # no row: nothing depends on it
    "connection_wire_resistances_raw": lambda r: list(r.connection_resistances),
    **{
        f"control_{key}": bit("controls", getattr(Controls, name))
        for key, name in (
            ("heating", "HEATING"), ("disable_temperature_sensors", "NO_TEMPERATURE_SENSORS"),
            ("gps_heartbeat", "GPS_HEARTBEAT"), ("port_rs485", "PORT_IS_RS485"), ("lcd_always_on", "LCD_ALWAYS_ON"),
            ("special_charger", "SPECIAL_CHARGER"), ("smart_sleep", "SMART_SLEEP"),
            ("disable_pcl_module", "NO_PARALLEL_LIMITING"), ("timed_stored_data", "TIMED_STORAGE"),
            ("charging_float_mode", "FLOAT_MODE"), ("button_trigger_emergency", "BUTTON_STARTS_EMERGENCY"),
            ("dry_contact_intermittent", "DRY_CONTACT_INTERMITTENT"), ("discharge_ocp_2", "DISCHARGE_OVER_CURRENT_2"),
            ("discharge_ocp_3", "DISCHARGE_OVER_CURRENT_3"), ("gps_locked_charging", "GPS_LOCKED_CHARGING"),
            ("gps_locked_discharging", "GPS_LOCKED_DISCHARGING"),
        )
    },
}  # fmt: skip

DEVICE_INFO: Values = as_is(
    "model hardware_version=hardware software_version=software uptime_s=total_runtime power_on_count device_name=name "
    "manufacturing_date=manufactured serial_number=serial uart1_protocol=uart_1 can_protocol=can "
    "uart1_protocols_enabled_bitmask=uart_1_choice hardware_option can_protocols_enabled_bitmask=can_choice "
    "uart2_protocol=uart_2 uart2_protocols_enabled_bitmask=uart_2_choice lcd_buzzer_trigger=buzzer "
    "dry1_trigger=dry_1 dry2_trigger=dry_2 uart_protocol_library_version=uart_library "
    "lcd_buzzer_trigger_value=buzzer_on lcd_buzzer_release_value=buzzer_off dry1_trigger_value=dry_1_on "
    "dry1_release_value=dry_1_off dry2_trigger_value=dry_2_on dry2_release_value=dry_2_off "
    "data_stored_period_s=storage_period request_charge_voltage_time_h=charge_time "
    "request_float_voltage_time_h=float_time can_protocol_library_version=can_library "
    "emergency_duration_min=emergency_duration uart3_protocol=uart_3 uart3_protocols_enabled_bitmask=uart_3_choice "
    "re_bulk_soc_percent=rebulk"
) | {"frame_counter": lambda r: None}


def sample(index: int, one: Sample) -> dict[str, Any]:
    """As the second decoder writes it."""
    return {
        "index": index,
        "rtc_seconds_since_2020": one.clock,
        "event_code": one.code,
        "charging_mosfet_on": bool(one.states & States.CHARGE_MOSFET),
        "discharging_mosfet_on": bool(one.states & States.DISCHARGE_MOSFET),
        "balancing": bool(one.states & States.BALANCING),
        "heating": bool(one.states & States.HEATING),
        "max_voltage_cell_index_0": one.highest_cell,
        "min_voltage_cell_index_0": one.lowest_cell,
        "max_cell_voltage_V": one.highest_voltage,
        "min_cell_voltage_V": one.lowest_voltage,
        "total_voltage_V": one.voltage,
        "current_A": one.current,
        "capacity_remaining_Ah": one.remaining,
        "full_charge_capacity_Ah": one.full_capacity,
        "max_temperature_C": one.highest_temperature,
        "min_temperature_C": one.lowest_temperature,
        "mosfet_temperature_C": one.mos_temperature,
        "heating_current_A": one.heating_current,
    }


VALUES: Mapping[type, Values] = {
    CellInfo: CELL_INFO,
    Settings: SETTINGS,
    DeviceInfo: DEVICE_INFO,
    Logbook: {
        "log_count": lambda r: r.count,
        "check_byte": lambda r: r.newest,
        "entries": lambda r: [{"timestamp_s": seconds, "code": code} for seconds, code in r.entries[: r.count]],
        **{f"entry_{n}_timestamp_s": lambda r, n=n: r.entries[n][0] for n in range(4)},
        **{f"entry_{n}_code": lambda r, n=n: r.entries[n][1] for n in range(4)},
    },
    DetailLog: {
        "first_record_index": lambda r: r.first,
        "record_count": lambda r: r.count,
        "records": lambda r: [sample(r.first + n, one) for n, one in enumerate(r.samples[: r.count])],
    },
    CellInfo04: {
        **CELLS,
        "total_voltage_V": lambda r: sum(fitted(r)),
        "total_voltage_sum_V": lambda r: round(sum(fitted(r)), 4),
        "cell_voltages_V": lambda r: [rounded(v, 4) for v in fitted(r)],
        "balancing": lambda r: r.balancing != 0,
        **as_is("balancing_state=balancing byte_221=balancer_ready"),
    },
    Settings04: as_is(
        "cell_count power_off_voltage_V=power_off_voltage voltage_calibration_vref_V=reference_voltage "
        "balance_start_voltage_V=balance_start balancing_start_voltage_V=balance_start unknown_102 "
        "balance_trigger_voltage_V=balance_trigger max_balance_current_A=balance_current_limit "
        "balancer_switch=balance_switch"
    )
    | {"frame_counter": lambda r: None},
    NeeyCellInfo: NEEY_CELL_INFO,
    NeeyDeviceInfo: as_is(
        "model hardware_version=hardware software_version=software protocol_version=protocol "
        "production_date=manufactured power_on_count total_runtime_s=runtime"
    ),
    NeeySettings: NEEY_SETTINGS,
    NeeyFactory: as_is(
        "standard_voltage_1_V=standard_voltage_1 standard_voltage_2_V=standard_voltage_2 "
        "battery_voltage_1_V=battery_voltage_1 battery_voltage_2_V=battery_voltage_2 "
        "standard_current_1_A=standard_current_1 standard_current_2_A=standard_current_2 "
        "supercap_1=super_capacitor_1 supercap_2=super_capacitor_2 resistor_1=resistor battery_status "
        "max_voltage_V=highest_voltage min_voltage_V=lowest_voltage max_temperature_C=highest_temperature "
        "min_temperature_C=lowest_temperature power_on_count total_runtime_s=runtime production_date=manufactured"
    ),
    BalancerStatus: BALANCER,
}
