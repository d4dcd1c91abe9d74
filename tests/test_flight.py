"""The flight recorder: what is written when something goes wrong, how often, and never a secret."""

import asyncio
import gzip
import os
import re
import stat
from pathlib import Path

import pytest

from driver import redactor
from driver.flight import MOST_IN_AN_HOUR, FlightRecorder, folder_of, name_of
from driver.link.base import Link
from driver.link.memory import memory_pair
from driver.protocol.jkuart_wire import READ_ALL
from driver.recording_file import load
from tests.commands.frames import FRAME, PASSWORD, shows_password


async def recorded(recorder: FlightRecorder, name: str = "ttyUSB0") -> Link:
    """A link over which one question and one answer went."""
    ours, theirs = memory_pair()
    ours.name = name
    link = recorder.recorded(ours, "jk-uart")
    await link.open()
    await theirs.open()
    await link.write(READ_ALL)
    await theirs.write(FRAME)
    assert await link.read(0, 1.0) == FRAME
    return link


def written(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.capture.gz"))


async def files(folder: Path, count: int) -> list[Path]:
    async with asyncio.timeout(60):
        while len(found := written(folder)) != count:
            await asyncio.sleep(0.05)
    return found


async def test_an_incident_leaves_a_recording_without_secrets(tmp_path: Path) -> None:
    recorder = FlightRecorder(tmp_path / "recordings")
    await recorded(recorder)
    recorder.incident("ttyUSB0", "house: no answer from C8:47:80:12:34:56, whose name is House")
    [file] = await files(tmp_path / "recordings", 1)
    await recorder.close()
    assert re.fullmatch(r"ttyUSB0-\d{8}-\d{6}-1\.capture\.gz", file.name)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    text = gzip.decompress(file.read_bytes()).decode()
    assert not shows_password(text)
    assert PASSWORD.hex() not in text
    assert "C8:47:80:**:**:**, whose name is " in text
    assert not re.search("whose name is House", text)
    capture = load(file)
    assert capture.protocol == "jk-uart"
    assert [one.direction.value for one in capture.chunks] == ["|", ">", "<"]


async def test_a_trouble_that_repeats_is_written_once_in_half_an_hour(tmp_path: Path) -> None:
    recorder = FlightRecorder(tmp_path)
    await recorded(recorder)
    for _ in range(100):
        recorder.incident("ttyUSB0", "again")
    recorder.incident("nobody knows this link", "again")
    assert len(recorder._tasks) == 1
    await files(tmp_path, 1)
    await recorder.close()


async def test_many_batteries_that_fail_at_once_do_not_fill_the_disk(tmp_path: Path) -> None:
    recorder = FlightRecorder(tmp_path)
    for number in range(10):
        await recorded(recorder, f"tty{number}")
        recorder.incident(f"tty{number}", "lost")
    assert len(recorder._tasks) == MOST_IN_AN_HOUR
    await files(tmp_path, MOST_IN_AN_HOUR)
    await recorder.close()


async def test_who_asks_is_answered_whenever_that_is(tmp_path: Path) -> None:
    recorder = FlightRecorder(tmp_path)
    await recorded(recorder)
    recorder.incident("ttyUSB0", "lost")
    recorder.write_all()
    recorder.write_all()
    await files(tmp_path, 3)
    await recorder.close()


async def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    recorder = FlightRecorder(tmp_path / "file" / "recordings")
    await recorded(recorder)
    for _ in range(2):
        recorder.write_all()
        async with asyncio.timeout(60):
            while recorder._tasks:
                await asyncio.sleep(0.05)
    said = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == 1
    assert re.match("the recording of ttyUSB0 was not written: .*Not a directory", said[0])


async def test_the_end_of_the_driver_waits_for_no_recording(tmp_path: Path) -> None:
    recorder = FlightRecorder(tmp_path)
    await recorded(recorder)
    recorder.write_all()
    async with asyncio.timeout(10):
        await recorder.close()
    assert not recorder._tasks


def test_few_recordings_are_kept(tmp_path: Path) -> None:
    for number in range(12):
        file = tmp_path / f"tty-{number:02}.capture.gz"
        file.write_bytes(bytes(1000))
        os.utime(file, (number, number))
    (tmp_path / "mine.txt").write_text("")
    redactor.tidy(tmp_path, ".gz")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "mine.txt",
        *(f"tty-{number:02}.capture.gz" for number in range(4, 12)),
    ]
    (tmp_path / "tty-11.capture.gz").write_bytes(bytes(redactor.KEPT_BYTES))
    os.utime(tmp_path / "tty-11.capture.gz", (11, 11))
    redactor.tidy(tmp_path, ".gz")
    assert [file.name for file in tmp_path.glob("*.gz")] == ["tty-11.capture.gz"]


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("ttyUSB0", "ttyUSB0"),
        ("C8:47:80:12:34:56", "C8_47_80_12_34_56"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "link"),
        ("Dächer/\n*", "D_cher___"),
        ("x" * 300, "x" * 48),
    ],
)
def test_names_of_files_stay_in_their_folder(link: str, name: str) -> None:
    assert name_of(link) == name


def test_recordings_are_beside_the_state_file() -> None:
    assert folder_of(Path("/data/apps/dbus-jkbms/state.json")) == Path("/data/apps/dbus-jkbms/recordings")
