"""Frames explained byte by byte: what lies where, what it means, and what is wrong with it.

A family is all that begins with the same bytes and is checked the same way; each brings one `Annotator`, and the
registry below tells them apart. Damaged frames are explained as far as they can be understood. A secret (a row of
kind `Secret`) is shown neither as text nor in hex, and in bytes that no table explains everything that might be one
is hidden as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from . import jkpb_annotate
from .balancer_annotate import BalancerAnnotator, BalancerRequestAnnotator, NeeyAnnotator, NeeyRequestAnnotator
from .jk02_annotate import Jk02Annotator, Jk02CommandAnnotator
from .jkuart_annotate import UartAnnotator
from .layout_annotate import Alias, unchanged
from .line import Line


class Annotator(Protocol):
    """What a family of frames must offer."""

    label: str  # for people
    dialect: str  # whose `take` makes readings of these frames; "" if there is none
    start: bytes  # that each frame begins with

    def whole(self, data: bytes, at: int) -> int:
        """Bytes of the undamaged frame that begins at `at`; 0: there is none."""

    def damaged(self, data: bytes, at: int) -> int:
        """Bytes of the damaged or cut-off frame that begins at `at`, at most to the end of `data`; 0: there is none."""

    def from_bms(self, frame: bytes) -> bool:
        """Whether an undamaged frame came from a BMS; else it is a question to one."""

    def annotate(self, frame: bytes) -> list[Line]:
        """All bytes of a frame in lines, in order; it never raises."""

    def secrets_in_noise(self, data: bytes) -> set[int]:
        """Offsets of bytes that may be secrets, in a part of a stream that is no frame."""

    def redact(self, frame: bytes, alias: Alias = unchanged) -> bytes:
        """The frame with `*` for secret bytes, and each name and serial number as its `alias`, which is equally long.

        The checksum is as right or as wrong as before.
        """


ANNOTATORS: tuple[Annotator, ...] = (
    UartAnnotator(),
    Jk02Annotator(),
    Jk02CommandAnnotator(),
    NeeyAnnotator(),
    NeeyRequestAnnotator(),
    BalancerAnnotator(),
    BalancerRequestAnnotator(),
    *jkpb_annotate.ANNOTATORS,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A frame, or noise, at a place of a byte stream."""

    offset: int
    data: bytes
    family: Annotator | None  # None: noise
    good: bool  # complete and with a right checksum


def pieces(data: bytes) -> Iterator[Piece]:
    """Cut a stream into frames, damaged frames and noise; every byte is in exactly one of them."""
    begin = at = 0  # `begin`: the first byte that is in no piece yet
    while (at := _next_start(data, at)) < len(data):
        for family in _families_at(data, at):
            if size := family.whole(data, at):
                yield from _damaged(data[begin:at], begin)
                yield Piece(at, data[at : at + size], family, True)
                begin = at = at + size
                break
        else:
            at += 1
    yield from _damaged(data[begin:], begin)


def annotate(frame: bytes) -> list[Line]:
    """The lines of one frame; a single line for bytes of no known family. It never raises."""
    for family in _families_at(frame, 0):
        return family.annotate(frame)
    return [noise_line(0, frame)]


def noise_line(offset: int, data: bytes) -> Line:
    """Bytes that belong to no frame."""
    return Line.of(offset, data, "noise", hidden=_secrets_in_noise(data), note=f"{len(data)} byte(s)")


def redact(data: bytes) -> bytes:
    """Frames and noise of any family with `*` for every secret byte; the length and what is valid stay the same."""
    return b"".join(
        _masked(piece.data, _secrets_in_noise(piece.data)) if piece.family is None else piece.family.redact(piece.data)
        for piece in pieces(data)
    )


def _damaged(data: bytes, offset: int) -> Iterator[Piece]:
    """Cut what lies between two good frames; `offset` is its place in the stream."""
    begin = at = 0
    while (at := _next_start(data, at)) < len(data):
        for family in _families_at(data, at):
            if size := family.damaged(data, at):
                if at > begin:
                    yield Piece(offset + begin, data[begin:at], None, False)
                yield Piece(offset + at, data[at : at + size], family, False)
                begin = at = at + size
                break
        else:
            at += 1
    if len(data) > begin:
        yield Piece(offset + begin, data[begin:], None, False)


def _next_start(data: bytes, at: int) -> int:
    found = _STARTS.search(data, at)
    return found.start() if found else len(data)


def _families_at(data: bytes, at: int) -> Iterator[Annotator]:
    for start, families in _BY_START.items():
        if data.startswith(start, at):
            yield from families


def _by_start(annotators: tuple[Annotator, ...]) -> Mapping[bytes, list[Annotator]]:
    ordered = sorted(annotators, key=lambda annotator: -len(annotator.start))  # the most exact start first
    return {one.start: [other for other in ordered if other.start == one.start] for one in ordered}


def _secrets_in_noise(data: bytes) -> set[int]:
    return set().union(*(family.secrets_in_noise(data) for family in ANNOTATORS))


def _masked(data: bytes, hidden: set[int]) -> bytes:
    return bytes(ord("*") if place in hidden else byte for place, byte in enumerate(data))


_BY_START = _by_start(ANNOTATORS)
_STARTS = re.compile(b"|".join(map(re.escape, _BY_START)))
