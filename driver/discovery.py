"""`ports = auto`: finds JK batteries on USB serial adapters that nobody uses and nobody claims.

An adapter is listened to before a byte is sent, because probing a foreign port breaks other people's devices; where
anything is heard, nothing is sent. What is no JK is left alone until it is plugged in anew.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from .battery.reading import Reading
from .errors import LayoutError, LinkError, ProtocolError
from .link.base import Link
from .link.ports import Adapter, Rejected, listen_first, usb_serial_adapters
from .link.serial import SerialLink
from .link.traffic import Traffic
from .options import Battery
from .protocol.dialect import DIALECTS, Dialect

log = logging.getLogger(__name__)

LISTEN = 1.2  # s; VE.Direct speaks once a second
LOOK = 5.0  # s between looks at which adapters are there
STABLE = ("/dev/serial/by-id/", "/dev/serial/by-path/")

Add = Callable[[Mapping[str, Battery]], None]


class Discovery:
    """Watches the adapters of this machine while the process runs."""

    def __init__(self, add: Add, known_ports: Iterable[str], dev_root: str = "/dev") -> None:
        """`add` takes batteries in by name; `known_ports` had a battery before and are not asked again."""
        self._add = add
        self._dev = Path(dev_root)
        self._used: set[str] = set()
        self._rejected = Rejected()
        self._known = [port for port in known_ports if port.startswith(STABLE)]

    async def run(self) -> None:
        """Look for batteries until cancelled."""
        if self._known:
            self._take(self._known)
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
            port = adapter.by_id or adapter.device
            if port in self._used or adapter in self._rejected:
                continue
            if adapter.free:
                candidates.append(adapter)
            else:
                who = ", ".join(map(str, adapter.holders)) or f"Victron's service {adapter.service}"
                log.info("%s (%s) is left alone: it belongs to %s", adapter.device, adapter.product, who)
        found = await asyncio.gather(*map(self._probe, candidates))
        self._take([adapter.by_id or adapter.device for adapter, is_jk in zip(candidates, found, strict=True) if is_jk])

    def _take(self, ports: list[str]) -> None:
        self._used.update(ports)
        if ports:
            self._add(
                {
                    Path(port).resolve().name if Path(port).exists() else Path(port).name: Battery(port=port)
                    for port in ports
                }
            )

    async def _probe(self, adapter: Adapter) -> bool:
        """Whether a JK answers on this adapter."""
        dialect = DIALECTS[Battery().protocol](1.0)  # the one that `_take` gives the battery
        link = SerialLink(adapter.device, dialect.baudrate)
        try:
            await link.open()
            heard = await listen_first(link, LISTEN)
            if heard.traffic is Traffic.SILENT:
                await answers(link, dialect)
                return True
            log.info("%s is left alone: %s is heard there", adapter.device, heard.traffic.value)
        except (LinkError, ProtocolError) as exc:
            log.info("%s: no %s: %s", adapter.device, dialect.label, exc)
        finally:
            await link.close()
        self._rejected.add(adapter)
        return False


async def answers(link: Link, dialect: Dialect) -> Reading:
    """The first reading over an open link. ProtocolError when the BMS stays silent, LinkError when the link is lost."""
    clock = asyncio.get_running_loop().time
    talk = dialect.talk
    while True:
        request = talk.send(clock())
        if request is not None:
            await link.write(request)
        for frame in talk.receive(await link.read(talk.expected, talk.wake(clock()))):
            try:
                reading = dialect.take(frame)
            except LayoutError as exc:
                raise ProtocolError(f"a frame that is not understood: {exc}") from exc
            if reading is not None:  # an answer to the call that wakes a sleeping BMS is none
                return reading
