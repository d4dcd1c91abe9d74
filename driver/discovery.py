"""`ports = auto`: finds JK batteries on USB serial adapters that nobody uses and nobody claims.

An adapter is listened to before a byte is sent, because probing a foreign port breaks other people's devices; where
anything is heard, nothing is sent. What is no JK is left alone until it is plugged in anew.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from .known import KnownBatteries
from .link.ports import Adapter, Rejected, usb_serial_adapters
from .options import Battery
from .protocol.detected import Detected

log = logging.getLogger(__name__)

LOOK = 5.0  # s between looks at which adapters are there
STABLE = ("/dev/serial/by-id/", "/dev/serial/by-path/")

Add = Callable[[Mapping[str, Battery]], None]


class Discovery:
    """Watches the adapters of this machine while the process runs."""

    def __init__(self, add: Add, known: KnownBatteries, named: Collection[str], dev_root: str = "/dev") -> None:
        """`add` takes batteries in by name; ports that are `named`, or where some are `known`, are not searched."""
        self._add = add
        self._known = known
        self._dev = Path(dev_root)
        self._used: set[str] = set(named)
        self._rejected = Rejected()

    async def run(self) -> None:
        """Look for batteries until cancelled."""
        before = [*self._known.ports(), *self._known.shared_ports(time.time())]
        stable = {port: self._known.detected(port) for port in before if port.startswith(STABLE)}
        if stable:
            self._take(stable)
        else:
            log.info("no battery is configured: looking for a JK BMS on free USB serial adapters")
        seen: set[str] = set()
        while True:
            there = {path.name for path in self._dev.glob("tty[UA][SC][BM]*")}
            if there - seen or (there and there != seen):
                await self._look()
            seen = there
            await asyncio.sleep(LOOK)

    async def _look(self) -> None:
        adapters = await asyncio.to_thread(usb_serial_adapters)
        candidates = []
        for adapter in adapters:
            if adapter in self._rejected or self._uses(adapter):
                continue
            if adapter.free:
                candidates.append(adapter)
            else:
                who = ", ".join(map(str, adapter.holders)) or f"Victron's service {adapter.service}"
                log.info("%s (%s) is left alone: it belongs to %s", adapter.device, adapter.product, who)
        found = await asyncio.gather(*map(self._probe, candidates))
        self._take({port: detected for port, detected in found if detected is not None})

    def _uses(self, adapter: Adapter) -> bool:
        """Whether a battery is there already, by whatever name the port is called."""
        return os.path.realpath(adapter.device) in map(os.path.realpath, self._used)

    def _take(self, found: Mapping[str, Detected | None]) -> None:
        self._used.update(found)
        if found:
            self._add({_name(port): _battery(port, detected) for port, detected in found.items()})

    async def _probe(self, adapter: Adapter) -> tuple[str, Detected | None]:
        """The port, and who answers there if that is a JK."""
        from .detection import detect  # its tables are paid for only where something is to be found out

        port = adapter.port
        found = await detect(adapter.device, self._known.detected(port))
        if isinstance(found, Detected):
            self._known.keep_detected(port, found)
            return port, found
        log.info("%s is left alone: %s", adapter.device, found.found)
        self._rejected.add(adapter)
        return port, None


def _name(port: str) -> str:
    return Path(port).resolve().name if Path(port).exists() else Path(port).name


def _battery(port: str, found: Detected | None) -> Battery:
    battery = Battery(port=port)
    return battery if found is None else battery.speaking(found.protocol)
