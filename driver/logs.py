"""Logging: one line a message on standard error, without a time stamp (multilog writes that), with the device in front.

`INFO [house] live again after 12 s`. Other people's libraries are heard from WARNING on, at every level of ours.
"""

import logging
from collections.abc import Mapping
from typing import TextIO, TypeAlias

LEVELS: Mapping[str, int] = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}

Log: TypeAlias = logging.Logger | logging.LoggerAdapter[logging.Logger]


def set_up(level: int, stream: TextIO | None = None) -> None:
    """Send messages to `stream` (default: standard error), the driver's own from `level` on. May be called again."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(device)s%(message)s", defaults={"device": ""}))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(__package__).setLevel(level)


def device_log(log: logging.Logger, device: str) -> Log:
    """`log` with `[device]` in front of each message."""
    return logging.LoggerAdapter(log, {"device": f"[{device}] "})


class Outage:
    """Says a trouble once, its repetitions at DEBUG only, and that it is over once."""

    MOST = 10  # different messages said in one outage: a text that changes each time must not flood the log

    def __init__(self, log: Log) -> None:
        self._log = log
        self._said: set[str] = set()

    @property
    def active(self) -> bool:
        """Whether a trouble was said and is not over."""
        return bool(self._said)

    def say(self, message: str, *values: object) -> None:
        """Log a warning, unless this outage has said the same before."""
        text = message % values if values else message
        known = text in self._said or len(self._said) >= self.MOST
        self._log.log(logging.DEBUG if known else logging.WARNING, "%s", text)
        if not known:
            self._said.add(text)

    def over(self, message: str, *values: object) -> None:
        """Log that all is well again, if there was a trouble at all."""
        if self.active:
            self._log.info(message, *values)
            self._said.clear()
