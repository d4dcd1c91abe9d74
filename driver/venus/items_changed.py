"""The bytes of an ItemsChanged, which goes out once a second for each battery.

A D-Bus library checks and packs any message from its parts; here header and order never change, and the entry of a path
differs in its value and text only. The bytes are those that the library would make, and a test compares them.
"""

from collections.abc import Iterable
from struct import Struct
from typing import TypeAlias

Value: TypeAlias = float | int | str | None  # None: invalid

BUS_ITEM = "com.victronenergy.BusItem"
MEMBER, SIGNATURE = "ItemsChanged", "a{sa{sv}}"
SIGNAL, NO_REPLY_EXPECTED, VERSION = 4, 1, 1
# D-Bus has little-endian numbers at multiples of their size, and what {} holds at multiples of 8
NUMBER = Struct("<I").pack
TEXT = b"\4\0\0\0Text\0\1s\0"  # a key, and the signature of what follows
DOUBLE, INTEGER = Struct("<16sd12sI").pack, Struct("<16si4x12sI").pack  # value, then text but for its characters
OF_DOUBLE, OF_INTEGER, OF_STRING = (b"\5\0\0\0Value\0\1%c\0\0\0\0" % kind for kind in b"dis")
INVALID = b"\5\0\0\0Value\0\2ai\0" + bytes(10) + TEXT  # an empty array of integers


def string(text: bytes) -> bytes:
    """Length, characters, NUL."""
    return NUMBER(len(text)) + text + b"\0"


def padded(data: bytes, to: int = 8) -> bytes:
    """Up to the next multiple of `to`."""
    return data + bytes(-len(data) % to)


def _field(code: int, signature: bytes, value: bytes) -> bytes:
    return bytes((code, 1)) + signature + b"\0" + value


FIELDS = (
    padded(_field(1, b"o", string(b"/")))
    + padded(_field(2, b"s", string(BUS_ITEM.encode())))
    + padded(_field(3, b"s", string(MEMBER.encode())))
    + _field(8, b"g", bytes((len(SIGNATURE),)) + SIGNATURE.encode() + b"\0")
)
PADDED_FIELDS = padded(FIELDS)
START = Struct(f"<4sIII{len(PADDED_FIELDS)}sI4x").pack  # kind, sizes of the body, serial; fields; size of the array
KIND = b"l" + bytes((SIGNAL, NO_REPLY_EXPECTED, VERSION))


def signal(entries: Iterable[bytes], serial: int) -> bytes:
    """The whole signal, made of what `Entry.packed` returns."""
    content = b""
    for entry in entries:
        content = padded(content) + entry
    return START(KIND, 8 + len(content), serial, len(FIELDS), PADDED_FIELDS, len(content)) + content


class Entry:
    """What the signal says about one path: its value, of one D-Bus type for life, and its text."""

    def __init__(self, path: str, signature: str) -> None:
        self._head = padded(string(path.encode()), 4)
        self._gap = bytes(-(len(self._head) + 4) % 8)
        self._signature = signature

    def packed(self, value: Value, text: str) -> bytes:
        """The bytes of a value of that type, or of None; begins at a multiple of 8."""
        shown = text.encode()
        if value is None:
            said = INVALID + NUMBER(len(shown))
        elif self._signature == "d":
            said = DOUBLE(OF_DOUBLE, value, TEXT, len(shown))
        elif self._signature == "i":
            said = INTEGER(OF_INTEGER, value, TEXT, len(shown))
        else:
            said = padded(OF_STRING + string(str(value).encode())) + TEXT + NUMBER(len(shown))
        return self._head + NUMBER(len(said) + len(shown) + 1) + self._gap + said + shown + b"\0"
