"""`scan`: what is near, as a table and as JSON."""

import json

import pytest

from driver.__main__ import main
from driver.link.advertised import protocol_of
from tests.ble.gatt import FFE0
from tests.ble.scene import ADDRESS, OTHER_ADDRESS


@pytest.mark.parametrize(
    ("address", "name", "services", "manufacturers", "protocol"),
    [
        (ADDRESS, "JK_PB2A16S20P", (FFE0,), (), "jk-ble"),
        ("11:22:33:44:55:66", "JK-BD6A17S6P", (), (), "jk-ble"),
        ("11:22:33:44:55:66", "cellar", (FFE0,), (), "jk-ble"),
        ("11:22:33:44:55:66", "cellar", (), ((0x4B4A, b"\x88\xa0abcdef"),), "jk-ble"),
        ("20:22:08:00:00:01", "", (), (), "jk-ble"),
        ("11:22:33:44:55:66", "GW-24S4EB", (FFE0,), (), "neey"),
        ("3C:A5:51:00:00:01", "", (FFE0,), (), "neey"),
        ("11:22:33:44:55:66", "Ruuvi 1234", ("0000feaa-0000-1000-8000-00805f9b34fb",), ((0x0499, b"\x05"),), None),
        ("11:22:33:44:55:66", "", (), (), None),
    ],
)
def test_what_a_device_is(address, name, services, manufacturers, protocol) -> None:
    assert protocol_of(address, name, services, manufacturers) == protocol


@pytest.fixture
def neighbours(air, hci0, bms):
    """Two batteries, one of them connected to somebody else, and a thermometer."""
    other = air.add_device(hci0, OTHER_ADDRESS, name="cellar", rssi=-80, known=True)
    air.call(other.link_up, {})
    eddystone = ("0000feaa-0000-1000-8000-00805f9b34fb",)
    air.add_device(hci0, "11:22:33:44:55:66", name="Ruuvi", services=eddystone, manufacturer={0x0499: b"\x05"})
    return bms, other


def test_scan_lists_what_is_near(neighbours, capsys) -> None:
    assert main(["scan", "--for", "1", "--json"]) == 0
    shown = capsys.readouterr()
    asked, connected = (json.loads(line) for line in shown.out.splitlines())
    assert (asked["address"], asked["model"], asked["firmware"]) == (ADDRESS, "JK_PB2A16S20P", "15.38")
    assert -63 <= asked["signal"] <= -57
    assert asked["adapter"] == "hci0"
    assert connected["address"] == OTHER_ADDRESS
    assert connected["model"] is None
    assert "connected already" in connected["remark"]
    assert "scanning with hci0" in shown.err


def test_scan_as_a_table_without_connecting(neighbours, capsys) -> None:
    bms, _ = neighbours
    assert main(["scan", "--for", "1", "--no-connect"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["address", "name", "signal"]
    assert lines[1].startswith(ADDRESS)
    assert "dBm" in lines[1]
    assert "Connect" not in bms.calls


def test_scan_without_a_battery_says_why_that_may_be(hci0, capsys) -> None:
    assert main(["scan", "--for", "0.5"]) == 1
    assert "does not advertise" in capsys.readouterr().out


def test_scan_without_bluetoothd(air, capsys) -> None:
    air.run(air.bluez.crash())
    assert main(["scan", "--for", "0.5"]) == 1
    assert "bluetoothd" in capsys.readouterr().err
