"""What came over a wire while nobody was satisfied yet, and what follows from it in words."""

from collections.abc import Callable
from dataclasses import replace

from ..errors import LinkError
from ..link.base import Link
from ..link.traffic import Traffic
from ..protocol.dialect import BUSES, Dialect
from ..session import Statistics
from ..verdicts import OTHER_ADDRESS, UART_OF_BUS, UART_OF_GPS, Verdict, of_traffic, sample, what_was_heard

TAKEN = "another master"  # begins what is said about one
KEPT = 4096  # bytes that a verdict is made of


class ListeningLink:
    """A link that remembers what went over it; see `link.base.Link`."""

    def __init__(self, link: Link, refused: Callable[[], None]) -> None:
        """`refused` is called when the link does not open, or is lost."""
        self.name = link.name
        self._refused = refused
        self.heard = b""  # the last of it
        self.received = 0  # bytes
        self.sent: set[bytes] = set()
        self.is_open = False
        self.refusal = ""  # why it did not open, or was lost, the last time
        self.hopeless = False  # and the next try will not help
        self._link = link

    async def open(self) -> None:
        """See `Link`."""
        self.is_open = False
        try:
            await self._link.open()
        except LinkError as exc:
            self._trouble(exc)
            raise
        self.is_open, self.refusal, self.hopeless = True, "", False

    async def write(self, data: bytes) -> None:
        """See `Link`."""
        self.sent.add(data)
        try:
            await self._link.write(data)
        except LinkError as exc:
            self._trouble(exc)
            raise

    async def read(self, expect: int, timeout: float) -> bytes:
        """See `Link`."""
        try:
            data = await self._link.read(expect, timeout)
        except LinkError as exc:
            self._trouble(exc)
            raise
        self.received += len(data)
        self.heard = (self.heard + data)[-KEPT:]
        return data

    async def close(self) -> None:
        """See `Link`."""
        await self._link.close()

    def _trouble(self, exc: LinkError) -> None:
        self.refusal, self.hopeless = str(exc), not exc.passing
        self._refused()


def verdict(link: ListeningLink, dialect: Dialect, statistics: Statistics) -> Verdict:
    """Why there was no reading on this link."""
    if link.refusal:
        return Verdict(
            link.refusal, "Put that right and try again; `check` tells whether the driver runs there already"
        )
    return replace(_of_traffic(link, dialect, statistics), sample=sample(link.heard))


def _of_traffic(link: ListeningLink, dialect: Dialect, statistics: Statistics) -> Verdict:
    framer, on_bus = dialect.talk.framer, dialect.name in BUSES
    if on_bus and statistics.last_problem.startswith(TAKEN):
        return Verdict(statistics.last_problem, "A pack whose DIP switches set address 0 is such a master")
    if statistics.refused:
        return Verdict(
            f"frames arrive, but none is a reading: {statistics.last_problem}",
            "The firmware may be newer than this driver: report what `decode` says about the bytes below",
        )
    if framer.good:
        return Verdict(
            "the BMS answers, but with nothing that holds its values",
            "Report what `decode` says about the bytes below",
        )
    if on_bus and what_was_heard(link.heard, link.sent) is Traffic.JK_02:
        return Verdict("frames of packs, but none from the address that was asked", OTHER_ADDRESS)
    if framer.corrupt and b"NW" in link.heard:
        return Verdict(
            f"only damaged frames: {framer.corrupt} with a wrong checksum",
            "Check the ground wire, the length of the cable and its distance to power cables, and that no other "
            "program or device uses the same wires",
        )
    traffic = what_was_heard(link.heard, link.sent)
    uart = UART_OF_BUS if on_bus else UART_OF_GPS
    found = of_traffic(traffic, received=link.received, baudrate=dialect.baudrate, uart=uart)
    if on_bus and traffic in (Traffic.SILENT, Traffic.ECHO):
        return replace(found, next_step=f"{found.next_step}. {OTHER_ADDRESS}")
    return found
