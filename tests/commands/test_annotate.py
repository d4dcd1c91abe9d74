"""Frames explained byte by byte: every byte once, what is wrong where it is, and never a password."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.protocol.annotate import annotate, noise_line, pieces, redact
from driver.protocol.jkuart_wire import ACTIVATE, READ_ALL, frame, reply
from driver.protocol.line import Line
from tests.commands.frames import FRAME, PASSWORD, recorded, registers, shows_password

PASSWORD_AT = FRAME.index(PASSWORD)


def lines_of(data: bytes) -> list[Line]:
    return [
        line
        for piece in pieces(data)
        for line in (annotate(piece.data) if piece.family else [noise_line(piece.offset, piece.data)])
    ]


def text_of(data: bytes) -> str:
    return "\n".join(f"{line.hex} {line.name} {line.value} {line.note}" for line in lines_of(data))


def line(data: bytes, name: str) -> Line:
    return next(one for one in annotate(data) if one.name == name)


def with_sum(data: bytes) -> bytes:
    return data[:-4] + (sum(data[:-4]) & 0xFFFF).to_bytes(4, "big")


def changed(at: int, value: int, data: bytes = FRAME) -> bytes:
    return data[:at] + bytes((value,)) + data[at + 1 :]


def wrong(data: bytes) -> list[tuple[int, str]]:
    return [(one.offset, one.note) for one in annotate(data) if one.wrong]


def test_every_byte_of_a_frame_is_in_one_line() -> None:
    place = 0
    for one in annotate(FRAME):
        assert one.offset == place
        place += one.size
    assert place == len(FRAME)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("  cell 2", "3.301 V"),
        ("box temperature", "-4 °C"),
        ("total voltage", "52.92 V"),
        ("current code", "-12.50 A"),
        ("state of charge", "64 %"),
        ("alarms", "battery low temperature"),
        ("status", "discharge mosfet on"),
        ("cell over voltage", "3.650 V"),
        ("charge under temperature", "-20 °C"),
        ("balancer switch", "on"),
        ("battery type", "0 = lfp"),
        ("manufacturer id", r'"House\x00\x00\x00\x00\x00\x00\x00JK_B2A20S20P"'),
        ("password", "***"),
        ("checksum", "right"),
    ],
)
def test_values_have_units_and_names(name: str, value: str) -> None:
    assert line(FRAME, name).value == value


def test_nothing_is_wrong_with_a_whole_frame() -> None:
    assert wrong(FRAME) == []


def test_the_password_is_masked_in_the_bytes_too() -> None:
    assert line(FRAME, "password").hex == "b2" + " **" * 10


def test_a_wrong_checksum_is_said_where_it_is_and_the_rest_is_shown() -> None:
    damaged = changed(20, FRAME[20] ^ 1)
    assert wrong(damaged) == [(len(FRAME) - 4, f"the bytes sum to {sum(damaged[:-4]) & 0xFFFF:08x}")]
    assert line(damaged, "software version").value == '"11.XW_S11.26___"'


def test_a_cut_frame_is_shown_as_far_as_it_goes() -> None:
    cut = FRAME[: PASSWORD_AT + 4]
    assert wrong(cut) == [
        (PASSWORD_AT - 1, "cut off: 6 byte(s) are missing"),
        (len(cut), f"{len(FRAME) - len(cut)} byte(s) are missing"),
    ]
    assert line(cut, "cell over voltage").value == "3.650 V"


@pytest.mark.parametrize("high", [0x02, 0x00, 0xFF], ids=["longer", "shorter", "impossible"])
def test_a_wrong_length_is_said_and_the_registers_are_shown(high: int) -> None:
    damaged = changed(2, high)
    (piece,) = pieces(damaged)
    assert (piece.good, piece.data) == (False, damaged)
    assert 2 in [at for at, _ in wrong(damaged)]
    assert line(damaged, "manufacturer id").value.startswith('"House')
    assert line(damaged, "checksum").value == "wrong"


def test_an_unknown_register_ends_what_can_be_told() -> None:
    unknown = reply(registers() | {0x8D: b"\1\2"})
    at = unknown.index(b"\x8d\1\2")
    assert wrong(unknown) == [(at, "register 0x8d is unknown, so what follows cannot be told apart")]
    assert line(unknown, "status").value == "discharge mosfet on"
    assert not shows_password(text_of(unknown))


def test_a_register_that_comes_twice_is_said() -> None:
    twice = frame(b"\x85\x40\x85\x41", 6, 0, 1)
    assert wrong(twice) == [(13, "this register comes twice")]


def test_cells_that_do_not_count_are_said() -> None:
    miscounted = with_sum(changed(FRAME.index(b"\x02\x0c\xe5"), 7))
    assert "cell number 2 was expected" in [note for _, note in wrong(miscounted)]


@pytest.mark.parametrize(
    ("version", "value", "note"),
    [
        (b"\xc0\x00", "+0.10 A", "as protocol version 0 has it"),
        (b"", "9990", "what it means depends on register 0xc0, which was not found"),
    ],
)
def test_a_current_is_as_its_version_has_it(version: bytes, value: str, note: str) -> None:
    found = line(frame(b"\x84" + (9990).to_bytes(2, "big") + version, 6, 0, 1), "current code")
    assert (found.value, found.note) == (value, note)


def test_an_unknown_version_leaves_the_current_open() -> None:
    (fault,) = wrong(frame(b"\x84\x00\x01\xc0\x07", 6, 0, 1))
    assert "protocol version 7" in fault[1]


@pytest.mark.parametrize(("register", "note"), [(b"\x80\x01\x00", "256 is no value"), (b"\x9d\x07", "7 is no value")])
def test_a_code_that_means_nothing_is_said(register: bytes, note: str) -> None:
    assert note in wrong(frame(register, 6, 0, 1))[0][1]


@pytest.mark.parametrize(
    ("request_", "command", "register"),
    [(READ_ALL, "6 = read all", "all"), (ACTIVATE, "1 = activate", "all"), (frame(b"\x83", 3, 3, 0), "3 = ", "total")],
)
def test_requests_are_explained(request_: bytes, command: str, register: str) -> None:
    assert line(request_, "command").value.startswith(command)
    assert line(request_, "register").value.startswith(register)
    assert wrong(request_) == []


def test_a_request_for_no_register_is_said() -> None:
    assert wrong(frame(b"\x8d", 3, 3, 0)) == [(11, "expected the id of one register")]


def test_a_write_request_shows_its_value_and_a_password_request_nothing() -> None:
    assert line(frame(b"\xab\x01", 2, 3, 0), "charge switch").value == "on"
    assert not shows_password(text_of(frame(b"\0" + PASSWORD, 5, 3, 0)))
    assert not shows_password(text_of(frame(b"\xb2" + PASSWORD, 2, 3, 0)))


def test_frames_are_found_between_noise() -> None:
    stream = b"\xff\x00NW" + FRAME + b"AT\r\n" + READ_ALL + FRAME[:40] + FRAME + b"N"
    found = [(piece.data, piece.family is not None, piece.good) for piece in pieces(stream)]
    assert found == [
        (b"\xff\x00", False, False),
        (b"NW", True, False),
        (FRAME, True, True),
        (b"AT\r\n", False, False),
        (READ_ALL, True, True),
        (FRAME[:40], True, False),
        (FRAME, True, True),
        (b"N", False, False),
    ]


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([b"NW", FRAME, FRAME[:90], FRAME[30:], READ_ALL]))))
def test_pieces_are_the_stream_and_every_whole_frame_is_found(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    found = list(pieces(stream))
    assert b"".join(piece.data for piece in found) == stream
    assert [piece.offset for piece in found] == [sum(len(p.data) for p in found[:n]) for n in range(len(found))]
    assert sum(piece.data == FRAME for piece in found) >= parts.count(FRAME)
    for piece in found:
        assert sum(one.size for one in annotate(piece.data)) == len(piece.data)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_nothing_crashes_it(noise: bytes, at: int) -> None:
    data = FRAME[:at] + noise
    assert sum(one.size for one in lines_of(data)) == len(data)
    assert len(redact(data)) == len(data)


def test_redacting_hides_the_password_alone_and_keeps_the_checksum_right() -> None:
    hidden = redact(FRAME)
    (piece,) = pieces(hidden)
    assert piece.good
    assert [at for at in range(len(FRAME) - 4) if hidden[at] != FRAME[at]] == [
        PASSWORD_AT + at for at, byte in enumerate(PASSWORD) if byte != ord("*")
    ]
    assert hidden[PASSWORD_AT : PASSWORD_AT + 10] == b"*" * 10


def test_redacting_does_not_mend_a_wrong_checksum() -> None:
    damaged = changed(20, FRAME[20] ^ 1)
    (piece,) = pieces(redact(damaged))
    assert not piece.good
    assert PASSWORD not in piece.data


def test_redacting_a_redacted_stream_changes_nothing() -> None:
    stream = b"\x00" + FRAME + FRAME[5:150] + FRAME
    assert redact(redact(stream)) == redact(stream)


@pytest.mark.parametrize("mask", [1, 2, 4, 8, 16, 32, 64, 128, 255])
def test_no_damage_to_one_byte_uncovers_the_password(mask: int) -> None:
    for at in range(len(FRAME)):
        damaged = changed(at, FRAME[at] ^ mask)
        assert not shows_password(text_of(damaged)), f"byte {at}"
        assert not shows_password(redact(damaged).hex()), f"byte {at}"


def test_no_cut_uncovers_the_password() -> None:
    for at in range(len(FRAME)):
        for part in (FRAME[at:], FRAME[:at], FRAME[at : at + 30], FRAME[:at] + FRAME[at + 1 :]):
            assert not shows_password(text_of(part)), f"byte {at}"
            assert not shows_password(redact(part).hex()), f"byte {at}"


@given(st.dictionaries(st.integers(0, len(FRAME) - 1), st.integers(0, 255), max_size=6))
def test_no_damage_uncovers_the_password(damage: dict[int, int]) -> None:
    damaged = bytes(damage.get(at, byte) for at, byte in enumerate(FRAME))
    assert not shows_password(text_of(damaged))


def test_clear_text_of_other_devices_is_shown() -> None:
    text = b"\r\nPID\t0xA053\r\nV\t12800\r\nI\t-15\r\nVPV\t3350\r\n"
    assert "**" not in noise_line(0, text).hex


@pytest.mark.recorded
def test_recorded_frames_are_understood_to_the_last_byte() -> None:
    sets = recorded()
    for name, frames in sets.items():
        for kind, data in frames.items():
            notes = [note for _, note in wrong(data)]
            if name == "uart_16s_11a_11.52_truncated_pico":
                assert notes == ["cut off: 3 byte(s) are missing", "3 byte(s) are missing"]
            elif (name, kind) == ("uart_20s_protocol0_official_example", "response"):
                assert notes == ["the bytes sum to 0000485c"]
            else:
                assert notes == [], f"{name} {kind}"


def test_bytes_behind_the_end_of_a_frame_are_said() -> None:
    last = annotate(READ_ALL + b"\x00\x01")[-1]
    assert (last.offset, last.hex, last.note, last.wrong) == (21, "00 01", "the frame has ended", True)
