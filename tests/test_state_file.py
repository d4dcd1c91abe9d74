"""The state file: tolerant when read, sparing and whole when written."""

import errno
import json
import logging
import os
from pathlib import Path

import pytest

from driver.state_file import SIZE_LIMIT, StateFile

ENTRY: dict[str, object] = {"cell_count": 16, "chemistry": "LFP", "heard": 1760000000.5, "last": None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def content(path: Path) -> dict[str, dict[str, object]]:
    batteries: dict[str, dict[str, object]] = json.loads(path.read_bytes())["batteries"]
    return batteries


def changed_every_second(state: StateFile, path: Path, seconds: int) -> list[int]:
    """The seconds at which the file was written."""
    writes = []
    before = None
    for now in range(seconds):
        state.put("a", {"heard": now})
        state.save_if_due(now)
        after = path.read_bytes() if path.exists() else None
        if after != before:
            writes.append(now)
        before = after
    return writes


def test_entries_come_back(path: Path) -> None:
    state = StateFile(path)
    assert state.load() == {}
    state.put("a", ENTRY)
    state.put("ü\n", {"x": [1, "\ud800"]})
    state.flush()
    assert StateFile(path).load() == {"a": ENTRY, "ü\n": {"x": [1, "\ud800"]}}
    assert list(path.parent.iterdir()) == [path]


def test_an_absent_file_is_no_fault(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert StateFile(path).load() == {}
    assert not caplog.records


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\0\xff\x80",
        b'{"version": 1, "batteries": {"a": {"cell_co',
        b'{"version": 2, "batteries": {}}',
        b'{"batteries": {}}',
        b"[]",
        b"null",
        b'{"version": 1, "batteries": []}',
        b'{"version": 1}',
        b'{"version": 1, "batteries": {"a": 5}}',
        b'{"version": 1, "batteries": {"a": {"x": NaN}}}',
        b'{"version": 1, "batteries": {"a": {"x": 1e999}}}',
        b"[" * 200_000,
        b" " * (SIZE_LIMIT + 1),
    ],
)
def test_a_damaged_file_is_kept_and_said_once(path: Path, damaged: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(damaged)
    state = StateFile(path)
    assert state.load() == {}
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert str(path) in record.getMessage()
    assert "it is kept as state.json.broken" in record.getMessage()
    assert not path.exists()
    assert path.with_name("state.json.broken").read_bytes() == damaged
    state.put("a", ENTRY)
    state.flush()
    assert content(path) == {"a": ENTRY}


def test_a_damaged_file_that_cannot_be_moved_stops_nothing(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"damaged")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "replace", refuse)
    assert StateFile(path).load() == {}
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "it stays where it is (Read-only file system)" in caplog.text


def test_a_path_that_is_no_file_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = StateFile(tmp_path)
    assert state.load() == {}
    state.put("a", ENTRY)
    state.flush()
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.WARNING]


def test_a_new_battery_is_written_at_once_and_changes_every_quarter_of_an_hour(path: Path) -> None:
    assert changed_every_second(StateFile(path), path, 3700) == [0, 900, 1800, 2700, 3600]


def test_after_a_restart_the_first_change_waits(path: Path) -> None:
    first = StateFile(path)
    first.put("a", ENTRY)
    first.flush()
    again = StateFile(path)
    again.load()
    assert changed_every_second(again, path, 1000)[1:] == [900]  # the first is the file as found


def test_no_hour_has_more_than_four_writes(path: Path) -> None:
    state = StateFile(path)
    writes = []
    for now in range(0, 4 * 3600, 10):
        state.put(f"battery {now}", ENTRY)
        if state.due(now):
            writes.append(now)
        state.save_if_due(now)
    assert len(writes) == 16
    assert all(later - earlier >= 3600 for earlier, later in zip(writes, writes[4:], strict=False))


def test_nothing_is_written_without_a_change(path: Path) -> None:
    state = StateFile(path)
    state.put("a", ENTRY)
    state.flush()
    inode = path.stat().st_ino
    for now in range(0, 7200, 60):
        state.put("a", dict(ENTRY))
        state.save_if_due(now)
    state.flush()
    assert path.stat().st_ino == inode  # every write makes a new file


def test_a_full_disk_is_said_once_and_its_end_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    state = StateFile(path)
    state.put("a", {"x": 1})
    state.flush()
    tries = []

    def full(descriptor: int) -> None:
        tries.append(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for now in range(3600):
            state.put("a", {"x": 2})
            state.put("b", ENTRY)
            state.save_if_due(now)
        assert content(path) == {"a": {"x": 1}}  # the old file is whole
    assert len(tries) == 4
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "No space left on device" in caplog.text
    state.flush()
    assert content(path) == {"a": {"x": 2}, "b": ENTRY}
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]


def test_a_folder_that_is_absent_is_made(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "var" / "lib" / "state.json")
    state.put("a", ENTRY)
    state.flush()
    assert StateFile(tmp_path / "var" / "lib" / "state.json").load() == {"a": ENTRY}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes"])
def test_what_is_no_json_is_refused_where_it_comes_from(path: Path, value: object) -> None:
    state = StateFile(path)
    state.put("a", ENTRY)
    with pytest.raises((ValueError, TypeError)):
        state.put("b", {"x": value})
    state.flush()
    assert content(path) == {"a": ENTRY}


def test_an_entry_changed_after_it_was_put_is_not_written(path: Path) -> None:
    entry: dict[str, object] = {"x": 1}
    state = StateFile(path)
    state.put("a", entry)
    entry["x"] = 2
    state.flush()
    assert content(path) == {"a": {"x": 1}}
