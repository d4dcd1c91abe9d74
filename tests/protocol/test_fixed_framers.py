"""The framers of fixed-length frames: damage costs only itself, however the stream is cut."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from operator import xor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.protocol import balancer_wire, jk02_wire, neey_wire
from driver.protocol.balancer_wire import BalancerFramer
from driver.protocol.jk02_wire import Jk02Framer
from driver.protocol.neey_wire import NeeyFramer


def sum8(data: bytes) -> bytes:
    return bytes((sum(data) & 0xFF,))


def jk02_frame(kind: int, content: bytes) -> bytes:
    body = b"\x55\xaa\xeb\x90" + bytes((kind,)) + content[:294].ljust(294, b"\0")
    return body + sum8(body)


def neey_frame(command_and_size: tuple[int, int], content: bytes) -> bytes:
    command, size = command_and_size
    body = b"\x55\xaa\x11\x01" + bytes((command, 0)) + size.to_bytes(2, "little")
    body += content[: size - 10].ljust(size - 10, b"\0")
    return body + sum8(body) + b"\xff"


def balancer_frame(command: int, content: bytes) -> bytes:
    body = b"\xeb\x90\x01" + bytes((command,)) + content[:69].ljust(69, b"\0")
    return body + sum8(body)


def jk02_right(frame: bytes) -> bool:
    return len(frame) == 300 and frame[:4] == b"\x55\xaa\xeb\x90" and frame[4] in (1, 2, 3, 5, 6) and summed(frame, 1)


def neey_right(frame: bytes) -> bool:
    sizes = {1: {100}, 2: {300}, 3: {20, 100}, 4: {100, 150}, 5: {20}, 6: {20}}
    told = int.from_bytes(frame[6:8], "little")
    return told == len(frame) and told in sizes[frame[4]] and frame[-1] == 0xFF and summed(frame, 2)


def balancer_right(frame: bytes) -> bool:
    return (
        len(frame) == 74
        and frame[:2] == b"\xeb\x90"
        and frame[3] in (0xFF, 0xF0, 0xF2, 0xF4, 0xF6)
        and summed(frame, 1)
    )


def summed(frame: bytes, behind: int) -> bool:
    return frame[-behind] == sum(frame[:-behind]) & 0xFF


@dataclass(frozen=True)
class Family:
    """A framer and what it should do."""

    make: Callable[[], Any]
    frames: st.SearchStrategy[bytes]
    requests: tuple[bytes, ...]  # heard again
    right: Callable[[bytes], bool]
    longest: int
    starts: tuple[bytes, ...]


def whole(frames: st.SearchStrategy[bytes], *starts: bytes) -> st.SearchStrategy[bytes]:
    """Frames in which nothing else begins."""
    return frames.filter(lambda frame: not any(start in frame[1:] for start in starts))


CONTENT = st.binary(max_size=300)
NEEY_KINDS = [(1, 100), (2, 300), (3, 20), (3, 100), (4, 100), (4, 150), (5, 20)]
FAMILIES = {
    "jk02": Family(
        Jk02Framer,
        whole(
            st.builds(jk02_frame, st.sampled_from([1, 2, 3, 5, 6]), CONTENT), b"\x55\xaa\xeb\x90", b"\xaa\x55\x90\xeb"
        ),
        (jk02_wire.READ_DEVICE_INFO, jk02_wire.READ_SETTINGS),
        jk02_right,
        300,
        (b"\x55\xaa\xeb\x90", b"\xaa\x55\x90\xeb", b"AT\r\n"),
    ),
    "neey": Family(
        NeeyFramer,
        whole(st.builds(neey_frame, st.sampled_from(NEEY_KINDS), CONTENT), b"\x55\xaa\x11", b"\xaa\x55\x11"),
        neey_wire.requests(neey_wire.Command.CELL_INFO),
        neey_right,
        300,
        (b"\x55\xaa\x11", b"\xaa\x55\x11"),
    ),
    "balancer": Family(
        BalancerFramer,
        whole(st.builds(balancer_frame, st.sampled_from([0xFF, 0xF0, 0xF6]), CONTENT), b"\xeb\x90", b"\x55\xaa"),
        (balancer_wire.request(),),
        balancer_right,
        74,
        (b"\xeb\x90", b"\x55\xaa"),
    ),
}
each = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
cuts = st.lists(st.integers(0, 5000), max_size=30)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    inner = sorted({place % (len(stream) + 1) for place in places})
    return [stream[a:b] for a, b in pairwise([0, *inner, len(stream)])]


def counters(framer: Any) -> tuple[int, ...]:
    more = (framer.acknowledges, framer.chatter) if isinstance(framer, Jk02Framer) else ()
    return (framer.good, framer.corrupt, framer.echoes, framer.dropped, framer.held, *more)


def clear(family: Family, data: bytes) -> bytes:
    """Noise in which nothing begins, and at whose end nothing has begun."""
    firsts = {start[0] for start in family.starts}
    return bytes(byte for byte in data if byte not in firsts)


@each
@given(data=st.data())
def test_how_the_stream_is_cut_does_not_matter(family: Family, data: st.DataObject) -> None:
    noise = st.lists(st.sampled_from([*family.starts, *(start[:2] for start in family.starts), b"\0", b"\x01\xff"]))
    parts = st.lists(
        st.one_of(family.frames, st.sampled_from(family.requests), st.binary(max_size=40), noise.map(b"".join))
    )
    stream = b"".join(data.draw(parts))
    whole, chopped = family.make(), family.make()
    assert [one for chunk in cut(stream, data.draw(cuts)) for one in chopped.feed(chunk)] == whole.feed(stream)
    assert counters(chopped) == counters(whole)


@each
@given(data=st.data())
def test_damage_costs_only_itself(family: Family, data: st.DataObject) -> None:
    framer, stream, wanted, echoes = family.make(), b"", [], 0
    for _ in range(data.draw(st.integers(0, 8))):
        frame = data.draw(family.frames)
        match data.draw(st.sampled_from(["frame", "noise", "damaged", "echo", "half"])):
            case "frame":
                stream += frame
                wanted.append(frame)
            case "noise":
                stream += clear(family, data.draw(st.binary(max_size=60)))
            case "damaged":
                place, flip = data.draw(st.integers(0, len(frame) - 1)), data.draw(st.integers(1, 255))
                stream += frame[:place] + bytes((frame[place] ^ flip,)) + frame[place + 1 :]
            case "echo":
                stream += data.draw(st.sampled_from(family.requests))
                echoes += 1
            case "half":  # what follows it is a whole one
                stream += frame[: data.draw(st.integers(1, len(frame) - 1))] + frame
                wanted.append(frame)
    found = [one for chunk in cut(stream, data.draw(cuts)) for one in framer.feed(chunk)] + framer.gap()
    assert found == wanted
    assert (framer.good, framer.echoes, framer.held) == (len(wanted), echoes, 0)


@each
@given(data=st.data())
def test_whole_frames_between_noise_and_echoes_are_all_found(family: Family, data: st.DataObject) -> None:
    framer, stream, wanted, echoes = family.make(), b"", [], 0
    for _ in range(data.draw(st.integers(0, 8))):
        frame = data.draw(family.frames)
        stream += clear(family, data.draw(st.binary(max_size=30))) + frame
        wanted.append(frame)
        if data.draw(st.booleans()):
            stream += data.draw(st.sampled_from(family.requests))
            echoes += 1
    assert [one for chunk in cut(stream, data.draw(cuts)) for one in framer.feed(chunk)] == wanted
    assert (framer.good, framer.echoes, framer.corrupt, framer.held) == (len(wanted), echoes, 0, 0)


@each
@given(data=st.data())
def test_a_frame_with_one_wrong_byte_is_none(family: Family, data: st.DataObject) -> None:
    frame, framer = data.draw(family.frames), family.make()
    place, flip = data.draw(st.integers(0, len(frame) - 1)), data.draw(st.integers(1, 255))
    damaged = frame[:place] + bytes((frame[place] ^ flip,)) + frame[place + 1 :]
    after = data.draw(family.frames)
    found = [*framer.feed(damaged), *framer.gap(), *framer.feed(after)]
    assert damaged not in found
    assert found[-1:] == [after]


@each
@given(data=st.data())
def test_it_never_raises_invents_or_hoards(family: Family, data: st.DataObject) -> None:
    framer, found, fed = family.make(), [], 0
    piece = st.one_of(st.binary(max_size=700), st.sampled_from([*family.starts, *family.requests]), family.frames)
    for chunk in data.draw(st.lists(piece, max_size=8)):
        found += framer.feed(chunk)
        fed += len(chunk)
        assert framer.held < family.longest
        assert 0 <= framer.missing <= family.longest
        assert accounted(family, framer, found) == fed
        if data.draw(st.booleans()):
            found += framer.gap()
            assert framer.held == 0
    assert all(map(family.right, found))


def accounted(family: Family, framer: Any, found: list[bytes]) -> int:
    """Bytes of which the counters know what became of them."""
    request = len(family.requests[0])
    more = framer.acknowledges * request + framer.chatter if isinstance(framer, Jk02Framer) else 0
    return sum(map(len, found)) + framer.echoes * request + framer.dropped + framer.held + more


@each
def test_a_megabyte_of_false_starts_takes_no_time(family: Family) -> None:
    for start in family.starts:
        for stream in (start * (1_000_000 // len(start)), (start + b"\x02") * (1_000_000 // (len(start) + 1))):
            framer, begin = family.make(), time.process_time()
            assert framer.feed(stream) == []
            assert time.process_time() - begin < 60


@each
@given(data=st.data())
def test_what_is_missing_is_told(family: Family, data: st.DataObject) -> None:
    frame, framer = data.draw(family.frames), family.make()
    for place in range(8, len(frame)):
        framer.gap()
        framer.feed(frame[:place])
        assert framer.missing == len(frame) - place
    assert framer.feed(frame[place:]) == [frame]


def test_a_jk02_frame_with_another_start_inside_has_lost_bytes() -> None:
    for start in (b"\x55\xaa\xeb\x90", b"\xaa\x55\x90\xeb"):
        framer, spliced = Jk02Framer(), jk02_frame(2, bytes(100) + start)
        assert framer.feed(spliced) + framer.gap() == []
        assert framer.corrupt == 1


def test_a_jk02_frame_of_an_unknown_type_is_none() -> None:
    for kind in {*range(256)} - {1, 2, 3, 5, 6}:
        framer = Jk02Framer()
        assert framer.feed(jk02_frame(kind, b"")) + framer.gap() == []
        assert (framer.corrupt, framer.dropped) == (1, 300)


def test_acknowledges_and_chatter_are_counted_by_themselves() -> None:
    framer = Jk02Framer()
    acknowledge = bytes.fromhex("aa5590ebc8010100000000000000000000000044")
    frame = jk02_frame(3, b"x")
    assert framer.feed(b"AT\r\nAT\r" + b"\n" + frame + acknowledge + b"AT\r\n" + frame) == [frame, frame]
    assert (framer.acknowledges, framer.chatter, framer.dropped, framer.echoes) == (1, 12, 0, 0)
    assert framer.feed(acknowledge[:-1] + b"E") + framer.gap() == []
    assert (framer.acknowledges, framer.dropped, framer.corrupt) == (1, 20, 0)


def test_neey_requests_are_summed_or_folded() -> None:
    by_sum, folded = neey_wire.requests(neey_wire.Command.DEVICE_INFO)
    assert by_sum[-2] == sum(by_sum[:-2]) & 0xFF
    assert folded[-2] == reduce(xor, folded[:-2])
    assert by_sum[:-2] == folded[:-2]
    framer = NeeyFramer()
    wrong = folded[:-2] + bytes((folded[-2] ^ 1,)) + folded[-1:]
    assert framer.feed(by_sum + folded + wrong) + framer.gap() == []
    assert (framer.echoes, framer.dropped) == (2, 20)


def test_a_neey_frame_needs_the_length_that_its_command_has() -> None:
    framer = NeeyFramer()
    assert framer.feed(neey_frame((2, 100), b"")) + framer.gap() == []
    assert framer.dropped == 100


@pytest.mark.parametrize("kind", list(jk02_wire.FrameType))
@pytest.mark.parametrize("variant", [0, 1])
def test_backgrounds_are_frames(kind: jk02_wire.FrameType, variant: int) -> None:
    frame = jk02_wire.background(kind, jk02_wire.Variant(variant))
    assert Jk02Framer().feed(frame) == [frame]
    assert jk02_wire.sealed(frame, 258)[5] == 2
    assert Jk02Framer().feed(jk02_wire.sealed(frame, 7)) == [jk02_wire.sealed(frame, 7)]


def test_backgrounds_of_balancers_are_frames() -> None:
    for command, sizes in neey_wire.REPLIES.items():
        for size in sizes:
            frame = neey_wire.background(command, size)
            assert NeeyFramer().feed(frame) == [frame]
    assert BalancerFramer().feed(balancer_wire.background()) == [balancer_wire.background()]
