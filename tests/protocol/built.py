"""Frames made by the driver's own encoders, for tests of what is done with values; test_fixed_*.py know the places."""

from dataclasses import replace
from typing import Any

from driver.protocol.jk02 import CellInfo, Variant
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk02_wire import FrameType, background, sealed
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.layout import read, write

S24, S32 = Variant.S24, Variant.S32
SOFTWARE = {S24: "10.07", S32: "15.41"}
CELLS = tuple((3300 + number) / 1000 for number in range(16))


def built(kind: FrameType, record: type, variant: int, **values: Any) -> bytes:
    """A frame with some values in it, and the constants of its kind."""
    empty = background(kind, Variant(variant))
    column = variant if record in (CellInfo, Settings, DeviceInfo) else 0
    return sealed(write(replace(read(record, empty, column), **values), empty, column))


def cell_info(variant: int = S32, **values: Any) -> bytes:
    """A believable moment of a 16S pack."""
    cells = values.get("cells", CELLS)
    mask = sum(1 << number for number, volts in enumerate(cells) if volts)
    usual = {
        "cells": cells, "cell_mask": mask, "voltage": round(sum(cells), 3), "current": -12.5, "counter": 7,
        "state_of_charge": 64, "remaining": 179.2, "full_capacity": 280.0, "cycles": 17, "cycle_capacity": 4700.0,
        "state_of_health": 100, "mos_temperature": 31.0, "temperature_1": 22.0, "temperature_2": 23.5,
        "charge_mosfet": True, "discharge_mosfet": True, "runtime": 123456, "uptime": 1234.5,
    }  # fmt: skip
    if variant == S32:
        usual |= {"temperature_3": 31.0, "temperature_4": 21.0, "temperature_5": 21.5}
    return built(FrameType.CELL_INFO, CellInfo, variant, **(usual | values))


def settings(variant: int = S32, **values: Any) -> bytes:
    """Settings of a 16S LFP pack."""
    usual = {
        "cell_under_voltage": 2.6, "cell_over_voltage": 3.65, "charge_over_current": 100.0, "cell_count": 16,
        "discharge_over_current": 150.0, "charge_over_temperature": 60.0, "discharge_over_temperature": 65.0,
        "charge_under_temperature": -5.0, "mos_over_temperature": 90.0, "charge_switch": True, "capacity": 280.0,
        "discharge_switch": True, "balance_switch": True, "balance_start": 3.4,
    }  # fmt: skip
    return built(FrameType.SETTINGS, Settings, variant, **(usual | values))


def device_info(variant: int = S32, **values: Any) -> bytes:
    """Who it is."""
    usual = {
        "model": "JK_B2A20S20P",
        "hardware": "11.XW",
        "software": SOFTWARE[Variant(variant)],
        "serial": "40119491480",
    }
    return built(FrameType.DEVICE_INFO, DeviceInfo, variant, **(usual | values))


def jk04_cell_info(**values: Any) -> bytes:
    """A moment of a 16S pack at an active balancer."""
    cells = values.get("cells", CELLS)
    usual = {"cells": cells, "cell_mask": 0xFFFF, "average_cell": sum(cells) / 16, "counter": 7, "runtime": 1000}
    return built(FrameType.CELL_INFO, CellInfo04, 0, **(usual | values))


def jk04_settings(**values: Any) -> bytes:
    """Its settings."""
    usual = {"cell_count": 16, "balance_start": 3.2, "balance_switch": True}
    return built(FrameType.SETTINGS, Settings04, 0, **(usual | values))
