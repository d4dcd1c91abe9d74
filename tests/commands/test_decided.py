"""`read` and `check` with `protocol = auto`, and what `check` says when config.ini names the wrong protocol."""

import json
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.commands import target
from driver.link.ports import Adapter
from driver.simulator.line import Line, jk_line
from driver.simulator.pb import pb_line
from tests.commands.simulated_port import simulated_port


@pytest.mark.parametrize(
    ("line", "protocol"),
    [(jk_line(), "jk-uart"), (pb_line(4, 1), "jk-pb"), (pb_line(0, 2), "jk-pb-listen")],
    ids=["uart", "pb", "master"],
)
def test_read_finds_the_protocol_out(line: Line, protocol: str, capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port(line=line) as port:
        assert main(["read", "--port", port, "--protocol", "auto", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"] == protocol


def test_read_without_an_answer_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port("silent", "echo") as port:
        assert main(["read", "--port", port, "--protocol", "auto"]) == 1
    shown = capsys.readouterr().err
    assert "only our own requests came back" in shown
    assert "000 (4G-GPS remote module) or, for an inverter BMS, 001" in shown
    assert "received: " in shown


def adapter(device: str) -> Adapter:
    return Adapter(
        device=device, by_id=None, product="USB UART", serial=None, driver="ftdi_sio",
        service=None, holders=(), plugged=(1, 2, 3),
    )  # fmt: skip


def test_a_port_that_nobody_named_is_asked_in_every_protocol(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with simulated_port(line=pb_line(1, 1)) as port:
        monkeypatch.setattr(target, "usb_serial_adapters", lambda: [adapter(port)])
        assert main(["read", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"] == "jk-pb"


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the library's, when nobody is there
@pytest.mark.parametrize(
    ("line", "options", "found", "step"),
    [
        (pb_line(1, 1), "protocol = jk-uart", "answers, but as jk-pb and not as jk-uart", "Set protocol = jk-pb"),
        (jk_line(), "protocol = jk-pb", "answers, but as jk-uart and not as jk-pb", "Set protocol = jk-uart"),
        (pb_line(2, 1), "protocol = jk-pb\naddress = 5", "answers at address 2, and none at 5", "DIP switches"),
        (jk_line(faults=("silent",)), "protocol = auto", "nothing was received, not one byte", "GND, TX and RX"),
        (pb_line(3, 1), "protocol = auto", "ok       BMS", "answers: JK_PB2A16S20P"),
    ],
    ids=["pb for uart", "uart for pb", "other address", "nothing", "well"],
)
def test_check_says_what_answers_instead(
    line: Line,
    options: str,
    found: str,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.chdir(tmp_path)
    with simulated_port(line=line) as port:
        Path("config.ini").write_text(f"[battery a]\nport = {port}\n{options}\n")
        main(["check"])
    shown = " ".join(capsys.readouterr().out.split())
    assert " ".join(found.split()) in shown
    assert step in shown
