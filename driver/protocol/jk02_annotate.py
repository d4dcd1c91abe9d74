"""JK02 and JK04 frames, and the commands that bring them, explained byte by byte."""

from . import family
from .family import Family
from .jk02 import SIZE, CellInfo, Variant
from .jk02_device import DeviceInfo
from .jk02_log import DetailLog, Logbook
from .jk02_settings import Settings
from .jk02_wire import ACKNOWLEDGE, COMMAND, COMMAND_SIZE, START, TYPES, FrameType
from .jk04 import CellInfo04, Settings04
from .layout import layout_of, read
from .layout_annotate import Field, FixedAnnotator, Named, one_of, sum_of
from .registers import JK02_WRITES
from .value_text import label

TYPE_NAMES = {kind.value: label(kind.name.lower()) for kind in FrameType}
READS = {0x96: "read settings, and stream", 0x97: "read device info", 0xA1: "read logbook", 0xA7: "read detail log"}
MOST = 13  # bytes of a command's value


class Jk02Annotator(FixedAnnotator):
    """See `annotate.Annotator`."""

    label = "JK02 (55 AA EB 90)"
    dialect = "jk-ble"
    start = START

    def size_at(self, data: bytes, at: int) -> int:
        """See `FixedAnnotator`."""
        return SIZE

    def is_right(self, frame: bytes) -> bool:
        """See `FixedAnnotator`."""
        return frame[4] in TYPES and frame[-1] == sum(frame[:-1]) & 0xFF

    def damaged(self, data: bytes, at: int) -> int:
        """See `annotate.Annotator`. Where another frame begins inside, bytes were lost."""
        end = min(at + SIZE, len(data))
        other = data.find(START, at + 1, end)
        return (end if other < 0 else other) - at

    def fields(self, frame: bytes, size: int) -> list[Field]:
        """See `FixedAnnotator`."""
        layout, rows = _layout(frame)

        def kind(data: bytes) -> tuple[str, str]:
            value, fault = one_of(TYPE_NAMES)(data)
            return (f"{value}, read as {layout.value}" if rows else value), fault

        found = [Field(0, 4, "start"), Field(4, 5, "type", kind), Field(SIZE - 1, SIZE, "sum", sum_of(frame[:SIZE], 1))]
        if all(row.place != 5 for _, row in rows):
            found.append(Field(5, 6, "counter", lambda data: (str(data[0]), "")))
        return found

    def rows(self, frame: bytes) -> tuple[Named, ...]:
        """See `FixedAnnotator`."""
        return _layout(frame)[1]


class Jk02CommandAnnotator(FixedAnnotator):
    """See `annotate.Annotator`. An acknowledge has the form of a command."""

    label = "JK02 command (AA 55 90 EB)"
    start = COMMAND
    asks = True

    def size_at(self, data: bytes, at: int) -> int:
        """See `FixedAnnotator`."""
        return COMMAND_SIZE

    def is_right(self, frame: bytes) -> bool:
        """See `FixedAnnotator`."""
        return frame[-1] == sum(frame[:-1]) & 0xFF

    def fields(self, frame: bytes, size: int) -> list[Field]:
        """See `FixedAnnotator`."""
        count = min(frame[5], MOST) if len(frame) > 5 else 0
        found = [
            Field(0, 4, "start"),
            Field(4, 5, "register", _register),
            Field(5, 6, "length", lambda data: (str(data[0]), "" if data[0] <= MOST else f"at most {MOST}")),
            Field(6, 6 + count, "value", lambda data: (str(int.from_bytes(data, "little")), "")),
            Field(6 + count, size - 1, "padding"),
            Field(size - 1, size, "sum", sum_of(frame[:size], 1)),
        ]
        return [field for field in found if field.begin < field.end]


def _layout(frame: bytes) -> tuple[Family, tuple[Named, ...]]:
    """Which layout a single frame has, and its rows; none for a type that nobody knows."""
    whole = frame[:SIZE].ljust(SIZE, b"\0")
    match whole[4]:
        case FrameType.CELL_INFO:
            layout = family.shown(whole) or Family.S32
            if layout is Family.JK04:
                return layout, layout_of(CellInfo04).rows[0]
            return layout, layout_of(CellInfo).rows[layout.variant]
        case FrameType.SETTINGS:
            if whole[6:10] == b"\x00\x00\x80\x3f":  # the single 1.0; else it were a million volts
                return Family.JK04, layout_of(Settings04).rows[0]
            layout = Family.S32 if any(whole[254 : SIZE - 1]) else Family.S24
            return layout, layout_of(Settings).rows[layout.variant]
        case FrameType.DEVICE_INFO:
            layout = family.told(read(DeviceInfo, whole)) or Family.S32
            newer = any(whole[134 : SIZE - 1])  # whatever a damaged version says
            return layout, layout_of(DeviceInfo).rows[Variant.S32 if newer else layout.variant]
        case FrameType.LOGBOOK:
            return Family.S32, layout_of(Logbook).rows[0]
        case FrameType.DETAIL_LOG:
            return Family.S32, layout_of(DetailLog).rows[0]
        case _:
            return Family.S32, ()


def _register(data: bytes) -> tuple[str, str]:
    number = data[0]
    if number == ACKNOWLEDGE:
        return f"{number:02x} = acknowledge", ""
    writes = [f"write {label(row.name)}{_whose(row.numbers, number)}" for row in JK02_WRITES if number in row.numbers]
    names = [READS[number]] if number in READS else writes
    return (f"{number:02x} = {', or '.join(names)}", "") if names else (f"{number:02x}", "no register that is known")


def _whose(numbers: tuple[int | None, ...], number: int) -> str:
    """In which variant a register has this number, where that makes a difference."""
    return "" if numbers[0] == numbers[1] else f" ({'24S' if numbers[0] == number else '32S'})"
