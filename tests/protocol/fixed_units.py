"""What must hold between the frames of one device: settings and states, clocks and counters, and what an app wrote."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from driver.protocol.jk02 import AlarmBits, CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_settings import Controls, Settings
from driver.protocol.jk02_wire import Jk02Framer
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.neey import NeeyCellInfo, NeeyDeviceInfo
from driver.protocol.neey_settings import NeeyFactory, NeeySettings
from driver.protocol.neey_wire import NeeyFramer
from driver.protocol.registers import JK02_WRITES, JK04_WRITES, NEEY_WRITES, Write
from tests.protocol.fixed_claims import Claims, near
from tests.protocol.fixed_sets import FrameSet, Recorded
from tests.protocol.fixed_terms import fitted

# frames of several devices in one file, as their notes or their contents say
MIXED = {
    "ble_device_info_mppsolar_abstract_test_responses", "ble_jk02_24s_16s_syssi_source_comments",
    "ble_jk02_24s_b2a24s20p_10.02_batmon_dummy", "ble_jk02_24s_b2a24s20p_10.07_syssi_faker",
    "ble_jk02_24s_mppsolar_jk02_test_responses", "ble_jk02_32s_b2a8s20p_11.17_syssi_pdus",
    "ble_jk02_32s_b2a8s20p_11.48_16s_bmsble_history", "ble_jk02_32s_mppsolar_jk02_32_test_responses",
    "ble_jk02_32s_pb_14.20_discharge_public_issue390", "ble_mppsolar_utils_jk_py_jk02_32s",
    "ble_jk02_32s_pb_charge_status_syssi_faker", "ble_jk02_32s_b2a25srp_11.55_syssi_faker",
    "ble_jk02_32s_pb2a16s15p_14.20_syssi_faker_v11", "ble_jk04_b2a16s_3.3.0_syssi_faker",
    "ble_jk04_mppsolar_jk04_test_responses", "neey_v1_syssi_faker", "neey_v1_syssi_source_comments",
    "neey_v1_ek_24s4eb_syssi_faker", "ble_jk02_32s_b2a20s20p_11.288h_heating_syssi_faker",
    "ble_jk02_32s_pb2a16s20p_15.37_dry_contacts_syssi_faker", "neey_v1_gw_24s4eb_zh1.2.3_powermon_test",
}  # fmt: skip
HARMLESS = AlarmBits.WIRE_RESISTANCE | AlarmBits.FACTORY_PASSWORD


class Unit(NamedTuple):
    """The records of one device, in the order in which they came."""

    records: tuple[Any, ...]

    def of(self, record: type) -> list[Any]:
        return [one for one in self.records if isinstance(one, record)]


def units(name: str, frames: Iterable[tuple[Recorded, Any]]) -> Iterator[Unit]:
    """The devices of a set, from frames and their records."""
    if name in MIXED:
        return
    by_address: dict[int | None, list[Any]] = {}
    for frame, record in frames:
        by_address.setdefault(frame.address, []).append((frame, record))
    for address, several in by_address.items():
        if address is not None or not name.startswith("pb_rs485_bus"):
            yield Unit(tuple(record for _, record in several))


def jk02(unit: Unit) -> Claims:
    settings, live = unit.of(Settings), unit.of(CellInfo)
    for one, other in pairwise(live):
        yield from jk02_in_order(one, other)
    for device in unit.of(DeviceInfo):
        if live and device.total_runtime > 1000:
            yield "device info counts the same time", near(device.total_runtime, live[0].runtime, 20000)
    if not settings or not live:
        return
    for one in settings:
        yield "cells as set", one.cell_count == len(fitted(live[0])) or not live[0].cell_mask
        yield "capacity as set", one.capacity == live[0].full_capacity
    still = len({(one.charge_switch, one.discharge_switch) for one in settings}) == 1
    for state in live if still else ():
        if not state.alarms & ~HARMLESS:
            yield "charging as set", state.charge_mosfet == settings[0].charge_switch
            yield "discharging as set", state.discharge_mosfet == settings[0].discharge_switch
        yield "balancing as set", not state.balancing or bool(settings[0].balance_switch)
        if state.heating and state.voltage_again is not None:  # 24S says so without heating
            yield "heating because it is cold", bool(state.alarms & AlarmBits.CHARGE_UNDER_TEMPERATURE)
            yield "no charging while it is cold", not state.charge_mosfet and bool(state.discharge_mosfet)
            yield "heating as set", not settings[0].controls or bool(settings[0].controls & Controls.HEATING)


def jk02_in_order(one: CellInfo, other: CellInfo) -> Claims:
    """Two frames of one device, the second later."""
    seconds = other.uptime - one.uptime
    if 0 < other.runtime - one.runtime < 60 and one.uptime:
        yield "uptime and runtime", near(seconds, other.runtime - one.runtime, 2.1)
    if not 0 < seconds < 60:
        return
    yield "runtime and uptime", near(other.runtime - one.runtime, seconds, 2.1)
    if one.counter not in (0, 5, 104) or other.counter not in (0, 5, 104):
        yield "frames are counted", near((other.counter - one.counter) % 256, seconds / 0.49, 3 + 0.2 * seconds)
    if one.clock:
        yield "the clock goes", near((other.clock or 0) - one.clock, seconds, 2.1)
    yield "cycles", other.cycles - one.cycles in (0, 1)
    yield "a charge that is counted", 0 <= round(other.cycle_capacity - one.cycle_capacity, 3) < 5
    drawn = (other.current + one.current) / 2 * seconds / 3600
    if near(one.current, other.current, 2):
        yield "the current moves the charge", near(other.remaining - one.remaining, drawn, 0.02 + abs(drawn) * 0.5)


def jk04(unit: Unit) -> Claims:
    live = unit.of(CellInfo04)
    for one, other in pairwise(live):
        if 0 < other.runtime - one.runtime < 60:
            counted = (other.counter - one.counter) % 256
            yield "frames are counted", near(counted, (other.runtime - one.runtime) / 0.5, 6 + 0.3 * counted)
    for settings in unit.of(Settings04)[:1]:
        yield "cells as set", all(len(fitted(one)) == settings.cell_count for one in live)


def neey(unit: Unit) -> Claims:
    live = unit.of(NeeyCellInfo)
    for one, other in pairwise(live):
        if 0 < other.uptime - one.uptime < 60:
            counted = (other.counter - one.counter) % 256
            yield "frames are counted", near(counted, (other.uptime - one.uptime) / 0.5, 6 + 0.3 * counted)
    for settings in unit.of(NeeySettings):
        for one in live:
            yield "cells as set", one.last_cell + 1 == settings.cell_count == len(fitted(one))
    for factory in unit.of(NeeyFactory):
        for device in unit.of(NeeyDeviceInfo):
            yield "one device", near(factory.power_on_count, device.power_on_count, 3)
            yield "made on one day", factory.manufactured == device.manufactured


def unit_claims(unit: Unit) -> Claims:
    yield from jk02(unit)
    yield from jk04(unit)
    yield from neey(unit)


class Written(NamedTuple):
    """A settings frame and what an app had written before it, by row."""

    frame: bytes
    values: dict[str, Any]


def written(known: FrameSet) -> Iterator[Written]:
    """Settings that came after writes, and the clock after it was set, from a recording of both directions."""
    content = known.content
    if "app_commands" not in content or "stream" not in content:
        return
    is_neey = content["family"] == "neey-ble"
    framer: NeeyFramer | Jk02Framer = NeeyFramer() if is_neey else Jk02Framer()
    table, column = _writes(content["protocol"])
    writes = [one for one in content["app_commands"] if _wrote(one, is_neey=is_neey)]
    values: dict[str, Any] = {}
    for chunk in content["stream"]:
        while writes and writes[0]["t_s"] <= chunk["t_s"] and chunk["dir"] == "rx":
            values.update(_value(writes.pop(0), table, column, is_neey=is_neey))
        for frame in framer.feed(bytes.fromhex(chunk["hex"])) if chunk["dir"] == "rx" else ():
            if frame[4] == (4 if is_neey else 1) and values:
                yield Written(frame, {name: value for name, value in values.items() if name != "clock"})
            elif frame[4] == 2 and "clock" in values:
                yield Written(frame, {"clock": values["clock"]})


def _writes(protocol: str) -> tuple[tuple[Write, ...], int]:
    if "NEEY" in protocol:
        return NEEY_WRITES, 0
    return (JK04_WRITES, 0) if protocol == "JK04" else (JK02_WRITES, int(protocol == "JK02_32S"))


def _wrote(command: dict[str, Any], *, is_neey: bool) -> bool:
    return command["command"] == 5 if is_neey else command["length"] > 0


def _value(command: dict[str, Any], table: tuple[Write, ...], column: int, *, is_neey: bool) -> dict[str, Any]:
    number = int(command["register"], 16)
    row = next((row for row in table if row.numbers[column] == number), None)
    if row is None or row.kind is None:
        return {}
    request = bytes.fromhex(command["request"])
    data = request[8:12] if is_neey else request[6 : 6 + command["length"]]
    return {row.name: row.kind.read(data)}


def as_row(settings: Any, name: str) -> Any:
    """The value of a written register in a settings record; bits of the controls by their names."""
    if name.upper() in Controls.__members__:
        return int(bool(settings.controls & Controls[name.upper()]))
    value = getattr(settings, name, None)
    return int(value) if isinstance(value, bool) else value
