"""What leaves the process of what went over a link: no secret, no name, and yet the same readings."""

import dataclasses
import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.reading import Identity, Reading
from driver.errors import LayoutError
from driver.protocol.annotate import ANNOTATORS, annotate, pieces
from driver.protocol.capture import Chunk, Direction
from driver.protocol.dialect import conversation
from driver.protocol.jk02 import Variant
from driver.protocol.jk02_wire import CHATTER, COMMAND, sealed
from driver.protocol.jkpb_wire import ACKNOWLEDGES, REQUESTS, Answer, PbFramer, Register, Request
from driver.protocol.jkuart_wire import READ_ALL
from driver.protocol.redaction import Redactor, without_text
from tests.commands.frames import FRAME, PASSWORD
from tests.protocol.built import cell_info, device_info, settings
from tests.protocol.fixed_sets import families, load, on_each_set
from tests.protocol.recordings import load as load_uart
from tests.protocol.recordings import names

SALT = b"for tests"
SECRETS = {62: b"13579", 102: b"my own words", 118: b"8642", 134: b"other words"}


def with_secrets(variant: int = Variant.S32, name: str = "Garage 3", serial: str = "40119491480") -> bytes:
    frame = bytearray(device_info(variant, name=name, serial=serial))
    for place, secret in SECRETS.items():
        if variant == Variant.S32 or place < 134:
            frame[place : place + len(secret)] = secret
    frame[97:102] = b"\0" + b"2468"  # behind the serial number
    return sealed(bytes(frame))


STREAM = with_secrets() + CHATTER + settings() + cell_info(counter=1) + cell_info(counter=2)


def readings(protocol: str, stream: bytes) -> list[Reading]:
    dialect = conversation(protocol, 1.0)
    found = []
    for frame in dialect.talk.receive(stream):
        try:
            reading = dialect.take(frame)
        except LayoutError:
            continue
        if reading is not None:
            found.append(
                dataclasses.replace(reading, identity=Identity(protocol=""), factory_passcode=False, details=())
            )
    return found


def shown(frame: bytes) -> dict[str, str]:
    return {line.name: line.value.strip('"') for line in annotate(frame)}


def received(*parts: bytes) -> list[Chunk]:
    return [Chunk(float(number), Direction.RECEIVED, part) for number, part in enumerate(parts)]


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.parametrize("variant", [Variant.S24, Variant.S32])
def test_no_secret_and_no_name_is_left_in_a_device_info(variant: Variant) -> None:
    clean = Redactor(SALT).stream(with_secrets(variant))
    for secret in (*SECRETS.values(), b"2468", b"Garage 3", b"40119491480"):
        assert secret not in clean
    (piece,) = pieces(clean)
    assert piece.good
    values = shown(clean)
    assert values["model"] == "JK_B2A20S20P"
    assert values["software"] in ("10.07", "15.41")
    assert re.fullmatch(r"\d{11}", values["serial"])
    assert re.fullmatch(r"[A-Z]{6} \d", values["name"])


def test_a_uart_frame_keeps_its_values_and_loses_password_and_name() -> None:
    clean = Redactor(SALT).stream(READ_ALL + FRAME)
    assert PASSWORD not in clean
    assert b"House" not in clean
    assert b"JK_B2A20S20P" in clean  # a model, whoever has one
    assert clean.startswith(READ_ALL)
    assert readings("jk-uart", clean) == readings("jk-uart", READ_ALL + FRAME) != []


@pytest.mark.parametrize("size", [1, 7, 20, 240, 4000])
def test_frames_are_found_however_the_chunks_cut_them(size: int) -> None:
    chunks = received(*cut(STREAM, size))
    clean = Redactor(SALT).chunks(chunks)
    assert [(one.at, one.direction, len(one.data)) for one in clean] == [
        (one.at, one.direction, len(one.data)) for one in chunks
    ]
    whole = b"".join(one.data for one in clean)
    assert whole == Redactor(SALT).stream(STREAM)
    assert readings("jk-ble", whole) == readings("jk-ble", STREAM) != []


def test_directions_are_streams_of_their_own() -> None:
    first, rest = cut(FRAME, 200)
    chunks = [
        Chunk(0.0, Direction.OPENED),
        Chunk(0.0, Direction.SENT, READ_ALL),
        Chunk(0.1, Direction.RECEIVED, first),
        Chunk(0.2, Direction.SENT, READ_ALL),
        Chunk(0.3, Direction.RECEIVED, rest),
    ]
    clean = Redactor(SALT).chunks(chunks)
    assert [one.data for one in clean[:2]] == [b"", READ_ALL]
    assert readings("jk-uart", clean[2].data + clean[4].data) == readings("jk-uart", FRAME)


def test_the_same_name_becomes_the_same_other_one_and_another_salt_another() -> None:
    redactor = Redactor(SALT)
    first, second = redactor.stream(with_secrets()), redactor.stream(with_secrets())
    assert first == second
    assert Redactor(b"other").stream(with_secrets()) != first
    assert redactor.stream(with_secrets(serial="40119491481")) != first


def test_text_of_ours_speaks_of_the_same_battery() -> None:
    redactor = Redactor(SALT)
    clean = redactor.stream(with_secrets())
    said = redactor.text("battery 40119491480 (Garage 3) at C8:47:80:12:34:56: lost")
    assert f"battery {shown(clean)['serial']} ({shown(clean)['name']})" in said
    assert "Garage" not in said
    assert "at C8:47:80:**:**:**: lost" in said
    assert Redactor(SALT).text("Garage 3") == "Garage 3"  # whom nobody has met


def test_a_bus_keeps_its_questions_and_whose_answers_are() -> None:
    whose = Request(3, Register.DEVICE_INFO)
    stream = REQUESTS[whose] + with_secrets() + b"\0" + ACKNOWLEDGES[whose]
    (_, heard) = PbFramer().feed(Redactor(SALT).stream(stream))
    assert isinstance(heard, Answer)
    assert heard.address == 3
    assert SECRETS[62] not in heard.frame


@pytest.mark.parametrize("mask", [1, 128, 255])
def test_damage_uncovers_nothing(mask: int) -> None:
    for frame, secrets in ((FRAME, [PASSWORD]), (with_secrets(), list(SECRETS.values()))):
        for at in range(len(frame)):
            damaged = frame[:at] + bytes((frame[at] ^ mask,)) + frame[at + 1 :]
            clean = Redactor(SALT).stream(damaged)
            for secret in secrets:
                parts = [secret[place : place + 3] for place in range(len(secret) - 2)]
                assert not any(part in clean for part in parts), (at, secret)
            assert not any(piece.good for piece in pieces(clean)), at


def test_the_rest_of_a_frame_at_the_beginning_shows_no_text() -> None:
    for at in range(1, 200):
        clean = Redactor(SALT).stream(with_secrets()[at:] + cell_info())
        for secret in (*SECRETS.values(), b"Garage"):
            assert not any(secret[place : place + 2] in clean for place in range(len(secret) - 1)), (at, secret)
        assert len(list(filter(lambda piece: piece.good, pieces(clean)))) == 1


def test_what_is_no_frame_keeps_its_beginnings_and_its_small_bytes() -> None:
    assert without_text(b"\x55\xaa\xeb\x90\x02secret\0\x01\xff AT\r\n") == b"\x55\xaa\xeb\x90\x02******\0\x01**AT\r\n"


def test_masking_does_not_make_a_frame() -> None:
    for seed in range(2000):
        random = Random(seed)
        noise = bytes(random.choices(b"\x55\xaa\xeb\x90\xff\x01\0*xy", k=8))
        body = b"\xeb\x90\x01\xff" + random.randbytes(69)
        assert not any(piece.good for piece in pieces(without_text(noise + body + random.randbytes(1))))


def test_a_sum_that_masking_makes_right_is_made_wrong() -> None:
    for filler in range(32):
        body = COMMAND + b"secret" + bytes((filler,)) * 9
        total = (sum(body) - sum(b"secret") + 6 * ord("*")) & 0xFF
        if total < 0x20:  # it would stay, and the masked command be an undamaged one
            assert without_text(body + bytes((total,)))[-1] == total ^ 1
            return
    raise AssertionError("no sum is small enough")


def test_names_of_two_letters_are_not_looked_for_in_texts() -> None:
    redactor = Redactor(SALT)
    redactor.stream(with_secrets(name="A1"))
    assert redactor.text("A1 is a part of PA10") == "A1 is a part of PA10"


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([*(one.start for one in ANNOTATORS), FRAME, FRAME[:150], with_secrets(), cell_info()]),
        )
    ),
    st.integers(1, 400),
)
def test_nothing_crashes_it_and_nothing_shows(parts: list[bytes], size: int) -> None:
    stream = b"".join(parts)
    clean = b"".join(one.data for one in Redactor(SALT).chunks(received(*cut(stream, size))))
    assert len(clean) == len(stream)
    for secret in (PASSWORD, *SECRETS.values()):
        assert secret not in clean
    good = [piece for piece in pieces(stream) if piece.good]
    assert [piece.offset for piece in pieces(clean) if piece.good] == [piece.offset for piece in good]


@on_each_set
def test_recorded_frames_mean_the_same_without_names(recording: str) -> None:
    frames = [frame.data for frame in load(recording).frames]
    clean = Redactor(SALT).stream(b"".join(frames))
    protocol = "jk-ble" if families(recording) else "neey" if recording.startswith("neey") else "jk-balancer"
    assert readings(protocol, clean) == readings(protocol, b"".join(frames))
    for frame in load(recording).frames:
        for key in ("setup_passcode", "device_passcode", "passcode", "serial_number"):
            secret = frame.derived.get(key) or ""
            model = str(frame.derived.get("model", ""))
            if len(secret) >= 4 and secret not in model:
                assert secret.encode() not in clean, key


@pytest.mark.recorded
@pytest.mark.parametrize("recording", names())
def test_recorded_uart_frames_mean_the_same_without_names(recording: str) -> None:
    frame = load_uart(recording).frame
    assert readings("jk-uart", Redactor(SALT).stream(frame)) == readings("jk-uart", frame)


def test_times_of_chunks_stay() -> None:
    chunks = received(b"a", b"b", b"c")
    assert all(before.at < after.at for before, after in pairwise(Redactor(SALT).chunks(chunks)))
