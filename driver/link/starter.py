"""Victron's serial-starter: the ports of batteries are taken from it, and given back at the end.

It hands every port to one program after the other, and the lock on an open port does not stop them. It is asked in the
way that Venus OS provides for: `stop-tty.sh ttyUSB0`, `start-tty.sh ttyUSB0`. Elsewhere there is none of this.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

log = logging.getLogger(__name__)

ROOT = Path("/")
SCRIPTS = "opt/victronenergy/serial-starter"
WAITING = "dev/serial-starter"  # a node here: a program will be started on that port
SERVICES = "service"  # PROGRAM.ttyUSB0 here: one was
LOOK = 5.0  # s between looks: an adapter that is plugged in is handed out within 2 s
PATIENCE = 5.0  # s for a script


class SerialStarter:
    """Keeps serial-starter away from `ports`, by the names that they have in the configuration."""

    def __init__(self, ports: Callable[[], Iterable[str]]) -> None:
        self._ports = ports
        self._taken: set[str] = set()  # to be given back
        self._failed: set[str] = set()  # and it was said

    @property
    def present(self) -> bool:
        """Whether this machine has one."""
        return Path(ROOT, SCRIPTS, "stop-tty.sh").exists()

    async def run(self) -> None:
        """Take what turns up until cancelled; then give everything back."""
        try:
            while True:
                await self.take()
                await asyncio.sleep(LOOK)
        finally:
            await asyncio.gather(*(self._script("start-tty.sh", tty) for tty in sorted(self._taken)))

    async def take(self) -> None:
        """Take the ports that it has or is about to hand out."""
        ttys = sorted({tty for port in self._ports() if (tty := name_of(port))})
        await asyncio.gather(*(self._take(tty) for tty in ttys if self._has(tty)))

    def _has(self, tty: str) -> bool:
        waiting = Path(ROOT, WAITING, tty).exists()
        return waiting or (tty not in self._taken and any(Path(ROOT, SERVICES).glob(f"*.{tty}")))

    async def _take(self, tty: str) -> None:
        self._taken.add(tty)
        if await self._script("stop-tty.sh", tty):
            log.info("%s is taken from serial-starter: a battery is on it", tty)

    async def _script(self, script: str, tty: str) -> bool:
        """Whether it did what it should; that it did not is said once for each port."""
        path = Path(ROOT, SCRIPTS, script)
        why = ""
        try:
            process = await asyncio.create_subprocess_exec(path, tty, stdout=asyncio.subprocess.DEVNULL)
            try:
                async with asyncio.timeout(PATIENCE):
                    if await process.wait():
                        why = f"exit code {process.returncode}"
            except TimeoutError:
                process.kill()
                await process.wait()
                why = f"did not end within {PATIENCE:g} s"
        except OSError as exc:
            why = exc.strerror or str(exc)
        if why and tty not in self._failed:
            self._failed.add(tty)
            log.warning("%s %s: %s; programs of Victron may disturb the battery there", path, tty, why)
        return not why


def name_of(port: str) -> str:
    """The name under /dev that a port has, "ttyUSB0"; "" for a port that is somewhere else, or not there."""
    path = Path(port)
    if port.startswith("/") and path.parent != ROOT / "dev" and path.is_symlink():
        path = Path(os.path.normpath(path.parent / path.readlink()))
    return path.name if path.parent == ROOT / "dev" and path.exists() else ""
