"""What no recorded frame can tell of the layouts, with reasons. Lines: table: row: slips that nothing notices.

None of these rows raises a limit: those that reach a limit at all can only lower it.
"""

# alarms of 32S that were ever recorded as raised
RECORDED_ALARMS = (
    "CELL_COUNT",
    "CELL_OVER_VOLTAGE",
    "CHARGE_MOSFET",
    "CHARGE_UNDER_TEMPERATURE",
    "FACTORY_PASSWORD",
    "WIRE_RESISTANCE",
)

UNPINNED = {
    "signed as the notes say: nothing below 0 was recorded there": """
CellInfo 24S: mos_temperature: no sign
CellInfo 24S: remaining: sign
CellInfo 32S: remaining: sign
Settings 24S: charge_over_temperature: sign
Settings 24S: charge_over_temperature_recovery: sign
Settings 24S: discharge_over_temperature: sign
Settings 24S: discharge_over_temperature_recovery: sign
Settings 24S: mos_over_temperature: sign
Settings 24S: mos_over_temperature_recovery: sign
Settings 32S: charge_over_temperature: sign
Settings 32S: charge_over_temperature_recovery: sign
Settings 32S: discharge_over_temperature: sign
Settings 32S: discharge_over_temperature_recovery: sign
Settings 32S: mos_over_temperature: sign
Settings 32S: mos_over_temperature_recovery: sign
Settings 32S: heating_start: sign
Settings 32S: heating_stop: sign
DeviceInfo 32S: buzzer_on: sign
DeviceInfo 32S: buzzer_off: sign
DeviceInfo 32S: dry_1_on: sign
DeviceInfo 32S: dry_1_off: sign
DeviceInfo 32S: dry_2_on: sign
DeviceInfo 32S: dry_2_off: sign
DeviceInfo 32S: storage_period: sign
BalancerStatus: temperature_code: sign
""",
    "no 24S frame with an alarm was recorded: the bits are those of 32S, and they only lower limits": """
CellInfo 24S: wire_alarms: place -2, place -1, times 10, divided by 10, bytes swapped
CellInfo 24S: alarms: bytes swapped, bits one up, bits one down
""",
    "0 in every recording, or never compared with anything: shown, and nothing follows from it": """
CellInfo 24S: precharge: place -2, times 10, divided by 10
CellInfo 24S: charge_duty: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: discharge_duty: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: heating_current: any place, times 10, divided by 10, bytes swapped, sign
CellInfo 24S: charger_plugged: place -1, inverted
CellInfo 24S: protection_time: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: precharge: place +1, place +2, times 10, divided by 10
CellInfo 32S: user_alarm: place -1, times 10, divided by 10, bytes swapped
CellInfo 32S: user_alarm_2: place +1, place +2, times 10, divided by 10, bytes swapped
CellInfo 32S: charge_duty: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: discharge_duty: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: protection_time: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: parallel_limiting: place -1
""",
    "a countdown: no recording shows one running but over_voltage_release, and nothing follows from it": """
CellInfo 24S: discharge_over_current_release: place +1, place +2, times 10, divided by 10, bytes swapped
CellInfo 24S: discharge_short_circuit_release: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: charge_over_current_release: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: charge_short_circuit_release: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: under_voltage_release: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: over_voltage_release: place -2, place -1, times 10, divided by 10, bytes swapped
CellInfo 24S: emergency_time: place -1, times 10, divided by 10, bytes swapped
CellInfo 32S: discharge_over_current_release: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: discharge_short_circuit_release: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: charge_over_current_release: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: charge_short_circuit_release: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: under_voltage_release: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: over_voltage_release: place -2, place -1, times 10, divided by 10, bytes swapped
CellInfo 32S: emergency_time: place -1, times 10, divided by 10, bytes swapped
""",
    "0 in every recording of this variant: newer firmware uses it, or nobody does": """
Settings 24S: full_voltage: any place, times 10, divided by 10, bytes swapped
Settings 24S: empty_voltage: any place, times 10, divided by 10, bytes swapped
Settings 24S: requested_charge_voltage: any place, times 10, divided by 10, bytes swapped
Settings 24S: requested_float_voltage: place -2, place -1, times 10, divided by 10, bytes swapped
""",
    "0 in every recording": """
Settings 24S: connection_resistances: any place, times 10, divided by 10, bytes swapped
Settings 32S: connection_resistances: place -2, place -1, times 10, divided by 10, bytes swapped
""",
    "ten times a multiple of 12 is one, too": """
DetailLog: first: times 10
""",
    "the same in every recording, and nobody knows what it is": """
Settings04: unknown_6: any place, an integer
""",
    "0 in every recording: no balancer with a fault was recorded, and v2 in one frame only": """
NeeyCellInfo v1: over_voltage: place +1, place +2, times 10, divided by 10, bytes swapped
NeeyCellInfo v1: under_voltage: any place, times 10, divided by 10, bytes swapped
NeeyCellInfo v1: polarity: any place, times 10, divided by 10, bytes swapped
NeeyCellInfo v1: resistance_high: any place, times 10, divided by 10, bytes swapped
NeeyCellInfo v1: hot: any place, bits one up, bits one down
NeeyCellInfo v1: charging_fault: any place
NeeyCellInfo v1: discharging_fault: any place
NeeyCellInfo v1: memory_faults: any place, bits one up, bits one down
NeeyCellInfo v2: counter: any place, times 10, divided by 10
NeeyCellInfo v2: not_detected: place +1, place +2, times 10, divided by 10, bytes swapped
NeeyCellInfo v2: over_voltage: any place, times 10, divided by 10, bytes swapped
NeeyCellInfo v2: under_voltage: any place, times 10, divided by 10, bytes swapped
NeeyCellInfo v2: polarity: any place, times 10, divided by 10, bytes swapped
NeeyCellInfo v2: resistance_high: any place, times 10, divided by 10, bytes swapped
NeeyCellInfo v2: hot: any place, bits one up, bits one down
NeeyCellInfo v2: charging_fault: any place
NeeyCellInfo v2: discharging_fault: any place
NeeyCellInfo v2: memory_faults: any place, bits one up, bits one down
""",
    "recorded in one or two frames, with the same value beside it": """
NeeySettings v1: reset_current: any place, an integer
NeeySettings v2: balance_switch: place +1, place +2
NeeySettings v2: buzzer: place -1, place +1, place +2
NeeySettings v2: cell_type: place -2, place -1, place +1
NeeySettings v2: short_circuit_recovery: place +1, place +2, times 10, divided by 10, bytes swapped
NeeyFactory: super_capacitor_2: any place, an integer
""",
    "0 in every recording: no balancer was recorded at work": """
BalancerStatus: moving: place +2, bits one up, bits one down
BalancerStatus: balance_current: place +1, times 10, divided by 10, bytes swapped
""",
}

# noticed, but only by a decoder that follows the same notes: care is proven, truth is not
BY_THE_SECOND_DECODER = {
    "no other witness speaks of these rows, or they hold small numbers everywhere": """
CellInfo 24S: alarms: place +1
CellInfo 24S: balance_current: place -2, divided by 10
CellInfo 24S: cycles: place -1, times 10, bytes swapped
CellInfo 24S: precharge: place -1, place +1, place +2
CellInfo 24S: user_alarm: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: user_alarm_2: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: over_voltage_release: place +1, place +2
CellInfo 24S: sensors: any place, bits one up, bits one down
CellInfo 24S: heating: place -2, place +2
CellInfo 24S: current_correction: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: charge_sensor: any place, times 10, divided by 10, bytes swapped
CellInfo 24S: discharge_sensor: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: wire_resistances: place +2
CellInfo 32S: wire_alarms: times 10, divided by 10, bytes swapped
CellInfo 32S: balance_current: divided by 10
CellInfo 32S: cycle_capacity: divided by 10
CellInfo 32S: state_of_health: place +1, place +2
CellInfo 32S: over_voltage_release: place +1, place +2
CellInfo 32S: heating: place -2, place +2
CellInfo 32S: current_correction: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: charge_sensor: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: discharge_sensor: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: heating_current: any place, times 10, divided by 10, bytes swapped, sign
CellInfo 32S: charger_plugged: place -1, inverted
CellInfo 32S: temperature_3: place -2
CellInfo 32S: temperature_4: place +2
CellInfo 32S: temperature_5: place -2
CellInfo 32S: time_to_sleep: place +1, divided by 10
CellInfo 32S: battery_type: place -2, place -1
CellInfo 32S: charge_status_time: any place, times 10, divided by 10, bytes swapped
CellInfo 32S: dry_contacts: any place, bits one up, bits one down
Settings 24S: sleep_voltage: divided by 10
Settings 24S: balance_trigger: times 10
Settings 24S: charge_over_current: divided by 10
Settings 24S: charge_over_current_delay: divided by 10
Settings 24S: charge_over_current_recovery: times 10, divided by 10
Settings 24S: discharge_over_current: divided by 10
Settings 24S: discharge_over_current_recovery: times 10, divided by 10
Settings 24S: short_circuit_recovery: times 10, divided by 10
Settings 24S: short_circuit_delay: divided by 10
Settings 32S: sleep_voltage: divided by 10
Settings 32S: charge_over_current_recovery: times 10
Settings 32S: discharge_over_current_recovery: times 10
Settings 32S: balance_switch: inverted
Settings 32S: short_circuit_delay: divided by 10
Settings 32S: device_address: divided by 10
Settings 32S: precharge_time: times 10, divided by 10
Settings 32S: discharge_under_temperature_recovery: place -2, place +1, divided by 10
DeviceInfo 24S: power_on_count: times 10, divided by 10
DeviceInfo 24S: name: any place
DeviceInfo 24S: manufactured: place -2, place -1
DeviceInfo 24S: serial: place -2, place -1
DeviceInfo 32S: power_on_count: divided by 10
DeviceInfo 32S: name: any place
DeviceInfo 32S: manufactured: place -2, place -1
DeviceInfo 32S: serial: place -2, place -1
DeviceInfo 32S: uart_1: place -2, place -1
DeviceInfo 32S: can: place -2
DeviceInfo 32S: hardware_option: any place
DeviceInfo 32S: can_choice: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: uart_2: place -2, place -1
DeviceInfo 32S: uart_2_choice: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: buzzer: any place
DeviceInfo 32S: dry_1: any place
DeviceInfo 32S: dry_2: place -2, place -1, place +1
DeviceInfo 32S: uart_library: any place, times 10, divided by 10
DeviceInfo 32S: buzzer_on: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: buzzer_off: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: dry_1_on: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: dry_1_off: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: dry_2_on: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: dry_2_off: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: charge_time: any place, divided by 10
DeviceInfo 32S: float_time: any place, divided by 10
DeviceInfo 32S: can_library: any place, times 10, divided by 10
DeviceInfo 32S: emergency_duration: any place, times 10, divided by 10
DeviceInfo 32S: uart_3: place -2, place +1
DeviceInfo 32S: uart_3_choice: any place, times 10, divided by 10, bytes swapped
DeviceInfo 32S: rebulk: any place, times 10, divided by 10
Settings04: unknown_102: any place, an integer
NeeyCellInfo v1: uptime: place -2, place -1, place +2, bytes swapped
NeeyCellInfo v2: highest_cell: place +2
NeeyCellInfo v2: disputed_current: any place, an integer
NeeyCellInfo v2: uptime: any place, times 10, divided by 10, bytes swapped
NeeySettings v1: balance_switch: place +1
NeeySettings v1: device_address: any place, times 10, divided by 10
NeeySettings v1: reference_resistance: any place, an integer
NeeySettings v2: unknown_18: any place, an integer
NeeySettings v2: discharge_over_current_delay: any place, times 10, divided by 10, bytes swapped
NeeySettings v2: discharge_over_current_recovery: any place, times 10, divided by 10, bytes swapped
NeeySettings v2: discharge_over_current_2: any place, an integer
NeeySettings v2: discharge_over_current_2_delay: any place, times 10, divided by 10, bytes swapped
NeeySettings v2: discharge_over_current_2_recovery: any place, times 10, divided by 10, bytes swapped
NeeySettings v2: short_circuit_recovery: place -2, place -1
NeeySettings v2: charge_over_temperature_recovery: any place, an integer
NeeySettings v2: charge_under_temperature_recovery: any place, an integer
NeeySettings v2: discharge_over_temperature_recovery: any place, an integer
NeeySettings v2: discharge_under_temperature_recovery: any place, an integer
NeeyFactory: standard_voltage_1: any place, an integer
NeeyFactory: standard_voltage_2: any place, an integer
NeeyFactory: battery_voltage_1: any place, an integer
NeeyFactory: battery_voltage_2: any place, an integer
NeeyFactory: standard_current_1: any place, an integer
NeeyFactory: standard_current_2: any place, an integer
NeeyFactory: super_capacitor_1: any place, an integer
NeeyFactory: resistor: any place, an integer
NeeyFactory: battery_status: any place, an integer
NeeyFactory: highest_voltage: any place, an integer
NeeyFactory: lowest_voltage: any place, an integer
NeeyFactory: power_on_count: any place, times 10, divided by 10, bytes swapped
NeeyFactory: runtime: any place, times 10, divided by 10, bytes swapped
NeeyFactory: manufactured: any place
""",
}
