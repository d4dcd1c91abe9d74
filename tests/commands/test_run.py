"""`run` as a process: how it ends, and what it says when it cannot begin."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.commands import run as run_command
from driver.simulator.bms import PASSWORD
from driver.simulator.line import jk_line
from driver.simulator.port import PtyPort
from driver.simulator.settings_service import SettingsService
from tests.private_bus import PrivateBus

pytestmark = pytest.mark.bus


async def test_sigterm_releases_the_names_and_leaves(bus: PrivateBus, tmp_path: Path) -> None:
    settings = SettingsService()
    await settings.start()
    async with PtyPort(jk_line(), tmp_path / "jk") as port:
        config = tmp_path / "config.ini"
        config.write_text(f"[battery house]\nport = {port.url}\nid = house\n")
        driver = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "driver", "run", "--config", str(config), stderr=asyncio.subprocess.PIPE
        )
        name = "com.victronenergy.battery.jk_house"
        async with asyncio.timeout(20):
            while name not in await bus.busctl("list"):
                await asyncio.sleep(0.05)
        began = asyncio.get_running_loop().time()
        driver.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(driver.communicate(), 20)
        assert asyncio.get_running_loop().time() - began < 20
        assert driver.returncode == 0, said.decode()
        assert name not in await bus.busctl("list")
    await settings.close()
    assert '"house"' in (tmp_path / "state.json").read_text()
    assert PASSWORD not in said.decode() + (tmp_path / "state.json").read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\0\1\2", "is no text"), (b"#" * 10_000_000, "this is no configuration")],
    ids=["binary", "10 MB"],
)
def test_a_file_that_is_no_configuration_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, content: bytes, said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(run_command, "PAUSE", 0.0)
    config = tmp_path / "config.ini"
    config.write_bytes(content)
    assert main(["run", "--config", str(config)]) == 2
    assert said in capsys.readouterr().err


def test_no_bus_ends_with_1_and_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert main(["run", "--config", str(tmp_path / "config.ini")]) == 1
    assert "no D-Bus at unix:path=" in capsys.readouterr().err
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)  # nothing is left that would end a process later


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    command = f"{sys.executable} -m driver tables | head -n 1"
    shown = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=True)
    assert shown.stdout.startswith("#")
    assert shown.stderr == ""
