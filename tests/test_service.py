"""The installed driver under the real svscan, supervise and multilog, with a BMS on a pty and a bus of its own.

Times are compared with bounds that a loaded machine keeps; what is measured is printed with `pytest -rP`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Machine, contents, release
from tests.private_bus import PrivateBus
from tests.supervised import Supervised, standing, until

TOOLS = ("svscan", "supervise", "svc", "svok", "svstat", "multilog", "softlimit", "tai64nlocal")
MISSING = [tool for tool in (*TOOLS, "dbus-daemon", "dbus-send") if not shutil.which(tool)]
pytestmark = [
    pytest.mark.service,
    pytest.mark.bus,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

HANG = """
import asyncio, pathlib, time
def hang():
    pathlib.Path(r"{mark}").touch()
    time.sleep(3600)
run_forever = asyncio.BaseEventLoop.run_forever
def hanging(loop):
    loop.call_later(4, hang)
    run_forever(loop)
asyncio.BaseEventLoop.run_forever = hanging
"""


class Bus:
    """A message bus seen by a client of its own."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, member: str, *arguments: str) -> str:
        """Call the bus itself."""
        command = ["dbus-send", f"--bus={self.address}", "--print-reply", "--dest=org.freedesktop.DBus", "/"]
        call = [*command, f"org.freedesktop.DBus.{member}", *arguments]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout

    def batteries(self) -> list[str]:
        """The batteries that are registered."""
        return re.findall(r"com\.victronenergy\.battery\.\w+", self.ask("ListNames"))


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bus, Path]]:
    """A message bus with localsettings on it, and a BMS on a pty: what a GX has before the driver starts."""
    port = tmp_path_factory.mktemp("surroundings") / "ttyBMS"
    commands = (["-m", "driver.simulator.settings_service"], ["-m", "driver", "simulate", "--path", str(port)])
    with PrivateBus() as private:
        bus = Bus(private.address)
        processes = [
            subprocess.Popen([sys.executable, *command], env=bus_environment(bus), stdout=subprocess.DEVNULL)
            for command in commands
        ]
        until(lambda: "com.victronenergy.settings" in bus.ask("ListNames") and port.exists())
        yield bus, port
        for process in processes:
            process.terminate()
            process.wait(10)


def bus_environment(bus: Bus) -> dict[str, str]:
    """Make `bus` the only one there is, and as on a GX the system's."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("DBUS_")}
    return {**others, "DBUS_SYSTEM_BUS_ADDRESS": bus.address}


@pytest.fixture
def bus(surroundings: tuple[Bus, Path]) -> Bus:
    return surroundings[0]


@pytest.fixture
def machine(tmp_path: Path, surroundings: tuple[Bus, Path]) -> Machine:
    """An installed driver that knows its port."""
    root = tmp_path / "gx root"
    root.mkdir()
    machine = Machine(root, release(tmp_path / "release"), ["sh"], os.environ["PATH"])
    machine.do("install")
    (machine.app / "config.ini").write_text(f"[battery house]\nport = {surroundings[1]}\n")
    return machine


@pytest.fixture
def environment(tmp_path: Path, bus: Bus) -> dict[str, str]:
    """What a GX gives to its services; python3 is the one that runs the tests."""
    return {
        **bus_environment(bus),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DRIVER_LOG": str(tmp_path / "log of the driver"),
    }


@pytest.fixture
def supervised(machine: Machine, environment: dict[str, str], bus: Bus) -> Iterator[Supervised]:
    """The driver, running and registered."""
    with Supervised(machine.root / "service", environment) as supervised:
        until(bus.batteries)
        yield supervised
    until(lambda: not bus.batteries())


def log(environment: dict[str, str]) -> str:
    """Everything that multilog has written, with times for people."""
    files = sorted(path for path in Path(environment["DRIVER_LOG"]).iterdir() if path.name[0] in "@c")
    text = b"".join(path.read_bytes() for path in files)
    return subprocess.run(["tai64nlocal"], input=text, capture_output=True, check=True).stdout.decode()


def owner(bus: Bus, name: str) -> int:
    """The process that has the name."""
    answer = bus.ask("GetConnectionUnixProcessID", f"string:{name}")
    return int(answer.split()[-1])


def runs(pid: int) -> bool:
    """Whether the process is there; one that has ended and is not yet waited for is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_supervised_process_is_the_driver(supervised: Supervised, bus: Bus, machine: Machine) -> None:
    pid = supervised.pid()
    command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    assert b"driver" in command
    assert str(machine.app / "config.ini").encode() in command
    assert [owner(bus, name) for name in bus.batteries()] == [pid]
    assert standing(supervised.service / "log").up


def test_memory_is_limited_well_above_the_need(supervised: Supervised) -> None:
    pid = supervised.pid()
    limits = Path(f"/proc/{pid}/limits").read_text()
    limit = int(re.search(r"Max data size +(\d+)", limits)[1])
    data = int(re.search(r"VmData:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) * 1024
    print(f"data segment {data / 1e6:.0f} MB of {limit / 1e6:.0f} MB")
    assert data * 2 < limit == 100_000_000


def test_killed_it_is_back(supervised: Supervised, bus: Bus) -> None:
    killed = supervised.settled()
    begun = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    pid = supervised.pid(other_than=killed)
    again = time.monotonic() - begun
    until(lambda: [owner(bus, name) for name in bus.batteries()] == [pid])
    print(f"started again after {again:.2f} s, registered after {time.monotonic() - begun:.2f} s")


def test_sigterm_releases_the_names_and_leaves(supervised: Supervised, bus: Bus) -> None:
    pid = supervised.settled()
    begun = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    until(lambda: not bus.batteries())
    released = time.monotonic() - begun
    until(lambda: not runs(pid))
    left = time.monotonic() - begun
    print(f"names released after {released:.3f} s, left after {left:.3f} s")
    assert left < 2


def hanging(environment: dict[str, str], mark: Path, *, watchdog: int) -> dict[str, str]:
    """The environment in which the driver's loop blocks for ever after 4 s; it makes the file `mark` then."""
    (mark.parent / "sitecustomize.py").write_text(HANG.format(mark=mark))
    path = os.pathsep.join(filter(None, (str(mark.parent), environment.get("PYTHONPATH"))))
    return {**environment, "PYTHONPATH": path, "DRIVER_WATCHDOG_SECONDS": str(watchdog)}


def test_a_hung_loop_is_killed_and_started_again(
    machine: Machine, environment: dict[str, str], bus: Bus, tmp_path: Path
) -> None:
    with Supervised(machine.root / "service", hanging(environment, tmp_path / "hung", watchdog=5)) as supervised:
        until(bus.batteries)
        hung = supervised.pid()
        again = supervised.pid(other_than=hung)
        assert (tmp_path / "hung").exists()
        assert not runs(hung)
        until(lambda: [owner(bus, name) for name in bus.batteries()] == [again])


def test_the_log_is_stamped(supervised: Supervised, environment: dict[str, str]) -> None:
    text = until(lambda: log(environment))
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S", line) for line in text.splitlines())
    assert "house" in text


def test_the_log_is_bounded(supervised: Supervised, environment: dict[str, str]) -> None:
    with Path(f"/proc/{supervised.pid()}/fd/2").open("w") as to_log:
        to_log.writelines(f"line {number} {'x' * 60}\n" for number in range(5000))
    until(lambda: "line 4999" in log(environment))
    files = [path for path in Path(environment["DRIVER_LOG"]).iterdir() if path.name[0] in "@c"]
    assert len(files) == 4
    assert max(path.stat().st_size for path in files) <= 25_000
    assert "line 0 " not in log(environment)


def test_a_wrong_configuration_makes_no_busy_loop(machine: Machine, environment: dict[str, str], bus: Bus) -> None:
    (machine.app / "config.ini").write_bytes(b"\0nothing")
    begun = time.monotonic()
    with Supervised(machine.root / "service", environment):
        text = until(lambda: (said := log_of(environment)).count("config.ini") >= 1 and said)
    assert str(machine.app / "config.ini") in text
    assert log(environment).count("is no text") <= time.monotonic() - begun + 1


def log_of(environment: dict[str, str]) -> str:
    """As `log`; empty as long as there is none."""
    return log(environment) if Path(environment["DRIVER_LOG"]).exists() else ""


# --- install.sh on a running service -------------------------------------------------------------------------------


def test_status_and_restart(supervised: Supervised, machine: Machine, bus: Bus) -> None:
    before = supervised.settled()
    assert f"up (pid {before})" in machine.do("status")
    machine.do("restart")
    after = supervised.pid(other_than=before)
    until(lambda: [owner(bus, name) for name in bus.batteries()] == [after])
    subprocess.run(["svc", "-d", str(supervised.service)], check=True)
    until(lambda: not standing(supervised.service).up)
    assert machine.run("status").returncode == 4
    machine.do("enable")
    until(lambda: machine.run("status").returncode == 0)


def test_disable_stops_it_for_good(supervised: Supervised, machine: Machine, bus: Bus) -> None:
    pid = supervised.settled()
    machine.do("disable")
    assert not bus.batteries()
    assert not runs(pid)
    for directory in ("service", "service/log"):
        assert subprocess.run(["svok", str(machine.app / directory)]).returncode != 0
    assert machine.run("status").returncode == 4
    machine.do("enable")
    until(bus.batteries)


def test_an_upgrade_takes_the_place_of_the_running_driver(supervised: Supervised, machine: Machine, bus: Bus) -> None:
    pid = supervised.settled()
    assert "nothing is changed" in machine.do("install")
    assert supervised.pid() == pid
    (machine.source / "driver/new.py").write_text("NEW = 1\n")
    begun = time.monotonic()
    machine.do("install")
    assert not runs(pid)
    until(bus.batteries)
    print(f"registered again {time.monotonic() - begun:.1f} s after the begin of the upgrade")
    assert owner(bus, bus.batteries()[0]) == supervised.pid(other_than=pid)


def test_uninstall_of_a_running_driver_leaves_nothing(
    machine: Machine, environment: dict[str, str], bus: Bus, tmp_path: Path
) -> None:
    with Supervised(machine.root / "service", environment) as supervised:
        until(bus.batteries)
        pid = supervised.settled()
        machine.do("uninstall")
        assert not bus.batteries()
        assert not runs(pid)
        assert contents(machine.root) == {}


def test_uninstall_ends_a_hung_driver(machine: Machine, environment: dict[str, str], bus: Bus, tmp_path: Path) -> None:
    with Supervised(machine.root / "service", hanging(environment, tmp_path / "hung", watchdog=600)) as supervised:
        pid = supervised.pid()
        until((tmp_path / "hung").exists)
        machine.do("uninstall")
        assert not runs(pid)
        assert not bus.batteries()
        assert contents(machine.root) == {}
