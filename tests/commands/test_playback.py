"""Captures played: the same readings, limits and alarms as the battery gave, and silence as the contract has it."""

import time
from pathlib import Path

import pytest

from driver.__main__ import main
from driver.commands.playback import Event, Playback
from driver.protocol.capture import Capture, Chunk, Direction, lines
from driver.protocol.jkpb_wire import ACKNOWLEDGES, REQUESTS, Register, Request
from driver.protocol.jkuart_wire import READ_ALL
from driver.recording_file import save
from tests.commands.frames import FRAME
from tests.protocol.built import cell_info, device_info, settings

IN, OUT, OPENED = Direction.RECEIVED, Direction.SENT, Direction.OPENED


def uart(seconds: int, begin: float = 0.0) -> list[Chunk]:
    found = [Chunk(begin, OPENED)]
    for number in range(seconds):
        found += [Chunk(begin + number, OUT, READ_ALL), Chunk(begin + number + 0.03, IN, FRAME)]
    return found


def answer(address: int, register: Register, frame: bytes) -> bytes:
    return frame + ACKNOWLEDGES[Request(address, register)]


def bus(address: int, at: float) -> list[Chunk]:
    said = (
        (Register.DEVICE_INFO, device_info(serial=f"4011949148{address}")),
        (Register.SETTINGS, settings(device_address=address)),
        (Register.STATUS, cell_info(state_of_charge=60 + address)),
    )
    found = []
    for register, frame in said:
        found.append(Chunk(at, OUT, REQUESTS[Request(address, register)]))
        found.append(Chunk(at + 0.04, IN, answer(address, register, frame)))
        at += 0.1
    return found


def played(protocol: str, chunks: list[Chunk]) -> tuple[Playback, list[Event]]:
    playback = Playback(protocol)
    events = [event for chunk in chunks for event in playback.play(chunk)]
    return playback, events


def replayed(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, str]:
    code = main(["replay", str(path), *more])
    return code, capsys.readouterr().out


def test_readings_come_at_their_times() -> None:
    _, events = played("jk-uart", uart(3))
    assert [event.at for event in events if event.reading is not None] == [0.03, 1.03, 2.03]
    assert events[0].reading is not None
    assert events[0].reading.soc == 64


def test_silence_in_the_capture_is_the_loss_that_the_battery_had() -> None:
    _, events = played("jk-uart", [*uart(3), *uart(2, begin=63.0)])
    states = [event.outcome.presence.value for event in events if event.outcome is not None]
    assert list(dict.fromkeys(states)) == ["live", "hold", "limp"]
    assert states[-1] == "live"


def test_a_frame_that_pauses_too_long_is_none() -> None:
    chunks = [Chunk(0.0, OPENED), Chunk(0.1, IN, FRAME[:100]), Chunk(3.0, IN, FRAME[100:]), Chunk(4.0, IN, FRAME)]
    playback, events = played("jk-uart", chunks)
    assert [event.at for event in events if event.reading is not None] == [4.0]
    assert playback.framer.good == 1


def test_each_pack_of_a_bus_is_a_battery() -> None:
    chunks = [Chunk(0.0, OPENED), *bus(1, 0.1), *bus(2, 0.6), Chunk(1.0, OPENED)]
    playback, events = played("jk-pb", chunks)
    assert {event.pack.name: event.reading.soc for event in events if event.reading is not None} == {
        "address 1": 61,
        "address 2": 62,
    }
    assert all(pack.readings == 1 for pack in playback.packs.values())


def test_frames_that_are_no_reading_are_told() -> None:
    foreign = answer(1, Register.SETTINGS, settings(device_address=9))
    playback, events = played("jk-pb", [Chunk(0.0, IN, foreign)])
    assert [event.problem for event in events] == [
        "frame not understood: settings of address 9, acknowledged by address 1"
    ]
    assert playback.packs[1].refused == 1


def test_notifications_of_bluetooth_are_played(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    stream = device_info() + settings() + b"AT\r\n" + cell_info(alarms=1 << 4)
    chunks = [Chunk(number / 50, IN, stream[at : at + 20]) for number, at in enumerate(range(0, len(stream), 20))]
    save(tmp_path / "air.txt", Capture({"protocol": "jk-ble"}, tuple(chunks)))
    code, shown = replayed(capsys, tmp_path / "air.txt")
    assert code == 0
    assert "battery: JK_B2A20S20P 11.XW 15.41; 52.92 V; -12.50 A" in shown
    assert "warning: cell voltage high" in shown
    assert "charge current       0.00 A" in shown


def test_replay_prints_what_changes_and_a_conclusion(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = Chunk(4.5, IN, answer(1, Register.SETTINGS, settings(device_address=9)))
    save(tmp_path / "two.txt.gz", Capture({"protocol": "jk-uart", "reason": "a test"}, tuple(uart(4))))
    code, shown = replayed(capsys, tmp_path / "two.txt.gz", "--changes")
    assert code == 0
    assert shown.startswith("protocol jk-uart, reason a test\n     0.030 battery: live\n")
    assert "discharge current  114.00 A   battery temperature" in shown
    assert shown.count("\n     ") == 6
    assert shown.endswith("3.0 s: 4 readings, 4 frames, 0 damaged, 0 not understood, 0 echoes, 0 dropped bytes\n")
    save(tmp_path / "bus.txt", Capture({"protocol": "jk-pb"}, (bad,)))
    code, shown = replayed(capsys, tmp_path / "bus.txt")
    assert code == 1
    assert "4.500 address 1: frame not understood: settings of address 9" in shown


def test_replay_takes_the_options_of_a_battery(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "config.ini"
    config.write_text("[battery house]\nport = /dev/ttyUSB0\nmax_discharge_current = 33\n")
    save(tmp_path / "c.txt", Capture({"protocol": "jk-uart"}, tuple(uart(2))))
    _, shown = replayed(capsys, tmp_path / "c.txt", "--config", str(config))
    assert "discharge current   26.40 A   battery temperature" in shown
    assert main(["replay", str(tmp_path / "c.txt"), "--config", str(config), "--battery", "shed"]) == 2
    assert "--battery 'shed': there are house" in capsys.readouterr().err


def test_in_real_time_it_takes_as_long_as_it_took(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save(tmp_path / "c.txt", Capture({"protocol": "jk-uart"}, (Chunk(0.0, IN, FRAME), Chunk(0.3, IN, FRAME))))
    began = time.monotonic()
    assert replayed(capsys, tmp_path / "c.txt", "--real-time")[0] == 0
    assert time.monotonic() - began >= 0.3


def test_an_empty_capture_has_no_reading(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    save(tmp_path / "c.txt", Capture({"protocol": "jk-uart"}, ()))
    code, shown = replayed(capsys, tmp_path / "c.txt")
    assert code == 1
    assert "0.0 s: 0 readings" in shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: '': expected 'dbus-jkbms capture 1'"),
        (b"dbus-jkbms capture 1\nprotocol: nonsense\n\n", "protocol 'nonsense': expected jk-uart"),
        (b"dbus-jkbms capture 1\nprotocol: \xff\n\n", "line 2: byte 0xff: expected plain text"),
        (b"\x1f\x8bno zip at all", "cannot be read"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03", "cannot be read"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_capture_is_an_error_with_a_reason(
    content: bytes | None, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "c.txt"
    if content is not None:
        path.write_bytes(content)
    assert main(["replay", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"replay: {path}")
    assert said in error
    assert sorted(tmp_path.iterdir()) == ([path] if content is not None else [])


def test_a_long_pause_costs_no_long_time() -> None:
    _, events = played("jk-uart", [*uart(1), Chunk(9e6, OPENED)])
    assert len(events) < 4000


def test_a_capture_as_text_is_for_people(tmp_path: Path) -> None:
    text = list(lines(Capture({"protocol": "jk-uart"}, tuple(uart(1)))))
    assert text[2:5] == ["", "   0.000 |", f"   0.000 > {READ_ALL.hex()}"]
