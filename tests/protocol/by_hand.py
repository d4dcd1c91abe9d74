"""Frames written by hand, register by register, without the driver's tables."""

from collections.abc import Mapping, Sequence
from struct import pack


def sealed(content: bytes, *, command: int = 6, source: int = 0, kind: int = 1) -> bytes:
    """A whole frame around these registers."""
    head = pack(">2sHIBBB", b"NW", 18 + len(content), 0, command, source, kind)
    body = head + content + pack(">IB", 0, 0x68)
    return body + pack(">I", sum(body) & 0xFFFF)


def cells(millivolts: Sequence[int]) -> bytes:
    """Register 0x79 without its id."""
    return pack("B", 3 * len(millivolts)) + b"".join(pack(">BH", n, mv) for n, mv in enumerate(millivolts, 1))


def together(registers: Mapping[int, bytes]) -> bytes:
    """Ids and values, in the order of the mapping."""
    return b"".join(pack("B", register) + value for register, value in registers.items())


def usual(changes: Mapping[int, bytes | None] | None = None) -> dict[int, bytes]:
    """A four-cell pack at rest, protocol version 1; `changes` replaces registers, None takes one away."""
    registers: dict[int, bytes | None] = {
        0x79: cells([3301, 3302, 3303, 3304]),
        0x80: pack(">H", 25),
        0x81: pack(">H", 21),
        0x82: pack(">H", 22),
        0x83: pack(">H", 1321),
        0x84: pack(">H", 0x8000 | 208),
        0x85: b"\x32",
        0x86: b"\x02",
        0x87: pack(">H", 7),
        0x89: pack(">I", 900),
        0x8A: pack(">H", 4),
        0x8B: pack(">H", 0),
        0x8C: pack(">H", 0b0011),
        0x8E: pack(">H", 1440),
        0x90: pack(">H", 3600),
        0x93: pack(">H", 2600),
        0x97: pack(">H", 100),
        0x99: pack(">H", 50),
        0x9D: b"\x01",
        0xAA: pack(">I", 280),
        0xAB: b"\x01",
        0xAC: b"\x01",
        0xB2: b"hunter2\0\0\0",
        0xB6: pack(">I", 1000),
        0xB7: b"11.XW_S11.26___",
        0xB9: pack(">I", 270),
        0xBA: b"Input UserdaJK_B2A20S20P",
        0xC0: b"\x01",
    }
    merged = registers | dict(changes or {})
    return {register: value for register, value in merged.items() if value is not None}


def answer(changes: Mapping[int, bytes | None] | None = None) -> bytes:
    """The frame of `usual` registers."""
    return sealed(together(usual(changes)))
