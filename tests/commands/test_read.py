"""`read` against a simulated BMS: all that it says, as text, as JSON and live; a verdict when it says nothing."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.commands import target as target_module
from driver.commands.target import targets
from driver.commands.terminal import Progress, Terminal
from driver.config import parse
from driver.link.ports import Adapter, Holder
from driver.link.traffic import Traffic
from driver.protocol.jkuart import UartLive, UartSettings
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL
from driver.protocol.rows import rows
from driver.protocol.value_text import label
from driver.simulator.line import jk_line
from driver.verdicts import what_was_heard
from tests.commands.simulated_port import simulated_port

ROOT = Path(__file__).parents[2]
ROWS = [name for record in (UartLive, UartSettings) for name, _ in rows(record)]


def adapter(device: str, **more: object) -> Adapter:
    facts = {"by_id": None, "product": "", "serial": None, "driver": "ch341", "service": None, "holders": ()}
    return Adapter(device=device, plugged=(0, 0, 0), **(facts | more))  # type: ignore[arg-type]


def test_every_register_is_shown_with_limits_and_counters(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port() as port:
        assert main(["read", "--port", port]) == 0
    shown = capsys.readouterr().out
    for name in ROWS:
        assert re.search(rf"^{label(name)} +\S", shown, re.MULTILINE), name
    assert re.search(r"^password +\*\*\*$", shown, re.MULTILINE)
    assert re.search(r"^ 1 3\.\d{3} V .* 8 3\.\d{3} V$", shown, re.MULTILINE)
    assert re.search(r"^charge current +140\.00 A +0\.5 C$", shown, re.MULTILINE)
    assert re.search(r"^link: 1 readings, 1 frames, 0 damaged, 291 received bytes, 0 outages$", shown, re.MULTILINE)


def test_json_has_the_names_of_the_rows_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    line = jk_line(faults=("missing:0x87",))
    line.device.bms.password = "tellNobody"  # type: ignore[attr-defined]
    with simulated_port(line=line) as port:
        assert main(["read", "--port", port, "--json"]) == 0
    shown = capsys.readouterr().out
    found = json.loads(shown)
    assert set(found["registers"]) == set(ROWS) - {"password"}
    assert found["registers"]["cycles"] is None
    assert found["registers"]["cell_over_voltage"] == 3.65
    assert found["registers"]["status"] == 3
    assert len(found["reading"]["cells"]) == 16
    assert found["reading"]["alarms"] == []
    assert found["limits"]["charge_current"] == {"value": 140.0, "unit": "A", "reason": "0.5 C"}
    assert found["link"]["damaged"] == 0
    assert "tellNobody" not in shown
    assert "password" not in shown


def test_a_battery_that_is_not_certain_has_no_limits_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port("missing:0x90") as port:
        assert main(["read", "--port", port]) == 0
        shown = capsys.readouterr().out
        assert "monitoring only, no limits: the BMS does not tell its cell over-voltage protection" in shown
        assert main(["read", "--port", port, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
    assert found["limits"] is None
    assert "set chemistry" in found["explanation"]


@pytest.mark.parametrize(
    ("faults", "found", "next_step"),
    [
        (("silent",), "nothing was received, not one byte", "GND, TX and RX are connected"),
        (("silent", "echo"), "only our own requests came back", "The adapter hears itself"),
        (("garbage",), "garbage: ", "a JK BMS needs 115200"),
        (("other-protocol",), "another protocol (55 AA EB 90)", "UART1 protocol to 000"),
        (("half",), "beginnings of JK frames, but no whole one", "check the cable"),
        (("corrupt:100%",), "only damaged frames: ", "ground wire"),
        (("missing:0x83",), "total_voltage", "what `decode` says"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_without_a_reading_there_is_a_verdict(
    faults: tuple[str, ...], found: str, next_step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated_port(*faults) as port:
        assert main(["read", "--port", port, "--for", "0.9"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert found in shown.err
    assert next_step in shown.err
    assert ("received: " in shown.err) == (faults != ("silent",))


def test_the_sample_of_a_verdict_can_be_decoded_and_has_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    line = jk_line(faults=("missing:0x83",))
    line.device.bms.password = "tellNobody"  # type: ignore[attr-defined]
    with simulated_port(line=line) as port:
        main(["read", "--port", port, "--for", "0.9"])
    sample = capsys.readouterr().err.rpartition("received: ")[2].strip()
    assert b"tellNobody".hex() not in sample
    assert b"*" * 10 in bytes.fromhex(sample)
    main(["decode", sample])
    assert "total_voltage" in capsys.readouterr().out


def test_progress_is_said_while_nothing_comes(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port("silent") as port:
        main(["read", "--port", port, "--for", "1.2"])
    assert re.match(r"listening on \d+, 1 s, 0 bytes\n", capsys.readouterr().err)


def test_a_port_that_does_not_open_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--port", "/dev/ttyNOSUCH", "--for", "600"]) == 1
    shown = capsys.readouterr().err
    assert "/dev/ttyNOSUCH: no such port" in shown
    assert "listening" not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "what ever"], "--port 'what ever': expected a path like /dev/ttyUSB0"),
        (["--port", "/dev/ttyUSB0", "--battery", "x"], "expected one of them"),
        (["--config", "nowhere.ini"], "there is no such file"),
        (["--config", "two.ini"], "the file has 2 batteries: expected --battery and one of one, two"),
        (["--config", "two.ini", "--battery", "three"], "--battery 'three': there are one, two"),
        (["--config", "bad.ini"], "no battery of the file can run\n  bad.ini:1: [battery bad] port is missing"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_arguments_that_name_no_battery_make_exit_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two.ini").write_text("[battery one]\nport=/dev/ttyUSB1\n[battery two]\nport=/dev/ttyUSB2\n")
    Path("bad.ini").write_text("[battery bad]\nprot=/dev/ttyUSB1\n")
    assert main(["read", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_battery_of_the_configuration_is_read_with_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with simulated_port() as port:
        Path("config.ini").write_text(
            f"[battery house]\nport = {port}\nmax_charge_current = 12\n[battery b]\nport = /dev/x\n"
        )
        assert main(["read", "--battery", "house", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["battery"], found["limits"]["charge_current"]["value"]) == ("house", 12.0)


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ([], "which port? expected --port; "),
        ([adapter("/dev/ttyUSB0"), adapter("/dev/ttyUSB1")], "there are /dev/ttyUSB0, /dev/ttyUSB1"),
        ([adapter("/dev/ttyUSB0", service="gps"), adapter("/dev/ttyUSB1", holders=(Holder(1, "x"),))], "which port?"),
    ],
)
def test_without_a_port_one_is_not_guessed(
    there: list[Adapter],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(target_module, "usb_serial_adapters", lambda: there)
    assert main(["read"]) == 2
    assert message in capsys.readouterr().err


def test_the_only_free_adapter_is_listened_to_and_then_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with simulated_port() as port:
        monkeypatch.setattr(target_module, "usb_serial_adapters", lambda: [adapter(port)])
        assert main(["read"]) == 0
    assert "16 cells" in capsys.readouterr().out


def test_a_port_that_nobody_named_is_not_asked_when_somebody_speaks_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    device, port = os.openpty()
    heard = threading.Event()

    def speak() -> None:
        while not heard.wait(0.05):
            os.write(device, b"\r\nPID\t0xA053\r\nV\t12800\r\n")

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        monkeypatch.setattr(target_module, "usb_serial_adapters", lambda: [adapter(os.ttyname(port))])
        assert main(["read"]) == 1
    finally:
        heard.set()
        speaker.join()
        os.set_blocking(device, False)
        with pytest.raises(BlockingIOError):  # nothing was sent
            os.read(device, 1000)
        os.close(device)
        os.close(port)
    assert "a Victron VE.Direct device is heard on" in capsys.readouterr().err


def test_auto_takes_free_adapters_and_those_the_service_has(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = adapter("/dev/ttyUSB1", holders=(Holder(1, "x"),))
    mine = adapter("/dev/ttyUSB2", by_id="/dev/serial/by-id/mine", holders=(Holder(2, "driver"),))
    monkeypatch.setattr(target_module, "usb_serial_adapters", lambda: [adapter("/dev/ttyUSB0"), busy, mine])
    found = targets(parse("x", b""), lambda port: port == "/dev/serial/by-id/mine")
    assert [(one.name, one.battery.port, one.named) for one in found] == [
        ("ttyUSB0", "/dev/ttyUSB0", False),
        ("ttyUSB2", "/dev/serial/by-id/mine", False),
    ]


@pytest.mark.parametrize(
    ("heard", "traffic"),
    [
        (b"", Traffic.SILENT),
        (READ_ALL, Traffic.ECHO),
        (READ_ALL + ACTIVATE + READ_ALL, Traffic.ECHO),
        (READ_ALL + b"\r\nV\t12800\r\nPID\t0xA053\r\n", Traffic.VE_DIRECT),
        (b"$GPRMC,1,A*00\r\n" * 3, Traffic.NMEA),
        (READ_ALL + b"\xf0\x0f\xff", Traffic.UNKNOWN),
    ],
)
def test_own_requests_are_taken_out_of_what_was_heard(heard: bytes, traffic: Traffic) -> None:
    assert what_was_heard(heard, {READ_ALL, ACTIVATE}) is traffic


def test_watching_without_a_terminal_prints_a_line_for_each_reading(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port() as port:
        assert main(["read", "--port", port, "--watch", "--for", "2.5"]) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) in (2, 3)
    assert all("; live; 52.9" in line for line in shown.splitlines())
    assert "\x1b" not in shown


def test_watching_as_json_prints_an_object_for_each_reading(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port() as port:
        assert main(["read", "--port", port, "--watch", "--json", "--for", "1.5"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["link"]["readings"] for one in found] in ([1, 2], [1])


def on_terminal(
    arguments: list[str], until: Callable[[str], bool], signal_number: int | None = None
) -> tuple[int, str]:
    """Exit code and everything that a command writes to a terminal of 80 × 24; ended by a signal after `until`."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "driver", *arguments],
        cwd=ROOT,
        stdin=far,
        stdout=far,
        stderr=far,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
    )
    os.close(far)
    shown = b""
    signalled = False
    try:
        while chunk := os.read(near, 65536):
            shown += chunk
            if not signalled and signal_number is not None and until(shown.decode(errors="ignore")):
                process.send_signal(signal_number)
                signalled = True
    except OSError:  # the last one has closed the far end
        pass
    finally:
        os.close(near)
        code = process.wait(20)
    return code, shown.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_live_screen_ends_cleanly(number: int) -> None:
    with simulated_port() as port:
        code, shown = on_terminal(
            ["read", "--port", port, "--watch"], lambda text: "2 readings" in text, signal_number=number
        )
    assert code == 0
    assert shown.startswith("\x1b[?1049h\x1b[?25l")
    assert "\x1b[?25h\x1b[?1049l" in shown
    assert "Traceback" not in shown
    after = shown.rpartition("\x1b[?1049l")[2]
    assert "; live; 52.9" in after
    screens = shown.split("\x1b[H")[1:]
    assert len(screens) >= 2
    assert all("\x1b[2J" not in screen for screen in screens)  # nothing is cleared, so nothing flickers
    assert all(screen.count("\n") <= 24 for screen in screens[:-1])


def test_the_live_screen_shows_what_it_waits_for_and_the_verdict() -> None:
    with simulated_port("silent") as port:
        code, shown = on_terminal(
            ["read", "--port", port, "--watch", "--for", "3.6"], lambda text: False, signal_number=None
        )
    assert code == 1
    assert re.search(r"listening on \d+, 0 s, 0 bytes\x1b", shown)
    assert re.search(r"listening on \d+, 3 s, 0 bytes: nothing was received", shown)
    assert "alarms" not in shown


class Screen(io.StringIO):
    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "encoding", "live", "colour", "plain"),
    [
        ({"TERM": "xterm"}, "utf-8", True, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "utf-8", True, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, "utf-8", True, True, False),
        ({"TERM": "dumb"}, "utf-8", False, False, False),
        ({"TERM": "xterm"}, "iso-8859-1", True, True, True),
    ],
)
def test_a_terminal_is_used_for_what_it_can(
    environment: dict[str, str],
    encoding: str,
    live: bool,
    colour: bool,
    plain: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal(Screen(encoding))
    assert (terminal.live, terminal.look.colour, terminal.look.plain) == (live, colour, plain)


def test_progress_on_a_terminal_is_one_line() -> None:
    stream = Screen()
    progress = Progress(stream)
    progress("one")
    progress("two")
    progress.clear()
    assert stream.getvalue() == "\rone\x1b[K\rtwo\x1b[K\r\x1b[K"


def test_a_reading_that_comes_at_once_needs_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port() as port:
        main(["read", "--port", port])
    assert capsys.readouterr().err == ""
