"""What is particular to the pair in memory: damage, and pulling the cable."""

import asyncio
from collections.abc import Iterable

import pytest

from driver.errors import LinkError
from driver.link.memory import MemoryLink, memory_pair


async def opened(driver: MemoryLink, device: MemoryLink) -> tuple[MemoryLink, MemoryLink]:
    await driver.open()
    await device.open()
    return driver, device


async def test_damage_befalls_what_the_device_sends() -> None:
    def twice_and_cut(chunk: bytes) -> Iterable[bytes]:
        return (chunk[:1], chunk, b"")

    driver, device = await opened(*memory_pair(twice_and_cut))
    await device.write(b"abc")
    assert await driver.read(0, 1) == b"aabc"
    await driver.write(b"abc")
    assert await device.read(0, 1) == b"abc"


async def test_damage_can_be_changed_on_either_end() -> None:
    driver, device = await opened(*memory_pair())
    driver.damage = lambda chunk: ()
    await driver.write(b"lost")
    assert await device.read(0, 0.001) == b""


async def test_bytes_to_a_closed_end_are_lost() -> None:
    driver, device = memory_pair()
    await device.open()
    await device.write(b"lost")
    await driver.open()
    assert await driver.read(0, 0.001) == b""


async def test_opening_throws_away_what_was_received() -> None:
    driver, device = await opened(*memory_pair())
    await device.write(b"old")
    await driver.open()
    assert await driver.read(0, 0.001) == b""


async def test_pulling_the_cable_ends_both_reads() -> None:
    driver, device = await opened(*memory_pair())
    reads = [asyncio.create_task(end.read(0, 10)) for end in (driver, device)]
    await asyncio.sleep(0)
    driver.unplug()
    for read in reads:
        with pytest.raises(LinkError, match="unplugged"):
            await read
    with pytest.raises(LinkError, match="not plugged in"):
        await driver.open()


async def test_a_new_cable_needs_opening() -> None:
    driver, device = await opened(*memory_pair())
    driver.unplug()
    driver.plug()
    with pytest.raises(LinkError, match="not open"):
        await driver.write(b"x")
    await opened(driver, device)
    await driver.write(b"x")
    assert await device.read(0, 1) == b"x"


async def test_closing_ends_the_read() -> None:
    driver, _ = await opened(*memory_pair())
    read = asyncio.create_task(driver.read(0, 10))
    await asyncio.sleep(0)
    await driver.close()
    with pytest.raises(LinkError, match="not open"):
        await read
