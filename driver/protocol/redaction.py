"""Captures without secrets: what leaves the process of what went over a link. Lengths and times stay as they were.

In undamaged frames the tables tell what is secret (passcodes, passwords, user data: `*` instead) and what is personal
(names, serial numbers: another one, equally long, and the same for the same one). Sums are made right again, so that
the frames still decode. Everywhere else nothing can be told apart: there every byte that might be text becomes `*`.
Beginnings of frames and the short messages of a bus stay, so that it shows what was lost, and between what.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from .annotate import ANNOTATORS, pieces
from .capture import Chunk, Direction
from .jk02_wire import CHATTER
from .jkpb_wire import ACKNOWLEDGES, REQUESTS

NOTE = "names and numbers replaced, secrets and text outside of undamaged frames shown as *"
_KEPT = re.compile(
    b"|".join(
        re.escape(known)
        for known in (*REQUESTS.values(), *ACKNOWLEDGES.values(), *(one.start for one in ANNOTATORS), CHATTER)
    )
)
_MODEL = re.compile(rb"JK[-_][A-Z]{1,3}\d{1,2}[A-Z]\d{1,2}S\d{1,3}[A-Z]{0,4}")
_ADDRESS = re.compile(r"\b((?:[0-9A-Fa-f]{2}:){2}[0-9A-Fa-f]{2})(?::[0-9A-Fa-f]{2}){3}\b")
_LETTERS, _DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789"
_LEAST = 3  # characters of a name that is worth looking for elsewhere


class Redactor:
    """Redacts what belongs together: the same name becomes the same other one."""

    def __init__(self, salt: bytes) -> None:
        """`salt`: known to nobody, so that nobody finds a serial number again by trying all of them."""
        self._salt = salt
        self._aliases: dict[bytes, bytes] = {}

    def chunks(self, chunks: Iterable[Chunk]) -> tuple[Chunk, ...]:
        """The same chunks without secrets. A frame may be spread over any number of them."""
        whole = tuple(chunks)
        redacted = {way: self.stream(b"".join(one.data for one in whole if one.direction is way)) for way in Direction}
        at = dict.fromkeys(Direction, 0)
        found = []
        for one in whole:
            begin, at[one.direction] = at[one.direction], at[one.direction] + len(one.data)
            found.append(Chunk(one.at, one.direction, redacted[one.direction][begin : at[one.direction]]))
        return tuple(found)

    def stream(self, data: bytes) -> bytes:
        """The bytes of one direction without secrets."""
        return b"".join(
            piece.family.redact(piece.data, self.alias) if piece.family and piece.good else without_text(piece.data)
            for piece in pieces(data)
        )

    def text(self, text: str) -> str:
        """Text of ours with the aliases of all names that were met so far, and half of each Bluetooth address."""
        for name, alias in sorted(self._aliases.items(), key=lambda both: -len(both[0])):
            known = name.decode("latin-1").strip()
            if len(known) >= _LEAST:
                text = text.replace(known, alias.decode("latin-1").strip())
        return _ADDRESS.sub(r"\1:**:**:**", text)

    def alias(self, name: bytes) -> bytes:
        """The other name: a digit for a digit, a letter for a letter. NULs divide names; a model is none."""
        return b"\0".join(map(self._part, name.split(b"\0")))

    def _part(self, name: bytes) -> bytes:
        if _MODEL.fullmatch(name):
            return name
        if name not in self._aliases:
            stream = sha256(self._salt + name).digest()
            self._aliases[name] = bytes(map(_other, name, stream * (1 + len(name) // len(stream))))
        return self._aliases[name]


def without_text(data: bytes) -> bytes:
    """Bytes that are no undamaged frame, with `*` for all that might be text; nor do they become a frame by that."""
    masked = bytearray(byte if byte < 0x20 else ord("*") for byte in data)
    for match in _KEPT.finditer(data):
        masked[match.start() : match.end()] = match[0]
    for piece in pieces(bytes(masked)):
        if piece.good:  # by accident: a sum has 8 bits
            masked[piece.offset + len(piece.data) - 1] ^= 1
    return bytes(masked)


def _other(char: int, random: int) -> int:
    if chr(char) in _DIGITS:
        return ord(_DIGITS[random % 10])
    return ord(_LETTERS[random % len(_LETTERS)]) if char > 0x7E or chr(char).isalpha() else char
