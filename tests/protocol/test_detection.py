"""What is asked in which order to find out a protocol, and what answers and other people's bytes prove."""

import pytest

from driver.protocol.balancer_wire import background, request, sealed
from driver.protocol.detected import Detected
from driver.protocol.detection import Ears, Question, attempts
from driver.protocol.jkpb_wire import ACKNOWLEDGES, REQUESTS, SLAVES, Register, Request
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL, reply
from tests.protocol.pb_bus import frame_of

UART = Detected("jk-uart", 115200)
BALANCER = Detected("jk-balancer", 9600)
UART_REPLY = reply({0x83: b"\x14\x96"})


def trigger(address: int) -> bytes:
    return REQUESTS[Request(address, Register.STATUS)]


def answer(address: int, register: Register = Register.STATUS) -> bytes:
    return frame_of(address, register) + ACKNOWLEDGES[Request(address, register)]


def asked(remembered: Detected | None = None) -> list[tuple[int, bytes]]:
    return [(one.baudrate, question.data) for one in attempts(remembered) for question in one.questions]


def test_what_is_most_likely_is_asked_first_with_the_fewest_bytes() -> None:
    sent = asked()
    assert sent[:3] == [(115200, READ_ALL), (115200, trigger(1)), (115200, trigger(1))]
    assert [data for _, data in sent[1:31]] == [trigger(address) for address in SLAVES for _ in range(2)]
    assert sent[31:] == [(115200, ACTIVATE), (115200, READ_ALL), (9600, request())]
    assert sum(len(data) for _, data in sent) == 400


def test_all_together_takes_less_than_ten_seconds() -> None:
    questions = [question for one in attempts() for question in one.questions]
    assert 2 * 1.2 + sum(question.patience for question in questions) < 8


@pytest.mark.parametrize(
    ("remembered", "first"),
    [
        (UART, [(115200, READ_ALL)]),
        (Detected("jk-pb", 115200, 7), [(115200, trigger(7))] * 2),
        (BALANCER, [(9600, request())]),
        (Detected("jk-pb-listen", 115200), []),
    ],
)
def test_what_answered_the_last_time_is_asked_first_and_everything_else_after_it(
    remembered: Detected, first: list[tuple[int, bytes]]
) -> None:
    assert attempts(remembered)[0].protocol == remembered.protocol
    sent = asked(remembered)
    assert sent[: len(first)] == first
    assert set(sent) == set(asked())


def test_the_speed_that_config_ini_names_is_the_only_one() -> None:
    assert {one.baudrate for one in attempts(None, 19200)} == {19200}


def ears(*questions: bytes, baudrate: int = 115200) -> Ears:
    made = Ears(baudrate)
    for data in questions:
        made.ask(Question(data, 0.1))
    return made


@pytest.mark.parametrize(
    ("sent", "baudrate", "heard", "found"),
    [
        ([READ_ALL], 115200, UART_REPLY, UART),
        ([READ_ALL], 115200, READ_ALL + b"\0" + UART_REPLY, UART),
        ([READ_ALL, trigger(1)], 115200, UART_REPLY, UART),
        ([trigger(3)], 115200, answer(3), Detected("jk-pb", 115200, 3)),
        ([trigger(3)], 115200, trigger(3) + answer(3), Detected("jk-pb", 115200, 3)),
        ([trigger(3), trigger(4)], 115200, answer(3), Detected("jk-pb", 115200, 3)),
        ([request()], 9600, sealed(background()), BALANCER),
    ],
    ids=["uart", "uart, echo", "uart, late", "pb", "pb, echo", "pb, late", "balancer"],
)
def test_an_answer_says_who_it_is_from(sent: list[bytes], baudrate: int, heard: bytes, found: Detected) -> None:
    listening = ears(*sent, baudrate=baudrate)
    for at in range(0, len(heard), 16):
        listening.hear(heard[at : at + 16], at / 1e4)
    assert listening.detected == found


@pytest.mark.parametrize("heard", [UART_REPLY, sealed(background()), READ_ALL, answer(1), trigger(1) + answer(1)])
def test_what_nobody_asked_for_and_comes_at_once_proves_nothing(heard: bytes) -> None:
    listening = ears()
    listening.hear(heard, 0.0)
    assert listening.detected is None


@pytest.mark.parametrize(
    "signs",
    [
        [trigger(1), trigger(2)],
        [answer(1), answer(1, Register.SETTINGS)],
        [answer(0), answer(0, Register.SETTINGS)],
    ],
)
@pytest.mark.parametrize("sent", [[], [READ_ALL, trigger(5)]])
def test_another_master_is_listened_to(signs: list[bytes], sent: list[bytes]) -> None:
    listening = ears(*sent)
    for number, sign in enumerate(signs):
        assert listening.detected is None
        listening.hear(sign, 0.13 * number)
    assert listening.detected == Detected("jk-pb-listen", 115200)


def test_a_balancer_at_another_address_is_remembered_and_not_taken() -> None:
    listening = ears(request(), baudrate=9600)
    listening.hear(sealed(background(7)), 0.0)
    assert listening.detected is None
    assert listening.strangers == [7]


def test_half_a_frame_before_a_silence_hides_no_answer() -> None:
    listening = ears(READ_ALL)
    listening.hear(UART_REPLY[:8], 0.0)
    assert listening.pending
    listening.hear(b"", 0.3)
    assert not listening.pending
    listening.hear(UART_REPLY, 0.4)
    assert listening.detected == UART
