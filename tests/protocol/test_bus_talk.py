"""The master of a bus, in virtual time: nobody's values become somebody else's, and nobody waits for the dead."""

import itertools
import os
from collections import defaultdict
from statistics import mean

import pytest

from driver.protocol.bus_listen import ListenTalk
from driver.protocol.bus_talk import APART, CROWDED_PROBE, LISTEN, MasterTalk
from driver.protocol.jkpb_wire import ACKNOWLEDGES, REQUESTS, SLAVES, Answer, Register, Request
from tests.protocol.pb_bus import Bus, Pack, flips, frame_of

HOUR = 3600.0


class Log:
    """What was taken in, and when."""

    def __init__(self) -> None:
        self.answers: list[tuple[float, Answer]] = []

    def __call__(self, answer: Answer, now: float) -> None:
        self.answers.append((now, answer))

    def times(self, address: int, register: Register = Register.STATUS) -> list[float]:
        return [now for now, one in self.answers if (one.address, one.register) == (address, register)]

    def gaps(self, address: int, after: float = 0.0) -> list[float]:
        times = [now for now in self.times(address) if now >= after]
        return [later - earlier for earlier, later in itertools.pairwise(times)]


def master(*addresses: int, poll_interval: float = 1.0) -> MasterTalk:
    talk = MasterTalk()
    for address in addresses:
        talk.add(address, poll_interval)
    return talk


def test_one_pack_is_asked_once_a_second_without_drift() -> None:
    bus, log = Bus(Pack(3)), Log()
    bus.run(master(3), 60.0, log)
    gaps = log.gaps(3)
    assert 56 <= len(gaps) <= 60
    assert gaps == pytest.approx([1.0] * len(gaps), abs=0.11)  # a question for settings may be in the way
    assert log.times(3)[-1] - log.times(3)[1] == pytest.approx(len(gaps) - 1, abs=0.11)


def test_nothing_is_written_before_it_was_listened() -> None:
    bus = Bus(Pack(1))
    bus.run(master(1), 5.0, Log())
    assert bus.written[0][0] >= LISTEN


def test_a_new_pack_is_asked_who_it_is_and_what_is_set_at_once_and_then_seldom() -> None:
    pack = Pack(5)
    bus, log = Bus(pack), Log()
    bus.run(master(5), 1300.0, log)
    assert [register for _, register in pack.asked[:3]] == [Register.STATUS, Register.DEVICE_INFO, Register.SETTINGS]
    assert pack.asked[2][0] < LISTEN + 0.5
    assert 20 <= len(log.times(5, Register.SETTINGS)) <= 24
    assert len(log.times(5, Register.DEVICE_INFO)) == 3


def test_requests_are_100_ms_apart_whatever_happens() -> None:
    bus = Bus(*(Pack(n, silent=n == 7, drowsy=1.0) for n in SLAVES), echo=True, damage=flips(0.1))
    bus.run(master(*SLAVES), 300.0, Log())
    assert min(b - a for (a, _), (b, _) in itertools.pairwise(bus.written)) >= APART - 1e-9


def test_fifteen_packs_share_the_wire_evenly() -> None:
    bus, log = Bus(*map(Pack, SLAVES)), Log()
    bus.run(master(*SLAVES), 300.0, log)
    shares = [len(log.times(n)) for n in SLAVES]
    assert max(shares) - min(shares) <= 2
    assert mean(log.gaps(4, after=20.0)) < 1.7


def test_refreshes_are_spread() -> None:
    bus, log = Bus(*map(Pack, SLAVES)), Log()
    bus.run(master(*SLAVES), 900.0, log)
    late = [now for now, one in log.answers if one.register is Register.SETTINGS and now > 20]
    assert max(sum(at <= other < at + 2.0 for other in late) for at in late) <= 4


@pytest.mark.parametrize("packs", [2, 5, 8, 14])
def test_a_dead_address_costs_the_others_less_than_a_tenth(packs: int) -> None:
    addresses = list(SLAVES)[:packs]
    dead = addresses[-1] + 1
    alive, beside_dead = Log(), Log()
    Bus(*map(Pack, addresses)).run(master(*addresses), 600.0, alive)
    Bus(*map(Pack, addresses)).run(master(*addresses, dead), 600.0, beside_dead)
    for address in addresses:
        assert mean(beside_dead.gaps(address, 30.0)) < 1.1 * mean(alive.gaps(address, 30.0))


def test_a_damaged_answer_is_asked_for_again_at_once() -> None:
    pack = Pack(1)
    bus, log = Bus(pack), Log()
    talk = master(1)
    bus.run(talk, 10.0, log)
    damaged = iter([True])
    bus.damage = lambda data: data[:40] + bytes((data[40] ^ 1,)) + data[41:] if next(damaged, False) else data
    bus.run(talk, 10.0, log)
    assert talk.framer.corrupt == 1
    assert max(log.gaps(1, 3.0)) < 1.3


def test_firmware_that_sleeps_through_a_first_request_is_asked_again() -> None:
    bus, log = Bus(Pack(1, drowsy=0.5), Pack(2, drowsy=0.5)), Log()
    talk = master(1, 2)
    bus.run(talk, 60.0, log)
    assert not bus.failures
    for address in (1, 2):
        assert max(log.gaps(address, 3.0)) < 1.5


def test_a_pack_that_does_not_say_who_it_is_is_asked_less_and_less() -> None:
    pack = Pack(1, deaf_to=frozenset({Register.DEVICE_INFO}))
    bus, log = Bus(pack), Log()
    bus.run(master(1), 600.0, log)
    asked = [now for now, register in pack.asked if register is Register.DEVICE_INFO]
    assert sum(now < 6.0 for now in asked) >= 6
    assert len(asked) < 30
    assert max(log.gaps(1, 3.0)) < 1.6
    assert log.times(1, Register.SETTINGS)


def test_an_answer_from_another_is_dropped() -> None:
    bus, log = Bus(Pack(1), Pack(2)), Log()
    bus.packs[1].answer = bus.packs[2].answer  # type: ignore[method-assign]
    talk = master(1)
    bus.run(talk, 30.0, log)
    assert not log.answers
    assert talk.strays > 0
    assert bus.failures


def test_a_late_answer_is_dropped() -> None:
    bus, log = Bus(Pack(1, delay=0.6), Pack(2)), Log()
    talk = master(1, 2)
    bus.run(talk, 60.0, log)
    assert not log.times(1)
    assert talk.strays > 5
    assert max(log.gaps(2, 5.0)) < 1.6


def test_who_falls_silent_is_said_once_and_found_again() -> None:
    bus, log = Bus(Pack(1), Pack(2)), Log()
    talk = master(1, 2)
    bus.run(talk, 10.0, log)
    assert talk.fallen == []
    bus.packs[2].silent = True
    bus.run(talk, 60.0, log)
    assert talk.fallen == [2]
    bus.packs[2].silent = False
    began = bus.now
    bus.run(talk, 10.0, log)
    assert min(now for now in log.times(2) if now > began) - began < CROWDED_PROBE + 0.5
    after = [one.register for now, one in log.answers if now > began and one.address == 2]
    assert set(after[:3]) == set(Register)  # it may be another pack by now
    assert talk.fallen == [2]


def test_a_late_joiner_is_found_in_a_minute() -> None:
    bus, log = Bus(*map(Pack, range(1, 15))), Log()
    talk = master(*SLAVES)
    bus.run(talk, 30.0, log)
    assert talk.passed
    bus.packs[15] = Pack(15)
    bus.run(talk, 10.0, log)
    assert log.times(15)


def test_of_all_addresses_a_late_joiner_is_found_in_a_minute() -> None:
    bus, log = Bus(Pack(1)), Log()
    talk = master(*SLAVES)
    bus.run(talk, 30.0, log)
    assert talk.passed
    bus.packs[15] = Pack(15)
    bus.run(talk, 60.0, log)
    assert log.times(15)


def test_all_addresses_are_looked_through_in_eight_seconds() -> None:
    bus, log = Bus(Pack(9)), Log()
    talk = master(*SLAVES)
    assert not talk.passed
    bus.run(talk, 8.0, log)
    assert talk.passed
    assert not bus.failures


def test_a_bus_on_which_nobody_answers_is_given_up() -> None:
    bus = Bus()
    bus.run(master(4), 6.0, Log())
    assert bus.failures == ["no answer from address 4"]
    bus = Bus()
    bus.run(master(*SLAVES), 9.0, Log())
    assert bus.failures == ["no answer from any address"]


def test_where_a_master_asks_nothing_is_written() -> None:
    bus, log = Bus(Pack(3)), Log()
    bus.on_wire = [(0.1 + 0.45 * n, REQUESTS[Request(n % 15 + 1, Register.STATUS)]) for n in range(40)]
    talk = master(3)
    bus.run(talk, 3.0, log)
    assert not bus.written
    assert "another master" in bus.failures[0]


def test_a_master_that_comes_later_is_noticed() -> None:
    bus, log = Bus(Pack(3)), Log()
    talk = master(3)
    bus.run(talk, 30.0, log)
    both = frame_of(0, Register.STATUS) + ACKNOWLEDGES[Request(0, Register.STATUS)]
    bus.on_wire = [(bus.now + 0.5 + 0.45 * n, both) for n in range(4)]
    bus.run(talk, 3.0, log)
    assert "another master" in bus.failures[0]
    assert all(one.address == 3 for _, one in log.answers)


def test_an_echo_is_no_master() -> None:
    bus, log = Bus(Pack(3), echo=True), Log()
    talk = master(3)
    bus.run(talk, 60.0, log)
    assert not bus.failures
    assert talk.framer.echoes == len(bus.written)
    assert len(log.times(3)) >= 56


def test_a_pack_that_is_added_again_is_still_one_pack() -> None:
    talk = MasterTalk()
    talk.add(1, 1.0)
    talk.add(1, 5.0)
    assert list(talk._first_pass) == [1]
    assert talk._units[1].poll_interval == 5.0


def test_address_0_is_never_asked() -> None:
    with pytest.raises(ValueError, match="address 0"):
        MasterTalk().add(0, 1.0)


def test_a_day_on_a_bad_bus() -> None:
    """15 packs, one of them silent, an adapter that echoes, 2 % of the answers damaged."""
    seconds = 24 * HOUR if os.environ.get("CI") else HOUR / 2
    bus = Bus(*(Pack(n, silent=n == 11) for n in SLAVES), echo=True, damage=flips(0.02))
    talk = master(*SLAVES)
    last: dict[int, float] = {}
    longest: dict[int, float] = defaultdict(float)
    foreign = 0

    def took(answer: Answer, now: float) -> None:
        nonlocal foreign
        foreign += answer.frame[6:-1] != bytes((answer.address + 32,)) * 293
        if answer.register is Register.STATUS:
            longest[answer.address] = max(longest[answer.address], now - last.get(answer.address, now))
            last[answer.address] = now

    bus.run(talk, 10.0, took)  # to begin with, each is asked for everything
    longest.clear()
    bus.run(talk, seconds, took)
    assert foreign == 0
    assert not bus.failures
    assert sorted(last) == [n for n in SLAVES if n != 11]
    assert max(longest.values()) <= 3.0, sorted(longest.values())
    assert min(last.values()) > bus.now - 3.0


class TestListening:
    """Beside a master."""

    def listening(self, *heard: tuple[float, bytes]) -> tuple[Bus, Log, ListenTalk]:
        bus, log, talk = Bus(), Log(), ListenTalk()
        bus.on_wire = sorted(heard)
        return bus, log, talk

    def test_frames_are_of_those_who_acknowledge_them(self) -> None:
        said = [frame_of(n, Register.STATUS) + ACKNOWLEDGES[Request(n, Register.STATUS)] for n in (0, 1, 3)]
        bus, log, talk = self.listening(*((1.0 + n, data) for n, data in enumerate(said)))
        bus.run(talk, 10.0, log)
        assert [(one.address, one.frame[6] - 32) for _, one in log.answers] == [(0, 0), (1, 1), (3, 3)]
        assert bus.written == []

    def test_one_that_is_not_heard_any_more_is_said_and_then_nobody(self) -> None:
        once = frame_of(2, Register.STATUS) + ACKNOWLEDGES[Request(2, Register.STATUS)]
        bus, log, talk = self.listening((1.0, once))
        bus.run(talk, 25.0, log)
        assert talk.fallen == []
        bus.run(talk, 3.0, log)
        assert talk.fallen == [2]
        assert bus.failures == ["no frame in 25 s"]


def test_scanning_leaves_named_packs_their_own_interval() -> None:
    bus, log = Bus(Pack(1), Pack(2)), Log()
    talk = master(2, poll_interval=5.0)
    talk.scan(1.0)
    bus.run(talk, 60.0, log)
    assert len(log.times(1)) > 40
    assert len(log.times(2)) < 15
    assert talk.wake(bus.now) >= 0.0


def test_a_new_talk_is_due_at_once() -> None:
    assert master(1).wake(5.0) == 0.0
