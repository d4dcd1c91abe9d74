"""`record` against a simulated BMS, and against a driver that runs already."""

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.commands import record as record_module
from driver.commands import running
from driver.commands.running import running_drivers
from driver.flight import ASKED
from driver.options import Battery
from driver.protocol.capture import Direction
from driver.recording_file import load
from driver.simulator.line import jk_line
from tests.commands.simulated_port import simulated_port

PASSWORD = "tellNobody"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody else's driver counts."""
    monkeypatch.setattr(record_module, "running_drivers", list)
    monkeypatch.chdir(tmp_path)


def line() -> object:
    made = jk_line()
    made.device.bms.password = PASSWORD  # type: ignore[attr-defined]
    return made


def test_a_battery_is_recorded_without_its_password(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    with simulated_port(line=line()) as port:  # type: ignore[arg-type]
        assert main(["record", str(file), "--port", port, "--for", "2.5"]) == 0
    shown = capsys.readouterr().out
    assert "readings; names and numbers replaced, secrets" in shown
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert PASSWORD.encode().hex() not in text
    assert b"Cellar pack".hex() not in text
    capture = load(file)
    assert capture.protocol == "jk-uart"
    assert capture.head["link"] == "wire"
    assert sum(one.direction is Direction.RECEIVED for one in capture.chunks) >= 2
    assert main(["replay", str(file)]) == 0
    assert "readings, " in capsys.readouterr().out
    assert main(["replay", str(file)]) == 0


def test_what_is_no_reading_is_recorded_as_well(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with simulated_port("silent") as port:
        assert main(["record", str(tmp_path / "out.txt.gz"), "--port", port, "--for", "1.5"]) == 1
    assert "0 readings" in capsys.readouterr().out
    assert {one.direction for one in load(tmp_path / "out.txt.gz").chunks} == {Direction.OPENED, Direction.SENT}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["there.txt", "--port", "/dev/null"], "record: there.txt: is there already"),
        (["new.txt", "--port", "/dev/nowhere"], "record: nothing was recorded: /dev/nowhere"),
        (
            ["no/folder/new.txt", "--port", "PORT", "--for", "1"],
            "record: no/folder/new.txt: cannot be written: No such",
        ),
        (["new.txt", "--port", "/dev/nowhere", "--for", "0"], "record: --for 0: expected seconds"),
        (["new.txt", "--port", "/dev/nowhere", "--for", "nan"], "record: --for nan: expected seconds"),
        (["new.txt", "--port", "nonsense://x"], "record: --port 'nonsense://x'"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("there.txt").write_text("mine")
    with simulated_port() as port:
        assert main(["record", *(port if one == "PORT" else one for one in arguments)]) == 2
    assert said in capsys.readouterr().err
    assert Path("there.txt").read_text() == "mine"
    assert [file.name for file in Path().iterdir()] == ["there.txt"]


@contextlib.contextmanager
def stand_in(folder: Path, body: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like the driver."""
    package = folder / "driver"
    package.mkdir()
    (package / "__main__.py").write_text(body)
    command = [sys.executable, "-u", "-m", "driver", "run", "--config", "config.ini"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


WRITES = """
import pathlib, signal, time
def write(*_):
    pathlib.Path("recordings").mkdir()
    new = pathlib.Path("recordings/new")
    new.write_text("dbus-jkbms capture 1\\nprotocol: jk-uart\\n\\n0.0 |\\n")
    new.rename("recordings/ttyUSB0-20260101-000000.capture.gz")
signal.signal(signal.SIGUSR1, write)
print("ready")
while True:
    time.sleep(1)
"""


def test_the_running_driver_is_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with stand_in(home, WRITES) as process:
        mine = [one for one in running_drivers() if one.pid == process.pid]
        assert [(one.recordings, one.config) for one in mine] == [(home / "recordings", home / "config.ini")]
        (home / "config.ini").write_text("[battery a]\nport = /dev/ttyUSB0\n")
        assert [mine[0].serves(Battery(port=port)) for port in ("/dev/ttyUSB0", "/dev/ttyUSB1")] == [True, False]
        monkeypatch.setattr(record_module, "running_drivers", lambda: mine)
        assert main(["record", "out.txt", "--port", "/dev/ttyUSB0"]) == 1
        assert process.poll() is None
    assert "out.txt: 1 chunks in 0 s, 0 readings" in capsys.readouterr().out
    assert load(Path("out.txt")).chunks[0].direction is Direction.OPENED


def test_a_driver_that_would_die_of_being_asked_is_left_alone(tmp_path: Path) -> None:
    with stand_in(tmp_path, "print('ready')\nimport time\ntime.sleep(600)\n") as process:
        assert process.pid not in [one.pid for one in running_drivers()]


def test_a_driver_that_does_not_answer_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[int, int]] = []
    config = tmp_path / "config.ini"
    config.write_text("[battery pack]\nport = /dev/ttyUSB0\nprotocol = jk-pb\naddress = 3\n")
    monkeypatch.setattr(running, "PATIENCE", 0.3)
    monkeypatch.setattr(os, "kill", lambda *what: asked.append(what))
    monkeypatch.setattr(record_module, "running_drivers", lambda: [running.Driver(4711, config, tmp_path)])
    assert main(["record", "out.txt", "--port", "/dev/ttyUSB0"]) == 2
    assert asked == [(4711, ASKED)]
    assert "the running driver (process 4711) has written no recording of ttyUSB0" in capsys.readouterr().err


def test_ctrl_c_ends_a_recording_and_keeps_it(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    with simulated_port() as port:
        command = [sys.executable, "-m", "driver", "record", "out.txt", "--port", port, "--for", "600"]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)}, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        assert process.stderr.readline().startswith("recording, ")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert load(tmp_path / "out.txt").protocol == "jk-uart"
