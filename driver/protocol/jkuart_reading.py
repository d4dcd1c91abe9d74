"""JK UART-TTL records in the common words of `Reading`."""

import re
from dataclasses import dataclass
from functools import lru_cache

from ..battery.alarms import Alarm
from ..battery.reading import Identity, Protections, Reading
from ..errors import LayoutError
from .jkuart import AlarmBits, StatusBits, UartLive, UartSettings, current
from .rows import FACTORY, rows
from .tlv import Walk

# fmt: off
ALARMS: dict[AlarmBits, Alarm] = {
    AlarmBits.LOW_CAPACITY:            Alarm.LOW_CAPACITY,
    AlarmBits.MOS_OVER_TEMPERATURE:    Alarm.MOS_OVER_TEMPERATURE,
    AlarmBits.CHARGE_OVER_VOLTAGE:     Alarm.PACK_OVER_VOLTAGE,
    AlarmBits.DISCHARGE_UNDER_VOLTAGE: Alarm.PACK_UNDER_VOLTAGE,
    AlarmBits.BATTERY_OVER_TEMPERATURE: Alarm.BATTERY_OVER_TEMPERATURE,
    AlarmBits.CHARGE_OVER_CURRENT:     Alarm.CHARGE_OVER_CURRENT,
    AlarmBits.DISCHARGE_OVER_CURRENT:  Alarm.DISCHARGE_OVER_CURRENT,
    AlarmBits.CELL_DIFFERENCE:         Alarm.CELL_DIFFERENCE,
    AlarmBits.BOX_OVER_TEMPERATURE:    Alarm.BOX_OVER_TEMPERATURE,
    AlarmBits.BATTERY_LOW_TEMPERATURE: Alarm.BATTERY_UNDER_TEMPERATURE,
    AlarmBits.CELL_OVER_VOLTAGE:       Alarm.CELL_OVER_VOLTAGE,
    AlarmBits.CELL_UNDER_VOLTAGE:      Alarm.CELL_UNDER_VOLTAGE,
    AlarmBits.PROTECTION_309_A:        Alarm.PROTECTION_309_A,
    AlarmBits.PROTECTION_309_B:        Alarm.PROTECTION_309_B,
}
# fmt: on

# name -> register
MANDATORY = {
    name: row.place
    for name, row in rows(UartLive)
    if name in ("cells", "total_voltage", "current_code", "state_of_charge", "alarms", "status")
}
RUNTIME_PERIOD = 150.0  # s in which the runtime, counted in minutes, moves for certain
# what the factory writes tells units of one kind not apart: BT3072…, "Input Userda…", or the model alone
SERIES = re.compile(r"BT\d")
FACTORY_TEXT = re.compile(rf"{SERIES.pattern}|Input\b|JK[_-]|$")
VERSION = re.compile(r"^(?P<hardware>.+?)_+S(?P<software>.+?)_*$")  # "11.XW_S11.26___", "H6.X__S6.1.3S__"


@dataclass(frozen=True, slots=True)
class Lasting:
    """The slow half of a reading: what follows from the settings alone, worked out once while they stay the same."""

    settings: UartSettings
    identity: Identity
    protections: Protections


def lasting(settings: UartSettings) -> Lasting:
    """What follows from these settings."""
    return Lasting(settings, _identity(settings), _protections(settings))


def version(live: UartLive, walk: Walk) -> int:
    """The protocol version, which says how current is encoded.

    An absent 0xC0 means 0 only when the whole payload was understood: a version 1 current read as version 0 turns
    +2.08 A into -230 A. LayoutError otherwise.
    """
    if live.protocol_version is not None:
        return live.protocol_version
    if not walk.complete:
        raise LayoutError(f"{_unknown(walk)}: 0xc0 was not reached, so how the current is encoded is not known")
    return 0


def reading(live: UartLive, slow: Lasting, walk: Walk) -> Reading:
    """The reading of one frame. LayoutError when a mandatory register is missing or the current cannot be told."""
    if live.cells is None or live.total_voltage is None or live.current_code is None:
        raise _missing(live, walk)
    if live.state_of_charge is None or live.alarms is None or live.status is None:
        raise _missing(live, walk)
    encoding = version(live, walk)
    alarms, unknown = _alarms(live.alarms)
    charging, discharging, balancing = _states(live.status)
    settings = slow.settings
    return Reading(
        identity=slow.identity,
        protections=slow.protections,
        voltage=live.total_voltage,
        current=current(live.current_code, encoding),
        cells=live.cells,
        soc=_percent(live.state_of_charge),
        temperatures=(live.box_temperature, live.battery_temperature)[: _sensors(live)],
        mos_temperature=live.mos_temperature,
        alarms=alarms,
        unknown_alarm_bits=unknown,
        charge_mosfet_on=charging,
        discharge_mosfet_on=discharging,
        balancing=balancing,
        charge_switch=settings.charge_switch,
        discharge_switch=settings.discharge_switch,
        balance_switch=settings.balancer_switch,
        capacity=settings.actual_capacity or settings.capacity_setting,
        cycles=live.cycles,
        charged_total=live.cycle_capacity,
        runtime=None if settings.runtime is None else settings.runtime * 60.0,
        tick=settings.runtime,
        tick_period=RUNTIME_PERIOD,
        tick_may_rest=True,
        factory_passcode=settings.password == FACTORY,
        monitor_only=_doubt(encoding, walk),
        details=(live, settings),
    )


def _missing(live: UartLive, walk: Walk) -> LayoutError:
    name, register = next((name, place) for name, place in MANDATORY.items() if getattr(live, name) is None)
    hidden = "" if walk.complete else f"; nothing is known behind {_unknown(walk)}"
    return LayoutError(f"{name} is missing (register {register:#04x}){hidden}")


def _unknown(walk: Walk) -> str:
    return f"unknown register {walk.unknown:#04x} at byte {walk.end} of the payload"


def _percent(value: int) -> float | None:
    return float(value) if value <= 100 else None


def _sensors(live: UartLive) -> int:
    return 2 if live.temperature_sensors is None else min(2, live.temperature_sensors)


def _doubt(encoding: int, walk: Walk) -> str:
    if encoding == 0:
        return "protocol version 0: no recording proves how it encodes the current"
    return "" if walk.complete else f"{_unknown(walk)}"


@lru_cache(maxsize=16)
def _states(status: int) -> tuple[bool, bool, bool]:
    """Whether charging and discharging are let through, and whether the balancer works."""
    return (
        bool(status & StatusBits.CHARGE_MOSFET_ON),
        bool(status & StatusBits.DISCHARGE_MOSFET_ON),
        bool(status & StatusBits.BALANCING),
    )


@lru_cache(maxsize=64)
def _alarms(bits: int) -> tuple[frozenset[Alarm], int]:
    known = frozenset(alarm for bit, alarm in ALARMS.items() if bits & bit)
    unknown = bits & ~sum(ALARMS)
    return known, int(unknown)


def _identity(settings: UartSettings) -> Identity:
    software = _printable(settings.software_version)
    versions = VERSION.match(software)
    text = settings.manufacturer_id or ""
    user_data, device_name = _printable(text[:12]), _printable(text[12:])
    series = SERIES.match(user_data) is not None
    name = "" if series else device_name.strip(" _")
    return Identity(
        protocol="jk-uart",
        model=name if name.startswith(("JK_", "JK-")) else None,
        name=name or None,
        hardware=versions["hardware"] if versions else None,
        software=versions["software"] if versions else software or None,
        manufacturer_id=None if FACTORY_TEXT.match(user_data + device_name) else user_data + device_name,
        manufactured=_printable(settings.manufactured) or None,
    )


def _printable(text: str | None) -> str:
    """A text up to its NUL, without what cannot be shown: D-Bus takes no NUL, a terminal obeys control characters."""
    return "".join(filter(str.isprintable, (text or "").partition("\0")[0])).strip()


def _protections(settings: UartSettings) -> Protections:
    return Protections(
        cell_over_voltage=settings.cell_over_voltage,
        cell_under_voltage=settings.cell_under_voltage,
        charge_current=settings.charge_over_current,
        discharge_current=settings.discharge_over_current,
        charge_over_temperature=settings.charge_over_temperature,
        charge_under_temperature=settings.charge_under_temperature,
        discharge_over_temperature=settings.discharge_over_temperature,
        discharge_under_temperature=settings.discharge_under_temperature,
        mos_over_temperature=settings.mos_over_temperature,
        balance_start=settings.balance_start,
    )
