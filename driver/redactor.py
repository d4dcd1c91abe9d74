"""The process that writes the flight recorder's files: a capture comes in on standard input, with its secrets.

They leave it without. Run by `flight.py`; by itself: `python -m driver.redactor FILE < CAPTURE`.
"""

import os
import sys
from pathlib import Path

from .errors import CaptureError
from .protocol.capture import Capture, parse
from .protocol.redaction import NOTE, Redactor
from .recording_file import MOST, save

KEPT, KEPT_BYTES = 8, 2 * 1024 * 1024  # recordings in a folder
MANNERS = 10  # of nice: the driver goes first


def main(arguments: list[str]) -> int:
    """Write the file that is named; 1 and a line on standard error when that cannot be done."""
    path = Path(arguments[0])
    os.nice(MANNERS)
    try:
        capture = parse("standard input", sys.stdin.buffer.read(MOST).decode("ascii"))
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        redactor = Redactor(os.urandom(16))
        chunks = redactor.chunks(capture.chunks)
        head = {name: redactor.text(text) for name, text in capture.head.items()}
        save(path, Capture({**head, "redacted": NOTE}, chunks))
        tidy(path.parent, path.suffix)
    except (CaptureError, OSError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


def tidy(folder: Path, suffix: str) -> None:
    """Remove the oldest recordings: few are kept."""
    size = 0
    files = sorted(folder.glob(f"*.capture{suffix}"), key=lambda file: file.stat().st_mtime, reverse=True)
    for number, file in enumerate(files):
        size += file.stat().st_size
        if number >= KEPT or size > KEPT_BYTES:
            file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
