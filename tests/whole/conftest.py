"""A scene for each test."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.private_bus import PrivateBus
from tests.whole.scene import Scene


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/whole" in item.nodeid:
            item.add_marker("bus")


@pytest.fixture
async def scene(bus: PrivateBus, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    caplog.set_level(logging.INFO)
    async with Scene(tmp_path) as made:
        yield made
