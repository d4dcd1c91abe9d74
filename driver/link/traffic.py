"""What kind of bytes are on a wire. Pure: used to leave other people's devices alone, and to tell what is wrong."""

import re
from enum import Enum

from ..modbus_crc import crc16

KNOWN_LABELS = rb"PID|FW|SER#|V|I|VPV|PPV|CS|MPPT|ERR|LOAD|H\d+|SOC|TTG|Alarm|Relay|AR|BMV|P|CE|T|VS|VM|MODE|Checksum"
VE_TEXT = re.compile(rb"\r\n(?:" + KNOWN_LABELS + rb")\t")
VE_HEX = re.compile(rb":[0-9A-F]{3,}\n")
NMEA = re.compile(rb"[$!][A-Z]{2}[A-Z0-9]{3},[ -~]*\*[0-9A-F]{2}")
JK_UART_START = b"NW"  # 4E 57
JK_02_START = b"\x55\xaa\xeb\x90"
JK_02_SIZE = 300
SHORTEST_UART, LONGEST_UART = 20, 1024  # bytes of a whole 4E 57 frame


class Traffic(Enum):
    """What was heard."""

    SILENT = "nothing"
    ECHO = "only what was sent, coming back"
    JK_UART = "JK frames (4E 57)"
    JK_02 = "JK frames (55 AA EB 90)"
    VE_DIRECT = "a Victron VE.Direct device"
    NMEA = "a GPS or another NMEA device"
    MODBUS = "Modbus"
    UNKNOWN = "bytes of no protocol known here; another baud rate, polarity or device"

    @property
    def foreign(self) -> bool:
        """True when the port may be somebody else's and must not be asked anything."""
        return self in (Traffic.VE_DIRECT, Traffic.NMEA, Traffic.MODBUS, Traffic.UNKNOWN)


def classify(heard: bytes, sent: bytes = b"") -> Traffic:
    """The most certain thing that `heard` can be; `sent` is what we sent ourselves before (to know an echo)."""
    if sent:
        rest = heard.replace(sent, b"")
        if heard and not rest:
            return Traffic.ECHO
        heard = rest
    if not heard:
        return Traffic.SILENT
    if _has_jk_uart(heard):
        return Traffic.JK_UART
    if _has_jk_02(heard):
        return Traffic.JK_02
    if VE_TEXT.search(heard) or VE_HEX.search(heard):
        return Traffic.VE_DIRECT
    if NMEA.search(heard):
        return Traffic.NMEA
    if _has_modbus(heard):
        return Traffic.MODBUS
    return Traffic.UNKNOWN


def _has_jk_uart(heard: bytes) -> bool:
    """A whole frame with a right sum, or a beginning whose every field so far is possible."""
    at = -1
    while (at := heard.find(JK_UART_START, at + 1)) >= 0:
        frame = heard[at:]
        size = int.from_bytes(frame[2:4], "big") + 2
        if len(frame) < 11 or not SHORTEST_UART <= size <= LONGEST_UART:
            continue
        command, source, kind = frame[8:11]
        if len(frame) < size:
            if command in (1, 2, 3, 5, 6) and source <= 3 and kind <= 2:
                return True
        elif sum(frame[: size - 4]) & 0xFFFF == int.from_bytes(frame[size - 2 : size], "big"):
            return True
    return False


def _has_jk_02(heard: bytes) -> bool:
    """A whole record with a right sum, or the beginning of one of a known type."""
    at = -1
    while (at := heard.find(JK_02_START, at + 1)) >= 0:
        frame = heard[at : at + JK_02_SIZE]
        if len(frame) < JK_02_SIZE:
            if frame[4:5] in (b"\x01", b"\x02", b"\x03"):
                return True
        elif sum(frame[:-1]) & 0xFF == frame[-1]:
            return True
    return False


def _has_modbus(heard: bytes) -> bool:
    """A frame whose length fits its function code and whose CRC is right."""
    return any(
        crc16(heard[at : at + size]) == 0
        for at in range(len(heard) - 4)
        for size in _modbus_sizes(heard[at : at + 7])
        if size <= len(heard) - at
    )


def _modbus_sizes(head: bytes) -> tuple[int, ...]:
    """Whole lengths that a Modbus RTU frame with this beginning may have (request, answer)."""
    function = head[1]
    if function & 0x80:
        return (5,) if function & 0x7F in (1, 2, 3, 4, 5, 6, 15, 16) and 1 <= head[2] <= 11 else ()
    if function in (1, 2, 3, 4):
        return (8, head[2] + 5)
    if function in (5, 6):
        return (8,)
    if function in (15, 16):
        return (8, *(head[6:7] and (head[6] + 9,)))
    return ()
