"""What a port turned out to be; small, because the state file knows it as well."""

from dataclasses import dataclass

AUTO = "auto"  # stands for the protocol that is to be found out


@dataclass(frozen=True, slots=True)
class Detected:
    """Who answers on a port."""

    protocol: str
    baudrate: int
    address: int | None = None  # of the pack that answered, on a bus; others may be there
