"""`decode`: explain frames byte by byte. Passwords are masked, in the text and in the bytes.

Exit codes: 0 every frame is right and understood; 1 something is wrong with one, or there is none; 2 what was given
cannot be made bytes of.
"""

import argparse
import sys
from collections.abc import Iterator

from ..errors import LayoutError
from ..protocol.annotate import ANNOTATORS, Piece, noise_line, pieces
from ..protocol.dialect import Dialect, conversation
from ..protocol.line import Line
from .hex_input import InputError, read_bytes
from .words import reading_words

HELP = "explain frames byte by byte"
PAIRS = 8  # bytes in a line of the table
MOST_NOISE = 64  # bytes of noise that are shown
NAME_WIDTH = 37


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "input",
        metavar="HEX|FILE",
        nargs="+",
        help="hexadecimal digits with or without blanks, colons or 0x; or a file of such text or of raw bytes; "
        "or - for standard input. Several frames in a row and noise between them are found.",
    )


def run(args: argparse.Namespace) -> int:
    """Print the explanation; see the module for the exit codes."""
    try:
        source, data = read_bytes(args.input)
    except InputError as exc:
        sys.stderr.write(f"decode: {exc}\n")
        return 2
    explained = Explanation(data)
    for line in explained.lines():
        print(line)
    if not explained.frames:
        families = {family.label: family.start.hex(" ") for family in reversed(ANNOTATORS)}  # the first of each
        starts = ", ".join(reversed(families.values()))
        sys.stderr.write(
            f"decode: no frame in the {len(data)} byte(s) of {source}: expected one that begins with one of {starts}\n"
        )
    return 0 if explained.frames and not explained.faults else 1


class Explanation:
    """The bytes of a stream in lines of text; counts what it finds."""

    def __init__(self, data: bytes) -> None:
        self.frames = 0
        self.faults = 0  # lines that say what is wrong
        self._data = data
        self._dialects: dict[str, Dialect] = {}  # by name: some need several frames for one reading

    def lines(self) -> Iterator[str]:
        """All lines, a table for each frame."""
        for piece in pieces(self._data):
            if piece.family is None:
                yield from _rows(noise_line(piece.offset, piece.data[:MOST_NOISE]), 0)
                if len(piece.data) > MOST_NOISE:
                    yield f"        ... {len(piece.data) - MOST_NOISE} byte(s) more of it"
            else:
                yield from self._frame(piece)
            yield ""

    def _frame(self, piece: Piece) -> Iterator[str]:
        assert piece.family is not None
        self.frames += 1
        state = "whole, checksum right" if piece.good else "damaged"
        yield f"frame {self.frames}: {piece.family.label}, {len(piece.data)} bytes at byte {piece.offset}, {state}"
        for line in piece.family.annotate(piece.data):
            self.faults += line.wrong
            yield from _rows(line, piece.offset)
        if piece.good and piece.family.from_bms(piece.data):
            yield from self._reading(piece.family.dialect, piece.data)
        self.faults += not piece.good

    def _reading(self, name: str, frame: bytes) -> Iterator[str]:
        if name and name not in self._dialects:
            self._dialects[name] = conversation(name, 1.0)
        dialect = self._dialects.get(name)
        try:
            reading = None if dialect is None else dialect.take(frame)
        except LayoutError as exc:
            self.faults += 1
            yield f"!! no reading: {exc}"
            return
        if reading is not None:
            yield from (f"   {words}" for words in reading_words(reading))


def _rows(line: Line, offset: int) -> Iterator[str]:
    """One line of the table, more where there are many bytes. `offset` is the frame's place in the stream."""
    pairs = line.hex.split()
    text = f"{line.name:<{NAME_WIDTH}} {line.value}"
    if line.note:
        text += f"  ({line.note})"
    for place in range(0, max(1, len(pairs)), PAIRS):
        mark = "!!" if line.wrong and not place else "  "
        shown = " ".join(pairs[place : place + PAIRS])
        yield f"{mark}{line.offset + offset + place:5}  {shown:<{3 * PAIRS - 1}}  {text if not place else ''}".rstrip()
