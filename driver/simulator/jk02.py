"""A simulated BMS as JK02 frames show it: cell info, settings, device info, with the driver's own tables.

The tables are the driver's, so a wrong row is wrong on both sides: what pins them is in `tests/protocol`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ..battery.alarms import Alarm
from ..protocol import jk02_reading, jkuart_reading
from ..protocol.jk02 import AlarmBits, Balancing, BatteryType, CellInfo, Sensors, Variant
from ..protocol.jk02_device import DeviceInfo, UartProtocol
from ..protocol.jk02_settings import Settings
from ..protocol.jk02_wire import FrameType, background, sealed
from ..protocol.jkuart import AlarmBits as UartAlarmBits
from ..protocol.layout import extent, layout_of, read, write
from .bms import JkBms

S32 = Variant.S32
_RECORDS = {FrameType.CELL_INFO: CellInfo, FrameType.SETTINGS: Settings, FrameType.DEVICE_INFO: DeviceInfo}
_PASSCODE = {
    variant: next(extent(row) for name, row in layout_of(DeviceInfo).rows[variant] if name == "passcode")
    for variant in Variant
}
BITS_24S = 0xFFFF  # the alarms that frames of 24 cells have room for
_BIT_OF = {alarm: bit for bit, alarm in jk02_reading.ALARMS.items()} | {
    Alarm.BOX_OVER_TEMPERATURE: AlarmBits.BATTERY_OVER_TEMPERATURE
}
# a protection that JK02 does not know has no bit
_ALARMS: Mapping[UartAlarmBits, AlarmBits] = {
    bit: _BIT_OF[alarm] for bit, alarm in jkuart_reading.ALARMS.items() if alarm in _BIT_OF
}
WIRE = 0.05  # Ω of a sense wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What was stamped on a BMS in the factory."""

    model: str = "JK_PB2A16S20P"
    hardware: str = "15A"
    software: str = "15.41"
    serial: str = "40119400001"
    manufactured: str = "240914"


def live_frame(bms: JkBms, byte_5: int = 0, variant: Variant = S32) -> bytes:
    """The cell info, as it is now."""
    seen, settings = bms.measured, bms.settings
    alarms = sum(mine for theirs, mine in _ALARMS.items() if bms.alarms & theirs)
    return sealed(
        _frame(
            FrameType.CELL_INFO,
            variant,
            counter=byte_5,
            cells=seen.cells,
            cell_mask=(1 << len(seen.cells)) - 1,
            average_cell=sum(seen.cells) / len(seen.cells),
            cell_difference=max(seen.cells) - min(seen.cells),
            highest_cell=seen.cells.index(max(seen.cells)),
            lowest_cell=seen.cells.index(min(seen.cells)),
            wire_resistances=(WIRE,) * len(seen.cells),
            mos_temperature=seen.mos_temperature,
            voltage=sum(seen.cells),
            power=abs(sum(seen.cells) * seen.current),
            current=seen.current,
            temperature_1=seen.box_temperature,
            temperature_2=seen.battery_temperature,
            temperature_3=seen.mos_temperature,
            temperature_4=seen.box_temperature,
            temperature_5=seen.battery_temperature,
            alarms=alarms if variant is S32 else alarms & BITS_24S,
            balance_current=1.0 if bms.balancing else 0.0,
            balancing=Balancing.CHARGING if bms.balancing else Balancing.OFF,
            state_of_charge=bms.soc,
            remaining=bms.remaining,
            full_capacity=bms.capacity,
            cycles=bms.cycles,
            cycle_capacity=bms.charged_total,
            state_of_health=100,
            runtime=int(bms.runtime),
            charge_mosfet=bms.charge_mosfet_on,
            discharge_mosfet=bms.discharge_mosfet_on,
            sensors=Sensors(0xFF),
            heating=False,
            voltage_correction=3.0,
            voltage_again=sum(seen.cells),
            uptime=round(bms.runtime, 1),
            time_to_sleep=86_400,
            battery_type=_kind(settings.battery_type),
        ),
    )


def settings_frame(bms: JkBms, address: int = 0, byte_5: int = 0, variant: Variant = S32) -> bytes:
    """What is set; on a bus with its address."""
    mine, row = bms.settings, bms.battery.chemistry.value
    return sealed(
        _frame(
            FrameType.SETTINGS,
            variant,
            sleep_voltage=row.rest + 0.15,
            cell_under_voltage=mine.cell_under_voltage or 0.0,
            cell_under_voltage_recovery=mine.cell_under_voltage_recovery or 0.0,
            cell_over_voltage=mine.cell_over_voltage or 0.0,
            cell_over_voltage_recovery=mine.cell_over_voltage_recovery or 0.0,
            balance_trigger=mine.balance_trigger or 0.0,
            full_voltage=row.charge,
            empty_voltage=mine.cell_under_voltage or 0.0,
            requested_charge_voltage=row.charge,
            requested_float_voltage=row.rest,
            power_off_voltage=(mine.cell_under_voltage or 0.1) - 0.1,
            charge_over_current=mine.charge_over_current or 0,
            charge_over_current_delay=mine.charge_over_current_delay or 0,
            charge_over_current_recovery=60,
            discharge_over_current=mine.discharge_over_current or 0,
            discharge_over_current_delay=mine.discharge_over_current_delay or 0,
            discharge_over_current_recovery=60,
            short_circuit_recovery=5,
            balance_current_limit=2.0,
            charge_over_temperature=mine.charge_over_temperature or 0,
            charge_over_temperature_recovery=(mine.charge_over_temperature or 5) - 5,
            discharge_over_temperature=mine.discharge_over_temperature or 0,
            discharge_over_temperature_recovery=(mine.discharge_over_temperature or 5) - 5,
            charge_under_temperature=mine.charge_under_temperature or 0,
            charge_under_temperature_recovery=mine.charge_under_temperature_recovery or 0,
            mos_over_temperature=mine.mos_over_temperature or 0,
            mos_over_temperature_recovery=mine.mos_over_temperature_recovery or 0,
            cell_count=len(bms.measured.cells),
            charge_switch=mine.charge_switch,
            discharge_switch=mine.discharge_switch,
            balance_switch=mine.balancer_switch,
            capacity=float(mine.capacity_setting or 0),
            short_circuit_delay=1500,
            balance_start=mine.balance_start or 0.0,
            device_address=address,
            precharge_time=4,
            sleep_delay=24,
        ),
        byte_5,
    )


def device_frame(bms: JkBms, maker: Maker, name: str, byte_5: int = 0, variant: Variant = S32) -> bytes:
    """Who it is; with its passcode in clear, as a real one sends it."""
    frame = bytearray(
        _frame(
            FrameType.DEVICE_INFO,
            variant,
            model=maker.model,
            hardware=maker.hardware,
            software=maker.software,
            total_runtime=int(bms.runtime),
            power_on_count=7,
            name=name[:16],
            manufactured=maker.manufactured,
            serial=maker.serial,
            uart_1=UartProtocol.JK_MODBUS,
        )
    )
    frame[_PASSCODE[variant]] = bms.password.encode("latin-1")[:15].ljust(16, b"\0")
    return sealed(bytes(frame), byte_5)


def _frame(kind: FrameType, variant: Variant, **values: object) -> bytes:
    """The record over a background; what the variant has no place for is left out."""
    empty, record = _empty(kind, variant)
    return write(replace(record, **values), empty, variant)


@cache
def _empty(kind: FrameType, variant: Variant) -> tuple[bytes, Any]:
    frame = background(kind, variant)
    return frame, read(_RECORDS[kind], frame, variant)


def _kind(uart_type: int | None) -> int | None:
    """The chemistry: both protocols count LFP, ternary, LTO from 0."""
    return None if uart_type is None else BatteryType(int(uart_type))
