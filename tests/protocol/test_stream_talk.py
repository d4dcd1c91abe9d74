"""A conversation with a device that streams: virtual time, numbers for seconds."""

import pytest

from driver.errors import ProtocolError
from driver.protocol.stream import LATER, QUIET, Ask, StreamTalk


class Lines:
    """A framer of lines."""

    def __init__(self) -> None:
        self.good = self.corrupt = self.echoes = self.dropped = 0
        self._buffer = b""

    @property
    def held(self) -> int:
        return len(self._buffer)

    @property
    def missing(self) -> int:
        return 5 if self._buffer else 0

    def feed(self, chunk: bytes) -> list[bytes]:
        *whole, self._buffer = (self._buffer + chunk).split(b"\n")
        return whole

    def gap(self) -> list[bytes]:
        self._buffer = b""
        return []


WHO = Ask((b"WHO",), lambda frame: frame == b"who", needed=False)
HOW = Ask((b"HOW", b"how?"), lambda frame: frame == b"how", fresh=300.0)
LIVE = Ask((b"LIVE",), lambda frame: frame == b"live", fresh=5.0, first=5.0)


def talk(*asks: Ask) -> StreamTalk:
    one = StreamTalk(asks or (WHO, HOW, LIVE), Lines())
    one.begin()
    return one


def sent(one: StreamTalk, until: float, answers: dict[bytes, bytes], start: float = 0.0) -> list[tuple[float, bytes]]:
    """What is sent when, by a pump that sleeps as long as it is told."""
    now, log = start, []
    for _ in range(1000):
        request = one.send(now)
        if request is not None:
            log.append((round(now, 1), request))
            if request in answers:
                one.receive(answers[request] + b"\n")
                continue
        now += one.wake(now)
        if now > until:
            return log
        one.receive(b"")
    raise AssertionError("it never sleeps")


def test_it_asks_in_order_and_then_listens() -> None:
    one = talk()
    answers = {b"WHO": b"who", b"HOW": b"how", b"LIVE": b"live"}
    assert sent(one, 4.9, answers) == [(0.0, b"WHO"), (0.0, b"HOW")]


def test_a_stream_that_dries_up_is_asked_for() -> None:
    one = talk()
    answers = {b"WHO": b"who", b"HOW": b"how", b"LIVE": b"live"}
    assert sent(one, 20.0, answers)[2:] == [(5.0, b"LIVE"), (10.0, b"LIVE"), (15.0, b"LIVE"), (20.0, b"LIVE")]


def test_a_stream_that_flows_is_not_asked_for() -> None:
    one = talk()
    one.send(0.0)
    one.receive(b"who\n")
    one.send(0.1)
    one.receive(b"how\n")
    for tenth in range(1, 1000):
        assert one.send(tenth / 10) is None
        one.receive(b"live\n")
        assert one.wake(tenth / 10) == pytest.approx(5.0)


def test_settings_are_asked_for_again() -> None:
    one = talk(HOW)
    assert sent(one, 700.0, {b"HOW": b"how"}) == [(0.0, b"HOW"), (300.0, b"HOW"), (600.0, b"HOW")]


def test_a_silent_device_is_asked_three_times_in_all_forms_and_given_up() -> None:
    one = talk(HOW)
    log: list[tuple[float, bytes | None]] = []
    now = 0.0
    while now < 6.0:
        log.append((now, one.send(now)))
        now += one.wake(now)
    assert log == [(0.0, b"HOW"), (2.0, b"how?"), (4.0, b"HOW")]
    with pytest.raises(ProtocolError, match="no answer to 3 requests"):
        one.send(now)


def test_what_is_not_needed_is_left_alone_for_a_while() -> None:
    one = talk(WHO, HOW)
    log = sent(one, 6.0 + LATER, {b"HOW": b"how"})
    assert log == [(0.0, b"WHO"), (2.0, b"WHO"), (4.0, b"WHO"), (6.0, b"HOW"), (66.0, b"WHO")]


def test_an_answer_that_comes_late_is_one() -> None:
    one = talk(WHO, HOW)
    assert one.send(0.0) == b"WHO"
    assert one.send(1.9) is None
    assert one.send(2.0) == b"WHO"
    one.receive(b"who\n")
    assert one.send(2.1) == b"HOW"


def test_frames_of_the_stream_do_not_answer_another_question() -> None:
    one = talk()
    one.send(0.0)
    one.receive(b"live\nlive\n")
    assert one.send(1.9) is None
    assert one.send(2.0) == b"WHO"


def test_several_answers_in_one_chunk_all_count() -> None:
    one = talk()
    assert one.send(0.0) == b"WHO"
    assert one.receive(b"who\nhow\nlive\n") == [b"who", b"how", b"live"]
    assert one.send(0.1) is None
    assert one.wake(0.1) == pytest.approx(5.0)


def test_a_frame_that_has_begun_is_waited_for() -> None:
    one = talk(HOW)
    one.send(0.0)
    one.receive(b"ho")
    assert one.expected == 5
    assert one.wake(1.9) == QUIET
    one.receive(b"w\n")
    assert one.expected == 0
    one.receive(b"ha")
    one.receive(b"")
    assert one.framer.held == 0


def test_a_new_link_begins_anew_and_says_so() -> None:
    begun = []
    one = StreamTalk((HOW,), Lines(), began=lambda: begun.append(True))
    one.begin()
    one.send(0.0)
    one.receive(b"how\nhal")
    assert one.send(1.0) is None
    one.begin()
    assert begun == [True, True]
    assert one.framer.held == 0
    assert one.send(1.0) == b"HOW"


def test_before_anything_was_asked_it_is_due_at_once() -> None:
    assert talk(HOW).wake(7.0) == 0.0
