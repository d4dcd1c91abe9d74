"""The talk, in virtual time: what is asked when, and when it gives up."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.errors import ProtocolError
from driver.protocol.jkuart_wire import UartFramer
from driver.protocol.talk import Poll, Talk
from tests.protocol.by_hand import sealed

ASK, WAKE = b"ask", b"wake up"
POLL = Poll(ASK, every=1.0, timeout=0.5, wake=WAKE)
ANSWER = sealed(b"\x83\x14\xe8")


def new(poll: Poll = POLL) -> Talk:
    return Talk(poll, UartFramer())


def sent(talk: Talk, until: float, begin: float = 0.0) -> list[tuple[float, bytes]]:
    """What a silent device is sent, as a session that sleeps for as long as it is told sends it."""
    now, found = begin, []
    while now <= until:
        request = talk.send(now)
        if request is not None:
            found.append((round(now, 6), request))
        now += max(talk.wake(now), 0.001)
    return found


def asked(talk: Talk, until: float, answers_after: float, begin: float = 0.0) -> list[float]:
    """When a device is asked that answers every question `answers_after` seconds later."""
    now, found, due = begin, [], []
    while now <= until:
        request = talk.send(now)
        if request == ASK:
            found.append(round(now, 6))
            due.append(now + answers_after)
        later = now + max(talk.wake(now), 0.001)
        if due and due[0] <= later:
            later = due.pop(0)
            assert talk.receive(ANSWER) == [ANSWER]
        now = later
    return found


# --- rhythm


def test_the_first_question_is_asked_at_once() -> None:
    talk = new()
    assert talk.wake(5.0) == 0.0
    assert talk.send(5.0) == ASK
    assert talk.send(5.0) is None


def test_nothing_is_asked_while_an_answer_may_come_or_before_it_is_time() -> None:
    talk = new()
    talk.send(0.0)
    assert talk.wake(0.1) == pytest.approx(0.4)
    assert talk.send(0.499) is None
    assert talk.receive(ANSWER) == [ANSWER]
    assert talk.wake(0.5) == 0.5
    assert talk.send(0.999) is None
    assert talk.send(1.0) == ASK


@pytest.mark.parametrize("answers_after", [0.0, 0.028, 0.3, 0.499])
def test_the_rhythm_does_not_drift(answers_after: float) -> None:
    assert asked(new(), 100.0, answers_after) == [float(second) for second in range(101)]


@given(st.lists(st.floats(0.0, 0.2), min_size=5, max_size=50))
def test_the_rhythm_does_not_drift_with_a_busy_loop(delays: list[float]) -> None:
    talk, now = new(), 10.0
    for number, delay in enumerate(delays):
        now = 10.0 + number + (delay if number else 0.0)
        assert talk.send(now) == ASK
        talk.receive(ANSWER)
    assert talk.wake(now) == pytest.approx(10.0 + len(delays) - now)


@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=20))
def test_polls_behind_schedule_are_skipped_and_never_bunched(stalls: list[float]) -> None:
    talk, now, last = new(), 0.0, None
    for stall in stalls:
        assert talk.send(now) == ASK
        assert last is None or now - last >= 0.5 - 1e-9
        talk.receive(ANSWER)
        last = now
        wait = talk.wake(now)
        assert 0.5 - 1e-9 <= wait <= 1.5 + 1e-9
        assert (now + wait) % 1.0 == pytest.approx(0.0, abs=1e-6) or (now + wait) % 1.0 == pytest.approx(1.0, abs=1e-6)
        now += wait + stall


# --- silence


def test_a_silent_bms_is_asked_three_times_and_woken_in_between() -> None:
    talk = new()
    found: list[tuple[float, bytes]] = []
    with pytest.raises(ProtocolError, match="no answer to 3 requests"):
        found += sent_into(talk, found)
    assert found == [(0.0, ASK), (1.0, WAKE), (1.1, ASK), (2.1, WAKE), (2.2, ASK)]
    assert talk.unanswered == 3


def sent_into(talk: Talk, found: list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
    now = 0.0
    while now < 60.0:
        request = talk.send(now)
        if request is not None:
            found.append((round(now, 6), request))
        now += max(talk.wake(now), 0.001)
    return []


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_as_many_tries_as_the_poll_allows(tries: int) -> None:
    talk = new(replace(POLL, tries=tries, wake=None))
    found: list[tuple[float, bytes]] = []
    with pytest.raises(ProtocolError, match=f"no answer to {tries} request"):
        sent_into(talk, found)
    assert found == [(float(second), ASK) for second in range(tries)]


def test_packets_are_a_tenth_of_a_second_apart() -> None:
    """The vendor's document wants 100 ms between packets."""
    talk = new()
    talk.send(0.0)
    assert talk.send(1.0) == WAKE
    assert talk.send(1.05) is None
    assert talk.wake(1.05) == pytest.approx(0.05)
    assert talk.send(1.1) == ASK


def test_an_answer_ends_the_count_of_silence() -> None:
    talk = new()
    talk.send(0.0)
    assert talk.send(1.0) == WAKE
    talk.send(1.1)
    talk.receive(ANSWER)
    assert talk.unanswered == 0
    assert talk.send(2.1) == ASK  # nobody has to be woken


def test_a_new_link_begins_anew() -> None:
    talk = new()
    with pytest.raises(ProtocolError):
        sent_into(talk, [])
    talk.receive(ANSWER[:9])
    talk.begin()
    assert talk.unanswered == 0
    assert talk.framer.held == 0
    assert talk.wake(100.0) == 0.0
    assert talk.send(100.0) == ASK
    assert talk.receive(ANSWER) == [ANSWER]


def test_what_a_lost_link_left_over_is_not_taken_for_news() -> None:
    talk = new()
    talk.send(0.0)
    assert talk.receive(b"\x4e\x57\x02\x58" + ANSWER) == []  # held back by a false start
    talk.begin()
    assert talk.receive(ANSWER) == [ANSWER]


# --- late and strange answers


def test_a_late_answer_is_an_answer() -> None:
    talk = new()
    assert talk.send(0.0) == ASK
    assert talk.send(0.5) is None
    assert talk.unanswered == 1
    assert talk.receive(ANSWER) == [ANSWER]
    assert talk.unanswered == 0
    assert talk.send(0.8) is None
    assert talk.send(1.0) == ASK


@pytest.mark.parametrize("answers_after", [0.51, 0.7, 0.99])
def test_a_bms_that_is_always_slow_is_polled_in_rhythm(answers_after: float) -> None:
    assert asked(new(), 50.0, answers_after) == [float(second) for second in range(51)]


def test_the_answer_to_an_earlier_question_counts_and_so_does_the_next() -> None:
    talk = new(replace(POLL, wake=None))
    talk.send(0.0)
    assert talk.send(0.5) is None
    assert talk.send(1.0) == ASK
    assert talk.receive(ANSWER) == [ANSWER]
    assert talk.unanswered == 0
    assert talk.receive(ANSWER) == [ANSWER]
    assert talk.send(1.2) is None
    assert talk.send(2.0) == ASK


def test_a_frame_that_answers_another_question_is_handed_on_and_counts_for_nothing() -> None:
    talk = new(replace(POLL, answers=lambda frame: frame[8] == 6))
    other = sealed(b"\0", command=1)
    talk.send(0.0)
    assert talk.receive(other) == [other]
    assert talk.wake(0.1) == pytest.approx(0.4)
    assert talk.send(0.5) is None
    assert talk.unanswered == 1
    assert talk.receive(other + ANSWER) == [other, ANSWER]
    assert talk.unanswered == 0


def test_noise_is_no_answer() -> None:
    talk = new()
    talk.send(0.0)
    assert talk.receive(b"garbage at another baud rate") == []
    assert talk.receive(ANSWER[:-1] + b"?") == []
    assert talk.send(0.6) is None
    assert talk.unanswered == 1


# --- frames on their way


def test_bytes_are_expected_only_after_a_question() -> None:
    talk = new()
    assert talk.expected == 0
    talk.send(0.0)
    assert talk.expected == 0  # nothing is known of this device
    talk.receive(ANSWER)
    assert talk.expected == 0
    talk.send(1.0)
    assert talk.expected == len(ANSWER)
    talk.receive(ANSWER[:7])
    assert talk.expected == len(ANSWER) - 7


def test_a_frame_that_has_begun_gets_time_to_end() -> None:
    """A pause shorter than that is no end of a frame, however soon the next question is due."""
    talk = new()
    talk.send(0.0)
    talk.receive(ANSWER[:9])
    assert talk.wake(0.499) == pytest.approx(0.1)
    assert talk.wake(0.2) == pytest.approx(0.3)
    talk.receive(ANSWER[9:])
    assert talk.wake(0.999) == pytest.approx(0.001)


def test_silence_ends_a_frame_that_has_begun() -> None:
    talk = new()
    talk.send(0.0)
    assert talk.receive(b"\x4e\x57\x02\x58" + ANSWER) == []
    assert talk.receive(b"") == [ANSWER]
    assert talk.unanswered == 0
    assert talk.wake(0.5) == 0.5
