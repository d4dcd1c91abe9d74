"""The framer: damage costs only itself, however the stream is cut."""

import time
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.protocol import jkuart_wire
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL, UartFramer, payload

HEADER = b"\x4e\x57"
LONGEST_FRAME = 602  # bytes


def sealed(content: bytes, *, command: int = 6, source: int = 0, kind: int = 1) -> bytes:
    """A frame written by hand."""
    head = HEADER + (18 + len(content)).to_bytes(2, "big") + bytes(4) + bytes((command, source, kind))
    body = head + content + bytes(4) + b"\x68"
    return body + (sum(body) & 0xFFFF).to_bytes(4, "big")


SHORT, LONG = sealed(b"\x83\x14\xe8"), sealed(bytes(range(1, 256)))
ONE = sealed(b"\x79\x06\x01\x0c\xe5\x02\x0c\xe6\x83\x02\x91")


def all_of(framer: UartFramer, chunks: list[bytes]) -> list[bytes]:
    """What comes out while chunks come in, and then silence."""
    found = [one for chunk in chunks for one in framer.feed(chunk)]
    return found + framer.gap()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    inner = sorted({place % (len(stream) + 1) for place in places})
    return [stream[a:b] for a, b in pairwise([0, *inner, len(stream)])]


def accounted(framer: UartFramer, frames: list[bytes], echoes: int) -> int:
    """Bytes of which the counters know what became of them."""
    return sum(map(len, frames)) + echoes + framer.dropped + framer.held


frames = st.binary(max_size=300).map(sealed)
noise = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"N", b"W", HEADER, b"\x4e\x57\x01\x21", b"\x4e\x57\x00\x12", b"h", b"\0"])).map(
        b"".join
    ),
)
damaged = st.builds(
    lambda frame, at, flip: (
        frame[: at % len(frame)] + bytes((frame[at % len(frame)] ^ flip,)) + frame[at % len(frame) + 1 :]
    ),
    frames,
    st.integers(0, 1000),
    st.integers(1, 255),
)
# without its end byte, which noise might bring
half = st.builds(lambda frame, at: frame[: 1 + at % (len(frame) - 5)], frames, st.integers(0, 1000))
pieces = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), frames),
        st.tuples(st.just("noise"), noise),
        st.tuples(st.just("damaged"), damaged),
        st.tuples(st.just("half"), half),
        st.tuples(st.just("echo"), st.sampled_from([READ_ALL, ACTIVATE])),
    ),
    max_size=8,
)
cuts = st.lists(st.integers(0, 5000), max_size=30)


@given(pieces, cuts)
def test_how_the_stream_is_cut_does_not_matter(parts: list[tuple[str, bytes]], places: list[int]) -> None:
    stream = b"".join(data for _, data in parts)
    whole, chopped = UartFramer(), UartFramer()
    assert [one for chunk in cut(stream, places) for one in chopped.feed(chunk)] == whole.feed(stream)
    assert (chopped.good, chopped.corrupt, chopped.echoes, chopped.dropped, chopped.held) == (
        whole.good,
        whole.corrupt,
        whole.echoes,
        whole.dropped,
        whole.held,
    )


@given(pieces, cuts)
def test_damage_costs_only_itself(parts: list[tuple[str, bytes]], places: list[int]) -> None:
    framer = UartFramer()
    found = all_of(framer, cut(b"".join(data for _, data in parts), places))
    assert found == [data for what, data in parts if what == "frame"]
    assert framer.good == len(found)
    assert framer.echoes == sum(what == "echo" for what, _ in parts)
    assert framer.held == 0
    lost = [data for what, data in parts if what not in ("frame", "echo")]
    assert framer.dropped == sum(map(len, lost))


@given(st.lists(st.binary(max_size=700), max_size=8), st.booleans())
def test_it_never_raises_invents_or_hoards(chunks: list[bytes], silence: bool) -> None:
    framer, found, fed = UartFramer(), [], 0
    for chunk in chunks:
        found += framer.feed(chunk)
        fed += len(chunk)
        assert framer.held < LONGEST_FRAME
        assert framer.missing >= 0
        assert framer.held + framer.missing <= LONGEST_FRAME
        assert accounted(framer, found, 0) == fed
        if silence:
            assert framer.gap() == []
            assert framer.held == 0
    assert all(is_right(one) for one in found)


def is_right(frame: bytes) -> bool:
    size = int.from_bytes(frame[2:4], "big") + 2
    return size == len(frame) and frame[-5:] == b"\x68" + (sum(frame[:-4]) & 0xFFFF).to_bytes(4, "big")


@given(frames, st.integers(0, 1000), st.integers(1, 255))
def test_any_byte_changed_and_the_frame_is_none(frame: bytes, at: int, flip: int) -> None:
    at %= len(frame)
    bad = frame[:at] + bytes((frame[at] ^ flip,)) + frame[at + 1 :]
    framer = UartFramer()
    # changed source or type bytes are among them: the sum is wrong before they matter
    assert all_of(framer, [SHORT + bad + LONG]) == [SHORT, LONG]
    assert framer.dropped == len(bad)


@pytest.mark.parametrize("length", [0, 17, 18, 20, 285, 600, 601, 0xFFFF])
def test_a_wrong_length_costs_one_frame(length: int) -> None:
    bad = LONG[:2] + length.to_bytes(2, "big") + LONG[4:]
    framer = UartFramer()
    assert all_of(framer, [LONG, bad, LONG]) == [LONG, LONG]
    assert framer.dropped == len(bad)


def test_a_false_start_holds_the_next_frame_back_only_until_silence() -> None:
    framer = UartFramer()
    assert framer.feed(b"\x4e\x57\x02\x58" + ONE) == []
    assert framer.missing == 602 - 4 - len(ONE)
    assert framer.gap() == [ONE]
    assert (framer.good, framer.dropped, framer.held) == (1, 4, 0)


def test_a_truncated_frame_waits_and_is_whole_with_its_last_byte() -> None:
    framer = UartFramer()
    assert framer.feed(ONE[:-1]) == []
    assert framer.missing == 1
    assert framer.feed(ONE[-1:]) == [ONE]
    assert (framer.missing, framer.good, framer.held) == (len(ONE), 1, 0)


@pytest.mark.parametrize("length", [0, 17, 601, 0xFFFF])
def test_nothing_waits_for_a_frame_that_cannot_be(length: int) -> None:
    framer = UartFramer()
    framer.feed(HEADER + length.to_bytes(2, "big"))
    assert (framer.held, framer.dropped) == (0, 4)


def test_half_a_frame_then_silence_is_dropped() -> None:
    framer = UartFramer()
    framer.feed(ONE[:15])
    assert (framer.held, framer.gap(), framer.held, framer.dropped) == (15, [], 0, 15)
    assert framer.feed(ONE) == [ONE]


def test_one_byte_at_a_time() -> None:
    framer = UartFramer()
    outcomes = [framer.feed(bytes((byte,))) for byte in ONE]
    assert outcomes == [[]] * (len(ONE) - 1) + [[ONE]]


def test_two_frames_and_a_half_in_one_chunk() -> None:
    framer = UartFramer()
    assert framer.feed(SHORT + LONG + ONE[:9]) == [SHORT, LONG]
    assert framer.feed(ONE[9:]) == [ONE]
    assert framer.dropped == 0


def test_what_is_missing_is_known_before_the_first_byte_comes() -> None:
    framer = UartFramer()
    assert framer.missing == 0
    framer.feed(LONG)
    assert framer.missing == len(LONG)
    framer.feed(ONE[:1])
    assert framer.missing == len(LONG) - 1
    framer.feed(ONE[1:4])
    assert framer.missing == len(ONE) - 4


def test_own_requests_are_echoes_and_no_answers() -> None:
    framer = UartFramer()
    assert framer.feed(READ_ALL + ONE + ACTIVATE) == [ONE]
    assert (framer.echoes, framer.good, framer.corrupt, framer.dropped) == (2, 1, 0, 0)


@pytest.mark.parametrize("source", [1, 2, 3])
def test_frames_that_are_not_from_the_bms_are_dropped(source: int) -> None:
    stranger = sealed(b"\x83\x14\xe8", source=source)
    framer = UartFramer()
    assert framer.feed(stranger + ONE) == [ONE]
    assert framer.dropped == len(stranger)


def test_unknown_types_are_dropped_and_uploads_are_not() -> None:
    strange, upload = sealed(b"\0", kind=3), sealed(b"\x83\x14\xe8", kind=2)
    framer = UartFramer()
    assert framer.feed(strange + upload) == [upload]
    assert (framer.good, framer.dropped) == (1, len(strange))


@pytest.mark.parametrize("byte", [-5, -4, -3, -2, -1])
def test_end_byte_and_every_byte_of_the_checksum_count(byte: int) -> None:
    bad = bytearray(ONE)
    bad[byte] ^= 1
    framer = UartFramer()
    assert framer.feed(bytes(bad)) == []
    assert framer.corrupt == 1


def test_the_sum_is_taken_in_16_bits() -> None:
    loud = sealed(b"")[:-9] + b"\xff" * 400
    body = HEADER + (len(loud) + 7).to_bytes(2, "big") + loud[4:] + bytes(4) + b"\x68"
    assert sum(body) > 0xFFFF
    framer = UartFramer()
    assert framer.feed(body + (sum(body) & 0xFFFF).to_bytes(4, "big"))
    assert framer.feed(body + sum(body).to_bytes(4, "big")) == []


@pytest.mark.parametrize(
    "pattern", [HEADER, b"\x4e\x57\x02\x58", b"\x4e\x57\x00\x12\x68", b"N", b"\x68\x4e\x57\x01\x01"], ids=bytes.hex
)
def test_a_megabyte_of_bait_takes_no_time(pattern: bytes) -> None:
    stream = (pattern * (2**20 // len(pattern) + 1))[: 2**20]
    framer = UartFramer()
    begin = time.process_time()
    assert framer.feed(stream) == []
    assert framer.gap() == []
    # half a second here; what is not linear takes minutes
    assert time.process_time() - begin < 30.0
    assert framer.dropped == len(stream)


def test_a_megabyte_of_frames_takes_no_time() -> None:
    count = 2**20 // len(ONE)
    framer = UartFramer()
    begin = time.process_time()
    assert len(framer.feed(ONE * count)) == count
    assert time.process_time() - begin < 30.0


@given(st.binary(max_size=582), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_frames_are_written_as_the_vendor_draws_them(content: bytes, command: int, source: int, kind: int) -> None:
    made = jkuart_wire.frame(content, command, source, kind)
    body = HEADER + (18 + len(content)).to_bytes(2, "big") + bytes(4) + bytes((command, source, kind)) + content
    body += bytes(4) + b"\x68"
    assert made == body + (sum(body) & 0xFFFF).to_bytes(4, "big")
    assert payload(made) == content


def test_the_requests_are_the_recorded_ones() -> None:
    assert READ_ALL.hex() == "4e5700130000000006030000000000006800000129"
    assert ACTIVATE.hex() == "4e5700130000000001030000000000006800000124"


def test_a_reply_holds_its_registers_in_the_order_of_recorded_frames() -> None:
    made = jkuart_wire.reply({0xC0: b"\x01", 0x79: b"\x03\x01\x0c\xe5", 0x83: b"\x14\xe8"})
    assert made == sealed(b"\x79\x03\x01\x0c\xe5\x83\x14\xe8\xc0\x01")


def test_cutting_helper_covers_the_stream() -> None:
    chunks = cut(LONG, [5, 5, 700, 3])
    assert b"".join(chunks) == LONG
    assert list(accumulate(map(len, chunks)))[-1] == len(LONG)
