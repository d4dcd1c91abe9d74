"""What all tests share: how hard hypothesis tries, and a bus for who asks for one."""

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.private_bus import PrivateBus

settings.register_profile("home", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=1000, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")

pytest_plugins = ("tests.frame_sets",)  # how many recorded frame sets were pinned


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Whatever a test does to logging (`run` sets it up for a process of its own) ends with it."""
    root, ours = logging.getLogger(), logging.getLogger("driver")
    handlers, level, our_level = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    ours.setLevel(our_level)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """A D-Bus of the test's own, where the driver looks for the GX's."""
    with PrivateBus() as private:
        monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", private.address)
        yield private
