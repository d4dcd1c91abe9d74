"""What is said on the RS485 bus of PB packs around their frames: triggers and acknowledges, byte by byte."""

from ..modbus_crc import crc16
from .jkpb_wire import ACKNOWLEDGE_SIZE, MASTER, REQUEST_SIZE, SLAVES, Register
from .layout_annotate import Field, FixedAnnotator
from .value_text import label

REGISTERS = {register.value: label(register.name.lower()) for register in Register}
WRITE = b"\x10\x16"  # Modbus function 16, and the page that all of these registers are on
COUNTED = 6  # bytes that a trigger and its acknowledge have in common
ONE = b"\x00\x01"


class PbMessageAnnotator(FixedAnnotator):
    """See `annotate.Annotator`. One address of a bus; the frames between trigger and acknowledge are of family JK02."""

    label = "JK PB trigger or acknowledge (Modbus 10 16)"
    asks = True

    def __init__(self, address: int) -> None:
        self.start = bytes((address,)) + WRITE

    def size_at(self, data: bytes, at: int) -> int:
        """See `FixedAnnotator`. Without a right checksum an acknowledge may be a trigger that is cut off."""
        if not _possible(data[at : at + COUNTED]):
            return 0
        if _is_acknowledge(data[at : at + ACKNOWLEDGE_SIZE]):
            return ACKNOWLEDGE_SIZE
        return REQUEST_SIZE if data[at + COUNTED : at + COUNTED + 1] in (b"", b"\x02") else ACKNOWLEDGE_SIZE

    def is_right(self, frame: bytes) -> bool:
        """See `FixedAnnotator`."""
        return crc16(frame) == 0

    def from_bms(self, frame: bytes) -> bool:
        """See `annotate.Annotator`."""
        return len(frame) == ACKNOWLEDGE_SIZE

    def fields(self, frame: bytes, size: int) -> list[Field]:
        """See `FixedAnnotator`."""
        if size not in (ACKNOWLEDGE_SIZE, REQUEST_SIZE):
            return []
        value = [
            Field(6, 7, "bytes", lambda data: (str(data[0]), "")),
            Field(7, 9, "value", lambda data: (str(int.from_bytes(data, "big")), "")),
        ]
        kind = "trigger" if size == REQUEST_SIZE else "acknowledge"
        return [
            Field(0, 1, "address", _address),
            Field(1, 2, "function", lambda data: (f"{data[0]:02x} = {kind}", "")),
            Field(2, 4, "register", _register),
            Field(4, 6, "registers", lambda data: (str(int.from_bytes(data, "big")), "")),
            *(value if size == REQUEST_SIZE else ()),
            Field(size - 2, size, "crc", lambda data: _checked(frame[: size - 2], data)),
        ]

    def secrets(self, frame: bytes) -> set[int]:
        """None: it has no texts."""
        return set()


ANNOTATORS = tuple(PbMessageAnnotator(address) for address in (*SLAVES, MASTER))


def _possible(head: bytes) -> bool:
    """Whether it may be the begin of one, as far as it goes; two bytes are too few to tell it from noise."""
    register = int.from_bytes(head[2:4], "big")
    return len(head) >= 4 and register in REGISTERS and ONE.startswith(head[4:COUNTED])


def _is_acknowledge(data: bytes) -> bool:
    return len(data) == ACKNOWLEDGE_SIZE and crc16(data) == 0


def _address(data: bytes) -> tuple[str, str]:
    return f"{data[0]}{' = master' if data[0] == MASTER else ''}", ""


def _register(data: bytes) -> tuple[str, str]:
    name = REGISTERS.get(int.from_bytes(data, "big"))
    return (f"{data.hex()} = {name}", "") if name else (data.hex(), "no register that is known")


def _checked(body: bytes, data: bytes) -> tuple[str, str]:
    expected = crc16(body).to_bytes(2, "little")
    return ("right", "") if data == expected else ("wrong", f"{expected.hex(' ')} was expected")
