"""What a reply at the real pace costs, and how late it is: bounds ten times what is expected. Figures: ./dev bench."""

import asyncio
import os
import pty
import subprocess
import sys
import tty
from pathlib import Path

from driver.link.serial import SerialLink

from .pairs import SOON

SIZE, CHUNK, POLLS = 291, 16, 40


async def poll(link: SerialLink, bms: subprocess.Popen[str]) -> float:
    """One request and its whole reply; how long after its last byte it was handed over, in s."""
    await link.write(b"\x4e\x57" + bytes(19))
    received = 0
    while received < SIZE:
        chunk = await link.read(SIZE - received, SOON)
        assert chunk, "the BMS has stopped"
        received += len(chunk)
    now = asyncio.get_running_loop().time()
    assert bms.stdout is not None
    return now - float(bms.stdout.readline())


async def test_few_wakeups_and_little_delay() -> None:
    loop = asyncio.get_running_loop()
    wakeups = 0
    select = loop._selector.select  # type: ignore[attr-defined]

    def counting(timeout: float | None = None) -> object:
        nonlocal wakeups
        wakeups += timeout != 0
        return select(timeout)

    master, slave = pty.openpty()
    tty.setraw(slave)
    link = SerialLink(os.ttyname(slave), 115200)
    await link.open()
    script = Path(__file__).with_name("paced_bms.py")
    command = [sys.executable, str(script), *map(str, (master, SIZE, CHUNK))]
    with subprocess.Popen(command, pass_fds=[master], stdout=subprocess.PIPE, text=True) as bms:
        try:
            await poll(link, bms)
            loop._selector.select = counting  # type: ignore[attr-defined]
            delays = sorted([await poll(link, bms) for _ in range(POLLS)])
        finally:
            loop._selector.select = select  # type: ignore[attr-defined]
            await link.close()
            os.close(slave)
            os.close(master)
            bms.terminate()
    assert wakeups / POLLS < SIZE / CHUNK / 2
    assert delays[POLLS // 2] < 0.010
    assert delays[-1] < 0.5  # one pause of a loaded machine is in it
