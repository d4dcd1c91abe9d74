"""Frames of NEEY and old JK balancers, and the requests that bring them, explained byte by byte."""

from functools import reduce
from operator import xor

from . import balancer_wire, neey_wire
from .balancer import SIZE, BalancerStatus
from .layout import layout_of
from .layout_annotate import Field, FixedAnnotator, Named, one_of, sum_of
from .neey import NeeyCellInfo, NeeyDeviceInfo
from .neey_settings import NeeyFactory, NeeySettings
from .value_text import label

NEEY_COMMANDS = {command.value: label(command.name.lower()) for command in neey_wire.Command}
BALANCER_COMMANDS = {command.value: label(command.name.lower()) for command in balancer_wire.Command}
FUNCTIONS = {neey_wire.WRITE: "write", neey_wire.READ: "read"}
SIZES = (20, 100, 150, 300)  # of NEEY replies
RECORDS: dict[tuple[int, int], tuple[type, int]] = {
    (neey_wire.Command.DEVICE_INFO, 100): (NeeyDeviceInfo, 0),
    (neey_wire.Command.FACTORY, 100): (NeeyFactory, 0),
    (neey_wire.Command.SETTINGS, 100): (NeeySettings, 0),
    (neey_wire.Command.SETTINGS, 150): (NeeySettings, 1),
}


class NeeyAnnotator(FixedAnnotator):
    """See `annotate.Annotator`."""

    label = "NEEY balancer (55 AA 11)"
    dialect = "neey"
    start = neey_wire.START
    text_from, behind = 8, 2

    def size_at(self, data: bytes, at: int) -> int:
        """See `FixedAnnotator`. A beginning that is cut off counts as far as it goes."""
        size = int.from_bytes(data[at + 6 : at + 8], "little")
        return size if size in SIZES else len(data) - at if len(data) < at + 8 else 0

    def is_right(self, frame: bytes) -> bool:
        """See `FixedAnnotator`."""
        known = neey_wire.REPLIES[neey_wire.Command(frame[4])] if frame[4:5] and frame[4] in NEEY_COMMANDS else ()
        return len(frame) in known and frame[-1] == neey_wire.END and frame[-2] == sum(frame[:-2]) & 0xFF

    def fields(self, frame: bytes, size: int) -> list[Field]:
        """See `FixedAnnotator`."""
        return _neey_fields(size, Field(size - 2, size - 1, "sum", sum_of(frame[:size], 2)))

    def rows(self, frame: bytes) -> tuple[Named, ...]:
        """See `FixedAnnotator`."""
        size = self.size_at(frame, 0)
        if len(frame) >= 8 and (frame[4], size) == (neey_wire.Command.CELL_INFO, 300):
            newer = frame[217:218] == b"\x02" and frame[291:295] != bytes(4)  # a constant, and an uptime that runs
            return layout_of(NeeyCellInfo).rows[int(newer)]
        record, variant = RECORDS.get((frame[4], size), (None, 0)) if len(frame) >= 8 else (None, 0)
        return () if record is None else layout_of(record).rows[variant]


class NeeyRequestAnnotator(FixedAnnotator):
    """See `annotate.Annotator`."""

    label = "NEEY request (AA 55 11)"
    start = neey_wire.REQUEST
    text_from, behind, asks = 8, 2, True

    def size_at(self, data: bytes, at: int) -> int:
        """See `FixedAnnotator`."""
        return neey_wire.REQUEST_SIZE

    def is_right(self, frame: bytes) -> bool:
        """See `FixedAnnotator`."""
        return frame[-1] == neey_wire.END and frame[-2] in (sum(frame[:-2]) & 0xFF, _folded(frame))

    def fields(self, frame: bytes, size: int) -> list[Field]:
        """See `FixedAnnotator`."""
        total, folded = sum_of(frame[:size], 2), _folded(frame[:size])
        check = Field(size - 2, size - 1, "sum", lambda data: ("right", "") if data[0] == folded else total(data))
        return _neey_fields(size, check)


class BalancerAnnotator(FixedAnnotator):
    """See `annotate.Annotator`."""

    label = "JK balancer (EB 90)"
    dialect = "jk-balancer"
    start = balancer_wire.START

    def size_at(self, data: bytes, at: int) -> int:
        """See `FixedAnnotator`."""
        return SIZE

    def is_right(self, frame: bytes) -> bool:
        """See `FixedAnnotator`."""
        return frame[3] in BALANCER_COMMANDS and frame[-1] == sum(frame[:-1]) & 0xFF

    def damaged(self, data: bytes, at: int) -> int:
        """See `annotate.Annotator`. Two bytes and no command that is known are noise."""
        return min(SIZE, len(data) - at) if data[at + 3 : at + 4] in (b"", *map(_byte, BALANCER_COMMANDS)) else 0

    def fields(self, frame: bytes, size: int) -> list[Field]:
        """See `FixedAnnotator`."""
        return [*_balancer_fields(frame, size), *(() if self.rows(frame) else _ADDRESSED)]

    def rows(self, frame: bytes) -> tuple[Named, ...]:
        """See `FixedAnnotator`."""
        return layout_of(BalancerStatus).rows[0] if frame[3:4] in (b"", b"\xff") else ()

    def secrets(self, frame: bytes) -> set[int]:
        """None: it has no texts."""
        return set()


class BalancerRequestAnnotator(FixedAnnotator):
    """See `annotate.Annotator`."""

    label = "JK balancer request (55 AA)"
    start = balancer_wire.REQUEST
    asks = True

    def size_at(self, data: bytes, at: int) -> int:
        """See `FixedAnnotator`."""
        return balancer_wire.REQUEST_SIZE

    def is_right(self, frame: bytes) -> bool:
        """See `FixedAnnotator`."""
        return frame[3] in BALANCER_COMMANDS and frame[-1] == sum(frame[:-1]) & 0xFF

    def damaged(self, data: bytes, at: int) -> int:
        """Two bytes are too few to tell a damaged one from noise."""
        return 0

    def fields(self, frame: bytes, size: int) -> list[Field]:
        """See `FixedAnnotator`."""
        value = Field(4, 6, "value", lambda data: (str(int.from_bytes(data, "big")), ""))
        return [*_balancer_fields(frame, size), *_ADDRESSED, value]

    def secrets(self, frame: bytes) -> set[int]:
        """None: it has no texts."""
        return set()


_ADDRESSED = (
    Field(2, 3, "address", lambda data: (str(data[0]), "")),
    Field(3, 4, "command", one_of(BALANCER_COMMANDS)),
)


def _byte(value: int) -> bytes:
    return bytes((value,))


def _folded(frame: bytes) -> int:
    return reduce(xor, frame[:-2], 0)


def _neey_fields(size: int, check: Field) -> list[Field]:
    found = [
        Field(0, 2, "start"),
        Field(2, 3, "address", lambda data: (f"{data[0]:02x}", "")),
        Field(3, 4, "function", one_of(FUNCTIONS)),
        Field(4, 5, "command", one_of(NEEY_COMMANDS)),
        Field(5, 6, "register", lambda data: (f"{data[0]:02x}", "")),
        Field(6, 8, "length", lambda data: (str(int.from_bytes(data, "little")), "")),
    ]
    end = Field(size - 1, size, "end", lambda data: ("", "" if data[0] == neey_wire.END else "ff was expected"))
    return [*found, check, end] if size >= min(SIZES) else found


def _balancer_fields(frame: bytes, size: int) -> list[Field]:
    return [Field(0, 2, "start"), Field(size - 1, size, "sum", sum_of(frame[:size], 1))]
