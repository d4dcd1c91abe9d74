"""Recorded frames as fixtures."""

import pytest

from tests.protocol import recordings
from tests.protocol.recordings import Recording


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.recorded) for name in recordings.names()])
def recording(request: pytest.FixtureRequest) -> Recording:
    """Each frame set in turn."""
    return recordings.load(request.param)


@pytest.fixture(scope="session")
def all_recordings() -> list[Recording]:
    """Every frame set; the test is skipped unless all are there."""
    if reason := recordings.missing():
        pytest.skip(reason)
    return [recordings.load(name) for name in recordings.names()]
