"""The real svscan, supervise and multilog over the /service directory of an installed tree."""

import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar


@dataclass(frozen=True, slots=True)
class Standing:
    """What svstat says."""

    text: str
    up: bool
    pid: int | None
    seconds: int | None


Value = TypeVar("Value")


def until(look: Callable[[], Value], *, seconds: float = 60.0) -> Value:
    """Look again and again until something true is seen, and return it; the deadline is no measure but an emergency."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"nothing seen within {seconds:.0f} s"
        time.sleep(0.01)
    return seen


def standing(directory: Path) -> Standing:
    """Ask svstat about one service directory."""
    text = subprocess.run(["svstat", str(directory)], capture_output=True, text=True).stdout.strip()
    match = re.search(r": (up|down)(?: \(pid (\d+)\))? (\d+) seconds", text)
    if not match:
        return Standing(text, up=False, pid=None, seconds=None)
    state, pid, seconds = match.groups()
    return Standing(text, state == "up", int(pid) if pid else None, int(seconds))


class Supervised:
    """A context: svscan runs over `services`; at the end nothing that was started runs any more."""

    def __init__(self, services: Path, environment: Mapping[str, str]) -> None:
        self.service = services / "dbus-jkbms"
        self._real = self.service.resolve()  # install.sh may take the link away
        self._command = ["svscan", str(services)]
        self._environment = dict(environment)

    def __enter__(self) -> Self:
        self._scan = subprocess.Popen(
            self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=None
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End svscan first, it would start a new supervise; a command sent in the second after a start acts late."""
        self._scan.terminate()
        self._scan.wait(10)
        for directory in (self._real, self._real / "log"):
            if (directory / "supervise").exists():
                until(lambda directory=directory: self._gone(directory), seconds=45)

    @staticmethod
    def _gone(directory: Path) -> bool:
        subprocess.run(["svc", "-dx", str(directory)], capture_output=True)
        return subprocess.run(["svok", str(directory)], capture_output=True).returncode != 0

    def pid(self, *, other_than: int | None = None) -> int:
        """Wait until the program runs (again), and return its process."""
        return until(lambda: (now := standing(self.service)).pid != other_than and now.pid)

    def settled(self) -> int:
        """Wait until supervise listens: it sleeps a second after each start. Return the process."""
        return until(lambda: (now := standing(self.service)).up and (now.seconds or 0) >= 2 and now.pid)
