"""The live screen: drawn in place and without flicker on a terminal, plain lines anywhere else."""

import os
import shutil
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from .screen import HEIGHT, WIDTH, Look

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # another screen without a cursor, and back
HOME, TO_LINE_END, BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Terminal:
    """A place to draw on. A context manager: what was on the terminal before comes back."""

    def __init__(self, stream: TextIO, *, drawn: bool = True) -> None:
        """`drawn` False: lines, even on a terminal."""
        self._stream = stream
        self.live = drawn and stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        self.look = Look(colour=self.live and not os.environ.get("NO_COLOR"), plain="utf" not in encoding)

    def __enter__(self) -> Self:
        if self.live:
            self._write(ENTER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self._write(LEAVE)

    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        columns, rows = shutil.get_terminal_size((WIDTH, HEIGHT))
        return columns, rows

    def draw(self, lines: Callable[[int, int, Look], list[str]]) -> None:
        """Show what `lines(width, height, look)` returns in place of what was shown; one write, nothing is cleared."""
        self._write(HOME + f"{TO_LINE_END}\n".join(lines(*self.size(), self.look)) + TO_LINE_END + BELOW)

    def say(self, line: str) -> None:
        """A line where nothing can be drawn."""
        self._write(self.look.safe(line) + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Progress:
    """What is going on, on a line that is written over and again; elsewhere than on a terminal it is said once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._said = False

    def __call__(self, text: str) -> None:
        """Show `text`."""
        if self._live:
            self._stream.write(f"\r{text}{TO_LINE_END}")
        elif not self._said:
            self._stream.write(f"{text}\n")
        self._said = True
        self._stream.flush()

    def clear(self) -> None:
        """Leave nothing on the line."""
        if self._live and self._said:
            self._stream.write(f"\r{TO_LINE_END}")
            self._stream.flush()
