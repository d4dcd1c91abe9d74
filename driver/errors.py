"""Every exception the driver raises on purpose, grouped by who acts.

DriverError
├── ConfigError        the owner must act; every problem of the file is listed
├── LinkError          the session retries: port not found, busy, refused, unplugged
├── ProtocolError      the session retries: the BMS is silent, or only damaged frames arrive
│   └── BusTakenError  somebody else asks on the bus: nothing is sent there
├── LayoutError        one frame is dropped: its bytes and the table disagree
├── CaptureError       a file is no recording: the text names file, line and what was expected
└── BusError           D-Bus refuses: a taken name concerns one battery, a lost bus ends the process

Example: a USB adapter is pulled out. The serial link raises LinkError, the session logs it once, waits and opens
the port again; nobody else notices.
"""


class DriverError(Exception):
    """Base of all errors that are no bugs."""


class ConfigError(DriverError):
    """All that is wrong with a configuration: `problems` has one line for each."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join([f"{source}: {len(problems)} problem(s)", *(f"  {line}" for line in problems)]))


class LinkError(DriverError):
    """The link could not be opened, or was lost. The text names the port and what to do."""

    passing = False  # the next try may well succeed although nobody does anything


class ProtocolError(DriverError):
    """Nothing usable comes over an open link. The text says what was seen instead."""


class BusTakenError(ProtocolError):
    """Another master asks on a bus that can have only one. The text says what to do."""


class LayoutError(DriverError):
    """A frame with a right checksum does not hold what the table says. The text names field, place and value."""


class CaptureError(DriverError):
    """A file is no recording of ours, or a damaged one. The text names file, line, value and expectation."""


class BusError(DriverError):
    """D-Bus is gone, or a name is taken."""
