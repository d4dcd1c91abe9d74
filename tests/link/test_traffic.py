"""What kind of bytes are on a wire."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.link.traffic import Traffic, classify
from driver.modbus_crc import crc16

REQUEST = bytes.fromhex("4e570013000000000603000000000000680000 0129")
VE_TEXT = b"\r\nPID\t0x203\r\nV\t26201\r\nI\t0\r\nP\t0\r\nSOC\t980\r\nAlarm\tOFF\r\nChecksum\t\xd8"
NMEA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"


def uart_frame(cells: int = 16) -> bytes:
    """A 4E 57 reply, by hand."""
    information = bytes([0x79, 3 * cells]) + b"".join(bytes([n, 0x0C, 0xE4]) for n in range(1, cells + 1))
    body = bytes([0, 0, 0, 0, 6, 0, 1]) + information + bytes(4) + b"\x68"
    head = b"NW" + (len(body) + 2 + 4).to_bytes(2, "big")
    return head + body + (sum(head + body) & 0xFFFF).to_bytes(4, "big")


def jk02_frame() -> bytes:
    body = b"\x55\xaa\xeb\x90\x02" + bytes(range(256)) + bytes(38)
    return body + bytes([sum(body) & 0xFF])


def modbus(body: str) -> bytes:
    data = bytes.fromhex(body)
    return data + crc16(data).to_bytes(2, "little")


def test_the_crc_is_modbus() -> None:
    assert modbus("01 10 16 20 00 01 02 00 00") == bytes.fromhex("01 10 16 20 00 01 02 00 00 d6 f1")
    assert crc16(bytes.fromhex("01 10 16 20 00 01 02 00 00 d6 f1")) == 0


@pytest.mark.parametrize(
    ("heard", "traffic"),
    [
        (b"", Traffic.SILENT),
        (uart_frame(), Traffic.JK_UART),
        (b"\x00\xff" + uart_frame() + b"\x00", Traffic.JK_UART),
        (uart_frame()[:40], Traffic.JK_UART),
        (REQUEST, Traffic.JK_UART),
        (jk02_frame(), Traffic.JK_02),
        (jk02_frame()[:20], Traffic.JK_02),
        (modbus("01 10 16 20 00 01"), Traffic.MODBUS),
        (modbus("01 10 16 20 00 01 02 00 00"), Traffic.MODBUS),
        (modbus("01 10 16 20 00 01") + jk02_frame(), Traffic.JK_02),
        (modbus("01 03 00 00 00 0a"), Traffic.MODBUS),
        (b"\x7f" + modbus("02 03 04 12 34 56 78"), Traffic.MODBUS),
        (modbus("01 83 02"), Traffic.MODBUS),
        (modbus("01 06 00 01 00 03"), Traffic.MODBUS),
        (VE_TEXT, Traffic.VE_DIRECT),
        (VE_TEXT[20:50], Traffic.VE_DIRECT),
        (b":7F0ED0071\n", Traffic.VE_DIRECT),
        (NMEA, Traffic.NMEA),
        (b"!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D\r\n", Traffic.NMEA),
        (b"\xf8\x00\x78\x80", Traffic.UNKNOWN),
        (b"NW", Traffic.UNKNOWN),
        (b"NW\xff\xff" + bytes(20), Traffic.UNKNOWN),
        (b"lat,NW,12", Traffic.UNKNOWN),
    ],
)
def test_what_is_heard(heard: bytes, traffic: Traffic) -> None:
    assert classify(heard) is traffic


def test_a_wrong_sum_is_no_jk_frame() -> None:
    for frame in (uart_frame(), jk02_frame()):
        damaged = bytearray(frame)
        damaged[30] ^= 1
        assert classify(bytes(damaged)) is Traffic.UNKNOWN


def test_our_own_echo() -> None:
    assert classify(REQUEST, REQUEST) is Traffic.ECHO
    assert classify(REQUEST * 3, REQUEST) is Traffic.ECHO
    assert classify(REQUEST + uart_frame(), REQUEST) is Traffic.JK_UART
    assert classify(REQUEST + b"\xf8\x00", REQUEST) is Traffic.UNKNOWN
    assert classify(b"", REQUEST) is Traffic.SILENT


@pytest.mark.parametrize("traffic", Traffic)
def test_only_silence_and_jk_may_be_asked(traffic: Traffic) -> None:
    asked = {Traffic.SILENT, Traffic.ECHO, Traffic.JK_UART, Traffic.JK_02}
    assert traffic.foreign == (traffic not in asked)


@given(st.binary(max_size=300), st.binary(max_size=20))
def test_never_raises(heard: bytes, sent: bytes) -> None:
    assert isinstance(classify(heard, sent), Traffic)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_jk_frame_is_found_in_noise(before: bytes, after: bytes) -> None:
    assert classify(before + uart_frame(4) + after) is Traffic.JK_UART


def test_garbage_is_seldom_taken_for_something() -> None:
    dice = random.Random(1)
    verdicts = [classify(dice.randbytes(500)) for _ in range(200)]
    assert verdicts.count(Traffic.UNKNOWN) > 190
