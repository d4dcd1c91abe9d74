"""What disturbs a connection is named from what happens, soon, and not where it is not so."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.link.interference import VENUS, Cause, Doubles, Interference, VenusServices
from driver.link.trouble import Trouble


def after_drops(*times: float) -> Cause | None:
    seen = Interference()
    for now in times:
        seen.healthy()
        seen.dropped(now)
        seen.failed(Trouble.LOST, now)
    return seen.cause(times[-1] + 1.0)


def test_drops_every_60_s_are_named_within_five_minutes() -> None:
    times = [10.0 + 60.0 * number for number in range(4)]
    assert after_drops(*times) is Cause.KEEP_ALIVE
    assert times[-1] < 300.0


def test_they_need_not_come_to_the_second() -> None:
    assert after_drops(0.0, 61.5, 119.0, 180.0) is Cause.KEEP_ALIVE


@pytest.mark.parametrize("times", [(0.0, 60.0, 120.0), (0.0, 30.0, 60.0, 90.0), (0.0, 60.0, 75.0, 135.0, 195.0)])
def test_other_drops_are_not(times: tuple[float, ...]) -> None:
    assert after_drops(*times) is None


def test_random_drops_hardly_ever_look_periodic() -> None:
    dice = random.Random(1)
    named = 0
    for _ in range(1000):
        times = [0.0]
        for _ in range(3):
            times.append(times[-1] + dice.uniform(5.0, 300.0))
        named += after_drops(*times) is not None
    assert named <= 2


def test_it_is_forgotten_when_it_does_not_happen_again() -> None:
    seen = Interference()
    for now in (0.0, 60.0, 120.0, 180.0):
        seen.dropped(now)
    assert seen.cause(200.0) is Cause.KEEP_ALIVE
    assert seen.cause(1200.0) is None


def test_an_adapter_that_is_always_busy() -> None:
    seen = Interference()
    for now in (0.0, 5.0):
        seen.failed(Trouble.BUSY, now)
    assert seen.cause(6.0) is None
    seen.failed(Trouble.BUSY, 15.0)
    assert seen.cause(16.0) is Cause.SCANNING


def test_a_bms_that_does_not_advertise() -> None:
    seen = Interference()
    for now in (0.0, 20.0, 40.0):
        assert seen.cause(now) is None
        seen.failed(Trouble.NOT_SEEN, now)
    assert seen.cause(41.0) is Cause.HELD
    seen.healthy()
    assert seen.cause(42.0) is None


def test_refused_pairing_is_no_lost_link() -> None:
    seen = Interference()
    seen.failed(Trouble.PAIRING, 0.0)
    assert seen.cause(1.0) is Cause.PAIRING
    seen.failed(Trouble.LOST, 5.0)
    assert seen.cause(6.0) is None


def test_every_cause_says_what_to_do() -> None:
    assert all(": " in cause.value for cause in Cause)


BLUETOOTH, SENSORS = VENUS


def test_what_is_blamed_is_said_with_its_setting() -> None:
    venus = VenusServices()
    assert venus.said(Cause.KEEP_ALIVE) == ""
    venus.take(BLUETOOTH, 1)
    venus.take(SENSORS, 0)
    assert venus.said(Cause.KEEP_ALIVE) == " (now /Settings/Services/Bluetooth = 1)"
    assert venus.said(Cause.SCANNING) == " (now /Settings/Services/BleSensors = 0)"
    assert venus.said(Cause.HELD) == ""


def test_what_is_on_is_suspected() -> None:
    venus = VenusServices()
    venus.take(BLUETOOTH, 0)
    venus.take(SENSORS, None)  # an older GX has no such setting
    assert venus.suspicion == ""
    venus.take(SENSORS, 1)
    assert venus.suspicion.startswith(
        "Bluetooth sensors (/Settings/Services/BleSensors = 1) is on and may disturb it: "
    )
    venus.take(BLUETOOTH, 1)
    assert venus.on == (BLUETOOTH, SENSORS)
    assert "Venus's own Bluetooth (/Settings/Services/Bluetooth = 1) and Bluetooth sensors (" in venus.suspicion
    venus.take(BLUETOOTH, None)
    assert venus.on == (SENSORS,)


def chunks(frames: int, size: int = 128) -> list[bytes]:
    dice = random.Random(2)
    stream = b"".join(dice.randbytes(300) for _ in range(frames))
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def test_doubled_notifications_are_recognised_and_taken_out() -> None:
    doubles = Doubles()
    sent = chunks(10)
    kept = [chunk for chunk in sent for _ in range(2) if doubles.take(chunk)]
    assert doubles.doubled
    assert kept[12:] == sent[6:]


def test_single_notifications_again() -> None:
    doubles = Doubles()
    for chunk in chunks(5):
        doubles.take(chunk)
        doubles.take(chunk)
    kept = [chunk for chunk in chunks(9)[12:] if doubles.take(chunk)]
    assert kept == chunks(9)[12:]
    assert not doubles.doubled


def test_zeros_are_not_doubled() -> None:
    doubles = Doubles()
    frame = b"\x55\xaa\xeb\x90".ljust(300, b"\0")
    stream = [frame[start : start + 20] for start in range(0, 300, 20)] * 20
    assert all(doubles.take(chunk) for chunk in stream)
    assert not doubles.doubled


@given(st.lists(st.binary(min_size=1, max_size=3), max_size=60))
def test_a_stream_without_repetition_is_never_touched(stream: list[bytes]) -> None:
    doubles = Doubles()
    different = [bytes([number]) + chunk for number, chunk in enumerate(stream)]
    assert [chunk for chunk in different if doubles.take(chunk)] == different
