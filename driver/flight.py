"""The flight recorder: the last minutes of every link in memory, written down when something goes wrong.

What is written has no secrets in it; a process of its own redacts it, so that the driver does not stand still meanwhile
and needs no memory for tables that it has no other use for. The flash of a GX wears out, and the first minutes of a
trouble tell most: one file in half an hour for a link, four in an hour for all of them, and the newest eight are kept.
"""

import asyncio
import contextlib
import logging
import re
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from subprocess import PIPE

from . import __version__
from .link.base import Link
from .link.recording import RecordedLink
from .logs import Outage
from .protocol.capture import Capture, chunk_lines, lines
from .tape import Tape

log = logging.getLogger(__name__)

ASKED = signal.SIGUSR1  # writes what there is of all links
APART = 1800.0  # s between files of one link
MOST_IN_AN_HOUR = 4
HANDED = 50  # chunks handed to the other process at once
PATIENCE = 120.0  # s for that process
ENDING = ".capture.gz"


@dataclass(slots=True)
class Recorded:
    """One link."""

    protocol: str
    wired: bool
    tape: Tape = field(default_factory=Tape)
    again: float = 0.0  # monotonic s before which nothing is written


class FlightRecorder:
    """The recordings of a process, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._links: dict[str, Recorded] = {}
        self._written: deque[float] = deque(maxlen=MOST_IN_AN_HOUR)  # when the last ones were, in monotonic s
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = count(1)
        self._one_at_a_time = asyncio.Lock()
        self._trouble = Outage(log)

    def recorded(self, link: Link, protocol: str, *, wired: bool = True) -> Link:
        """The link as it is to be used from now on."""
        one = self._links[link.name] = Recorded(protocol, wired)
        return RecordedLink(link, one.tape)

    def incident(self, link: str, why: str) -> None:
        """Something went wrong: write what led to it, unless that was done not long ago."""
        now = time.monotonic()
        one = self._links.get(link)
        often = len(self._written) == MOST_IN_AN_HOUR and now - self._written[0] < 3600.0
        if one is None or often or now < one.again:
            return
        one.again = now + APART
        self._written.append(now)
        self._begin(link, one, why)

    def write_all(self) -> None:
        """Somebody asks: write what there is, whenever the last time was."""
        for link, one in self._links.items():
            self._begin(link, one, "the running driver was asked")

    async def close(self) -> None:
        """Leave what is not written yet."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, link: str, one: Recorded, why: str) -> None:
        task = asyncio.get_running_loop().create_task(self._write(link, one, why))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, link: str, one: Recorded, why: str) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        path = self._folder / f"{name_of(link)}-{stamp}-{next(self._numbers)}{ENDING}"
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(PATIENCE):
                    said = await _redacted(one, why, path)
            except (OSError, TimeoutError) as exc:
                said = str(exc) or f"not within {PATIENCE:.0f} s"
        if said:
            self._trouble.say("the recording of %s was not written: %s", link, said)
        else:
            log.info("recording of %s written to %s: %s", link, path.name, why)
            self._trouble.over("recordings are written again")


def folder_of(state: Path) -> Path:
    """Where the recordings of a driver stand whose state file this is."""
    return state.with_name("recordings")


def name_of(link: str) -> str:
    """The beginning of the names of a link's files."""
    return re.sub(r"[^A-Za-z0-9._]", "_", link).strip(".")[:48] or "link"


async def _redacted(one: Recorded, why: str, path: Path) -> str:
    """Hand the tape to a process that redacts and writes it; what it says when it could not."""
    head = {
        "protocol": one.protocol,
        "driver": __version__,
        "link": "wire" if one.wired else "Bluetooth",
        "ended": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "reason": why,
    }
    command = (sys.executable, "-m", f"{__package__}.redactor", str(path))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=Path(__file__).parents[1]
    )
    assert process.stdin is not None
    try:
        with contextlib.suppress(ConnectionError):  # it has ended early, and says why
            process.stdin.write("".join(f"{line}\n" for line in lines(Capture(head, ()))).encode())
            rest = chunk_lines(one.tape.chunks())
            while some := "".join(f"{line}\n" for line in islice(rest, HANDED)):
                process.stdin.write(some.encode())
                await process.stdin.drain()
        _, errors = await process.communicate(b"")  # without bytes, Python 3.11 leaves the pipe open
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return errors.decode(errors="replace").strip().rpartition("\n")[2] if process.returncode else ""
