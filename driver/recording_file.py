"""Captures as files: read with bounds, written whole or not at all, and for nobody else's eyes."""

import gzip
import os
import zlib
from pathlib import Path

from .errors import CaptureError
from .protocol.capture import Capture, lines, parse

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


def replace(path: Path, content: bytes) -> None:
    """Write a file as a whole: there is the old one or the new one, and only its owner can read it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(beside, "wb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
