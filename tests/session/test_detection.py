"""Finding out who answers on a port, in virtual time: how long it takes, what it sends, what is said of the rest."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from driver.detection import detect
from driver.errors import LinkError
from driver.known import KnownBatteries
from driver.link.memory import MemoryLink, memory_pair
from driver.protocol.balancer_wire import background, request, sealed
from driver.protocol.detected import Detected
from driver.protocol.jkuart_wire import READ_ALL
from driver.simulator.line import jk_line
from driver.simulator.pb import pb_line
from driver.simulator.port import MemoryPort
from driver.state_file import StateFile
from driver.verdicts import Verdict
from tests.virtual_time import run

VE_DIRECT = b"\r\nPID\t0xA389\r\nV\t26210\r\nI\t-1040\r\nSOC\t866\r\nChecksum\t\x5a"
NMEA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"
MODBUS = bytes.fromhex("010300000002c40b0103040000000afa31")
GARBAGE = bytes.fromhex("f81c03e0ff8173c0fe0719")


class Wire:
    """What is at the other end, speed by speed."""

    def __init__(self) -> None:
        self.speeds: dict[int, MemoryLink] = {}
        self.written: list[tuple[int, bytes]] = []
        self.took = 0.0
        self.tasks: list[asyncio.Task[None]] = []
        self.ports: list[MemoryPort] = []

    def open(self, port: str, speed: int) -> MemoryLink:
        near = self.speeds.get(speed) or memory_pair()[0]
        near.damage = lambda data: self._written(speed, data)
        return near

    def _written(self, speed: int, data: bytes) -> tuple[bytes, ...]:
        self.written.append((speed, data))
        return (data,)

    def far(self, speed: int) -> MemoryLink:
        self.speeds[speed], far = memory_pair()
        return far

    async def says(self, far: MemoryLink, what: Callable[[bytes], bytes], every: float | None = None) -> None:
        """Answer each chunk with what `what` makes of it; without a chunk, once in `every` s."""
        await far.open()
        while True:
            data = await far.read(0, every or 3600.0)
            if said := what(data):
                await far.write(said)


Setting = Callable[[Wire], None]


def simulated(line: Callable[[], object], speed: int = 115200) -> Setting:
    def set_up(wire: Wire) -> None:
        wire.ports.append(MemoryPort(line(), wire.far(speed)))  # type: ignore[arg-type]

    return set_up


def saying(what: Callable[[bytes], bytes], speed: int = 115200, every: float | None = None) -> Setting:
    def set_up(wire: Wire) -> None:
        wire.tasks.append(asyncio.ensure_future(wire.says(wire.far(speed), what, every)))

    return set_up


def detected(setting: Setting, remembered: Detected | None = None) -> tuple[Detected | Verdict, Wire]:
    wire = Wire()

    async def scene() -> Detected | Verdict:
        setting(wire)
        for port in wire.ports:
            await port.plug()
        found = await detect("port", remembered, None, wire.open)
        wire.took = asyncio.get_running_loop().time()
        for task in wire.tasks:
            task.cancel()
        await asyncio.gather(*wire.tasks, return_exceptions=True)
        for port in wire.ports:
            await port.unplug()
        return found

    return run(scene()), wire


def sleeping() -> object:
    line = jk_line()
    line.device.bms.asleep = True
    return line


def balancer(address: int = 1) -> Setting:
    return saying(lambda data: sealed(background(address)) if data == request() else b"", 9600)


@pytest.mark.parametrize(
    ("setting", "found", "seconds", "size"),
    [
        (simulated(jk_line), Detected("jk-uart", 115200), 1.3, 21),
        (simulated(lambda: jk_line(faults=("echo",))), Detected("jk-uart", 115200), 1.3, 21),
        (simulated(lambda: pb_line(1, 3, firmware="15.10")), Detected("jk-pb", 115200, 1), 1.6, 32),
        (simulated(lambda: pb_line(1, 3, firmware="15.41")), Detected("jk-pb", 115200, 1), 1.7, 43),
        (simulated(lambda: pb_line(15, 1, faults=("echo",))), Detected("jk-pb", 115200, 15), 4.5, 340),
        (simulated(sleeping), Detected("jk-uart", 115200), 4.7, 393),
        (balancer(), Detected("jk-balancer", 9600), 6.4, 400),
        (simulated(lambda: pb_line(0, 3)), Detected("jk-pb-listen", 115200), 1.2, 0),
        (simulated(lambda: pb_line(0, 1)), Detected("jk-pb-listen", 115200), 1.2, 0),
    ],
    ids=["uart", "uart, echo", "pb", "pb, drowsy", "pb at 15", "asleep", "balancer", "master", "master alone"],
)
def test_each_protocol_is_found_in_time_and_with_few_bytes(
    setting: Setting, found: Detected, seconds: float, size: int
) -> None:
    result, wire = detected(setting)
    assert result == found
    assert wire.took <= seconds
    assert sum(len(data) for _, data in wire.written) <= size


@pytest.mark.parametrize(
    ("setting", "remembered", "size"),
    [
        (simulated(jk_line), Detected("jk-uart", 115200), 21),
        (simulated(lambda: pb_line(9, 1)), Detected("jk-pb", 115200, 9), 22),
        (balancer(), Detected("jk-balancer", 9600), 7),
        (simulated(lambda: pb_line(0, 3)), Detected("jk-pb-listen", 115200), 0),
    ],
)
def test_what_is_remembered_is_found_with_its_own_question(setting: Setting, remembered: Detected, size: int) -> None:
    result, wire = detected(setting, remembered)
    assert result == remembered
    assert wire.took < 2
    assert sum(len(data) for _, data in wire.written) <= size


@pytest.mark.parametrize(
    "remembered", [Detected("jk-balancer", 9600), Detected("jk-pb", 115200, 9), Detected("jk-pb-listen", 115200)]
)
def test_what_was_exchanged_is_found_all_the_same(remembered: Detected) -> None:
    result, wire = detected(simulated(jk_line), remembered)
    assert result == Detected("jk-uart", 115200)
    assert wire.took < 4


@pytest.mark.parametrize("speed", [115200, 9600])
@pytest.mark.parametrize(
    ("talk", "found"),
    [(VE_DIRECT, "VE.Direct"), (NMEA, "GPS"), (MODBUS, "Modbus"), (GARBAGE, "bytes of no protocol known here")],
    ids=["VE.Direct", "NMEA", "Modbus", "garbage"],
)
def test_nothing_is_sent_where_others_talk(talk: bytes, found: str, speed: int) -> None:
    result, wire = detected(saying(lambda data: b"" if data else talk, speed, 1.0))
    assert isinstance(result, Verdict)
    assert found in result.found
    assert "nothing was sent" in result.found
    assert "choose the port of the BMS" in result.next_step
    assert not [data for at, data in wire.written if at == speed]
    assert wire.took < 10


def test_nothing_is_sent_where_somebody_else_asks_the_bms() -> None:
    frame = jk_line().device.hear(READ_ALL)
    result, wire = detected(saying(lambda data: b"" if data else frame, every=1.0))
    assert isinstance(result, Verdict)
    assert "nothing was sent" in result.found
    assert "Another program or device asks the BMS" in result.next_step
    assert wire.written == []


def silent(wire: Wire) -> None:
    pass


@pytest.mark.parametrize(
    ("setting", "found", "next_step"),
    [
        (silent, "nothing was received, not one byte", "GND, TX and RX are connected"),
        (saying(lambda data: data), "only our own requests came back (393 bytes)", "The adapter hears itself"),
        (saying(lambda data: GARBAGE if data else b""), "garbage: ", "115200 or 9600"),
        (simulated(lambda: jk_line(faults=("other-protocol",))), "another protocol (55 AA EB 90)", "UART1 protocol"),
        (simulated(lambda: jk_line(faults=("half",))), "beginnings of JK frames", "check the cable"),
        (balancer(7), "a balancer answers, but from address 7", "address 1"),
    ],
    ids=["nothing", "own echo", "garbage", "another protocol", "half frames", "another address"],
)
def test_without_an_answer_the_verdict_names_what_was_seen(setting: Setting, found: str, next_step: str) -> None:
    result, wire = detected(setting)
    assert isinstance(result, Verdict)
    assert found in result.found
    assert next_step in result.next_step
    assert wire.took < 10


def test_it_ends_when_a_stranger_answers() -> None:
    result, wire = detected(saying(lambda data: VE_DIRECT if data else b""))
    assert isinstance(result, Verdict)
    assert "VE.Direct" in result.found
    assert [data for speed, data in wire.written if speed == 115200] == [READ_ALL]


def test_a_port_that_does_not_open_is_said() -> None:
    class Gone(MemoryLink):
        async def open(self) -> None:
            raise LinkError("/dev/ttyUSB0: no such port")

    async def scene() -> Detected | Verdict:
        near, _ = memory_pair()
        near.__class__ = Gone
        return await detect("port", None, None, lambda port, speed: near)

    result = run(scene())
    assert isinstance(result, Verdict)
    assert result.found == "/dev/ttyUSB0: no such port"


def test_who_answers_is_remembered_over_a_restart(tmp_path: Path) -> None:
    known = KnownBatteries(StateFile(tmp_path / "state.json"))
    assert known.detected("/dev/ttyUSB0") is None
    known.keep_detected("/dev/ttyUSB0", Detected("jk-pb", 115200, 3))
    known.file.flush()
    again = KnownBatteries(StateFile(tmp_path / "state.json"))
    assert again.detected("/dev/ttyUSB0") == Detected("jk-pb", 115200, 3)
    assert again.detected("/dev/ttyUSB1") is None
    assert again.ports() == []


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"protocol": "jk-xx", "baudrate": 115200, "address": None},
        {"protocol": "jk-pb", "baudrate": 0, "address": None},
        {"protocol": "jk-pb", "baudrate": 115200, "address": 99},
        {"protocol": "jk-pb", "baudrate": 115200, "address": 0},
        {"protocol": "jk-pb", "baudrate": "fast", "address": 1},
    ],
)
def test_a_memory_that_makes_no_sense_is_none(entry: dict[str, object], tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    file.put("detected /dev/ttyUSB0", entry)
    file.flush()
    assert KnownBatteries(StateFile(tmp_path / "state.json")).detected("/dev/ttyUSB0") is None
