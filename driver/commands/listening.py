"""What came over a wire while nobody was satisfied yet, and what follows from it in words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..errors import LinkError
from ..link.base import Link
from ..link.traffic import Traffic, classify
from ..protocol.annotate import pieces, redact
from ..protocol.dialect import BUSES, Dialect
from ..session import Statistics

TAKEN = "another master"  # begins what is said about one
KEPT = 4096  # bytes that a verdict is made of
MOST_SHOWN = 320  # bytes of a sample; the longest frame seen has 315


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
        self._link = link

    async def open(self) -> None:
        """See `Link`."""
        self.is_open = False
        try:
            await self._link.open()
        except LinkError as exc:
            self._trouble(exc)
            raise
        self.is_open, self.refusal = True, ""

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
        self.refusal = str(exc)
        self._refused()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found instead of a reading, and what to do about it."""

    found: str
    next_step: str
    sample: str = ""  # of what was received, in hex, without secrets: for `decode`, and to report


WIRING = (
    "Check that the BMS is awake (charge it a little, or press its button), that GND, TX and RX are connected and TX "
    "and RX not swapped (on RS485: A and B), and that in the JK app the UART1 protocol is {uart}"
)
OTHER_PROTOCOL = "In the JK app, set the UART1 protocol to {uart}; some models need a restart"
OTHER_ADDRESS = "Compare the address with the DIP switches of the pack: 1 to 15, and each only once on a bus"
OTHER_DEVICE = "This adapter is connected to another device: choose the port of the BMS"


def verdict(link: ListeningLink, dialect: Dialect, statistics: Statistics) -> Verdict:
    """Why there was no reading on this link."""
    if link.refusal:
        return Verdict(
            link.refusal, "Put that right and try again; `check` tells whether the driver runs there already"
        )
    return replace(_of_traffic(link, dialect, statistics), sample=_sample(link.heard))


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
    found = VERDICTS[what_was_heard(link.heard, link.sent)]
    uart = "001 (JK BMS RS485 Modbus)" if on_bus else "000 (4G-GPS remote module)"
    values = {"received": link.received, "baudrate": dialect.baudrate, "uart": uart}
    more = f". {OTHER_ADDRESS}" if on_bus and found.next_step.endswith(WIRING) else ""
    return Verdict(found.found.format_map(values), found.next_step.format_map(values) + more)


def _sample(heard: bytes) -> str:
    """The last frame, or what there is instead."""
    frames = [piece.data for piece in pieces(heard) if piece.family is not None]
    answers = [frame for frame in frames if len(frame) > 21]  # longer than a question
    return redact((answers or frames or [heard])[-1])[:MOST_SHOWN].hex()


def what_was_heard(heard: bytes, sent: set[bytes]) -> Traffic:
    """The kind of traffic, own requests taken out; `ECHO` when these were all."""
    pattern = b"|".join(re.escape(one) for one in sorted(sent, key=len, reverse=True))
    rest = re.sub(pattern, b"", heard) if pattern else heard
    if heard and not rest:
        return Traffic.ECHO
    return classify(rest)


VERDICTS: Mapping[Traffic, Verdict] = {
    Traffic.SILENT: Verdict("nothing was received, not one byte", WIRING),
    Traffic.ECHO: Verdict(
        "only our own requests came back ({received} bytes)",
        "The adapter hears itself and no BMS: RX and TX are connected to each other, or the adapter echoes and the BMS "
        f"is silent. {WIRING}",
    ),
    Traffic.JK_UART: Verdict(
        "beginnings of JK frames, but no whole one ({received} bytes)",
        "Bytes are lost on the way: check the cable, and that no other program reads the same port",
    ),
    Traffic.JK_02: Verdict("a JK BMS that speaks another protocol (55 AA EB 90)", OTHER_PROTOCOL),
    Traffic.MODBUS: Verdict("Modbus: the BMS speaks another protocol, or this is another device", OTHER_PROTOCOL),
    Traffic.VE_DIRECT: Verdict("a Victron device (VE.Direct)", OTHER_DEVICE),
    Traffic.NMEA: Verdict("a GPS or another NMEA device", OTHER_DEVICE),
    Traffic.UNKNOWN: Verdict(
        "garbage: {received} bytes of no protocol known here",
        "The baud rate is wrong (a JK BMS needs {baudrate}), the polarity is (A and B swapped, or RS232 levels "
        "instead of TTL), or another device is connected. In the JK app the UART1 protocol must be {uart}",
    ),
}
