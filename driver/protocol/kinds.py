"""Kinds of the fixed-length records: little-endian, with many of a sort in a row, and with values that are not there.

As every kind they are invertible. What a device leaves unsaid reads as None; `absent` is how it is left unsaid.
"""

import struct
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ..errors import LayoutError
from .rows import Number

LITTLE: Any = "little"
U8, I8 = Number(1), Number(1, signed=True)
U16, I16, U24 = Number(2, order=LITTLE), Number(2, signed=True, order=LITTLE), Number(3, order=LITTLE)
U32, I32 = Number(4, order=LITTLE), Number(4, signed=True, order=LITTLE)
MILLI_U16, MILLI_I16 = Number(2, 1000, order=LITTLE), Number(2, 1000, signed=True, order=LITTLE)
MILLI_U32, MILLI_I32 = Number(4, 1000, order=LITTLE), Number(4, 1000, signed=True, order=LITTLE)
_CODES = {(1, False): "B", (2, False): "H", (4, False): "I"}


@dataclass(frozen=True, slots=True)
class Many:
    """Equal numbers in a row."""

    count: int
    kind: Number

    def size(self) -> int:
        """Bytes on the wire."""
        return self.count * self.kind.width

    def read(self, data: bytes) -> tuple[float, ...]:
        """All of them, as many as there is room for."""
        values = struct.unpack(self._form(), data)
        div = self.kind.div
        return values if div == 1 else tuple(value / div for value in values)

    def write(self, value: tuple[float, ...]) -> bytes:
        """The bytes; LayoutError when there are too many, or one does not fit. Places that are left over are 0."""
        if len(value) > self.count:
            raise LayoutError(f"{len(value)} values where {self.count} have room")
        return b"".join(map(self.kind.write, value)).ljust(self.size(), b"\0")

    def _form(self) -> str:
        side = "<" if self.kind.order == LITTLE else ">"
        return f"{side}{self.count}{_CODES[self.kind.width, self.kind.signed]}"


@dataclass(frozen=True, slots=True)
class Float:
    """A little-endian single. What is no finite number says nothing."""

    def size(self) -> int:
        """Bytes on the wire."""
        return 4

    def read(self, data: bytes) -> float | None:
        """The value, exactly; None for infinities and NaNs."""
        value: float = struct.unpack("<f", data)[0]
        return value if isfinite(value) else None

    def write(self, value: float) -> bytes:
        """The nearest single; LayoutError when none is near."""
        return _singles((value,))


@dataclass(frozen=True, slots=True)
class Floats:
    """Little-endian singles in a row, each of them a finite number."""

    count: int

    def size(self) -> int:
        """Bytes on the wire."""
        return 4 * self.count

    def read(self, data: bytes) -> tuple[float, ...]:
        """All of them, exactly. LayoutError when one is no number."""
        values: tuple[float, ...] = struct.unpack(f"<{self.count}f", data)
        for place, value in enumerate(values, 1):
            if not isfinite(value):
                raise LayoutError(f"number {place} of {self.count} is {value}")
        return values

    def write(self, value: tuple[float, ...]) -> bytes:
        """The nearest singles; LayoutError when there are too many. Places that are left over are 0."""
        if len(value) > self.count:
            raise LayoutError(f"{len(value)} values where {self.count} have room")
        return _singles(value).ljust(self.size(), b"\0")


@dataclass(frozen=True, slots=True)
class Sensor:
    """A signed temperature in 0.1 °C; -200.0 °C stands for a sensor that is not there."""

    absent: bytes = b"\x30\xf8"

    def size(self) -> int:
        """Bytes on the wire."""
        return 2

    def read(self, data: bytes) -> float | None:
        """°C; None: no sensor."""
        return None if data == self.absent else int.from_bytes(data, LITTLE, signed=True) / 10

    def write(self, value: float) -> bytes:
        """The bytes of a temperature."""
        return Number(2, 10, signed=True, order=LITTLE).write(value)


@dataclass(frozen=True, slots=True)
class LongSwitch:
    """A switch that takes four bytes."""

    def size(self) -> int:
        """Bytes on the wire."""
        return 4

    def read(self, data: bytes) -> bool | None:
        """True for 1, False for 0, None for what is neither."""
        raw = int.from_bytes(data, LITTLE)
        return None if raw > 1 else raw == 1

    def write(self, value: bool) -> bytes:
        """Four bytes."""
        return int(value).to_bytes(4, LITTLE)


@dataclass(frozen=True, slots=True)
class Terminated:
    """Characters up to a NUL. What follows it is left over from something else: it is neither read nor written."""

    length: int

    def size(self) -> int:
        """Bytes on the wire."""
        return self.length

    def read(self, data: bytes) -> str:
        """The text; each byte is one character, so that nothing is lost."""
        return data.partition(b"\0")[0].decode("latin-1")

    def write(self, value: str) -> bytes:
        """Text and NUL, which may be shorter than the field; LayoutError when the text is too long."""
        data = value.encode("latin-1", "replace")
        if len(data) > self.length:
            raise LayoutError(f"{value!r} is longer than {self.length} characters")
        return data if len(data) == self.length else data + b"\0"


def _singles(values: tuple[float, ...]) -> bytes:
    try:
        return struct.pack(f"<{len(values)}f", *values)
    except (OverflowError, struct.error) as exc:
        raise LayoutError(f"{values!r} does not fit into singles") from exc
