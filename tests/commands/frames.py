"""Frames for the tests of commands: built from the tables, and the recorded ones that JK_VECTORS names."""

import json
import os
from pathlib import Path

import pytest

from driver.protocol.jkuart import UartLive, UartSettings, current_code
from driver.protocol.jkuart_wire import reply
from driver.protocol.tlv import write

PASSWORD = b"s3cRet!xQ9"
CELLS = tuple(3.300 + number / 1000 for number in range(16))
LIVE = UartLive(
    cells=CELLS,
    mos_temperature=31,
    box_temperature=-4,
    battery_temperature=22,
    total_voltage=52.92,
    current_code=current_code(-12.5, 1),
    state_of_charge=64,
    temperature_sensors=2,
    cycles=17,
    cycle_capacity=4700,
    strings=16,
    alarms=0x0200,
    status=0x02,
    protocol_version=1,
)
SETTINGS = UartSettings(
    pack_over_voltage=58.4,
    pack_under_voltage=41.6,
    cell_over_voltage=3.65,
    cell_over_voltage_recovery=3.5,
    cell_over_voltage_delay=5,
    cell_under_voltage=2.6,
    cell_under_voltage_recovery=2.9,
    cell_under_voltage_delay=5,
    cell_difference_protection=0.3,
    discharge_over_current=150,
    discharge_over_current_delay=300,
    charge_over_current=100,
    charge_over_current_delay=30,
    balance_start=3.4,
    balance_trigger=0.005,
    balancer_switch=True,
    mos_over_temperature=90,
    mos_over_temperature_recovery=70,
    box_over_temperature=100,
    box_over_temperature_recovery=100,
    temperature_difference=20,
    charge_over_temperature=60,
    discharge_over_temperature=65,
    charge_under_temperature=-20,
    charge_under_temperature_recovery=-10,
    discharge_under_temperature=-20,
    discharge_under_temperature_recovery=-10,
    cell_count_setting=16,
    capacity_setting=280,
    charge_switch=True,
    discharge_switch=True,
    current_calibration=0.725,
    board_address=1,
    battery_type=0,
    sleep_time=10,
    low_capacity_alarm=20,
    password="",
    dedicated_charger=False,
    device_id="House",
    manufactured="2306",
    runtime=4711,
    software_version="11.XW_S11.26___",
    calibrating=False,
    actual_capacity=280,
    manufacturer_id="House\0\0\0\0\0\0\0JK_B2A20S20P",
)


def registers(live: UartLive = LIVE, settings: UartSettings = SETTINGS) -> dict[int, bytes]:
    """All registers as they go over the wire, with a password in them."""
    return write(live) | write(settings) | {0xB2: PASSWORD}


FRAME = reply(registers())


def shows_password(text: str) -> bool:
    """Whether four characters in a row of the password can be read in `text`, as characters or as hex."""
    parts = [PASSWORD[at : at + 4] for at in range(len(PASSWORD) - 3)]
    return any(part.decode() in text or part.hex(" ") in text or part.hex() in text for part in parts)


def recorded() -> dict[str, dict[str, bytes]]:
    """Recorded UART frames: file name -> kind -> frame. Skips the test when nothing says where they are."""
    folder = os.environ.get("JK_VECTORS")
    if not folder:
        pytest.skip("JK_VECTORS does not name the folder of recorded frames")
    found = {}
    for path in sorted(Path(folder).glob("uart_*.json")):
        if frames := json.loads(path.read_text()).get("frames"):
            found[path.stem] = {kind: bytes.fromhex(text) for kind, text in frames.items()}
    assert found, f"JK_VECTORS = {folder} holds no uart_*.json"
    return found
