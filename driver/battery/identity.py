"""Who a battery is: the key of DeviceInstance, name and history.

In this order: the owner's `id`; a factory serial number; the UART manufacturer id where the owner made it his own and
no other battery of this system has the same; the stable path of the adapter as a last resort. Two identical BMSs on
two ports are two batteries.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from .reading import Identity


@dataclass(frozen=True, slots=True)
class Key:
    """A key of [A-Za-z0-9_], and where it comes from, for people."""

    value: str
    origin: str
    lasting: bool  # False: it follows the port, not the battery


def key(owner_id: str | None, identity: Identity, port: str, taken: Container[str]) -> Key:
    """The key of a battery that says `identity` on the stable path `port`; `taken` are keys of other batteries."""
    for value, origin in (
        (owner_id, "id in config.ini"),
        (identity.serial, "serial number"),
        (identity.manufacturer_id, "manufacturer id"),
    ):
        if value and (made := _clean(value)) and made not in taken:
            return Key(made, origin, lasting=True)
    return Key(_free(_clean(port) or "battery", taken), "port", lasting=False)


def _clean(text: str) -> str:
    """Letters, digits and underscores, none at the ends; what else there is becomes an underscore."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")


def _free(made: str, taken: Container[str]) -> str:
    number, found = 1, made
    while found in taken:
        number, found = number + 1, f"{made}_{number + 1}"
    return found
