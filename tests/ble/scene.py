"""The driver's half of a Bluetooth link: the real session over the real bleak, with short time limits."""

import asyncio
from collections import deque
from typing import Self

from driver.battery.reading import Reading
from driver.link.ble import BleLink
from driver.link.gatt import Timeouts
from driver.link.moderation import PERIOD, Moderation
from driver.link.radio import Radios
from driver.link.recovery import Recovery, Step
from driver.link.trouble import Trouble
from driver.protocol.jk02_wire import READ_DEVICE_INFO, READ_SETTINGS, FrameType, Jk02Framer
from driver.protocol.jkble_dialect import JkBluetooth
from driver.protocol.stream import Ask, StreamTalk
from driver.session import Session

ADDRESS, OTHER_ADDRESS = "C8:47:80:12:34:56", "C8:47:80:65:43:21"
QUICK = Timeouts(connect=1.0, subscribe=0.4, write=0.4, close=1.0, scan=1.0, shown=0.5)
BACK = 30.0  # s: ten times what any recovery here should take


def quick_radios() -> Radios:
    """What links share; notifications gather for a tenth of the usual second."""
    return Radios(moderation=Moderation(PERIOD / 10))


def quick_dialect() -> JkBluetooth:
    """Silence is noticed in a second and a half, and not in eleven."""
    dialect = JkBluetooth()

    def kind(wanted: FrameType):
        return lambda frame: frame[4] == wanted

    dialect.talk = StreamTalk(
        (
            Ask((READ_DEVICE_INFO,), kind(FrameType.DEVICE_INFO), needed=False),
            Ask((READ_SETTINGS,), kind(FrameType.SETTINGS), 300.0, needed=False),
            Ask((READ_SETTINGS,), kind(FrameType.CELL_INFO), 0.5, first=0.5),
        ),
        Jk02Framer(),
        timeout=0.3,
        began=dialect.talk._began,
    )
    return dialect


class Battery:
    """`async with Battery(ADDRESS)`: a session that runs, and what it has brought."""

    def __init__(
        self, port: str = ADDRESS, adapter: str = "auto", radios: Radios | None = None, *, failed: int = 0, **options
    ) -> None:
        """`failed`: so many attempts have come to nothing already, for a reason that can be the adapter's fault."""
        self.radios = radios or quick_radios()
        options.setdefault("timeouts", QUICK)
        options.setdefault("recovery", Recovery(lambda: 1.0, first=0.05, most=0.4))
        self.link = BleLink(port, adapter, radios=self.radios, **options)
        for _ in range(failed):
            self.link.recovery.failed(Trouble.ABORTED, 0.0)
        self.session = Session(port, self.link, quick_dialect(), self._take)
        self.readings: deque[tuple[float, Reading]] = deque(maxlen=100)
        self.count = 0  # of all readings
        self.more = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def _take(self, reading: Reading, now: float) -> None:
        self.link.understood()
        self.readings.append((now, reading))
        self.count += 1
        self.more.set()

    @property
    def steps(self) -> dict[Step, int]:
        return dict(self.link.recovery.counters)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await self.radios.bluez.close()

    def start(self) -> None:
        self.task = asyncio.ensure_future(self.session.run())

    async def stop(self) -> None:
        if self.task is not None:
            task, self.task = self.task, None
            task.cancel()
            await asyncio.wait({task}, timeout=10.0)
            assert task.cancelled()

    async def lives(self, count: int = 2, within: float = BACK) -> float:
        """Wait for so many more readings; the seconds that it took."""
        loop = asyncio.get_running_loop()
        began, wanted = loop.time(), self.count + count
        async with asyncio.timeout(within):
            while self.count < wanted:
                assert self.task is None or not self.task.done(), self.task.exception()
                self.more.clear()
                await self.more.wait()
        return loop.time() - began

    async def fails(self, text: str = "", within: float = BACK) -> str:
        """Wait until the session reports a problem with this text."""
        async with asyncio.timeout(within):
            while text not in self.session.statistics.last_problem or not self.session.statistics.last_problem:
                await asyncio.sleep(0.01)
        return self.session.statistics.last_problem


async def until(condition, within: float = BACK) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)
