"""JK02 logs: record types 5 and 6 of the frames `55 AA EB 90`, 32S only. The driver does not ask for them.

Sources as in `jk02.py`; the detail log was described by ipazanin/jk-bms-victron-dashboard and recorded on 19.10.
"""

from dataclasses import dataclass
from enum import IntFlag

from ..errors import LayoutError
from .jk02 import SIZE
from .kinds import I8, LITTLE, MILLI_U16, U8, U16, U32
from .layout import at, layout, read, write
from .rows import Coded, Number

ENTRY, ENTRIES = 5, 50
SAMPLE, SAMPLES = 24, 12


class States(IntFlag):
    """What was on."""

    CHARGE_MOSFET = 1 << 0
    DISCHARGE_MOSFET = 1 << 1
    BALANCING = 1 << 2
    HEATING = 1 << 3


@dataclass(frozen=True, slots=True)
class Entries:
    """50 entries of 5 bytes: seconds since the first power-up, and a code (odd: set, even: released)."""

    def size(self) -> int:
        """Bytes on the wire."""
        return ENTRY * ENTRIES

    def read(self, data: bytes) -> tuple[tuple[int, int], ...]:
        """Seconds and code of each place, also of those that are empty."""
        return tuple(
            (int.from_bytes(data[begin : begin + 4], "little"), data[begin + 4]) for begin in range(0, len(data), ENTRY)
        )

    def write(self, value: tuple[tuple[int, int], ...]) -> bytes:
        """The bytes; places that are left over are 0."""
        if len(value) > ENTRIES:
            raise LayoutError(f"{len(value)} entries where {ENTRIES} have room")
        return b"".join(U32.write(seconds) + U8.write(code) for seconds, code in value).ljust(self.size(), b"\0")


# fmt: off
@layout(SAMPLE)
class Sample:
    """The battery at one moment: one an hour, and one at each event."""

    clock: int               = at(0, U32, "s", "since 2020-01-01 00:00, standard time of the place")
    code: int                = at(4, U8, "", "event as in the logbook; 0: the hour has come")
    states: int              = at(5, Coded(1, States))
    highest_cell: int        = at(6, U8, "", "index from 0")
    lowest_cell: int         = at(7, U8, "", "index from 0")
    highest_voltage: float   = at(8, MILLI_U16, "V", "of a cell")
    lowest_voltage: float    = at(10, MILLI_U16, "V", "of a cell")
    voltage: float           = at(12, Number(2, 100, order=LITTLE), "V")
    current: float           = at(14, Number(2, 10, signed=True, order=LITTLE), "A", "positive: charging")
    remaining: float         = at(16, Number(2, 10, order=LITTLE), "Ah")
    full_capacity: float     = at(18, Number(2, 10, order=LITTLE), "Ah")
    highest_temperature: int = at(20, I8, "°C", "-1: no sensor")
    lowest_temperature: int  = at(21, I8, "°C")
    mos_temperature: int     = at(22, I8, "°C")
    heating_current: float   = at(23, Number(1, 10, signed=True), "A")
# fmt: on


@dataclass(frozen=True, slots=True)
class Samples:
    """12 samples of 24 bytes."""

    def size(self) -> int:
        """Bytes on the wire."""
        return SAMPLE * SAMPLES

    def read(self, data: bytes) -> tuple[Sample, ...]:
        """The sample of each place, also of those that are empty."""
        return tuple(read(Sample, data[begin : begin + SAMPLE]) for begin in range(0, len(data), SAMPLE))

    def write(self, value: tuple[Sample, ...]) -> bytes:
        """The bytes; places that are left over are 0."""
        if len(value) > SAMPLES:
            raise LayoutError(f"{len(value)} samples where {SAMPLES} have room")
        return b"".join(write(sample, bytes(SAMPLE)) for sample in value).ljust(self.size(), b"\0")


# fmt: off
@layout(SIZE)
class Logbook:
    """Record type 5: the last events."""

    count: int                             = at(6, U32, "", "entries in use")
    newest: int                            = at(10, U8, "", "index of the newest entry [R]; [S] a check byte")
    entries: tuple[tuple[int, int], ...]   = at(11, Entries())


@layout(SIZE)
class DetailLog:
    """Record type 6: some of the samples of about 35 days."""

    first: int                  = at(6, U16, "", "index of the first sample, 0: the oldest")
    count: int                  = at(8, U8, "", "samples in this frame, at most 12")
    samples: tuple[Sample, ...] = at(9, Samples())
# fmt: on
