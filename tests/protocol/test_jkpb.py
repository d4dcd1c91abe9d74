"""PB on RS485: recorded buses from end to end, recorded packs, and everything that can be wrong with an answer."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.reading import Reading
from driver.errors import LayoutError
from driver.modbus_crc import crc16
from driver.protocol.bus_listen import ListenTalk
from driver.protocol.jk02_wire import FrameType, sealed
from driver.protocol.jkpb_dialect import JkPb, JkPbListen
from driver.protocol.jkpb_reading import LISTENING, PbPack
from driver.protocol.jkpb_wire import (
    ACKNOWLEDGES,
    ANSWER_SIZE,
    REQUESTS,
    SLAVES,
    TYPES,
    Answer,
    Heard,
    PbFramer,
    Register,
    Request,
)
from tests.protocol.pb_bus import frame_of
from tests.protocol.recordings import vectors

CAPTURES = (
    "pb_rs485_bus_capture_20240221_084252",
    "pb_rs485_bus_capture_20240221_084342",
    "pb_rs485_bus_capture_20240221_084414",
    "pb_rs485_bus_capture_20240222_114810",
    "pb_rs485_bus_capture_20240223_102915",
    "pb_rs485_bus_capture_20240223_103005",
    "pb_rs485_bus_capture_capture",
)
PACK_15_41 = "pb_rs485_pb2a16s20p_15.41_mrmanuel_test"
PACK_15_10 = "pb_rs485_pb2a16s15p_15.10_mppsolar_test_responses"
captures = pytest.mark.parametrize("recording", [pytest.param(name, marks=pytest.mark.recorded) for name in CAPTURES])


def events(recording: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = vectors(recording)["events"]
    return found


def stream(recording: str) -> bytes:
    return b"".join(bytes.fromhex(event["hex"]) for event in events(recording))


def expected(recording: str) -> list[Heard]:
    """What the recording's own notes say is in it: each frame belongs to the acknowledge behind it."""
    found: list[Heard] = []
    noted = events(recording)
    for event, behind in zip(noted, [*noted[1:], {"event": ""}], strict=True):
        if event["event"] == "request":
            found.append(Request(event["address"], Register(int(event["register"], 16))))
        elif event["event"] == "frame" and behind["event"] == "ack":
            register = Register(int(behind["register"], 16))
            found.append(Answer(behind["address"], register, bytes.fromhex(event["hex"])))
    return found


def cut(data: bytes, seed: int) -> Iterator[bytes]:
    draw, at = Random(seed), 0
    while at < len(data):
        size = draw.choice((1, 2, 7, 16, 64, 300, 700))
        yield data[at : at + size]
        at += size


class TestRecordedBuses:
    """A bus with a JK master, listened to."""

    @captures
    @pytest.mark.parametrize("seed", range(3))
    def test_every_frame_belongs_to_the_acknowledge_behind_it(self, recording: str, seed: int) -> None:
        framer = PbFramer()
        found = [one for chunk in cut(stream(recording), seed) for one in framer.feed(chunk)] + framer.gap()
        assert found == expected(recording)
        assert (framer.corrupt, framer.dropped) == (0, 0)

    @captures
    def test_listening_yields_all_of_them_and_sends_nothing(self, recording: str) -> None:
        talk, found = ListenTalk(), []
        for number, chunk in enumerate(cut(stream(recording), 4)):
            assert talk.send(number / 100) is None
            found += talk.receive(chunk, number / 100)
        assert found == [one for one in expected(recording) if isinstance(one, Answer)]

    @captures
    def test_settings_say_the_address_that_acknowledges_them(self, recording: str) -> None:
        """The one thing inside a frame that proves whose it is."""
        said = [
            (one.address, int.from_bytes(one.frame[270:274], "little"))
            for one in PbFramer().feed(stream(recording))
            if isinstance(one, Answer) and one.register is Register.SETTINGS
        ]
        assert all(address == own for address, own in said)

    @captures
    def test_each_pack_is_one_battery_whose_clocks_run(self, recording: str) -> None:
        packs: dict[int, PbPack] = {}
        readings: defaultdict[int, list[Reading]] = defaultdict(list)
        for one in PbFramer().feed(stream(recording)):
            if isinstance(one, Answer):
                pack = packs.setdefault(one.address, PbPack("jk-pb-listen", one.address, 7.2, listening=True))
                if (reading := pack.take(one.frame)) is not None:
                    readings[one.address].append(reading)
        for mine in readings.values():
            assert {len(reading.cells) for reading in mine} == {16}
            assert {reading.monitor_only for reading in mine} == {LISTENING}
            assert {reading.protections.cell_over_voltage for reading in mine} <= {3.61, 3.62}
            assert all(abs(sum(reading.cells) - reading.voltage) < 0.1 for reading in mine)
            ticks = [reading.tick for reading in mine if reading.tick is not None]
            assert len(ticks) == len(mine)
            steps = [after - before for before, after in itertools.pairwise(ticks)]
            assert all(step % 72 == 0 for step in steps)  # 0.1 s: a master's round takes 7.2 s
            assert sum(step > 72 for step in steps) <= 2  # the recorder was stopped twice

    @pytest.mark.recorded
    def test_a_pack_that_was_given_another_address_is_two_places_and_one_clock(self) -> None:
        """In this capture the pack at address 1 becomes the one at address 3."""
        runtimes: dict[int, list[int]] = defaultdict(list)
        for one in PbFramer().feed(stream("pb_rs485_bus_capture_20240221_084414")):
            if isinstance(one, Answer) and one.register is Register.STATUS:
                runtimes[one.address].append(int.from_bytes(one.frame[194:198], "little"))
        assert (len(runtimes[1]), len(runtimes[3])) == (3, 5)
        assert runtimes[3][0] - runtimes[1][-1] < 10

    @pytest.mark.recorded
    def test_only_byte_4_is_the_type(self) -> None:
        frames = [one.frame for name in CAPTURES for one in PbFramer().feed(stream(name)) if isinstance(one, Answer)]
        assert len(frames) == 770
        assert {frame[5] for frame in frames} == {0x00, 0x05, 0x68}


class TestRecordedPacks:
    """Packs asked by a host."""

    @pytest.mark.recorded
    @pytest.mark.parametrize("recording", [PACK_15_41, PACK_15_10])
    def test_device_info_settings_and_status_make_a_reading(self, recording: str) -> None:
        content = vectors(recording)
        address = content.get("bus_address", 1)
        pack = PbPack("jk-pb", address, 1.0, listening=False)
        frames = {kind: bytes.fromhex(frame) for kind, frame in content["frames"].items()}
        assert pack.take(frames["device_info"]) is None
        assert pack.take(frames["settings"]) is None
        reading = pack.take(frames["cell_info"])
        assert reading is not None
        derived = content["derived"]["cell_info"]
        assert reading.monitor_only == ""
        assert list(reading.cells) == derived["cell_voltages_V"]
        assert reading.identity.serial == content["derived"]["device_info"]["serial_number"]
        assert reading.identity.software == content["derived"]["device_info"]["software_version"]

    @pytest.mark.recorded
    def test_requests_and_acknowledges_are_the_recorded_ones(self) -> None:
        content = vectors(PACK_15_41)
        for kind, register in (
            ("cell_info", Register.STATUS),
            ("settings", Register.SETTINGS),
            ("device_info", Register.DEVICE_INFO),
        ):
            assert ACKNOWLEDGES[Request(3, register)].hex() == content["acks"][kind]["hex"]
        assert REQUESTS[Request(3, Register.STATUS)].hex() == content["request_cell_info"]["hex"]
        assert REQUESTS[Request(1, Register.DEVICE_INFO)].hex() == vectors(PACK_15_10)["request_for_device_info"]

    @pytest.mark.recorded
    @pytest.mark.parametrize(
        ("name", "count"),
        [("payload, one 0x00 pad, ack", 1), ("TX echo first", 1), ("no ack", 0), ("modbus exception", 0)],
    )
    def test_answers_as_they_came_from_an_adapter(self, name: str, count: int) -> None:
        (case,) = (case for case in vectors(PACK_15_41)["stream_cases"] if case["name"] == name)
        framer = PbFramer()
        found = framer.feed(bytes.fromhex(case["bytes"])) + framer.gap()
        assert [one.address for one in found if isinstance(one, Answer)] == [3] * count

    def test_requests_of_the_notes(self) -> None:
        assert REQUESTS[Request(1, Register.STATUS)] == bytes.fromhex("01 10 16 20 00 01 02 00 00 D6 F1")
        assert REQUESTS[Request(1, Register.SETTINGS)] == bytes.fromhex("01 10 16 1E 00 01 02 00 00 D2 2F")
        assert REQUESTS[Request(1, Register.DEVICE_INFO)] == bytes.fromhex("01 10 16 1C 00 01 02 00 00 D3 CD")
        assert ACKNOWLEDGES[Request(0, Register.STATUS)] == bytes.fromhex("00 10 16 20 00 01 05 9A")
        assert all(crc16(data) == 0 for data in (*REQUESTS.values(), *ACKNOWLEDGES.values()))


# --- what can be wrong with an answer


def acknowledge(address: int, register: Register = Register.STATUS) -> bytes:
    return ACKNOWLEDGES[Request(address, register)]


FRAME, OTHER = frame_of(1, Register.STATUS), frame_of(2, Register.STATUS)
STATUS_OF_1 = Answer(1, Register.STATUS, FRAME)
STATUS_OF_2 = Answer(2, Register.STATUS, OTHER)
DAMAGED = FRAME[:80] + b"\x77" + FRAME[81:]


def heard(data: bytes) -> list[Heard]:
    framer = PbFramer()
    return framer.feed(data) + framer.gap()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (FRAME + acknowledge(1), [STATUS_OF_1]),
        (FRAME + b"\0" + acknowledge(1) + b"\0", [STATUS_OF_1]),
        (FRAME + b"\0\0" + acknowledge(1), [STATUS_OF_1]),
        (FRAME + b"\0" + acknowledge(0), [Answer(0, Register.STATUS, FRAME)]),
        (FRAME + b"\0\0\0" + acknowledge(1), []),
        (FRAME + b"\x01" + acknowledge(1), []),
        (FRAME, []),
        (FRAME + acknowledge(1)[:-1], []),
        (FRAME + acknowledge(1, Register.SETTINGS), []),
        (FRAME + OTHER + acknowledge(2), [STATUS_OF_2]),
        (FRAME + DAMAGED + acknowledge(1), []),
        (DAMAGED + acknowledge(1) + OTHER + acknowledge(2), [STATUS_OF_2]),
        (FRAME[:100] + OTHER + acknowledge(2), [STATUS_OF_2]),
        (FRAME + REQUESTS[Request(2, Register.STATUS)] + acknowledge(2), [Request(2, Register.STATUS)]),
        (acknowledge(1) + FRAME + acknowledge(1), [STATUS_OF_1]),
        (sealed(FRAME[:4] + b"\x05" + FRAME[5:]) + acknowledge(1), []),
        (sealed(FRAME[:4] + b"\x00" + FRAME[5:]) + acknowledge(1), []),
        (sealed(FRAME[:5] + b"\x68" + FRAME[6:])[:300] + acknowledge(1), [(1, Register.STATUS)]),
    ],
)  # fmt: skip
def test_whose_a_frame_is(data: bytes, found: list[Any]) -> None:
    assert [one[:2] if len(found) and len(found[0]) == 2 else one for one in heard(data)] == found


def test_a_frame_in_which_another_begins_is_none() -> None:
    inside = sealed(FRAME[:50] + OTHER[:4] + FRAME[54:])
    assert heard(inside + acknowledge(1)) == []


def test_a_request_may_be_cut_anywhere() -> None:
    data = REQUESTS[Request(12, Register.SETTINGS)]
    for at in range(1, len(data)):
        framer = PbFramer()
        assert framer.feed(data[:at]) == []
        assert framer.feed(data[at:]) == [Request(12, Register.SETTINGS)]
        assert framer.dropped == 0


def test_what_is_missing_is_told() -> None:
    framer = PbFramer()
    assert (framer.held, framer.missing) == (0, 0)
    framer.feed(FRAME[:100])
    assert (framer.held, framer.missing) == (100, ANSWER_SIZE - 100)
    framer.feed(FRAME[100:])
    assert (framer.held, framer.missing) == (300, 8)
    framer.feed(b"\0" + acknowledge(1)[:-1])
    assert framer.missing == 1
    assert framer.feed(acknowledge(1)[-1:]) == [STATUS_OF_1]
    assert framer.held == 0


def answer_of(address: int, register: Register, byte_5: int) -> bytes:
    return frame_of(address, register, byte_5) + acknowledge(address, register)


answers = st.builds(answer_of, st.integers(0, 15), st.sampled_from(Register), st.integers(0, 255))
messages = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([*REQUESTS.values(), *ACKNOWLEDGES.values(), b"\0", b"\x55\xaa\xeb\x90"]),
    answers,
    st.builds(frame_of, st.integers(0, 15), st.sampled_from(Register)),
)


@given(st.lists(messages, max_size=12), st.integers(0, 1000))
def test_how_it_is_cut_does_not_matter(parts: list[bytes], seed: int) -> None:
    data = b"".join(parts)
    whole, pieces = PbFramer(), PbFramer()
    together = whole.feed(data) + whole.gap()
    apart = [one for chunk in cut(data, seed) for one in pieces.feed(chunk)] + pieces.gap()
    assert together == apart
    assert (whole.good, whole.corrupt, whole.echoes, whole.orphans, whole.dropped) == (
        pieces.good, pieces.corrupt, pieces.echoes, pieces.orphans, pieces.dropped,
    )  # fmt: skip
    accounted = sum(len(REQUESTS[one]) for one in together if isinstance(one, Request))
    frames = sum(ANSWER_SIZE for one in together if isinstance(one, Answer))
    assert accounted + frames + whole.orphans * 300 + whole.dropped <= len(data)


@given(st.lists(st.one_of(answers, st.binary(max_size=12)), max_size=8), st.data())
def test_no_damage_makes_a_frame_somebody_elses(parts: list[bytes], data: st.DataObject) -> None:
    """A frame says in every byte whose it is; whatever is lost or turned, no other address gets it."""
    whole = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 6))):
        if not whole:
            break
        at = data.draw(st.integers(0, len(whole) - 1))
        if data.draw(st.booleans()):
            whole[at] ^= 1 << data.draw(st.integers(0, 7))
        else:
            del whole[at : at + data.draw(st.integers(1, 20))]
    for one in heard(bytes(whole)):
        if isinstance(one, Answer):
            assert Counter(one.frame).most_common(1)[0][0] == one.address + 32
            assert one.frame[-1] == sum(one.frame[:-1]) & 0xFF
            assert one.frame[4] == TYPES[one.register]


@given(st.binary(max_size=2000))
def test_noise_is_no_frame_and_is_not_kept(data: bytes) -> None:
    framer = PbFramer()
    for _ in range(3):
        framer.feed(data)
        assert len(framer._buffer) <= ANSWER_SIZE + 2
    framer.gap()
    assert framer._buffer == b""


def test_work_is_linear_in_what_is_fed() -> None:
    framer = PbFramer()
    framer.feed(b"\x55\xaa\xeb\x90\x02" * 20_000)
    framer.feed(b"\x01\x10\x16\x20\x00\x01" * 20_000)
    assert len(framer._buffer) <= ANSWER_SIZE


# --- one pack


def test_settings_of_another_pack_are_refused() -> None:
    pack = PbPack("jk-pb", 2, 1.0, listening=False)
    frame = bytearray(frame_of(2, Register.SETTINGS))
    frame[270:274] = (3).to_bytes(4, "little")
    with pytest.raises(LayoutError, match="settings of address 3, acknowledged by address 2"):
        pack.take(sealed(bytes(frame)))


def test_only_slaves_and_the_master_have_names_on_the_bus() -> None:
    assert {address for address, _ in REQUESTS} == {0, *SLAVES}
    with pytest.raises(ValueError, match="address 16"):
        ListenTalk().add(16, 1.0)
    assert (JkPb.listening, JkPbListen.listening) == (False, True)
    assert {int(kind) for kind in TYPES.values()} == {FrameType.SETTINGS, FrameType.CELL_INFO, FrameType.DEVICE_INFO}


def test_nothing_heard_is_no_reading() -> None:
    assert JkPb(1.0, None).take(FRAME) is None
