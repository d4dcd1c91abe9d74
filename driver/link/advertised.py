"""What a Bluetooth device is, told from what it advertises. Pure.

None of these signs is in every device: JK modules have FFE0 and mostly FEE7, manufacturer data that begin with 88 A0
and repeat the address, and a name that the owner may have changed; NEEY balancers share FFE0 and tell by their name.
"""

import re
from collections.abc import Iterable

FFE0 = "0000ffe0-0000-1000-8000-00805f9b34fb"
NEEY_NAME, NEEY_ADDRESS = re.compile(r"(GW|EK)-"), ("3C:A5:51",)
JK_NAME, JK_ADDRESS = re.compile(r"JK[-_]"), ("C8:47:80", "C8:47:8C", "20:21:11", "20:22:08")
JK_DATA = b"\x88\xa0"


def protocol_of(
    address: str, name: str, services: Iterable[str], manufacturers: Iterable[tuple[int, bytes]]
) -> str | None:
    """The protocol that a device speaks in all likelihood, as config.ini calls it; None: it is no JK and no NEEY."""
    if NEEY_NAME.match(name) or address.upper().startswith(NEEY_ADDRESS):
        return "neey"
    signs = (
        JK_NAME.match(name),
        address.upper().startswith(JK_ADDRESS),
        FFE0 in services,
        any(data.startswith(JK_DATA) for _, data in manufacturers),
    )
    return "jk-ble" if any(signs) else None
