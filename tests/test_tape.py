"""The last minutes of a link: what is kept, for how long, and in how much memory."""

from hypothesis import given
from hypothesis import strategies as st

from driver.protocol.capture import Chunk, Direction
from driver.tape import BLOCK, Tape, endless
from tests.commands.frames import FRAME


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def filled(seconds: int, **limits: int) -> tuple[Tape, Clock]:
    clock = Clock()
    tape = Tape(clock=clock, **limits)
    for number in range(seconds):
        clock.now = 100.0 + number
        tape.received(FRAME[:13] + number.to_bytes(3, "big") + FRAME[16:])
    return tape, clock


def number_of(chunk: Chunk) -> int:
    return int.from_bytes(chunk.data[13:16], "big")


def test_everything_comes_back_in_order() -> None:
    clock = Clock()
    tape = Tape(clock=clock)
    tape.opened()
    tape.sent(b"question")
    clock.now += 0.25
    tape.received(b"")
    tape.received(b"answer")
    assert list(tape.chunks()) == [
        Chunk(0.0, Direction.OPENED),
        Chunk(0.0, Direction.SENT, b"question"),
        Chunk(0.25, Direction.RECEIVED, b"answer"),
    ]


def test_ten_minutes_are_kept_and_not_more() -> None:
    tape, _ = filled(2000)
    kept = list(tape.chunks())
    assert [number_of(one) for one in kept] == list(range(1399, 2000))
    assert kept[0].at == 0.0
    assert kept[-1].at == 600.0
    assert not tape.dropped


def test_what_is_too_old_is_not_shown_even_if_nothing_has_come_since() -> None:
    tape, clock = filled(10)
    clock.now += 1000
    assert list(tape.chunks()) == []


def test_the_oldest_goes_where_there_is_no_room() -> None:
    tape, _ = filled(600, most=4000)
    kept = [number_of(one) for one in tape.chunks()]
    assert kept == list(range(kept[0], 600))
    assert 48 <= len(kept) < 600
    assert tape.dropped


def test_a_tape_without_room_keeps_the_block_it_is_at() -> None:
    tape, _ = filled(600, most=1)
    assert 0 < len(list(tape.chunks())) <= BLOCK // len(FRAME)


def test_an_endless_one_keeps_all() -> None:
    tape = endless(10**6)
    for number in range(1000):
        tape.received(bytes((number & 0xFF,)) * 40)
    assert len(list(tape.chunks())) == 1000


@given(st.lists(st.binary(min_size=1, max_size=5000), max_size=30))
def test_bytes_stay_what_they_were(parts: list[bytes]) -> None:
    tape = Tape(most=10**7)
    for part in parts:
        tape.received(part)
    assert [one.data for one in tape.chunks()] == parts
