"""The same scenarios over every kind of link."""

import asyncio
import time
from pathlib import Path

import pytest

from driver.errors import LinkError

from .pairs import KINDS, SOON, Pair, opened

pytestmark = [
    pytest.mark.parametrize("kind", KINDS),
    # pyserial's rfc2217 client: old thread methods; a socket whose peer is gone is left to the garbage collector
    pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning", "ignore:unclosed:ResourceWarning"),
]
FRAME = bytes(range(256)) + b"\xff\xff" * 20  # 0xFF is telnet's escape


async def read_all(pair: Pair, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(SOON):
        while len(data) < count:
            data += await pair.link.read(count - len(data), 1.0)
    return data


async def poll_for_ever(pair: Pair) -> None:
    while True:
        await pair.link.write(b"hello")
        await pair.link.read(291, 0.01)


async def test_round_trip(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        for _ in range(3):
            await pair.link.write(FRAME)
            assert await pair.receive(len(FRAME)) == FRAME
            await pair.send(FRAME)
            assert await read_all(pair, len(FRAME)) == FRAME


async def test_what_is_there_is_handed_over_at_once_when_nothing_is_known(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        await pair.send(b"NW")
        assert await pair.link.read(0, SOON) in (b"N", b"NW")


async def test_one_byte_at_a_time(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        reading = asyncio.create_task(read_all(pair, len(FRAME)))
        for byte in FRAME:
            await pair.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await reading == FRAME


async def test_big_burst(kind: str, tmp_path: Path) -> None:
    burst = FRAME * 200
    async with opened(kind, tmp_path) as pair:
        sending = asyncio.create_task(pair.send(burst))
        assert await read_all(pair, len(burst)) == burst
        await sending


async def test_large_write_while_bytes_arrive(kind: str, tmp_path: Path) -> None:
    burst = FRAME * 100
    async with opened(kind, tmp_path) as pair:
        sending = asyncio.create_task(pair.send(burst))
        receiving = asyncio.create_task(pair.receive(len(burst)))
        await pair.link.write(burst)
        assert await read_all(pair, len(burst)) == burst
        assert await receiving == burst
        await sending


async def test_nothing_comes(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        await pair.link.write(b"hello")
        for expect in (0, 291):
            begin = time.monotonic()
            assert await pair.link.read(expect, 0.05) == b""
            assert 0.045 <= time.monotonic() - begin < SOON


async def test_half_a_frame_is_handed_over_soon(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        await pair.send(FRAME[:100])
        begin = time.monotonic()
        assert await pair.link.read(len(FRAME), SOON) == FRAME[:100]
        assert time.monotonic() - begin < SOON / 2


async def test_peer_goes_away_while_reading(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        reading = asyncio.create_task(pair.link.read(0, 2 * SOON))
        await asyncio.sleep(0.01)
        pair.unplug()
        async with asyncio.timeout(SOON):
            with pytest.raises(LinkError, match="gone"):
                await reading


async def test_peer_gone_before_the_next_poll(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        await pair.link.write(b"hello")
        await pair.receive(5)
        pair.unplug()
        async with asyncio.timeout(SOON):
            with pytest.raises(LinkError):
                await poll_for_ever(pair)


async def test_reopened_when_it_is_back(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        pair.unplug()
        with pytest.raises(LinkError):
            await pair.link.read(0, SOON)
        with pytest.raises(LinkError):
            await pair.link.open()
        pair.replug()
        await pair.open()
        await pair.send(FRAME)
        assert await read_all(pair, len(FRAME)) == FRAME


async def test_a_cancelled_read_loses_nothing(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        for size in (1, 7, 60):
            await pair.send(FRAME[:size])
            reading = asyncio.create_task(pair.link.read(len(FRAME), SOON))
            await asyncio.sleep(0.005)
            if not reading.done():
                reading.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await reading
                rest = size
            else:
                rest = size - len(reading.result())
            assert await read_all(pair, rest) == FRAME[size - rest : size]


async def test_closed_is_not_open(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as pair:
        await pair.link.close()
        await pair.link.close()
        with pytest.raises(LinkError, match="not open"):
            await pair.link.read(0, SOON)
        with pytest.raises(LinkError, match="not open"):
            await pair.link.write(b"hello")


async def test_never_opened_is_not_open(kind: str, tmp_path: Path) -> None:
    pair = KINDS[kind](tmp_path)  # type: ignore[call-arg]
    await pair.link.close()
    with pytest.raises(LinkError, match="not open"):
        await pair.link.read(0, SOON)
    with pytest.raises(LinkError, match="not open"):
        await pair.link.write(b"hello")
    pair.end()
