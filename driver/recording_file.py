"""Captures as files: read with bounds, written whole."""

import gzip
import zlib
from pathlib import Path

from .errors import CaptureError
from .protocol.capture import Capture, lines, parse
from .whole_file import replace

MOST = 16 * 1024 * 1024  # characters; hours of frames
_GZIP = b"\x1f\x8b"


def load(path: Path) -> Capture:
    """The capture in a file, compressed or not. CaptureError when there is none; it names line and expectation."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            content = (gzip.GzipFile(fileobj=file) if packed else file).read(MOST + 1)
    except (OSError, EOFError, zlib.error) as exc:
        raise CaptureError(f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    if len(content) > MOST:
        raise CaptureError(f"{path}: has more than {MOST >> 20} MiB: expected a capture that `record` has made")
    try:
        return parse(str(path), content.decode("ascii"))
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise CaptureError(f"{path}, line {line}: byte {content[exc.start]:#04x}: expected plain text") from exc


def save(path: Path, capture: Capture) -> None:
    """Write a capture, compressed where the name ends in .gz. OSError when that cannot be done."""
    content = "".join(f"{line}\n" for line in lines(capture)).encode()
    replace(path, gzip.compress(content, 6, mtime=0) if path.suffix == ".gz" else content)
