"""Recorded Bluetooth notifications put together again: as they came, and cut in any other way."""

import random
from typing import Any

import pytest

from driver.protocol.balancer_wire import BalancerFramer
from driver.protocol.jk02_wire import ACKNOWLEDGE, READ_DEVICE_INFO, READ_SETTINGS, Jk02Framer
from driver.protocol.neey_wire import NeeyFramer
from tests.protocol.fixed_sets import load, on_each_set
from tests.protocol.recordings import vectors


def framer(content: dict[str, Any]) -> Any:
    match content["family"]:
        case "neey-ble":
            return NeeyFramer()
        case "jk-balancer":
            return BalancerFramer()
        case _:
            return Jk02Framer()


def chunks(content: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(row["hex"]) for row in content["stream"] if row["dir"] == "rx"]


def cut_anew(stream: bytes, seed: int) -> list[bytes]:
    dice, at, found = random.Random(seed), 0, []
    while at < len(stream):
        size = dice.choice((1, 7, 20, 22, 128, 150, 182, 300, 511))
        found.append(stream[at : at + size])
        at += size
    return found


@on_each_set
def test_every_frame_alone_is_found(recording: str) -> None:
    known = load(recording)
    for frame in known.frames:
        one = framer(known.content)
        assert one.feed(frame.data) == [frame.data]
        assert (one.good, one.corrupt, one.dropped, one.held) == (1, 0, 0, 0)


@on_each_set
def test_all_frames_in_a_row_are_found(recording: str) -> None:
    known = load(recording)
    one = framer(known.content)
    assert one.feed(b"".join(frame.data for frame in known.frames)) == [frame.data for frame in known.frames]


@on_each_set
def test_a_frame_with_a_wrong_checksum_is_none(recording: str) -> None:
    known = load(recording)
    wrong = [
        bytes.fromhex(data)
        for kind, data in known.content.get("frames", {}).items()
        if not known.content["checksums"][kind]["valid"]
    ]
    wrong += [bytes.fromhex(known.content[key]) for key in ("corrupt_cell_info",) if key in known.content]
    for data in wrong:
        one = framer(known.content)
        assert one.feed(data) + one.gap() == []
        assert one.corrupt == 1


@on_each_set
def test_notifications_give_the_frames(recording: str) -> None:
    known = load(recording)
    if "stream" not in known.content:
        return
    one = framer(known.content)
    found = [frame for chunk in chunks(known.content) for frame in one.feed(chunk)]
    assert found
    assert set(found) <= {frame.data for frame in known.frames}
    if known.content.get("stream_complete"):
        assert sorted(found) == sorted(frame.data for frame in known.frames)
    for seed in range(5):
        again = framer(known.content)
        stream = b"".join(chunks(known.content))
        assert [frame for chunk in cut_anew(stream, seed) for frame in again.feed(chunk)] == found


@on_each_set
def test_acknowledges_are_told_from_frames(recording: str) -> None:
    known = load(recording)
    if "acknowledge_frame" not in known.content or "stream" not in known.content:
        return
    one = framer(known.content)
    for chunk in chunks(known.content):
        one.feed(chunk)
    one.gap()
    acknowledge = bytes.fromhex(known.content["acknowledge_frame"])
    assert acknowledge[4] == ACKNOWLEDGE
    assert one.acknowledges == b"".join(chunks(known.content)).count(acknowledge) > 0
    if known.content["stream_complete"]:
        assert one.acknowledges == known.content["acknowledge_count"]


@on_each_set
def test_glued_and_chopped_input_gives_the_frames(recording: str) -> None:
    known = load(recording)
    for case in known.content.get("reassembly_cases", ()):
        one = Jk02Framer()
        found = [frame for chunk in case["chunks"] for frame in one.feed(bytes.fromhex(chunk))]
        assert [frame[4] for frame in found] == case["expected_frame_types"]
        assert one.corrupt == case["name"].startswith("corrupt")


@on_each_set
def test_what_comes_between_frames_is_chatter(recording: str) -> None:
    known = load(recording)
    for key in (key for key in known.content if key.startswith("junk_after_")):
        one = Jk02Framer()
        junk = bytes.fromhex(known.content[key])
        frame = known.frames[0].data
        assert one.feed(frame + junk + frame) == [frame, frame]
        assert one.dropped == 0
        assert one.acknowledges * 20 + one.chatter == len(junk)


@on_each_set
def test_an_acknowledge_and_a_frame_in_one_chunk_are_two(recording: str) -> None:
    for case in load(recording).content.get("stream_cases", ()):
        if "chunk" in case:
            data = bytes.fromhex(case["chunk"])
            assert NeeyFramer().feed(data) == [data[:20], data[20:]]


@pytest.mark.recorded
def test_our_questions_are_those_of_other_drivers() -> None:
    asked = {row["request"] for row in vectors("ble_write_commands_mppsolar_tests")["commands"] if row["length"] == 0}
    assert asked == {READ_SETTINGS.hex()}
    assert READ_DEVICE_INFO.hex() == "aa5590eb97000000000000000000000000000011"


@pytest.mark.recorded
def test_the_app_of_the_vendor_asks_the_same_with_other_padding() -> None:
    content = vectors("ble_jk02_32s_heating_start_stop_setting_btsnoop")
    heads = {bytes.fromhex(row["request"])[:6] for row in content["app_commands"] if row["length"] == 0}
    assert heads == {READ_DEVICE_INFO[:6], READ_SETTINGS[:6]}
