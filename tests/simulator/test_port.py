import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import serial

from driver.errors import LinkError
from driver.link.memory import memory_pair
from driver.protocol.jkuart_wire import READ_ALL
from driver.simulator.bms import JkBms
from driver.simulator.faults import Faults
from driver.simulator.line import BAUDRATE, Line, jk_line
from driver.simulator.port import MemoryPort, Port, PtyPort, TcpPort
from driver.simulator.uart import UartBms

SIZE = 291


def still(*faults: str, baudrate: int | None = None) -> Line:
    return Line(UartBms(JkBms()), faults=Faults(*faults), baudrate=baudrate)


def opened(url: str) -> serial.SerialBase:
    return serial.serial_for_url(url, BAUDRATE, timeout=5)


def ask(url: str, size: int = SIZE) -> bytes:
    with opened(url) as port:
        port.write(READ_ALL)
        return bytes(port.read(size))


async def asked(port: Port, size: int = SIZE) -> bytes:
    return await asyncio.to_thread(ask, port.url, size)


def lost(port: serial.SerialBase) -> None:
    """Read until the port says that it is gone; five seconds of nothing are no loss."""
    with pytest.raises((serial.SerialException, OSError)):
        for _ in iter(lambda: port.read(1), b""):
            pass


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come to that in 10 s")


@asynccontextmanager
async def no_leak() -> AsyncIterator[None]:
    def descriptors() -> set[str]:
        return {str(path) for path in Path("/proc/self/fd").iterdir()}

    before = len(descriptors())
    yield
    await eventually(lambda: len(descriptors()) <= before)


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Port:
    return PtyPort(still(), tmp_path / "ttyJK") if request.param == "pty" else TcpPort(still())


async def test_pyserial_reads_a_whole_answer(port: Port) -> None:
    async with no_leak(), port:
        assert await asked(port) == port.line.device.hear(READ_ALL)


async def test_every_byte_value_passes_unchanged(port: Port) -> None:
    every = bytes(range(256))
    port.line.device.hear = lambda chunk: chunk  # type: ignore[method-assign]

    def there_and_back() -> bytes:
        with opened(port.url) as link:
            link.write(every)
            return bytes(link.read(256))

    async with port:
        assert await asyncio.to_thread(there_and_back) == every


async def test_unplugged_it_is_gone_and_plugged_in_again_it_is_the_same(port: Port) -> None:
    async with no_leak(), port:
        url = port.url
        link = await asyncio.to_thread(opened, url)
        try:
            await port.unplug()
            await port.unplug()
            await asyncio.to_thread(lost, link)
        finally:
            link.close()
        with pytest.raises((serial.SerialException, OSError)):
            await asyncio.to_thread(ask, url)

        await port.plug()
        await port.plug()
        assert port.url == url
        assert len(await asked(port)) == SIZE


async def test_unplugging_in_the_middle_of_an_answer_loses_the_rest(port: Port) -> None:
    port.line.faults.on("byte-by-byte:5ms")
    async with port:
        link = await asyncio.to_thread(opened, port.url)
        try:
            link.write(READ_ALL)
            assert len(await asyncio.to_thread(link.read, 10)) == 10
            await port.unplug()
            await asyncio.to_thread(lost, link)
        finally:
            link.close()
        port.line.faults.clear()
        await port.plug()
        assert await asked(port) == port.line.device.hear(READ_ALL)


async def test_at_its_pace_an_answer_takes_its_time(port: Port) -> None:
    port.line.baudrate = BAUDRATE
    sent: list[float] = []
    port.on_sent = sent.append
    async with port:
        begin = time.monotonic()
        await asked(port)
        took = time.monotonic() - begin
    assert len(sent) == 1
    assert sent[0] - begin >= (len(READ_ALL) + SIZE) * 10 / BAUDRATE
    assert took < 2.0


async def test_nobody_reads_and_nothing_breaks() -> None:
    async with PtyPort(still()) as port:
        link = await asyncio.to_thread(opened, port.url)
        try:
            for _ in range(100):  # 29 kB of answers: more than a terminal holds
                await asyncio.to_thread(link.write, READ_ALL)
            await eventually(lambda: port.line.device.requests == 100)
            link.reset_input_buffer()
        finally:
            link.close()
        assert len(await asked(port)) == SIZE


async def test_a_link_appears_with_the_port_and_goes_with_it(tmp_path: Path) -> None:
    name = tmp_path / "by-id" / "usb-JK"
    name.parent.mkdir()
    name.symlink_to("/dev/nowhere")  # left behind by one that was killed
    async with PtyPort(still(), name) as port:
        assert port.url == str(name)
        assert str(name.readlink()).startswith("/dev/pts/")
        assert list(name.parent.iterdir()) == [name]
    assert list(name.parent.iterdir()) == []


async def test_a_link_that_another_took_over_stays(tmp_path: Path) -> None:
    name = tmp_path / "ttyJK"
    async with PtyPort(still(), name):
        name.unlink()
        name.symlink_to("/dev/null")
    assert str(name.readlink()) == "/dev/null"


async def test_places_that_are_taken_or_absent(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    async with no_leak():
        with pytest.raises(LinkError, match=r"notes\.txt: there is something else"):
            await PtyPort(still(), file).plug()
        with pytest.raises(LinkError, match="No such file"):
            await PtyPort(still(), tmp_path / "none" / "tty").plug()
    assert file.read_text() == "mine"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        with pytest.raises(LinkError, match=f"127.0.0.1:{number}: Address already in use"):
            await TcpPort(still(), number).plug()


async def test_all_connections_share_a_line() -> None:
    async with TcpPort(still()) as port:
        number = int(port.url.rpartition(":")[2])
        listener, silent = await asyncio.open_connection("127.0.0.1", number)
        talker, writer = await asyncio.open_connection("127.0.0.1", number)
        writer.write(READ_ALL)
        async with asyncio.timeout(5):
            assert await talker.readexactly(SIZE) == await listener.readexactly(SIZE)
        for one in (writer, silent):
            one.close()
            await one.wait_closed()


async def read_all(link, size: int) -> bytes:
    data = b""
    deadline = time.monotonic() + 5
    while len(data) < size and time.monotonic() < deadline:
        data += await link.read(size - len(data), 0.05)
    return data


async def test_a_link_in_memory() -> None:
    link, far = memory_pair()
    async with MemoryPort(still(baudrate=BAUDRATE), far) as port:
        sent: list[float] = []
        port.on_sent = sent.append
        await link.open()
        begin = time.monotonic()
        await link.write(READ_ALL)
        assert await read_all(link, SIZE) == port.line.device.hear(READ_ALL)
        assert sent[0] - begin >= (len(READ_ALL) + SIZE) * 10 / BAUDRATE

        await port.unplug()
        with pytest.raises(LinkError):
            await link.read(0, 5)
        with pytest.raises(LinkError):
            await link.open()
        await port.plug()
        await link.open()
        await link.write(READ_ALL)
        assert len(await read_all(link, SIZE)) == SIZE

        link.unplug()  # from the driver's end
        with pytest.raises(LinkError):
            await link.write(READ_ALL)
        await eventually(lambda: port._task.done())
        await port.plug()
        await link.open()
        await link.write(READ_ALL)
        assert len(await read_all(link, SIZE)) == SIZE


async def test_many_in_one_process_answer_at_once_at_their_pace() -> None:
    ports = [PtyPort(jk_line(index, baudrate=BAUDRATE)) for index in range(1, 9)]
    async with asyncio.TaskGroup() as group:
        for one in ports:
            group.create_task(one.plug())
    try:
        begin = time.monotonic()
        answers = await asyncio.gather(*(asked(one) for one in ports))
        took = time.monotonic() - begin
    finally:
        for one in ports:
            await one.unplug()
    assert [len(answer) for answer in answers] == [SIZE] * 8
    assert len(set(answers)) == 8
    assert took < 3.0


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_that_is_just_being_made_is_lost_too(turns: int) -> None:
    async with TcpPort(still()) as port:
        with socket.socket() as caller:
            caller.connect(("127.0.0.1", int(port.url.rpartition(":")[2])))
            for _ in range(turns):
                await asyncio.sleep(0)
            await port.unplug()
            caller.setblocking(False)
            async with asyncio.timeout(5):
                with suppress(ConnectionResetError):
                    assert await asyncio.get_running_loop().sock_recv(caller, 1) == b""
