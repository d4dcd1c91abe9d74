"""What the owner of a simulated pack has set in its BMS."""

from collections.abc import Callable

from ..battery.chemistry import Chemistry
from ..protocol.jkuart import BatteryType, UartSettings

uart_settings: Callable[..., UartSettings] = UartSettings  # type checkers do not see that tables are dataclasses

# fmt: off
_CELL_SETTINGS = {  # type; over-voltage, its recovery, under-voltage, its recovery, balance start: V
    Chemistry.LFP: (BatteryType.LFP,             3.65, 3.50, 2.60, 2.90, 3.40),
    Chemistry.NMC: (BatteryType.TERNARY_LITHIUM, 4.20, 4.10, 3.00, 3.20, 3.90),
    Chemistry.LTO: (BatteryType.LTO,             2.75, 2.60, 1.80, 2.00, 2.30),
}
# fmt: on


def settings(
    chemistry: Chemistry = Chemistry.LFP,
    cells: int = 16,
    capacity: int = 280,
    *,
    name: str = "Cellar pack",
    user_data: str = "Sim bank 01",
    firmware: str = "11.XW_S11.26___",
) -> UartSettings:
    """What the owner of such a pack may have set. At most 12 characters of `name` and of `user_data` are sent."""
    battery_type, high, high_back, low, low_back, balance = _CELL_SETTINGS[chemistry]
    return uart_settings(
        pack_over_voltage=round(high * cells, 2),
        pack_under_voltage=round(low * cells, 2),
        cell_over_voltage=high,
        cell_over_voltage_recovery=high_back,
        cell_over_voltage_delay=5,
        cell_under_voltage=low,
        cell_under_voltage_recovery=low_back,
        cell_under_voltage_delay=5,
        cell_difference_protection=0.5,
        discharge_over_current=200,
        discharge_over_current_delay=300,
        charge_over_current=150,
        charge_over_current_delay=30,
        balance_start=balance,
        balance_trigger=0.01,
        balancer_switch=True,
        mos_over_temperature=90,
        mos_over_temperature_recovery=70,
        box_over_temperature=80,
        box_over_temperature_recovery=70,
        temperature_difference=20,
        charge_over_temperature=60,
        discharge_over_temperature=65,
        charge_under_temperature=0,
        charge_under_temperature_recovery=3,
        discharge_under_temperature=-20,
        discharge_under_temperature_recovery=-10,
        cell_count_setting=cells,
        capacity_setting=capacity,
        charge_switch=True,
        discharge_switch=True,
        current_calibration=0.725,
        board_address=1,
        battery_type=battery_type,
        sleep_time=10,
        low_capacity_alarm=10,
        dedicated_charger=False,
        device_id=user_data[:8],
        manufactured="2403",
        software_version=firmware,
        calibrating=False,
        actual_capacity=capacity,
        manufacturer_id=user_data[:12].ljust(12, "\0") + name[:12],
    )
