"""What the log says, and how often."""

import io
import logging
from collections.abc import Iterator

import pytest

from driver.logs import LEVELS, Outage, device_log, set_up


@pytest.fixture
def restored() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("driver")
    before = root.handlers[:], root.level, ours.level
    root.handlers = []  # pytest's own must not be closed
    yield
    root.handlers, root.level = before[0], before[1]
    ours.setLevel(before[2])


@pytest.mark.usefixtures("restored")
def test_a_line_has_level_device_and_message() -> None:
    stream = io.StringIO()
    set_up(logging.DEBUG, stream)
    set_up(logging.DEBUG, stream)  # a second time must not double the lines
    log = logging.getLogger("driver.session")
    log.info("ready")
    device_log(log, "50 % house").warning("silent for %d s", 5)
    log.debug("4e 57")
    assert stream.getvalue().splitlines() == ["INFO ready", "WARNING [50 % house] silent for 5 s", "DEBUG 4e 57"]


@pytest.mark.usefixtures("restored")
def test_the_level_is_ours_and_libraries_are_heard_from_warning_on() -> None:
    stream = io.StringIO()
    set_up(LEVELS["info"], stream)
    logging.getLogger("driver.app").info("ours")
    logging.getLogger("driver.app").debug("too much")
    logging.getLogger("dbus_fast").info("theirs")
    logging.getLogger("dbus_fast").warning("their warning")
    assert stream.getvalue().splitlines() == ["INFO ours", "WARNING their warning"]


def test_an_outage_is_said_once_and_over_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = Outage(logging.getLogger("driver.test"))
    outage.over("not even begun")
    for _ in range(3):
        outage.say("%s is gone", "ttyUSB0")
        outage.say("no permission")
    assert outage.active
    outage.over("back after %d s", 7)
    outage.over("back after %d s", 8)
    outage.say("%s is gone", "ttyUSB0")
    assert [record.getMessage() for record in caplog.records] == [
        "ttyUSB0 is gone", "no permission", "back after 7 s", "ttyUSB0 is gone"
    ]  # fmt: skip


def test_a_text_that_changes_each_time_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = Outage(logging.getLogger("driver.test"))
    for number in range(1000):
        outage.say("failed %d times", number)
    assert len(caplog.records) == Outage.MOST
