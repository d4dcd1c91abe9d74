"""Who a battery is: owner's id, serial number, manufacturer id, port; in this order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.identity import Key, key
from driver.battery.reading import Identity

PORT = "/dev/serial/by-path/platform-usb-0:1.2:1.0-port0"
FULL = Identity(protocol="jk-uart", serial="2040612345", manufacturer_id="Garage left")
UART = Identity(protocol="jk-uart", manufacturer_id="Garage left")
NAMELESS = Identity(protocol="jk-uart")
BY_PORT = "dev_serial_by_path_platform_usb_0_1_2_1_0_port0"


@pytest.mark.parametrize(
    ("owner_id", "identity", "taken", "expected"),
    [
        ("house", FULL, (), Key("house", "id in config.ini", lasting=True)),
        (None, FULL, (), Key("2040612345", "serial number", lasting=True)),
        (None, UART, (), Key("Garage_left", "manufacturer id", lasting=True)),
        (None, NAMELESS, (), Key(BY_PORT, "port", lasting=False)),
        ("", FULL, (), Key("2040612345", "serial number", lasting=True)),
        (None, FULL, ("2040612345",), Key("Garage_left", "manufacturer id", lasting=True)),
        (None, UART, ("Garage_left",), Key(BY_PORT, "port", lasting=False)),
        ("house", UART, ("house", "Garage_left"), Key(BY_PORT, "port", lasting=False)),
        (None, NAMELESS, (BY_PORT,), Key(BY_PORT + "_2", "port", lasting=False)),
        (None, NAMELESS, (BY_PORT, BY_PORT + "_2"), Key(BY_PORT + "_3", "port", lasting=False)),
        ("my__house_1", UART, (), Key("my__house_1", "id in config.ini", lasting=True)),
        (None, Identity(protocol="x", manufacturer_id="电池"), (), Key(BY_PORT, "port", lasting=False)),
    ],
)
def test_the_first_that_is_told_and_free(
    owner_id: str | None, identity: Identity, taken: tuple[str, ...], expected: Key
) -> None:
    assert key(owner_id, identity, PORT, taken) == expected


def test_two_bms_of_one_kind_on_two_ports_are_two_batteries() -> None:
    first = key(None, UART, "/dev/ttyUSB0", ())
    second = key(None, UART, "/dev/ttyUSB1", {first.value})
    assert (first.value, second.value) == ("Garage_left", "dev_ttyUSB1")


def test_a_battery_on_another_port_is_the_same_battery() -> None:
    assert key(None, FULL, "/dev/ttyUSB0", ()) == key(None, FULL, "socket://10.0.0.7:4001", ())


def test_a_port_without_a_letter_is_a_battery() -> None:
    assert key(None, NAMELESS, "://", ()) == Key("battery", "port", lasting=False)


@given(st.text(), st.text(), st.text(min_size=1), st.sets(st.text(alphabet="ab_2", max_size=4)))
def test_every_key_suits_localsettings_and_is_free(owner_id: str, serial: str, port: str, taken: set[str]) -> None:
    found = key(owner_id, Identity(protocol="x", serial=serial), port, taken)
    assert found.value not in taken
    assert found.value.isascii()
    assert found.value.replace("_", "a").isalnum()
    assert not found.value.startswith("_")
