"""What is particular to ports: refusals, hanging opens, locks, flow control."""

import asyncio
import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from driver.errors import LinkError
from driver.link import opening, serial
from driver.link.opening import address, short_name
from driver.link.serial import SerialLink

from .pairs import SOON, PtyPair, descriptors, opened, until

OPENER = "opening a port"  # the thread's name
HOLD = """
import os, sys, fcntl
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.flock(port, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[PtyPair]:
    pair = PtyPair(tmp_path)
    yield pair
    pair.end()


async def refused(port: str, **options: float) -> str:
    """The text of the refusal; nothing may be left open."""
    before = descriptors()
    with pytest.raises(LinkError) as caught:
        await SerialLink(port, 115200, **options).open()
    await until(lambda: descriptors() <= before)
    assert str(caught.value).startswith(f"{port}: ")
    return str(caught.value)


async def test_a_wrong_name_is_answered_with_a_near_one(pair: PtyPair, tmp_path: Path) -> None:
    text = await refused(f"{tmp_path}/batery")
    assert "no such port" in text
    assert f"did you mean {tmp_path}/battery?" in text


async def test_a_port_of_this_driver_is_busy(pair: PtyPair, tmp_path: Path) -> None:
    await pair.open()
    text = await refused(f"{tmp_path}/battery")
    assert "already open in python" in text
    assert f"(pid {os.getpid()})" in text
    await pair.link.close()


async def test_a_port_of_another_program_is_busy_until_it_ends(pair: PtyPair, tmp_path: Path) -> None:
    port = f"{tmp_path}/battery"
    with subprocess.Popen([sys.executable, "-c", HOLD, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert f"(pid {holder.pid})" in await refused(port)
    await pair.open()
    await pair.link.close()


async def test_the_lock_goes_with_the_link(pair: PtyPair, tmp_path: Path) -> None:
    port = f"{tmp_path}/battery"
    await pair.open()
    probe = os.open(port, os.O_RDWR | os.O_NOCTTY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    await pair.link.close()
    fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(probe)


@contextmanager
def as_somebody_else(port: Path) -> Iterator[None]:
    """Without the right to open `port`: root has it always, so root becomes nobody."""
    port.resolve().chmod(0)
    if os.geteuid() != 0:
        yield
        return
    shut = {path: path.stat().st_mode for path in port.parents if not path.stat().st_mode & 0o001}
    for path, mode in shut.items():
        path.chmod(mode | 0o011)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for path, mode in shut.items():
            path.chmod(mode)


async def test_no_permission(pair: PtyPair, tmp_path: Path) -> None:
    with as_somebody_else(tmp_path / "battery"):
        text = await refused(f"{tmp_path}/battery")
    assert "no permission" in text
    assert "c---------" in text


@pytest.mark.parametrize("port", ["/dev/null", "/dev", __file__])
async def test_what_is_no_serial_port(port: str) -> None:
    assert "is no serial port" in await refused(port)


async def test_a_pulled_adapter_is_told_from_a_wrong_name(pair: PtyPair, tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to("../../ttyUSB7")
    assert "points to ../../ttyUSB7, which is not there" in await refused(f"{tmp_path}/gone")


@pytest.mark.parametrize(
    "port", ["socket://host", "socket://host:", "socket://:8899", "socket://host:0", "rfc2217://host:70000"]
)
async def test_an_address_without_a_host_or_port_number(port: str) -> None:
    assert "://host:port with a port number from 1 to 65535" in await refused(port)


async def test_an_unknown_kind_of_port() -> None:
    assert "expected /dev/..., socket://host:port, rfc2217://host:port" in await refused("tcp://10.0.0.5:8899")


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_a_connection_is_refused(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    assert "connection refused" in await refused(f"{scheme}://127.0.0.1:{number}")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "the host name is not known here"),
        (OSError(113, "No route to host"), "not reachable (No route to host)"),
        (TimeoutError("timed out"), "no answer"),
    ],
)
async def test_a_network_that_does_not_help(error: OSError, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(opening.socket, "create_connection", fail)
    assert text in await refused("socket://adapter.example:8899")


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
async def test_a_server_that_speaks_no_rfc2217() -> None:
    """A mute peer: pyserial waits 3 s for its telnet options."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f"rfc2217://127.0.0.1:{server.getsockname()[1]}"
        assert "RFC2217" in await refused(port, opening=SOON)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[int]]]:
    """An open that takes until the event is set, and what it opened then."""
    release, results = threading.Event(), []

    def hang(*_: object) -> int:
        release.wait(SOON)
        results.append(os.eventfd(0))
        return results[-1]

    monkeypatch.setattr(serial, "open_descriptor", hang)
    yield release, results
    release.set()


def openers() -> int:
    return sum(thread.name == OPENER for thread in threading.enumerate())


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


async def test_an_open_that_hangs_is_given_up_and_not_piled_up(hanging: tuple[threading.Event, list[int]]) -> None:
    release, results = hanging
    before = descriptors()
    link = SerialLink("/dev/ttyUSB0", 115200, opening=0.02)
    with pytest.raises(LinkError, match=r"did not open within 0\.02 s"):
        await link.open()
    for _ in range(3):
        with pytest.raises(LinkError, match="hangs"):
            await link.open()
    assert openers() == 1
    release.set()
    await until(lambda: len(results) == 1 and not is_open(results[0]))
    await until(lambda: openers() == 0)
    assert descriptors() == before
    await link.open()
    await link.close()
    assert descriptors() == before


async def test_cancel_while_opening(hanging: tuple[threading.Event, list[int]]) -> None:
    release, results = hanging
    before = descriptors()
    link = SerialLink("/dev/ttyUSB0", 115200)
    task = asyncio.create_task(link.open())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    await until(lambda: len(results) == 1 and not is_open(results[0]))
    assert descriptors() == before


async def test_cancel_when_the_port_is_just_open(hanging: tuple[threading.Event, list[int]]) -> None:
    release, results = hanging
    before = descriptors()
    release.set()
    task = asyncio.create_task(SerialLink("/dev/ttyUSB0", 115200).open())
    await asyncio.sleep(0)
    for thread in threading.enumerate():
        if thread.name == OPENER:
            thread.join(SOON)  # and the loop has not heard of it yet
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not is_open(results[0]))
    assert descriptors() == before


async def test_old_input_is_thrown_away(pair: PtyPair, tmp_path: Path) -> None:
    await pair.open()
    await pair.send(b"old")
    await pair.link.close()
    await pair.send(b"older")
    await pair.open()
    await pair.send(b"new")
    assert await pair.link.read(3, SOON) == b"new"
    await pair.link.close()


async def test_half_a_frame_does_not_outlive_the_connection(pair: PtyPair) -> None:
    await pair.open()
    reading = asyncio.create_task(pair.link.read(291, SOON))
    await pair.send(b"half a frame")
    await until(lambda: bool(pair.link._held))
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await pair.link.close()
    await pair.open()
    assert await pair.link.read(0, 0.01) == b""
    await pair.link.close()


async def test_a_bms_that_falls_silent_is_no_lost_port(pair: PtyPair) -> None:
    """Also where the link looks at the time at which the reply used to be there."""
    await pair.open()
    await pair.link.write(b"ask")
    await pair.send(bytes(291))
    assert await pair.link.read(291, SOON) == bytes(291)
    pair.link._pace.lag = 0.001  # it came at once, but a BMS takes its time
    await pair.link.write(b"ask")
    assert await pair.link.read(291, 0.05) == b""
    await pair.link.close()


@pytest.mark.parametrize("kind", ["pty", "socket"])
async def test_a_port_that_takes_no_bytes(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "SENDING", 0.05)
    async with opened(kind, tmp_path) as pair:
        with pytest.raises(LinkError, match=r"takes no bytes for 0\.05 s; \d+ unsent"):
            await pair.link.write(bytes(20_000_000))


async def test_closing_wakes_who_reads(pair: PtyPair) -> None:
    await pair.open()
    reading = asyncio.create_task(pair.link.read(0, SOON))
    await asyncio.sleep(0.01)
    await pair.link.close()
    async with asyncio.timeout(SOON / 2):
        with pytest.raises(LinkError, match="not open"):
            await reading


async def test_what_comes_unasked_between_reads_wakes_nobody(pair: PtyPair) -> None:
    await pair.open()
    assert await pair.link.read(0, 0.001) == b""
    await pair.send(b"unasked")
    assert asyncio.get_running_loop()._selector.select(0.05) == []
    assert await pair.link.read(0, SOON) == b"unasked"
    await pair.link.close()


async def test_closing_does_not_wait_for_unsent_bytes(pair: PtyPair, monkeypatch: pytest.MonkeyPatch) -> None:
    await pair.open()
    writing = asyncio.create_task(pair.link.write(bytes(1_000_000)))
    await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    begin = time.monotonic()
    await pair.link.close()
    assert time.monotonic() - begin < 1.0


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("/dev/ttyUSB0", "ttyUSB0"),
        ("/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", "1a86_USB_Serial"),
        ("socket://10.0.0.5:8899", "10.0.0.5:8899"),
        ("ttyUSB0", "ttyUSB0"),
    ],
)
def test_short_names(port: str, name: str) -> None:
    assert short_name(port) == name


@pytest.mark.parametrize(
    ("url", "host", "number"),
    [
        ("socket://10.0.0.5:8899", "10.0.0.5", 8899),
        ("socket://[fe80::1]:23/", "fe80::1", 23),
        ("rfc2217://box:2217?ign_set_control", "box", 2217),
    ],
)
def test_addresses(url: str, host: str, number: int) -> None:
    assert address(url) == (host, number)
