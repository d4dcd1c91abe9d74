"""`read` and `check` on a bus of PB packs."""

import json
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.simulator.pb import pb_line
from tests.commands.simulated_port import simulated_port


def test_read_asks_the_pack_at_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port(line=pb_line(1, 3, faults=("echo",))) as port:
        assert main(["read", "--port", port, "--protocol", "jk-pb", "--address", "2", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["reading"]["identity"]["serial"] == "40119400002"
    assert shown["protocol"] == "jk-pb"


def test_without_an_address_read_takes_the_first_that_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_port(line=pb_line(3, 2)) as port:
        assert main(["read", "--port", port, "--protocol", "jk-pb", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reading"]["identity"]["serial"] == "40119400003"


def test_read_beside_a_master_only_listens(capsys: pytest.CaptureFixture[str]) -> None:
    line = pb_line(0, 2)
    with simulated_port(line=line) as port:
        assert main(["read", "--port", port, "--protocol", "jk-pb-listen", "--address", "1", "--json"]) == 0
    assert "JK master controls" in capsys.readouterr().out
    assert line.device.written == 0


@pytest.mark.parametrize(
    ("line", "arguments", "found", "what_to_do"),
    [
        (pb_line(1, 1), ("--address", "9"), "nothing was received", "DIP switches of the pack"),
        (pb_line(1, 1, faults=("echo",)), ("--address", "9"), "only our own requests", "001 (JK BMS RS485 Modbus)"),
        (pb_line(0, 2), ("--address", "1"), "another master asks on this bus", "address 0"),
    ],
    ids=["wrong address", "echo", "a master"],
)
def test_no_reading_is_explained(
    line: object, arguments: tuple[str, ...], found: str, what_to_do: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated_port(line=line) as port:  # type: ignore[arg-type]
        assert main(["read", "--port", port, "--protocol", "jk-pb", *arguments, "--for", "4"]) == 1
    said = capsys.readouterr().err
    assert found in said
    assert what_to_do in said


@pytest.mark.parametrize(("protocol", "address"), [("jk-uart", "1"), ("jk-pb", "0")])
def test_an_address_that_the_protocol_does_not_have(
    protocol: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", "--port", "/dev/null", "--protocol", protocol, "--address", address]) == 2
    assert f"{protocol} has no such address" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the library's, when there is no D-Bus
def test_check_asks_the_packs_of_one_port_in_turn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.ini"
    with simulated_port(line=pb_line(1, 2)) as port:
        config.write_text("".join(f"[battery p{n}]\nport = {port}\nprotocol = jk-pb\naddress = {n}\n" for n in (1, 2)))
        main(["check", "--config", str(config)])
    shown = capsys.readouterr().out
    assert shown.count("answers: JK_PB2A16S20P 15A 15.41") == 2
    assert shown.count("6 frames, 0 damaged") + shown.count("5 frames, 0 damaged") == 2
