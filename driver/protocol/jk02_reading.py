"""JK02 records in the common words of `Reading`.

Where the switches and MOSFET states lie rests on a few recordings with one of them off, of firmware 10.07, 11.x and
15.10. So they may lower a limit and never raise one: read as off they stop their side, unless more than 0.5 A flows
that way; read as on they prove nothing.
"""

from dataclasses import dataclass
from functools import lru_cache

from ..battery.alarms import Alarm
from ..battery.reading import Identity, Protections, Reading
from ..errors import LayoutError
from .jk02 import AlarmBits, Balancing, CellInfo, Variant
from .jk02_device import DeviceInfo
from .jk02_settings import Settings
from .rows import FACTORY

# fmt: off
ALARMS: dict[AlarmBits, Alarm] = {
    AlarmBits.WIRE_RESISTANCE:             Alarm.WIRE_RESISTANCE,
    AlarmBits.MOS_OVER_TEMPERATURE:        Alarm.MOS_OVER_TEMPERATURE,
    AlarmBits.CELL_COUNT:                  Alarm.CELL_COUNT,
    AlarmBits.CURRENT_SENSOR:              Alarm.CURRENT_SENSOR,
    AlarmBits.CELL_OVER_VOLTAGE:           Alarm.CELL_OVER_VOLTAGE,
    AlarmBits.PACK_OVER_VOLTAGE:           Alarm.PACK_OVER_VOLTAGE,
    AlarmBits.CHARGE_OVER_CURRENT:         Alarm.CHARGE_OVER_CURRENT,
    AlarmBits.CHARGE_SHORT_CIRCUIT:        Alarm.CHARGE_SHORT_CIRCUIT,
    AlarmBits.CHARGE_OVER_TEMPERATURE:     Alarm.CHARGE_OVER_TEMPERATURE,
    AlarmBits.CHARGE_UNDER_TEMPERATURE:    Alarm.BATTERY_UNDER_TEMPERATURE,
    AlarmBits.COPROCESSOR:                 Alarm.COPROCESSOR,
    AlarmBits.CELL_UNDER_VOLTAGE:          Alarm.CELL_UNDER_VOLTAGE,
    AlarmBits.PACK_UNDER_VOLTAGE:          Alarm.PACK_UNDER_VOLTAGE,
    AlarmBits.DISCHARGE_OVER_CURRENT:      Alarm.DISCHARGE_OVER_CURRENT,
    AlarmBits.DISCHARGE_SHORT_CIRCUIT:     Alarm.DISCHARGE_SHORT_CIRCUIT,
    AlarmBits.DISCHARGE_OVER_TEMPERATURE:  Alarm.DISCHARGE_OVER_TEMPERATURE,
    AlarmBits.CHARGE_MOSFET:               Alarm.CHARGE_MOSFET,
    AlarmBits.DISCHARGE_MOSFET:            Alarm.DISCHARGE_MOSFET,
    AlarmBits.GPS_DISCONNECTED:            Alarm.GPS_DISCONNECTED,
    AlarmBits.DISCHARGE_START_FAILED:      Alarm.DISCHARGE_START_FAILED,
    AlarmBits.BATTERY_OVER_TEMPERATURE:    Alarm.BATTERY_OVER_TEMPERATURE,
    AlarmBits.TEMPERATURE_SENSOR:          Alarm.TEMPERATURE_SENSOR,
    AlarmBits.PARALLEL_MODULE:             Alarm.PARALLEL_MODULE,
    AlarmBits.SHORT_CIRCUIT_RELEASE:       Alarm.SHORT_CIRCUIT_RELEASE,
    AlarmBits.DISCHARGE_OVER_CURRENT_2:    Alarm.DISCHARGE_OVER_CURRENT,
    AlarmBits.DISCHARGE_OVER_CURRENT_3:    Alarm.DISCHARGE_OVER_CURRENT,
    AlarmBits.DISCHARGE_UNDER_TEMPERATURE: Alarm.DISCHARGE_UNDER_TEMPERATURE,
    AlarmBits.GPS_LOCK:                    Alarm.REMOTE_LOCK,
}
# fmt: on
INFORMATION = AlarmBits.FACTORY_PASSWORD  # set in half of all recordings: no fault
TICK_PERIOD = 15.0  # s in which a frame counter or uptime moves for certain
FLOWS = 0.5  # A that prove that a path is open


@dataclass(frozen=True, slots=True)
class Lasting:
    """The slow half of a reading, worked out once while settings and device info stay the same."""

    identity: Identity
    protections: Protections
    settings: Settings | None
    device: DeviceInfo | None


def lasting(protocol: str, device: DeviceInfo | None, settings: Settings | None) -> Lasting:
    """What follows from these records; `protocol` is the dialect's name."""
    protections = Protections() if settings is None else _protections(settings)
    return Lasting(identity(protocol, device), protections, settings, device)


def reading(live: CellInfo, slow: Lasting, variant: Variant, doubt: str = "") -> Reading:
    """The reading of one frame. `doubt`: why it must not drive limits. LayoutError when there is no cell at all."""
    settings = slow.settings
    cells = fitted(live.cells, live.cell_mask, settings.cell_count if settings else 0)
    alarms, unknown = _alarms(live.alarms)
    charging, discharging = live.current > FLOWS, live.current < -FLOWS
    return Reading(
        identity=slow.identity,
        protections=slow.protections,
        voltage=live.voltage,
        current=live.current,
        cells=cells,
        soc=float(live.state_of_charge) if live.state_of_charge <= 100 else None,
        temperatures=_temperatures(live),
        mos_temperature=live.mos_temperature,
        alarms=alarms,
        unknown_alarm_bits=unknown,
        charge_mosfet_on=charging or live.charge_mosfet,
        discharge_mosfet_on=discharging or live.discharge_mosfet,
        balancing=live.balancing in (Balancing.CHARGING, Balancing.DISCHARGING),
        charge_switch=_switch(settings.charge_switch if settings else None, flowing=charging),
        discharge_switch=_switch(settings.discharge_switch if settings else None, flowing=discharging),
        balance_switch=settings.balance_switch if settings else None,
        heating=live.heating if variant is Variant.S32 else None,
        capacity=live.full_capacity or (settings.capacity if settings else 0.0) or None,
        remaining=live.remaining,
        cycles=live.cycles,
        charged_total=live.cycle_capacity,
        soh=live.state_of_health or None,
        runtime=float(live.runtime),
        tick=round(live.uptime * 10) or live.counter,  # the counter rests on RS485, the uptime in 4.1.7
        tick_period=TICK_PERIOD,
        factory_passcode=has_factory_passcode(slow.device),
        monitor_only=doubt,
        details=tuple(one for one in (live, settings, slow.device) if one is not None),
    )


def has_factory_passcode(device: DeviceInfo | None) -> bool:
    """Whether one of the passcodes is still the one it was made with."""
    return device is not None and FACTORY in (device.passcode, device.setup_passcode)


def fitted(slots: tuple[float, ...], mask: int, configured: int) -> tuple[float, ...]:
    """The slots that have a cell, or should have: those that are configured, that the mask names, that have a voltage.

    LayoutError when that is none.
    """
    used = max((number for number, volts in enumerate(slots, 1) if volts), default=0)
    count = max(configured if configured <= len(slots) else 0, mask.bit_length(), used)
    if not count:
        raise LayoutError("no cell is connected, and none is configured")
    return slots[:count]


def identity(protocol: str, device: DeviceInfo | None) -> Identity:
    """Who the BMS says it is."""
    if device is None:
        return Identity(protocol=protocol)
    return Identity(
        protocol=protocol,
        model=legible(device.model),
        name=legible(device.name),
        hardware=legible(device.hardware),
        software=legible(device.software),
        serial=legible(device.serial),
        manufactured=legible(device.manufactured),
    )


def legible(text: str) -> str | None:
    """The text as people read it, without what cannot be shown; None when nothing is left."""
    shown = text.encode("latin-1").decode("utf-8", "replace")
    return "".join(char for char in shown if char.isprintable() and char != "\N{REPLACEMENT CHARACTER}").strip() or None


def _temperatures(live: CellInfo) -> tuple[float | None, ...]:
    """Battery sensors. Every board has the first two; the others are left out where they are not fitted.

    Sensor 3 repeats the MOSFET temperature on nearly every board. 11.x sends 0.0 °C for both 4 and 5 when it has none.
    """
    more = (live.temperature_4, live.temperature_5)
    return (live.temperature_1, live.temperature_2, *(value for value in more if any(more) and value is not None))


def _switch(setting: bool | None, *, flowing: bool) -> bool | None:
    """A switch that is off while current flows through it says nothing."""
    return None if flowing and setting is False else setting


@lru_cache(maxsize=64)
def _alarms(bits: int) -> tuple[frozenset[Alarm], int]:
    known = frozenset(alarm for bit, alarm in ALARMS.items() if bits & bit)
    return known, int(bits) & ~int(sum(ALARMS)) & ~int(INFORMATION)


def _protections(settings: Settings) -> Protections:
    limit, recovery = settings.discharge_under_temperature, settings.discharge_under_temperature_recovery
    return Protections(
        cell_over_voltage=settings.cell_over_voltage,
        cell_under_voltage=settings.cell_under_voltage,
        charge_current=settings.charge_over_current,
        discharge_current=settings.discharge_over_current,
        charge_over_temperature=settings.charge_over_temperature,
        charge_under_temperature=settings.charge_under_temperature,
        discharge_over_temperature=settings.discharge_over_temperature,
        discharge_under_temperature=None if limit == recovery else limit,  # both 0 before 19.x
        mos_over_temperature=settings.mos_over_temperature,
        balance_start=settings.balance_start,
        requested_charge_voltage=settings.requested_charge_voltage or None,  # 0 before 14.x
        requested_float_voltage=settings.requested_float_voltage or None,
    )
