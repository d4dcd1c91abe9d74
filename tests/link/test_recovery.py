"""The ladder: what is done about a lost battery, in which order, and how soon."""

import pytest

from driver.link.recovery import LADDER, PowerCycles, Recovery, Silence, Step
from driver.link.trouble import Trouble


def steps(trouble: Trouble, count: int) -> list[Step]:
    recovery = Recovery(lambda: 1.0)
    taken = []
    for now in range(count):
        recovery.failed(trouble, float(now))
        taken.append(recovery.step)
    return taken


def test_cheapest_step_first() -> None:
    assert steps(Trouble.ABORTED, 5) == [Step.RECONNECT, Step.RECONNECT, Step.REMOVE, Step.RECONNECT, Step.POWER_CYCLE]


def test_the_ladder_is_climbed_again_and_again() -> None:
    assert steps(Trouble.ABORTED, 15) == list(LADDER) * 3


@pytest.mark.parametrize(
    "trouble", [Trouble.LOST, Trouble.SILENT, Trouble.NO_SERVICE, Trouble.PAIRING, Trouble.NOT_SEEN]
)
def test_an_adapter_is_not_switched_off_because_a_battery_is(trouble: Trouble) -> None:
    assert Step.POWER_CYCLE not in steps(trouble, 50)


@pytest.mark.parametrize("trouble", [Trouble.NO_BLUEZ, Trouble.NO_ADAPTER, Trouble.NOT_SEEN])
def test_nothing_is_forgotten_where_there_is_nothing(trouble: Trouble) -> None:
    assert set(steps(trouble, 50)) == {Step.RECONNECT}


def test_an_adapter_that_is_off_is_switched_on_soon() -> None:
    assert steps(Trouble.ADAPTER_OFF, 2) == [Step.RECONNECT, Step.POWER_CYCLE]


def test_a_valid_frame_ends_the_outage() -> None:
    recovery = Recovery(lambda: 1.0)
    for now in range(4):
        recovery.failed(Trouble.ABORTED, float(now))
    assert recovery.search is False
    recovery.healthy()
    assert recovery.failures == 0
    assert recovery.wait(4.0) == 0.0
    recovery.failed(Trouble.LOST, 5.0)
    assert recovery.step is Step.RECONNECT
    assert recovery.wait(5.0) == 0.5


def test_pauses_grow_to_20_s_and_no_further() -> None:
    recovery = Recovery(lambda: 1.0)
    pauses = []
    for _ in range(200):
        recovery.failed(Trouble.NOT_SEEN, 0.0)
        pauses.append(recovery.wait(0.0))
    assert pauses[:7] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0]
    assert max(pauses) == 20.0
    assert recovery.wait(15.0) == 5.0
    assert recovery.wait(99.0) == 0.0


def test_batteries_lost_together_do_not_come_back_together() -> None:
    waits = []
    for jitter in (0.0, 0.5, 1.0):
        recovery = Recovery(lambda: jitter)  # noqa: B023
        for _ in range(9):
            recovery.failed(Trouble.ABORTED, 0.0)
        waits.append(recovery.wait(0.0))
    assert waits == [10.0, 15.0, 20.0]


@pytest.mark.parametrize(
    ("trouble", "search"),
    [(Trouble.LOST, False), (Trouble.ABORTED, False), (Trouble.NO_ANSWER, True), (Trouble.OBJECT_GONE, True)],
)
def test_a_known_device_is_looked_for_only_when_it_did_not_answer(trouble: Trouble, *, search: bool) -> None:
    recovery = Recovery(lambda: 1.0)
    recovery.failed(trouble, 0.0)
    assert recovery.search is search


def test_another_adapter_has_its_turn_after_two_failures() -> None:
    recovery = Recovery(lambda: 1.0)
    turns = []
    for _ in range(6):
        turns.append(recovery.turn)
        recovery.failed(Trouble.NOT_SEEN, 0.0)
    assert turns == [0, 0, 1, 1, 2, 2]


def test_each_step_is_counted_and_said_once_in_an_outage() -> None:
    recovery = Recovery(lambda: 1.0)
    assert [recovery.count(Step.RECONNECT) for _ in range(3)] == [True, False, False]
    recovery.healthy()
    assert recovery.count(Step.RECONNECT)
    assert recovery.counters == {Step.RECONNECT: 4}


def test_silence_is_asked_again_then_subscribed_again_once() -> None:
    silence = Silence()
    assert [silence.asking() for _ in range(5)] == [None, Step.ASK, Step.SUBSCRIBE, Step.ASK, Step.ASK]
    silence.heard()
    assert [silence.asking() for _ in range(3)] == [None, Step.ASK, Step.SUBSCRIBE]


def test_power_cycles_are_rare_and_rarer_when_they_do_not_help() -> None:
    cycles = PowerCycles()
    assert cycles.due(0.0)
    now, apart = 0.0, []
    for _ in range(6):
        cycles.done(now)
        later = next(second for second in range(10_000) if cycles.due(now + second))
        apart.append(later)
        now += later
    assert apart == [300, 600, 1200, 2400, 3600, 3600]
    cycles.helped()
    cycles.done(now)
    assert cycles.due(now + 300)
