"""The connection: which bus, and what its failures are called."""

import asyncio
import gc
import subprocess
import sys

import pytest

from driver.errors import BusError
from driver.venus import bus as dbus
from tests.private_bus import PrivateBus


async def test_the_session_bus_wins(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    assert dbus.address() == bus.address
    connection = await dbus.connect()
    assert connection.connected
    await dbus.close(connection)
    assert not connection.connected


async def test_without_a_session_bus_it_is_the_system_bus(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    connection = await dbus.connect()
    assert await bus.busctl("status", str(connection.unique_name)) != ""
    await dbus.close(connection)


def test_the_system_bus_has_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    assert dbus.address() == "unix:path=/var/run/dbus/system_bus_socket"


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the library's, when nobody is there
@pytest.mark.parametrize("address", ["unix:path=/nowhere/at/all", "nonsense", "carrier-pigeon:cote=3"])
async def test_no_bus_is_an_error_that_says_where(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    with pytest.raises(BusError, match=f"no D-Bus at {address}: "):
        await dbus.connect()
    gc.collect()  # here, where the warning is expected, and not in the next test


async def test_the_end_of_a_connection_is_told_once_with_a_reason(bus: PrivateBus) -> None:
    reasons: list[str] = []
    connection = await dbus.connect()
    future = dbus.watch(connection, reasons.append)
    bus.kill()
    await asyncio.wait({future}, timeout=10)
    await asyncio.sleep(0)
    assert len(reasons) == 1
    assert reasons[0]
    await dbus.close(connection)


async def test_our_own_end_is_told_as_closed(bus: PrivateBus) -> None:
    reasons: list[str] = []
    connection = await dbus.connect()
    future = dbus.watch(connection, reasons.append)
    await dbus.close(connection)
    await asyncio.wait({future}, timeout=10)
    await asyncio.sleep(0)
    assert reasons == ["closed"]


async def test_an_error_reply_says_who_what_and_where(bus: PrivateBus) -> None:
    connection = await dbus.connect()
    with pytest.raises(dbus.ReplyError, match=r"com\.example\.Nobody GetValue /Soc") as raised:
        await dbus.call(connection, "com.example.Nobody", "/Soc", "com.victronenergy.BusItem.GetValue")
    assert raised.value.name == "org.freedesktop.DBus.Error.ServiceUnknown"
    await dbus.close(connection)


async def test_a_daemon_that_hangs_is_an_error(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = await dbus.connect()
    monkeypatch.setattr(dbus, "CALL_TIMEOUT", 0.05)
    bus.freeze()
    try:
        with pytest.raises(BusError, match="did not answer GetId on /x"):
            await dbus.call(connection, dbus.DAEMON, "/x", f"{dbus.DAEMON}.GetId")
        with pytest.raises(BusError, match=r"com\.example\.Us could not be claimed"):
            await dbus.claim(connection, "com.example.Us")
    finally:
        bus.thaw()
    await dbus.close(connection)


async def test_a_daemon_that_dies_in_a_call_is_an_error(bus: PrivateBus) -> None:
    connection = await dbus.connect()
    bus.freeze()
    calls = [
        asyncio.ensure_future(dbus.call(connection, dbus.DAEMON, "/x", f"{dbus.DAEMON}.GetId")),
        asyncio.ensure_future(dbus.claim(connection, "com.example.Us")),
    ]
    await asyncio.sleep(0)
    bus.kill()
    for call in calls:
        with pytest.raises(BusError):
            await call
    await dbus.close(connection)


async def test_nothing_more_is_asked_of_a_dead_bus(bus: PrivateBus) -> None:
    connection = await dbus.connect()
    bus.kill()
    await asyncio.wait({dbus.watch(connection, lambda _: None)}, timeout=10)
    for asked in (
        dbus.call(connection, dbus.DAEMON, "/x", f"{dbus.DAEMON}.GetId"),
        dbus.claim(connection, "com.example.Us"),
        dbus.release(connection, "com.example.Us"),
    ):
        with pytest.raises(BusError, match="D-Bus is gone"):
            await asked
    await dbus.close(connection)


async def test_a_bad_name_is_an_error(bus: PrivateBus) -> None:
    connection = await dbus.connect()
    with pytest.raises(BusError, match=r"org\.freedesktop\.DBus could not be claimed"):
        await dbus.claim(connection, "org.freedesktop.DBus")
    await dbus.close(connection)


def test_a_library_that_is_not_there_is_named() -> None:
    import_it = "import os; os.environ['DRIVER_DBUS'] = 'dbus_snail'; import driver.venus.bus"
    failed = subprocess.run([sys.executable, "-c", import_it], capture_output=True, text=True, timeout=60, check=False)
    assert failed.returncode == 1
    assert "ImportError: dbus_snail is not installed" in failed.stderr
