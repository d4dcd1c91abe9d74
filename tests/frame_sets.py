"""A plugin: says at the end of a run how many of the recorded frame sets were pinned.

A set is pinned when tests ran on it and none failed. Where JK_VECTORS names a folder, a set that was skipped fails the
run: a gate that nobody notices is none. Works under pytest-xdist as well, for it looks at reports only.
"""

import os

import pytest

RECORDING = "recording"  # the parameter of tests on a frame set


class FrameSets:
    """What became of each frame set."""

    def __init__(self) -> None:
        self.outcomes: dict[str, set[str]] = {}

    def note(self, report: pytest.TestReport) -> None:
        """Take a report of a test on a frame set."""
        if report.when == "call" or not report.passed:
            for name, value in report.user_properties:
                if name == RECORDING:
                    self.outcomes.setdefault(str(value), set()).add(report.outcome)

    @property
    def pinned(self) -> int:
        """Sets on which every test passed."""
        return sum(outcomes == {"passed"} for outcomes in self.outcomes.values())

    @property
    def skipped(self) -> int:
        """Sets on which a test was skipped."""
        return sum("skipped" in outcomes for outcomes in self.outcomes.values())

    def __str__(self) -> str:
        return f"pinned {self.pinned} of {len(self.outcomes)} frame sets, {self.skipped} skipped"


FOUND = FrameSets()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parameters = getattr(item, "callspec", None)
        if parameters is not None and RECORDING in parameters.params:
            item.user_properties.append((RECORDING, str(parameters.params[RECORDING])))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    FOUND.note(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if FOUND.skipped and os.environ.get("JK_VECTORS") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FOUND.outcomes:
        terminalreporter.section("recorded frames")
        terminalreporter.line(str(FOUND))
