"""A fake bluetoothd for each test. Without bleak these tests are skipped, and say so."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WITH_BLEAK = importlib.util.find_spec("bleak") is not None

# left to the garbage collector, and told of by it: what bleak 3.0 has with dbus-fast 2.21 when it connects anew by
# itself, and the one D-Bus connection that every bleak keeps for an event loop, when a command has ended its loop
LEFT_SOCKETS = [
    pytest.mark.filterwarnings(
        rf"ignore:Exception ignored in. <socket\.socket {which}:pytest.PytestUnraisableExceptionWarning"
    )
    for which in (r"\[closed\]", r".*/bus-")
]

collect_ignore_glob = [] if WITH_BLEAK else ["test_*.py"]

if WITH_BLEAK:
    from tests.ble.adapter import FakeAdapter
    from tests.ble.daemon import BluezThread
    from tests.ble.device import FakeDevice

    @pytest.fixture
    def air(monkeypatch: pytest.MonkeyPatch) -> Iterator[BluezThread]:
        """A fake bluetoothd without adapters."""
        with BluezThread() as thread:
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", thread.address)
            monkeypatch.setattr("driver.session.REOPEN_FIRST", 0.02)  # pauses are the link's business here
            monkeypatch.setattr("driver.session.REOPEN_MOST", 0.05)
            monkeypatch.setattr("driver.session.SILENT_MOST", 0.05)
            yield thread

    @pytest.fixture
    def hci0(air: BluezThread) -> FakeAdapter:
        return air.add_adapter("hci0")

    @pytest.fixture
    def bms(air: BluezThread, hci0: FakeAdapter) -> FakeDevice:
        """A JK BMS that streams ten times as fast as a real one."""
        device = air.add_device(hci0, "C8:47:80:12:34:56")
        device.bms.period = 0.05
        return device


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("bus")
            for mark in LEFT_SOCKETS:
                item.add_marker(mark)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not WITH_BLEAK:
        terminalreporter.write_line("SKIPPED ALOUD: bleak is not installed, so nothing of Bluetooth was tested")
