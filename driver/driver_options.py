"""The options of config.ini for the driver as a whole."""

# ruff: noqa: RUF009 (rows are made by functions, and each is a field of its own)

import logging
from dataclasses import dataclass
from enum import StrEnum

from .logs import LEVELS
from .option_rows import choice


class Ports(StrEnum):
    """What happens to serial ports that config.ini does not name."""

    AUTO = "auto"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The driver as a whole."""

    ports: Ports | None = choice(
        None,
        {ports.value: ports for ports in Ports},
        "auto: look for a JK BMS on every USB serial adapter that nobody uses. none: open only the ports that are "
        "named below. Without it: auto as long as this file has no battery, none otherwise.",
        example="none",
    )
    log_level: int = choice(
        logging.INFO, LEVELS, "How much the log says. debug repeats what is otherwise said once: for a fault report."
    )
