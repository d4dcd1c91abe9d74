"""Makers of faults: each takes its argument as text and a source of chance, and raises ValueError for a bad argument.

The first line of each docstring is what `simulate --help` prints.
"""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from ..errors import LayoutError
from ..protocol.jkuart import REGISTERS
from ..protocol.jkuart_wire import frame, payload

CELLS = 0x79

Chunk: TypeAlias = tuple[float, bytes]
"""s after the chunk before it (the first: after the request), and the bytes that then arrive at once."""

Fault: TypeAlias = Callable[[bytes, list[Chunk]], list[Chunk]]
"""The request, what the device sends -> what is sent instead."""

Change: TypeAlias = Callable[[bytes], bytes]
"""One whole answer -> what it becomes."""


def each(change: Change) -> Fault:
    """A fault that changes the bytes of answers and leaves their timing."""
    return lambda _, chunks: [(gap, change(data)) for gap, data in chunks]


def rewritten(change: Callable[[dict[int, bytes]], None]) -> Fault:
    """A fault that changes the registers of whole answers to READ_ALL; their checksum is right."""

    def rewrite(data: bytes) -> bytes:
        content = payload(data)
        if int.from_bytes(data[2:4], "big") + 2 != len(data):  # another fault was here before
            return data
        try:
            walk = REGISTERS.walk(content)
        except LayoutError:
            return data
        if CELLS not in walk.registers:
            return data
        registers = dict(walk.registers)
        change(registers)
        known = b"".join(bytes((register,)) + registers[register] for register in sorted(registers))
        return frame(known + content[walk.end :], data[8], data[9], data[10])

    return each(rewrite)


def silent(_: str, __: Random) -> Fault:
    """No answer at all."""
    return lambda _, __: []


def dead(address: str, _: Random) -> Fault:
    """The pack at this address of a PB bus does not answer."""
    number = int(address)
    if not 0 <= number <= 15:
        raise ValueError(address)
    begin = bytes((number, 0x10))
    return lambda request, chunks: [] if request.startswith(begin) else chunks


def late(seconds: str, _: Random) -> Fault:
    """Answers come so much later."""
    delay = _seconds(seconds)
    return lambda _, chunks: [(gap + (0 if n else delay), data) for n, (gap, data) in enumerate(chunks)]


def byte_by_byte(seconds: str, _: Random) -> Fault:
    """One byte at a time, with a pause before each."""
    pause = _seconds(seconds)
    return lambda _, chunks: [(pause, data[at : at + 1]) for _gap, data in chunks for at in range(len(data))]


def split(seconds: str, draw: Random) -> Fault:
    """Answers come in two pieces, cut anywhere, with a pause between."""
    pause = _seconds(seconds)

    def cut(_: bytes, chunks: list[Chunk]) -> list[Chunk]:
        sent: list[Chunk] = []
        for gap, data in chunks:
            at = draw.randint(1, max(1, len(data) - 1))
            sent += [(gap, data[:at]), (pause, data[at:])]
        return sent

    return cut


def merge(_: str, __: Random) -> Fault:
    """The answer before comes once more, in one chunk with the new one."""
    before = b""

    def glue(data: bytes) -> bytes:
        nonlocal before
        glued, before = before + data, data
        return glued

    return each(glue)


def flip(_: str, draw: Random) -> Fault:
    """One bit of each answer is wrong."""

    def change(data: bytes) -> bytes:
        return _flipped(data, draw.randrange(len(data)), draw.randrange(8)) if data else data

    return each(change)


def flip_length(_: str, draw: Random) -> Fault:
    """One bit of the length's low byte is wrong."""
    return each(lambda data: _flipped(data, 3, draw.randrange(8)) if len(data) > 3 else data)


def corrupt(percent: str, draw: Random) -> Fault:
    """A share of the answers has a wrong checksum."""
    share = float(percent.rstrip("%")) / 100
    if not 0 <= share <= 1:
        raise ValueError(percent)
    return each(lambda data: _flipped(data, len(data) - 1, 0) if data and draw.random() < share else data)


def echo(_: str, __: Random) -> Fault:
    """The request is heard again before the answer."""
    return lambda request, chunks: [(0.0, request), *chunks]


def garbage(_: str, draw: Random) -> Fault:
    """Random bytes instead of answers: another baud rate."""
    return each(lambda data: draw.randbytes(len(data) * 2 // 3))


def other_protocol(_: str, __: Random) -> Fault:
    """Frames of the PB and Bluetooth family (55 AA EB 90) instead of answers."""
    body = b"\x55\xaa\xeb\x90\x02" + bytes(294)
    whole = body + bytes((sum(body) & 0xFF,))
    return each(lambda _: whole)


def half(_: str, __: Random) -> Fault:
    """Answers end in the middle."""
    return each(lambda data: data[: len(data) // 2])


def frozen(_: str, __: Random) -> Fault:
    """The first answer comes again and again."""
    first = b""

    def change(data: bytes) -> bytes:
        nonlocal first
        first = first or data
        return first

    return each(change)


def missing(register: str, _: Random) -> Fault:
    """Answers lack a register; their checksum is right."""
    gone = _register(register)

    def take_away(registers: dict[int, bytes]) -> None:
        registers.pop(gone, None)

    return rewritten(take_away)


def put(assignment: str, __: Random) -> Fault:
    """A register is sent with this value, or in addition when no table knows it; the checksum is right."""
    register, _, value = assignment.partition("=")
    if not value:
        raise ValueError(assignment)
    place, data = _register(register), bytes.fromhex(value)
    return rewritten(lambda registers: registers.update({place: data}))


def zero_cell(number: str, _: Random) -> Fault:
    """The cell of this number is measured as 0 V."""
    at = 3 * int(number) - 1  # in the value of 0x79: its length byte, then number and voltage of each cell
    if at < 2:
        raise ValueError(number)

    def change(registers: dict[int, bytes]) -> None:
        cells = registers[CELLS]
        if len(cells) > at + 1:
            registers[CELLS] = cells[:at] + bytes(2) + cells[at + 2 :]

    return rewritten(change)


def hot(_: str, __: Random) -> Fault:
    """A battery sensor is read as 300 °C."""
    return rewritten(lambda registers: registers.update({0x81: (300).to_bytes(2, "big")}))


def soc_255(_: str, __: Random) -> Fault:
    """A state of charge of 255 %."""
    return rewritten(lambda registers: registers.update({0x85: b"\xff"}))


def _seconds(text: str) -> float:
    value = float(text[:-2]) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))
    if not 0 <= value < 3600:
        raise ValueError(text)
    return value


def _register(text: str) -> int:
    register = int(text, 16)
    if not 0 <= register <= 0xFF:
        raise ValueError(text)
    return register


def _flipped(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]
