"""`decode`: frames in every form that people have them in, exit codes, and what the errors say."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.__main__ import main
from driver.commands.decode import Explanation
from driver.commands.hex_input import MOST, InputError, from_hex, read_bytes
from driver.protocol.jkuart_wire import READ_ALL, reply
from tests.commands.frames import FRAME, PASSWORD, recorded, registers, shows_password

FORMS = {
    "run together": FRAME.hex(),
    "upper case": FRAME.hex().upper(),
    "blanks": FRAME.hex(" "),
    "colons": FRAME.hex(":"),
    "lines": "\n".join(FRAME[at : at + 16].hex(" ") for at in range(0, len(FRAME), 16)),
    "C": ", ".join(f"0x{byte:x}" for byte in FRAME),
    "C in capitals": ",".join(f"0X{byte:02X}" for byte in FRAME),
    "escapes": "".join(f"\\x{byte:02x}" for byte in FRAME),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_every_usual_form_of_hex_is_read(text: str) -> None:
    assert from_hex("here", text) == FRAME


@given(st.binary(min_size=1, max_size=80))
def test_hex_is_read_back(data: bytes) -> None:
    assert from_hex("here", data.hex()) == from_hex("here", data.hex(" ")) == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4e 5g", "here, line 1, character 4: '5g': expected pairs of hexadecimal digits"),
        ("4e57\n00 1", "here, line 2, character 4: '1': expected an even number of digits"),
        (" \n", "here: is empty: expected the bytes of a frame"),
    ],
)
def test_what_is_no_hex_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        from_hex("here", text)
    assert str(error.value) == message


def test_a_frame_is_explained_and_put_into_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", FRAME.hex()]) == 0
    shown = capsys.readouterr().out
    assert "whole, checksum right" in shown
    assert "16 cells, 52.92 V, -12.50 A (discharging), 64 %, 280 Ah" in shown
    assert "sensor 1 -4 °C, sensor 2 22 °C, MOSFETs 31 °C" in shown
    assert "charging off (switched on), discharging on, balancer off (switched on)" in shown
    assert "alarms: battery too cold to charge" in shown
    assert not shows_password(shown)


@pytest.mark.parametrize("as_hex", [True, False], ids=["hex", "binary"])
def test_a_file_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], as_hex: bool) -> None:
    file = tmp_path / "frames"
    stream = FRAME + b"\x00\xff" + READ_ALL + FRAME
    file.write_bytes(stream.hex(" ").encode() if as_hex else stream)
    assert main(["decode", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "frame 3: JK UART-TTL (4E 57), 291 bytes at byte 314" in shown
    assert "noise" in shown


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FRAME)))
    assert main(["decode", "-"]) == 0
    assert "291 bytes" in capsys.readouterr().out


def test_words_of_the_shell_belong_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", *FRAME.hex(" ").split()]) == 0
    assert "291 bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    "data",
    [
        FRAME[:-1] + bytes((FRAME[-1] ^ 1,)),
        FRAME[:100],
        b"no frame at all",
        reply(registers() | {0x8D: b"\0"}),
        reply({place: value for place, value in registers().items() if place != 0x83}),
    ],
    ids=["checksum", "cut", "nothing", "unknown register", "no reading"],
)
def test_what_is_wrong_makes_exit_code_1(data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", data.hex()]) == 1
    assert not shows_password(capsys.readouterr().out)


def test_without_a_frame_it_says_what_it_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["decode", "0011"])
    said = capsys.readouterr().err
    assert "no frame in the 2 byte(s) of the command line: expected one that begins with one of 4e 57" in said


@pytest.mark.parametrize("given_", ["nowhere.bin", "xyz", "4e5", "", "x" * 5000])
def test_unusable_input_makes_exit_code_2(given_: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", given_]) == 2
    assert capsys.readouterr().err.startswith("decode: there is no file ")


def test_a_folder_and_a_file_too_long_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_bytes([str(tmp_path)])
    (tmp_path / "long").write_bytes(b"\0" * (MOST + 1))
    with pytest.raises(InputError, match="has more than 8 MiB"):
        read_bytes([str(tmp_path / "long")])


def test_long_noise_is_shortened() -> None:
    shown = "\n".join(Explanation(bytes(1000)).lines())
    assert "936 byte(s) more" in shown
    assert len(shown.splitlines()) < 20


@given(st.lists(st.one_of(st.binary(max_size=120), st.sampled_from([FRAME, FRAME[:200], READ_ALL])), max_size=5))
def test_no_bytes_crash_it(parts: list[bytes]) -> None:
    explained = Explanation(b"".join(parts))
    shown = "\n".join(explained.lines())
    assert explained.frames >= parts.count(FRAME)
    assert not shows_password(shown)


@pytest.mark.recorded
def test_recorded_frames_are_decoded(capsys: pytest.CaptureFixture[str]) -> None:
    damaged = {"uart_16s_11a_11.52_truncated_pico", "uart_20s_protocol0_official_example"}
    for name, frames in recorded().items():
        stream = b"\0\0".join(frames.values())
        assert main(["decode", stream.hex()]) == (1 if name in damaged else 0), name
        shown = capsys.readouterr().out
        assert ("cells from" in shown) == (name not in damaged), name
        for frame in frames.values():
            at = frame.find(b"\xb2", 100)
            secret = frame[at + 1 : at + 11].rstrip(b"\0")
            if at > 0 and secret:
                assert secret.hex(" ") not in shown, name
                assert f'"{secret.decode("latin-1")}"' not in shown, name


def test_the_password_of_the_tests_is_in_the_frame() -> None:
    assert PASSWORD in FRAME
