"""Every way in which a table of JK UART-TTL could be wrong by one slip, one at a time."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from driver.errors import LayoutError
from driver.protocol import dialect, jkuart_reading
from driver.protocol.jkuart import NumberedCells, StatusBits, Temperature, UartLive, UartSettings, UartWriteOnly
from driver.protocol.jkuart_reading import ALARMS
from driver.protocol.rows import Coded, Kind, Number, Row, Switch, enter, rows
from driver.protocol.tlv import Registers

TABLES = (UartLive, UartSettings, UartWriteOnly)


@dataclass(frozen=True)
class Mutant:
    """A slip by name, and how to make it."""

    name: str
    applied: Callable[[], AbstractContextManager[None]]


def mutants() -> Iterator[Mutant]:
    """All of them."""
    everything = [(record, name, row) for record in TABLES for name, row in rows(record)]
    for record, name, row in everything:
        for slip, kind in _wrong_kinds(row.kind):
            yield _rows(f"{name}: {slip}", {(record, name): replace(row, kind=kind)})
    for (record, name, row), (other_record, other, other_row) in combinations(everything, 2):
        if row.kind.size() == other_row.kind.size():
            exchanged = {
                (record, name): replace(row, place=other_row.place),
                (other_record, other): replace(other_row, place=row.place),
            }
            yield _rows(f"{name} <-> {other}", exchanged)
    yield from _wrong_currents()
    yield from _wrong_alarms()
    yield from _wrong_states()


# --- rows


@dataclass(frozen=True)
class Resized:
    """A kind in more or fewer bytes. The value is as right as it can be: what is wrong is where the next row lies."""

    kind: Kind
    more: int

    def size(self) -> int:
        return (self.kind.size() or 0) + self.more

    def read(self, data: bytes) -> Any:
        size = self.kind.size() or 0
        return self.kind.read(data[: min(size, len(data))].rjust(size, b"\0"))


@dataclass(frozen=True)
class Scaled:
    """A kind whose values are so many times too large."""

    kind: Kind
    factor: float

    def size(self) -> int | None:
        return self.kind.size()

    def read(self, data: bytes) -> Any:
        value = self.kind.read(data)
        if isinstance(value, tuple):
            return tuple(v * self.factor for v in value)
        return round(value * self.factor) if isinstance(value, int) else value * self.factor


@dataclass(frozen=True)
class Inverted:
    """A switch that is on at 0."""

    def size(self) -> int:
        return 1

    def read(self, data: bytes) -> bool:
        return data[0] == 0


@dataclass(frozen=True)
class WrongCells:
    """Cells whose numbers or voltages lie the other way round."""

    little: bool

    def size(self) -> None:
        return None

    def read(self, data: bytes) -> tuple[float, ...]:
        entries = [data[at : at + 3] for at in range(1, len(data), 3)]
        if self.little:
            return tuple(int.from_bytes(entry[1:], "little") / 1000 for entry in entries)
        numbers = [entry[2] for entry in entries]
        if numbers != list(range(1, len(entries) + 1)):
            raise LayoutError("cell numbers do not count")
        return tuple(int.from_bytes(entry[:2], "big") / 1000 for entry in entries)


@dataclass(frozen=True)
class WrongTemperature:
    """The temperature code as other drivers have it (section 5 of the notes)."""

    rule: Callable[[int], int]

    def size(self) -> int:
        return 2

    def read(self, data: bytes) -> int:
        return self.rule(int.from_bytes(data, "big"))


TEMPERATURES: dict[str, Callable[[int], int]] = {
    "100 is -1, as in syssi and batmon": lambda raw: 99 - raw if raw > 99 else raw,
    "99 is +1, as in dbus-serialbattery": lambda raw: raw if raw < 99 else 100 - raw,
    "no sign, as in mpp-solar": lambda raw: raw,
    "sign in bit 15": lambda raw: raw - 0x10000 if raw & 0x8000 else raw,
    "less 40": lambda raw: raw - 40,
}


def _wrong_kinds(kind: Kind) -> Iterator[tuple[str, Any]]:
    if kind.size() is not None:
        yield "one byte more", Resized(kind, +1)
        yield "one byte less", Resized(kind, -1)
    match kind:
        case Number():
            yield "sign", replace(kind, signed=not kind.signed)
            yield "times 10", Scaled(kind, 10)
            yield "divided by 10", Scaled(kind, 0.1)
        case Switch():
            yield "inverted", Inverted()
        case Temperature():
            yield "times 10", Scaled(kind, 10)
            yield "divided by 10", Scaled(kind, 0.1)
            for name, rule in TEMPERATURES.items():
                yield name, WrongTemperature(rule)
        case NumberedCells():
            yield "times 10", Scaled(kind, 10)
            yield "divided by 10", Scaled(kind, 0.1)
            yield "little-endian", WrongCells(little=True)
            yield "voltage before number", WrongCells(little=False)
    if isinstance(kind, Number | Coded) and kind.width > 1:
        yield "little-endian", replace(kind, order="little")


def _rows(name: str, changes: dict[tuple[type, str], Row]) -> Mutant:
    @contextmanager
    def applied() -> Iterator[None]:
        real = {record: rows(record) for record in TABLES}
        for record, found in real.items():
            enter(record, tuple((row_name, changes.get((record, row_name), row)) for row_name, row in found))
        try:
            with patch.object(dialect, "REGISTERS", Registers(*TABLES)):
                yield
        finally:
            for record, found in real.items():
                enter(record, found)

    return Mutant(name, applied)


# --- what the bits mean


def _patched(name: str, attribute: str, value: object) -> Mutant:
    @contextmanager
    def applied() -> Iterator[None]:
        _forget()
        with patch.object(jkuart_reading, attribute, value):
            yield
        _forget()

    return Mutant(name, applied)


def _forget() -> None:
    """What was worked out with another table."""
    jkuart_reading._alarms.cache_clear()
    jkuart_reading._states.cache_clear()


def _new(code: int) -> float:
    return (code & 0x7FFF) / 100 * (1 if code & 0x8000 else -1)


def _old(code: int) -> float:
    return (10000 - code) / 100


def _wrong_currents() -> Iterator[Mutant]:
    rules: dict[str, Callable[[int, int], float]] = {
        "always as version 1, as in dbus-serialbattery and batmon": lambda code, version: _new(code),
        "always as version 0": lambda code, version: _old(code),
        "nothing unless version 1, as in syssi": lambda code, version: _new(code) if version == 1 else 0.0,
        "version 1 with the other sign": lambda code, version: -_new(code) if version == 1 else _old(code),
        "version 1 times 10": lambda code, version: _new(code) * 10 if version == 1 else _old(code),
        "version 1 divided by 10": lambda code, version: _new(code) / 10 if version == 1 else _old(code),
        "version 1 in two's complement": lambda code, version: (
            (code - (code >> 15 << 16)) / 100 if version == 1 else _old(code)
        ),
        "version 1 in 14 bits": lambda code, version: _new(code & 0xBFFF) if version == 1 else _old(code),
        "version 0 with the other sign": lambda code, version: _new(code) if version == 1 else -_old(code),
        "version 0 times 10": lambda code, version: _new(code) if version == 1 else _old(code) * 10,
        "version 0 divided by 10": lambda code, version: _new(code) if version == 1 else _old(code) / 10,
        "version 0 from another zero": lambda code, version: _new(code) if version == 1 else _old(code + 1000),
    }
    for name, rule in rules.items():
        yield _patched(f"current: {name}", "current", rule)


def _wrong_alarms() -> Iterator[Mutant]:
    for slip, step in (("up", 1), ("down", -1)):
        moved = {(bit << 1 if step > 0 else bit >> 1): alarm for bit, alarm in ALARMS.items()}
        yield _patched(f"alarms: all bits one {slip}", "ALARMS", moved)
    for bit, other in pairwise(ALARMS):
        exchanged = ALARMS | {bit: ALARMS[other], other: ALARMS[bit]}
        yield _patched(f"alarms: {bit.name} <-> {other.name}", "ALARMS", exchanged)
    last = max(ALARMS)
    yield _patched(
        f"alarms: {last.name} one up",
        "ALARMS",
        {k: v for k, v in ALARMS.items() if k != last} | {last << 1: ALARMS[last]},
    )


def _wrong_states() -> Iterator[Mutant]:
    right = {bit.name: int(bit) for bit in StatusBits}
    for slip, masks in (
        ("up", {name: mask << 1 for name, mask in right.items()}),
        ("down", {name: mask >> 1 for name, mask in right.items()}),
    ):
        yield _patched(f"status: all bits one {slip}", "StatusBits", SimpleNamespace(**masks))
    for name, other in pairwise(right):
        exchanged = right | {name: right[other], other: right[name]}
        yield _patched(f"status: {name} <-> {other}", "StatusBits", SimpleNamespace(**exchanged))
