"""docs/charge-control.md shows what is there: a picture for each that is drawn, a row for each scenario."""

import re
from pathlib import Path

from tests.closed_loop.scenarios import SCENARIOS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "charge-control.md"
LARGEST = 150_000  # bytes of a picture


def test_every_picture_is_shown_and_small() -> None:
    shown = set(re.findall(r"\]\((charge-control/.*\.png)\)", PAGE.read_text()))
    drawn = {path.relative_to(PAGE.parent).as_posix(): path for path in (PAGE.parent / "charge-control").iterdir()}
    assert shown == set(drawn)
    assert all(path.stat().st_size < LARGEST for path in drawn.values())


def test_every_scenario_has_its_row() -> None:
    rows = re.findall(r"^\| (.*?) \| \d+ mV", PAGE.read_text(), re.MULTILINE)
    assert rows == list(SCENARIOS)
