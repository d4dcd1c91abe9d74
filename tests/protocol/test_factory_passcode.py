"""Whether a BMS still has the passcode of the factory is told; the passcode never is."""

import pytest

from driver.protocol.dialect import conversation
from driver.protocol.jk02 import Variant
from driver.protocol.jk02_wire import sealed
from driver.protocol.jkuart_wire import reply
from driver.protocol.rows import FACTORY, REDACTED, Secret
from tests.commands.frames import registers
from tests.protocol.built import cell_info, device_info, settings


def with_passcodes(device: bytes, setup: bytes) -> bytes:
    frame = bytearray(device_info(Variant.S32))
    frame[62 : 62 + len(device)], frame[118 : 118 + len(setup)] = device, setup
    return sealed(bytes(frame))


@pytest.mark.parametrize(
    ("password", "factory"), [(b"123456", True), (b"1234567", False), (b"1234", False), (b"", False), (b"x", False)]
)
def test_of_a_uart(password: bytes, factory: bool) -> None:
    frame = reply(registers() | {0xB2: password.ljust(10, b"\0")})
    reading = conversation("jk-uart", 1.0).take(frame)
    assert reading is not None
    assert reading.factory_passcode is factory
    assert reading.details[1].password in (FACTORY, REDACTED)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("device", "setup", "factory"),
    [(b"1234", b"7", True), (b"7", b"123456", True), (b"7", b"8", False), (b"", b"", False), (b"12345", b"1", False)],
)
def test_over_bluetooth(device: bytes, setup: bytes, factory: bool) -> None:
    dialect = conversation("jk-ble", 1.0)
    dialect.take(with_passcodes(device, setup))
    dialect.take(settings())
    reading = dialect.take(cell_info())
    assert reading is not None
    assert reading.factory_passcode is factory


def test_a_passcode_that_is_nobodys_is_only_hidden() -> None:
    assert Secret(4).read(b"\0\0\0\0") == REDACTED
    assert Secret(8, b"1234").read(b"1234\0rest") == FACTORY
