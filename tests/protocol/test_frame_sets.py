"""The gate on recorded frames: a set that is skipped where the recordings should be fails the run, and says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.protocol.recordings import KNOWN

ROOT = Path(__file__).parents[2]
SKIPPED = f"pinned 0 of {len(KNOWN)} frame sets, {len(KNOWN)} skipped"


def run(vectors: Path | None) -> subprocess.CompletedProcess[str]:
    """Tests of frame sets, in a process of their own."""
    environment = {name: value for name, value in os.environ.items() if name != "JK_VECTORS"}
    if vectors is not None:
        environment["JK_VECTORS"] = str(vectors)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/protocol/test_frames.py"]
    return subprocess.run(
        [*command, "-k", "no_witness"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_recordings_the_run_is_good_and_counts_what_it_skipped() -> None:
    ended = run(None)
    assert ended.returncode == 0
    assert SKIPPED in ended.stdout
    assert f"JK_VECTORS is not set: {len(KNOWN)} recorded frame sets skipped" in ended.stdout


def test_a_folder_without_recordings_fails_the_run(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 1
    assert SKIPPED in ended.stdout


@pytest.mark.recorded
def test_with_all_recordings_all_are_pinned(all_recordings: list[object]) -> None:
    ended = run(Path(os.environ["JK_VECTORS"]))
    assert ended.returncode == 0
    assert f"pinned {len(all_recordings)} of {len(all_recordings)} frame sets, 0 skipped" in ended.stdout
