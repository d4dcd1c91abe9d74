"""Frames of fixed length explained byte by byte: every byte once, what is wrong where it is, and never a password."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.__main__ import main
from driver.modbus_crc import crc16
from driver.protocol.annotate import ANNOTATORS, annotate, noise_line, pieces, redact
from driver.protocol.balancer_wire import request as balancer_request
from driver.protocol.jk02_device import DeviceInfo
from driver.protocol.jk02_wire import READ_DEVICE_INFO, READ_SETTINGS, FrameType, background, sealed
from driver.protocol.jkpb_wire import ACKNOWLEDGES, REQUESTS, Register, Request
from driver.protocol.layout import layout_of
from driver.protocol.line import Line
from driver.protocol.neey_wire import Command, requests
from tests.protocol.built import S24, S32, cell_info, device_info, jk04_cell_info, jk04_settings, settings
from tests.protocol.fixed_sets import load, on_each_set
from tests.protocol.test_balancers import neey_cells, neey_device, neey_settings, status

PASSWORD = b"s3cRet!xQ9"
ACKNOWLEDGE = bytes.fromhex("aa5590ebc8010100000000000000000000000044")


def with_secrets(variant: int) -> bytes:
    frame = bytearray(device_info(variant, name="House", hardware="15A"))
    for _, row in layout_of(DeviceInfo).rows[variant]:
        if row.secret:
            frame[row.place : row.place + 10] = PASSWORD
    frame[98:102] = PASSWORD[:4]  # behind the serial number
    return sealed(bytes(frame))


SECRETIVE = with_secrets(S32)
EXAMPLES = {
    "cell info 24S": cell_info(S24),
    "cell info 32S": cell_info(S32, alarms=1 << 9),
    "settings 24S": settings(S24),
    "settings 32S": settings(S32),
    "device info 24S": with_secrets(S24),
    "device info 32S": SECRETIVE,
    "logbook": background(FrameType.LOGBOOK, S32),
    "detail log": background(FrameType.DETAIL_LOG, S32),
    "JK04 cell info": jk04_cell_info(),
    "JK04 settings": sealed(jk04_settings()[:6] + b"\0\0\x80\x3f" + jk04_settings()[10:]),
    "command": READ_SETTINGS,
    "acknowledge": ACKNOWLEDGE,
    "neey v1": neey_cells(0),
    "neey v2": neey_cells(1, uptime=100),
    "neey settings v1": neey_settings(0),
    "neey settings v2": neey_settings(1),
    "neey device": neey_device(),
    "neey request": requests(Command.CELL_INFO)[0],
    "neey folded request": requests(Command.CELL_INFO)[1],
    "balancer": status(),
    "balancer request": balancer_request(),
    "PB trigger": REQUESTS[Request(2, Register.STATUS)],
    "PB acknowledge": ACKNOWLEDGES[Request(0, Register.SETTINGS)],
}
each = pytest.mark.parametrize("frame", EXAMPLES.values(), ids=EXAMPLES)


def lines_of(data: bytes) -> Iterator[Line]:
    for piece in pieces(data):
        yield from annotate(piece.data) if piece.family else [noise_line(piece.offset, piece.data)]


def text_of(data: bytes) -> str:
    return "\n".join(f"{line.hex} {line.name} {line.value} {line.note}" for line in lines_of(data))


def shows_password(text: str) -> bool:
    parts = [PASSWORD[at : at + 4] for at in range(len(PASSWORD) - 3)]
    return any(part.decode() in text or part.hex(" ") in text or part.hex() in text for part in parts)


def line(data: bytes, name: str) -> Line:
    return next(one for one in annotate(data) if one.name == name)


def wrong(data: bytes) -> list[tuple[int, str]]:
    return [(one.offset, one.note) for one in annotate(data) if one.wrong]


@each
def test_every_byte_is_in_one_line_and_nothing_is_wrong(frame: bytes) -> None:
    place = 0
    for one in annotate(frame):
        assert one.offset == place
        place += one.size
    assert place == len(frame)
    assert wrong(frame) == []
    (piece,) = pieces(frame)
    assert (piece.good, piece.data) == (True, frame)


@pytest.mark.parametrize(
    ("frame", "name", "value"),
    [
        ("cell info 24S", "type", "02 = cell info, read as JK02_24S"),
        ("cell info 32S", "type", "02 = cell info, read as JK02_32S"),
        ("JK04 cell info", "type", "02 = cell info, read as JK04"),
        ("JK04 settings", "type", "01 = settings, read as JK04"),
        ("settings 24S", "type", "01 = settings, read as JK02_24S"),
        ("settings 32S", "type", "01 = settings, read as JK02_32S"),
        ("settings 32S", "counter", "0"),
        ("cell info 32S", "counter", "7"),
        ("cell info 32S", "cell 2", "3.301 V"),
        ("cell info 32S", "current", "-12.500 A"),
        ("cell info 32S", "alarms", "charge under temperature"),
        ("cell info 32S", "charge mosfet", "on"),
        ("cell info 32S", "sum", "right"),
        ("settings 32S", "cell over voltage", "3.650 V"),
        ("settings 32S", "charge under temperature", "-5.0 °C"),
        ("device info 32S", "model", '"JK_B2A20S20P"'),
        ("device info 32S", "serial", '"40119491480"'),
        ("device info 32S", "passcode", "***"),
        ("logbook", "entries", "room for 50"),
        ("detail log", "samples", "room for 12"),
        ("command", "register", "96 = read settings, and stream"),
        ("acknowledge", "register", "c8 = acknowledge"),
        ("acknowledge", "value", "1"),
        ("neey v1", "balance current", "-2.000 A"),
        ("neey v1", "operation", "5 = balancing"),
        ("neey v2", "state of charge", "55.500 %"),
        ("neey settings v2", "cell over voltage", "3.625 V"),
        ("neey device", "model", '"GW-24S4EB"'),
        ("neey folded request", "sum", "right"),
        ("neey request", "function", "01 = read"),
        ("balancer", "voltage", "52.92 V"),
        ("balancer request", "command", "ff = status"),
        ("PB trigger", "address", "2"),
        ("PB trigger", "function", "10 = trigger"),
        ("PB trigger", "register", "1620 = status"),
        ("PB trigger", "bytes", "2"),
        ("PB trigger", "value", "0"),
        ("PB acknowledge", "address", "0 = master"),
        ("PB acknowledge", "function", "10 = acknowledge"),
        ("PB acknowledge", "register", "161e = settings"),
        ("PB acknowledge", "registers", "1"),
        ("PB acknowledge", "crc", "right"),
    ],
)
def test_values_have_units_and_names(frame: str, name: str, value: str) -> None:
    assert line(EXAMPLES[frame], name).value == value


def test_an_answer_to_a_write_shows_what_was_accepted() -> None:
    answer = bytes.fromhex("eb9001f2000a").ljust(73, b"\0") + b"\x78"
    assert line(answer, "command").value == "f2 = trigger"
    assert wrong(answer) == []


def test_a_register_that_means_two_things_says_so() -> None:
    body = b"\xaa\x55\x90\xeb\x27\x04\x01".ljust(19, b"\0")
    heating = body + bytes((sum(body) & 0xFF,))
    assert line(heating, "register").value == "27 = write connection resistance 1 (24S), or write heating (32S)"
    assert line(heating, "value").value == "1"
    body = b"\xaa\x55\x90\xeb\x5f\x0d".ljust(19, b"\1")
    unknown = body + bytes((sum(body) & 0xFF,))
    assert wrong(unknown) == [(4, "no register that is known")]
    assert "padding" not in [one.name for one in annotate(unknown)]


@pytest.mark.parametrize("name", [name for name in EXAMPLES if not name.startswith("PB ")])
def test_a_wrong_sum_is_said_where_it_is(name: str) -> None:
    frame = EXAMPLES[name]
    place = len(frame) - (2 if frame[:2] in (b"\x55\xaa", b"\xaa\x55") and frame[2] == 0x11 else 1)
    damaged = frame[:place] + bytes((frame[place] ^ 1,)) + frame[place + 1 :]
    assert [at for at, note in wrong(damaged) if note.startswith("the bytes sum to")] == [place]


@pytest.mark.parametrize("name", ["PB trigger", "PB acknowledge"])
def test_a_wrong_crc_is_said_where_it_is(name: str) -> None:
    frame = EXAMPLES[name]
    damaged = frame[:-1] + bytes((frame[-1] ^ 1,))
    assert wrong(damaged) == [(len(frame) - 2, f"{frame[-2:].hex(' ')} was expected")]
    (piece,) = pieces(damaged)
    assert (piece.good, piece.family is not None) == (False, True)


def test_a_bus_is_read_from_trigger_to_acknowledge() -> None:
    asked = Request(2, Register.STATUS)
    stream = REQUESTS[asked] + cell_info(S32) + ACKNOWLEDGES[asked]
    found = [(piece.family is not None, piece.good, len(piece.data)) for piece in pieces(stream)]
    assert found == [(True, True, 11), (True, True, 300), (True, True, 8)]
    assert [piece.family and piece.family.from_bms(piece.data) for piece in pieces(stream)] == [False, True, True]


def test_a_register_that_no_pack_has_is_said() -> None:
    body = bytes.fromhex("021016220001")
    assert wrong(body + crc16(body).to_bytes(2, "little"))[0] == (2, "no register that is known")


def test_modbus_of_others_is_noise() -> None:
    assert [piece.family for piece in pieces(bytes.fromhex("01101004000408") + bytes(10))] == [None]
    assert [piece.family for piece in pieces(bytes.fromhex("0110162000020400000000f0c1"))] == [None]


def test_a_number_that_is_none_is_said() -> None:
    frame = jk04_cell_info()
    damaged = sealed(frame[:106] + b"\0\0\xc0\x7f" + frame[110:])
    assert wrong(damaged) == [(102, "number 2 of 25 is nan")]


def test_a_wrong_end_is_said() -> None:
    damaged = neey_cells(0)[:-1] + b"\xfe"
    assert (299, "ff was expected") in wrong(damaged)


@pytest.mark.parametrize("place", [4, 5])
def test_a_type_or_command_that_nobody_knows_is_said(place: int) -> None:
    frame = cell_info(S32) if place == 4 else READ_DEVICE_INFO
    damaged = frame[:place] + b"\x63" + frame[place + 1 :]
    assert place in [at for at, _ in wrong(damaged)]


@each
def test_a_cut_frame_is_shown_as_far_as_it_goes(frame: bytes) -> None:
    for size in range(8, len(frame)):
        cut = frame[:size]
        shown = annotate(cut)
        assert sum(one.size for one in shown) == size
        if ANNOTATORS[0].start != frame[:2]:
            assert shown[-1].note == f"{len(frame) - size} byte(s) are missing"


def test_frames_of_all_families_are_found_in_one_stream() -> None:
    stream = b"\xff\0".join(EXAMPLES.values())
    good = [piece.data for piece in pieces(stream) if piece.good]
    assert good == list(EXAMPLES.values())


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([*EXAMPLES.values(), SECRETIVE[:90], b"\x55\xaa"]))))
def test_pieces_are_the_stream(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    found = list(pieces(stream))
    assert b"".join(piece.data for piece in found) == stream
    assert len(redact(stream)) == len(stream)
    for piece in found:
        assert sum(one.size for one in annotate(piece.data)) == len(piece.data)


@given(st.sampled_from([family.start for family in ANNOTATORS]), st.binary(max_size=320))
def test_nothing_crashes_it(start: bytes, noise: bytes) -> None:
    data = start + noise
    assert sum(one.size for one in lines_of(data)) == len(data)
    assert sum(one.size for one in annotate(data)) == len(data)
    assert len(redact(data)) == len(data)


@pytest.mark.parametrize("variant", [S24, S32])
def test_no_password_shows(variant: int) -> None:
    frame = with_secrets(variant)
    assert not shows_password(text_of(frame))
    hidden = redact(frame)
    assert not shows_password(hidden.hex())
    (piece,) = pieces(hidden)
    assert piece.good
    assert line(hidden, "serial").value == line(frame, "serial").value
    assert redact(hidden) == hidden


def test_what_follows_the_serial_number_is_hidden() -> None:
    assert line(SECRETIVE, "serial").hex.endswith("00 ** ** ** **")


def test_redacting_does_not_mend_a_wrong_sum() -> None:
    damaged = SECRETIVE[:-1] + bytes((SECRETIVE[-1] ^ 1,))
    (piece,) = pieces(redact(damaged))
    assert not piece.good
    assert not shows_password(piece.data.hex())


@pytest.mark.parametrize("mask", [1, 16, 128, 255])
def test_no_damage_to_one_byte_uncovers_the_password(mask: int) -> None:
    for at in range(len(SECRETIVE)):
        damaged = SECRETIVE[:at] + bytes((SECRETIVE[at] ^ mask,)) + SECRETIVE[at + 1 :]
        assert not shows_password(text_of(damaged)), f"byte {at}"
        assert not shows_password(redact(damaged).hex()), f"byte {at}"


def test_no_cut_uncovers_the_password() -> None:
    for at in range(len(SECRETIVE)):
        for part in (SECRETIVE[at:], SECRETIVE[:at], SECRETIVE[:at] + SECRETIVE[at + 1 :]):
            assert not shows_password(text_of(part)), f"byte {at}"
            assert not shows_password(redact(part).hex()), f"byte {at}"


def test_decode_shows_a_reading_once_all_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    stream = device_info(S24) + settings(S24) + ACKNOWLEDGE + b"AT\r\n" + cell_info(S24)
    assert main(["decode", stream.hex()]) == 0
    shown = capsys.readouterr().out
    assert "JK_B2A20S20P 11.XW 10.07, 16 cells, 52.92 V, -12.50 A (discharging), 64 %" in shown


def test_decode_of_a_balancer_says_that_it_is_a_monitor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", (balancer_request() + status()).hex()]) == 0
    assert "good for monitoring only: a balancer measures no battery current" in capsys.readouterr().out


@on_each_set
def test_recorded_frames_are_explained_and_keep_their_secrets(recording: str) -> None:
    for frame in load(recording).frames[:20]:
        assert wrong(frame.data) == []
        (piece,) = pieces(frame.data)
        assert piece.good
        assert piece.family is not None
        assert len(redact(frame.data)) == len(frame.data)
        for key in ("setup_passcode", "device_passcode", "passcode"):
            secret = frame.derived.get(key, "")
            clear = frame.derived.get("device_name", "") + frame.derived.get("serial_number", "")
            if len(secret) >= 4 and secret not in clear:
                assert secret.encode() not in redact(frame.data)
                assert secret.encode().hex(" ") not in text_of(frame.data)
