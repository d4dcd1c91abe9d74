"""Bytes as people have them: hexadecimal digits in every usual form, a binary file, standard input."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

MOST = 8 * 1024 * 1024  # bytes; a day of frames
_SEPARATORS = re.compile(r"(?:[\s:,;-]|0x|\\x)+", re.IGNORECASE)  # 0x0 is how C prints a zero
_SHORT = re.compile(r"(?:0x|\\x)([0-9a-f])(?![0-9a-f])", re.IGNORECASE)
_NO_DIGIT = re.compile(r"[^0-9a-fA-F]")


class InputError(Exception):
    """What was given cannot be made bytes of. The text names place, value and expectation."""


def read_bytes(words: Sequence[str]) -> tuple[str, bytes]:
    """Where the bytes came from, for people, and the bytes: one file name, `-`, or hexadecimal words."""
    first = words[0]
    if words == ["-"]:
        return "standard input", _content("standard input", sys.stdin.buffer.read(MOST + 1))
    if len(words) == 1 and _is_file(first):
        try:
            with Path(first).open("rb") as file:
                return first, _content(first, file.read(MOST + 1))
        except OSError as exc:
            raise InputError(f"{first}: cannot be read: {exc.strerror}") from exc
    text = " ".join(words)
    try:
        return "the command line", from_hex("the command line", text)
    except InputError as exc:
        if len(words) > 1:
            raise
        raise InputError(f"there is no file {_short(first)}; {exc}") from exc


def from_hex(source: str, text: str) -> bytes:
    """The bytes of hexadecimal text: pairs of digits with or without blanks, colons, commas, 0x, line ends."""
    padded = _SHORT.sub(r" 0\1", text)
    groups = [(match.start(), match.group()) for match in re.finditer(r"[^\s:,;-]+", padded)]
    found = bytearray()
    for at, group in groups:
        digits = _SEPARATORS.sub("", group)
        wrong = _NO_DIGIT.search(digits)
        if wrong:
            raise InputError(f"{_place(source, padded, at)}: {_short(group)}: expected pairs of hexadecimal digits")
        if len(digits) % 2:
            raise InputError(f"{_place(source, padded, at)}: {_short(group)}: expected an even number of digits")
        found += bytes.fromhex(digits)
    if not found:
        raise InputError(f"{source}: is empty: expected the bytes of a frame")
    return bytes(found)


def _content(source: str, data: bytes) -> bytes:
    """Hexadecimal text becomes what it says; everything else is taken as it is."""
    if len(data) > MOST:
        raise InputError(f"{source}: has more than {MOST >> 20} MiB: expected frames, or a part of a recording")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        return data
    printable = all(char.isprintable() or char.isspace() for char in text)
    return from_hex(source, text) if printable else data


def _is_file(name: str) -> bool:
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):  # too long for a name
        return False


def _place(source: str, text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"{source}, line {line}, character {at - text.rfind(chr(10), 0, at)}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 24 else text[:20] + "...")
