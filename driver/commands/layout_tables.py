"""The documents of the protocols with frames of fixed length, for `tables`."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum, IntFlag
from types import ModuleType

from ..protocol import (
    balancer,
    balancer_reading,
    balancer_wire,
    jk02,
    jk02_device,
    jk02_log,
    jk02_reading,
    jk02_settings,
    jk02_wire,
    jk04,
    neey,
    neey_settings,
    neey_wire,
    registers,
)
from ..protocol.kinds import Float, Floats, LongSwitch, Many, Sensor, Terminated
from ..protocol.layout import layout_of
from ..protocol.registers import Write
from ..protocol.rows import Kind, Row, rows
from ..protocol.value_text import kind_text
from .markdown import alarm_table, code_table, head, heading, line, secrecy, section


def jk02_document() -> Iterator[str]:
    """JK02, over Bluetooth and behind the PB models' RS485."""
    yield from heading("JK02 (`55 AA EB 90`)", jk02)
    yield from _frames(jk02_wire)
    yield from _layouts((jk02.CellInfo, jk02_settings.Settings, jk02_device.DeviceInfo), "24S", "32S")
    yield from _layouts((jk02_log.Logbook, jk02_log.DetailLog, jk02_log.Sample))
    yield from alarm_table(jk02.AlarmBits, jk02_reading.ALARMS)
    yield from _codes(jk02.Balancing, jk02.ChargeStatus, jk02.BatteryType, jk02.Sensors, jk02.DryContacts)
    yield from _codes(jk02_settings.Controls, jk02_device.UartProtocol, jk02_device.CanProtocol, jk02_device.Trigger)
    yield from write_table(registers.JK02_WRITES, ("24S", "32S"))


def jk04_document() -> Iterator[str]:
    """JK04: balancers over Bluetooth."""
    yield from heading("JK04 (`55 AA EB 90`, singles)", jk04)
    yield from _layouts((jk04.CellInfo04, jk04.Settings04))
    yield from write_table(registers.JK04_WRITES)


def neey_document() -> Iterator[str]:
    """NEEY and Heltec balancers over Bluetooth."""
    yield from heading("NEEY / Heltec balancers (`55 AA 11`)", neey)
    yield from _frames(neey_wire)
    yield from _layouts((neey.NeeyCellInfo, neey_settings.NeeySettings), "v1", "v2")
    yield from _layouts((neey.NeeyDeviceInfo, neey_settings.NeeyFactory))
    yield from _codes(neey.Operation, neey.HotSensors, neey.MemoryFaults, neey_settings.Buzzer, neey_settings.CellType)
    yield from write_table(registers.NEEY_WRITES)


def balancer_document() -> Iterator[str]:
    """Old active balancers on RS485."""
    yield from heading("JK active balancers on RS485 (`EB 90`), config name `jk-balancer`", balancer)
    yield from _frames(balancer_wire)
    yield from _layouts((balancer.BalancerStatus,))
    yield from alarm_table(balancer.BalancerAlarms, balancer_reading.ALARMS)
    yield from code_table(balancer.Moving)


LAYOUT_DOCUMENTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "jk02": jk02_document,
    "jk04": jk04_document,
    "neey": neey_document,
    "jk-balancer": balancer_document,
}


def layout_table(record: type, variants: tuple[str, ...]) -> Iterator[str]:
    """One record class: a line for each of its fields, with an offset for each variant."""
    yield from section(record)
    yield from head(*variants, "name", "type", "unit", "remark")
    tables = [dict(table) for table in layout_of(record).rows]
    for name, row in rows(record):
        found = [table.get(name) for table in tables]
        kinds = dict.fromkeys(kind_words(one.kind) for one in found if one is not None)
        remark = "; ".join(filter(None, (secrecy(row), row.doc)))
        yield line(*map(_place, found), f"`{name}`", " or ".join(kinds), row.unit, remark)


def write_table(writes: tuple[Write, ...], variants: tuple[str, ...] = ("register",)) -> Iterator[str]:
    """What could be written to a device."""
    yield from ("", "## Registers that could be written", "", *inspect.cleandoc(registers.__doc__ or "").splitlines())
    yield ""
    yield from head(*variants, "name", "type", "limits", "remark")
    for write in writes:
        numbers = ("" if number is None else f"`{number:02X}`" for number in write.numbers)
        kind = "no value" if write.kind is None else kind_words(write.kind)
        yield line(*numbers, f"`{write.name}`", kind, write.limits, write.doc)


def kind_words(kind: Kind) -> str:
    """How a value lies on the wire, in short."""
    match kind:
        case Many():
            return f"{kind.count} × {kind_text(kind.kind)}"
        case Floats():
            return f"{kind.count} × f32"
        case Float():
            return "f32"
        case Sensor():
            return "i16 / 10, -2000: none"
        case LongSwitch():
            return "u32, 0 off, 1 on"
        case Terminated():
            return f"{kind.length} characters, to a NUL"
        case _:
            return kind_text(kind)


def _layouts(records: Iterable[type], *variants: str) -> Iterator[str]:
    for record in records:
        yield from layout_table(record, variants or ("offset",))


def _codes(*known: type[IntEnum] | type[IntFlag]) -> Iterator[str]:
    for codes in known:
        yield from code_table(codes)


def _frames(wire: ModuleType) -> Iterator[str]:
    yield from ("## Frames", "", *inspect.cleandoc(wire.__doc__ or "").splitlines())


def _place(row: Row | None) -> str:
    return "" if row is None else str(row.place)
