"""Slips that a row of a layout could hold: another place, another sign, another scale, another order of bytes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any

from driver.protocol.balancer import BalancerStatus
from driver.protocol.jk02 import CellInfo
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_log import DetailLog, Logbook
from driver.protocol.jk02_settings import Settings
from driver.protocol.jk04 import CellInfo04, Settings04
from driver.protocol.kinds import Float, Floats, LongSwitch, Many, Sensor
from driver.protocol.layout import layout_of
from driver.protocol.neey import NeeyCellInfo, NeeyDeviceInfo
from driver.protocol.neey_settings import NeeyFactory, NeeySettings
from driver.protocol.rows import Coded, Kind, Number, Row, Switch

RECORDS: dict[type, tuple[str, ...]] = {
    CellInfo: ("24S", "32S"),
    Settings: ("24S", "32S"),
    DeviceInfo: ("24S", "32S"),
    Logbook: ("",),
    DetailLog: ("",),
    CellInfo04: ("",),
    Settings04: ("",),
    NeeyCellInfo: ("v1", "v2"),
    NeeySettings: ("v1", "v2"),
    NeeyDeviceInfo: ("",),
    NeeyFactory: ("",),
    BalancerStatus: ("",),
}
Read = Callable[[bytes], Any]


@dataclass(frozen=True)
class Mutant:
    """One slip; `read` gives the field's value from a whole frame. It may raise what the kinds raise."""

    record: type
    variant: int
    row: str
    slip: str
    read: Read

    @property
    def makes_signed(self) -> bool:
        """Whether an unsigned number becomes a signed one."""
        row = dict(layout_of(self.record).rows[self.variant])[self.row]
        return self.slip == "sign" and isinstance(row.kind, Number) and not row.kind.signed

    @property
    def table(self) -> str:
        """The table and its variant."""
        return " ".join(filter(None, (self.record.__name__, RECORDS[self.record][self.variant])))


def mutants() -> Iterator[Mutant]:
    """Every slip of every row. Secrets have none here: they are never read."""
    for record, variants in RECORDS.items():
        for variant in range(len(variants)):
            size = layout_of(record).sizes[variant]
            for name, row in layout_of(record).rows[variant]:
                if not row.secret:
                    for slip, read in slips(row, size):
                        yield Mutant(record, variant, name, slip, read)


def slips(row: Row, size: int) -> Iterator[tuple[str, Read]]:
    width = row.kind.size() or 0
    for by in (-2, -1, 1, 2):
        if row.place + by >= 0 and row.place + by + width <= size:
            yield f"place {by:+}", at(row.place + by, width, row.kind.read)
    for slip, kind in kinds(row.kind):
        if row.place + (kind.size() or 0) <= size:
            yield slip, at(row.place, kind.size() or 0, kind.read)
    if isinstance(row.kind, Number | Many):
        yield "times 10", at(row.place, width, scaled(row.kind.read, 10))
        yield "divided by 10", at(row.place, width, scaled(row.kind.read, 0.1))
    if isinstance(row.kind, Switch | LongSwitch):
        yield "inverted", at(row.place, width, inverted(row.kind.read))
    if isinstance(row.kind, Coded) and issubclass(row.kind.codes, IntFlag):
        yield "bits one up", at(row.place, width, lambda data: int.from_bytes(data, "little") << 1)
        yield "bits one down", at(row.place, width, lambda data: int.from_bytes(data, "little") >> 1)


def kinds(kind: Kind) -> Iterator[tuple[str, Kind]]:
    match kind:
        case Number():
            yield from numbers(kind)
        case Many():
            yield from ((slip, replace(kind, kind=other)) for slip, other in numbers(kind.kind) if slip != "sign")
        case Sensor():
            yield "no sign", Number(2, 10, order="little")
            yield "whole degrees", Number(2, signed=True, order="little")
            yield "bytes swapped", Number(2, 10, signed=True)
        case Float():
            yield "an integer", Number(4, order="little")
        case Floats():
            yield "bytes swapped", Many(kind.count, Number(4, 1000))
        case Coded() if kind.width > 1:
            yield "bytes swapped", replace(kind, order="big" if kind.order == "little" else "little")


def numbers(kind: Number) -> Iterator[tuple[str, Number]]:
    yield "sign", replace(kind, signed=not kind.signed)
    if kind.width > 1:
        yield "bytes swapped", replace(kind, order="big" if kind.order == "little" else "little")


def at(place: int, width: int, read: Read) -> Read:
    return lambda frame: read(frame[place : place + width])


def scaled(read: Read, factor: float) -> Read:
    def wrong(data: bytes) -> Any:
        value = read(data)
        return tuple(one * factor for one in value) if isinstance(value, tuple) else value * factor

    return wrong


def inverted(read: Read) -> Read:
    def wrong(data: bytes) -> bool | None:
        value = read(data)
        return None if value is None else not value

    return wrong
