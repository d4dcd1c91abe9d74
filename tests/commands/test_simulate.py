import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

import driver
from driver.__main__ import main
from driver.commands import simulate
from driver.errors import LinkError
from driver.protocol.dialect import JkUart
from driver.protocol.jkpb_wire import ANSWER_SIZE, REQUESTS, Answer, PbFramer, Register, Request
from driver.protocol.jkuart_wire import READ_ALL
from driver.simulator.faults import FAULTS
from driver.simulator.voices import VOICES

ROOT = Path(driver.__file__).parents[1]


@contextmanager
def simulated(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "driver", "simulate", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def url(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip()


def ask(where: str, timeout: float = 5.0, size: int = 291) -> bytes:
    with serial.serial_for_url(where, 115200, timeout=timeout) as port:
        port.write(READ_ALL)
        return bytes(port.read(size))


def until(condition) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_serves_under_its_name_and_leaves_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    name = tmp_path / "ttyJK"
    with simulated("--path", str(name), "--pace", "--cells", "8", "--chemistry", "nmc") as process:
        assert url(process) == str(name)
        found = JkUart().take(ask(str(name), size=267))
        assert found is not None
        assert len(found.cells) == 8
        assert min(found.cells) > 3.6
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""
    assert list(tmp_path.iterdir()) == []


def test_several_at_once_on_tcp() -> None:
    with simulated("--link", "tcp", "--count", "3") as process:
        urls = [url(process) for _ in range(3)]
        assert all(one.startswith("socket://127.0.0.1:") for one in urls)
        assert len({ask(one) for one in urls}) == 3


def test_names_of_several(tmp_path: Path) -> None:
    with simulated("--path", str(tmp_path / "jk"), "--count", "2") as process:
        assert [url(process), url(process)] == [str(tmp_path / "jk-1"), str(tmp_path / "jk-2")]


def test_it_ends_by_itself(tmp_path: Path) -> None:
    with simulated("--for", "0.1") as process:
        assert url(process).startswith("/dev/pts/")
        assert process.wait(10) == 0


def test_faults_are_there_from_the_start() -> None:
    with simulated("--fault", "soc-255", "--fault", "zero-cell:2") as process:
        found = JkUart().take(ask(url(process)))
        assert found is not None
        assert found.soc is None
        assert found.cells[1] == 0.0


def test_after_power_up_it_knows_no_state_of_charge() -> None:
    with simulated("--power-up") as process:
        found = JkUart().take(ask(url(process)))
        assert found is not None
        assert (found.soc, found.cycles) == (0.0, 0)


def test_orders_while_it_runs(tmp_path: Path) -> None:
    name = tmp_path / "ttyJK"

    def order(text: str) -> None:
        process.stdin.write(text + "\n")
        process.stdin.flush()

    with simulated("--interactive", "--path", str(name)) as process:
        where = url(process)
        order("silent")
        until(lambda: ask(where, 0.2) == b"")
        order("-silent")
        until(lambda: len(ask(where, 0.5)) == 291)
        order("unplug")
        until(lambda: not name.is_symlink())
        order("plug")
        until(name.exists)
        order("nonsense")
        assert "'nonsense' is no fault" in process.stderr.readline()
        process.stdin.close()  # the end of the orders is not the end of the battery
        assert len(ask(where)) == 291
        process.terminate()
        assert process.wait(10) == 0


def test_a_place_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with simulated("--path", str(tmp_path / "mine")) as process:
        assert process.wait(10) == 1
        assert process.stderr.read() == f"{tmp_path / 'mine'}: there is something else of that name\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "silnet"], "'silnet' is no fault; there are silent"),
        (["--cells", "33"], "33 is not from 1 to 32"),
        (["--cells", "many"], "invalid whole number value: 'many'"),
        (["--soc", "-1"], "-1 is not from 0 to 100"),
        (["--profile", "sideways"], "'sideways'"),
        (["--firmware", "abc"], "'abc' is no version: expected something like 15.41"),
        (["--speed", "nan"], "nan is not above 0"),
        (["--for", "-1"], "-1 is not above 0"),
        (["--speed", "fast"], "invalid number value: 'fast'"),
    ],
)
def test_arguments_that_make_no_sense(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    with pytest.raises(SystemExit) as left:
        parser.parse_args(arguments)
    assert left.value.code == 2
    assert says in capsys.readouterr().err


def test_the_help_lists_every_fault() -> None:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    text = parser.format_help()
    for name in FAULTS:
        assert f"\n  {name}" in text


def test_a_bus_is_one_port_with_several_packs(tmp_path: Path) -> None:
    name = tmp_path / "bus"
    options = ("--protocol", "jk-pb", "--count", "3", "--address", "4", "--firmware", "15.10", "--fault", "dead:5")
    with simulated("--path", str(name), *options) as process:
        assert url(process) == str(name)
        with serial.serial_for_url(str(name), 115200, timeout=5.0) as port:
            heard = []
            for address in (4, 5, 6):
                port.write(REQUESTS[Request(address, Register.STATUS)])
                port.timeout = 0.3 if address == 5 else 5.0
                heard += PbFramer().feed(port.read(ANSWER_SIZE))
    assert [one.address for one in heard if isinstance(one, Answer)] == [4, 6]


@pytest.mark.parametrize("voice", VOICES)
def test_the_driver_reads_every_voice(voice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = tmp_path / "ttySIM"
    with simulated("--path", str(name), "--protocol", voice, "--cells", "15", "--soc", "40") as process:
        assert url(process) == str(name)
        assert main(["read", "--port", str(name), "--protocol", VOICES[voice].protocol, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["reading"]["cells"]) == 15


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--protocol", "jk04", "--cells", "25"], "--cells 25: jk04 has room for 24"),
        (["--protocol", "neey-v1", "--firmware", "1.2"], "--firmware 1.2: neey-v1 has its own"),
        (["--protocol", "jk02-24s", "--address", "2"], "--address 2: jk02-24s has no bus"),
        (["--protocol", "jk-pb-listen", "--address", "2"], "--address 2: the first pack of jk-pb-listen is the master"),
        (["--protocol", "jk-pb", "--address", "9", "--count", "8"], "a bus has addresses up to 15, and the first is 9"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], says: str) -> None:
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    with pytest.raises(LinkError) as refused:
        simulate.ports(parser.parse_args(arguments))
    assert str(refused.value).find(says) >= 0


def test_a_master_speaks_without_being_asked(tmp_path: Path) -> None:
    name = tmp_path / "bus"
    with simulated("--path", str(name), "--protocol", "jk-pb-listen", "--count", "2") as process:
        assert url(process) == str(name)
        with serial.serial_for_url(str(name), 115200, timeout=10.0) as port:
            heard = PbFramer().feed(port.read(2 * ANSWER_SIZE + 30))
    assert {one.address for one in heard if isinstance(one, Answer)} & {0, 1}


def test_a_bus_has_room_for_fifteen(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated("--protocol", "jk-pb", "--count", "16") as process:
        assert process.wait(20) != 0
        assert "a bus has addresses up to 15" in process.stderr.read()


def test_packs_in_parallel_share_what_flows() -> None:
    with simulated("--count", "2", "--parallel", "--profile", "charge", "--link", "tcp") as process:
        assert [url(process).startswith("socket://") for _ in range(2)] == [True, True]
    parser = argparse.ArgumentParser()
    simulate.add_arguments(parser)
    first, second = simulate.ports(parser.parse_args(["--count", "2", "--parallel"]))
    assert first.line.together is second.line.together is not None
    assert first.line.profile is None
