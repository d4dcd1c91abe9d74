"""What was heard on a wire instead of a reading, in words, and what to do about it. Commands and log say the same."""

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .link.traffic import Traffic, classify

MOST_SHOWN = 320  # bytes of a sample; the longest frame seen has 315


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found instead of a reading, and what to do about it."""

    found: str
    next_step: str
    sample: str = ""  # of what was received, in hex, without secrets: for `decode`, and to report
    refused: bool = False  # the port does not open, or is gone
    foreign: bool = False  # somebody else may be there, whom the next byte would disturb


UART_OF_GPS, UART_OF_BUS = "000 (4G-GPS remote module)", "001 (JK BMS RS485 Modbus)"  # in the JK app
WIRING = (
    "Check that the BMS is awake (charge it a little, or press its button), that GND, TX and RX are connected and TX "
    "and RX not swapped (on RS485: A and B), and that in the JK app the UART1 protocol is {uart}"
)
OTHER_PROTOCOL = "In the JK app, set the UART1 protocol to {uart}; some models need a restart"
OTHER_ADDRESS = "Compare the address with the DIP switches of the pack: 1 to 15, and each only once on a bus"
OTHER_DEVICE = "This adapter is connected to another device: choose the port of the BMS"
SHARED = "Another program or device asks the BMS: a port serves one. Stop it, or disconnect it"

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


def of_traffic(traffic: Traffic, *, received: int, baudrate: int | str, uart: str) -> Verdict:
    """What follows from the kind of bytes that came, in a conversation at this speed."""
    found = VERDICTS[traffic]
    values = {"received": received, "baudrate": baudrate, "uart": uart}
    return Verdict(found.found.format_map(values), found.next_step.format_map(values), foreign=traffic.foreign)


def overheard(traffic: Traffic, where: str, otherwise: str) -> Verdict:
    """What follows from bytes that nobody here asked for. `otherwise`: what to do if the BMS is there all the same."""
    step = SHARED if traffic in (Traffic.JK_UART, Traffic.JK_02) else OTHER_DEVICE
    return Verdict(f"{traffic.value} is heard on {where}: nothing was sent", f"{step}. {otherwise}", foreign=True)


def what_was_heard(heard: bytes, sent: Collection[bytes]) -> Traffic:
    """The kind of traffic, own requests taken out; `ECHO` when these were all."""
    pattern = b"|".join(re.escape(one) for one in sorted(sent, key=len, reverse=True))
    rest = re.sub(pattern, b"", heard) if pattern else heard
    if heard and not rest:
        return Traffic.ECHO
    return classify(rest)


def sample(heard: bytes) -> str:
    """The last frame in hex, or what there is instead; secrets are masked, names and serial numbers are others."""
    from .protocol.annotate import pieces, redact  # only commands show one
    from .protocol.redaction import Redactor

    alias = Redactor(os.urandom(16)).alias
    frames = [(piece.family, piece.data) for piece in pieces(heard) if piece.family is not None]
    answers = [frame for frame in frames if len(frame[1]) > 21]  # longer than a question
    if not frames:
        return redact(heard)[:MOST_SHOWN].hex()
    family, data = (answers or frames)[-1]
    return family.redact(data, alias)[:MOST_SHOWN].hex()
