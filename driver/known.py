"""Which batteries this system has known: keys, and what is kept of each over a restart.

A key belongs to one battery. A battery that has not spoken yet holds the key that was last seen on its port, but
gives it up to the BMS that really says it: identity follows the BMS, not the cable.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .battery.identity import Key, key
from .battery.memory import Memory
from .battery.reading import Identity
from .options import AT, BAUDRATES
from .protocol.detected import Detected
from .protocol.dialect import dialect_names
from .state_file import StateFile

log = logging.getLogger(__name__)

DAY = 86_400.0  # s after which a pack that was found by itself is not waited for: it may have been taken away
BY_SERIAL = "serial number"  # the origin of such a key
BANK = "bank "  # before the name, in that of an entry; no key has a blank
DETECTED = "detected "  # before the port, in the name of an entry; no key has a blank


@dataclass(frozen=True, slots=True)
class Known:
    """A battery as an earlier process left it."""

    key: Key
    memory: Memory


@dataclass(slots=True)
class _Owner:
    port: str
    confirmed: bool  # its BMS has said so, or the owner's config.ini
    yield_key: Callable[[], None]


class KnownBatteries:
    """The keys of all batteries of this process, and their memories in the state file."""

    def __init__(self, file: StateFile) -> None:
        self.file = file
        self._entries = file.load()
        self._owners: dict[str, _Owner] = {}

    def bank(self, name: str) -> tuple[Memory | None, frozenset[str]]:
        """What is known of a bank, and which of its packs are in maintenance."""
        entry = self._entries.get(BANK + name, {})
        out = entry.get("maintenance")
        return Memory.from_json(entry), frozenset(map(str, out)) if isinstance(out, list) else frozenset()

    def keep_bank(self, name: str, memory: Memory | None, maintenance: Iterable[str], service: str = "") -> None:
        """Remember a bank for the next start; written when it is time. `service` is its name on D-Bus."""
        before = self._entries.get(BANK + name, {}) if memory is None else memory.to_json()
        self._entries[BANK + name] = before | {"maintenance": sorted(maintenance), "service": service}
        self.file.put(BANK + name, self._entries[BANK + name])

    def ports(self) -> list[str]:
        """The ports on which batteries were known before that had them for themselves."""
        places = [str(entry["port"]) for entry in self._entries.values() if "port" in entry]
        return [place for place in places if AT not in place]

    def detected(self, port: str) -> Detected | None:
        """Who answered on this port when that was last found out."""
        match self._entries.get(DETECTED + port):
            case {"protocol": str(protocol), "baudrate": int(baudrate), "address": (int() | None) as address} if (
                protocol in dialect_names() and baudrate in BAUDRATES and (address is None or 1 <= address <= 15)
            ):
                return Detected(protocol, baudrate, address)
        return None

    def keep_detected(self, port: str, found: Detected) -> None:
        """Remember who answers on this port."""
        entry = {"protocol": found.protocol, "baudrate": found.baudrate, "address": found.address}
        self._entries[DETECTED + port] = entry
        self.file.put(DETECTED + port, entry)

    def shared_ports(self, wall: float) -> list[str]:
        """The ports on which a bus was found, with the packs on it that were heard within a day."""
        ports = [name.removeprefix(DETECTED) for name in self._entries if name.startswith(DETECTED)]
        return [port for port in ports if self.addresses(port, wall)]

    def addresses(self, port: str, wall: float) -> list[int]:
        """The addresses on a shared port at which batteries were heard within a day; `wall` is the Unix time."""
        found = set()
        for entry in self._entries.values():
            shared, _, address = str(entry.get("port")).rpartition(AT)
            memory = Memory.from_json(entry)
            if shared == port and address.isdecimal() and memory is not None and memory.age(wall) <= DAY:
                found.add(int(address))
        return sorted(found)

    def on_port(self, port: str, owner_id: str | None, yield_key: Callable[[], None]) -> Known | None:
        """What was last known on this port, or under the owner's id; its key is held for this port from now on."""
        for value, entry in self._latest_first():
            if (value == owner_id or (owner_id is None and entry.get("port") == port)) and value not in self._owners:
                memory = Memory.from_json(entry)
                if memory is not None:
                    self._owners[value] = _Owner(port, owner_id is not None, yield_key)
                    return Known(Key(value, str(entry.get("origin")), entry.get("lasting") is True), memory)
        return None

    def claim(self, owner_id: str | None, identity: Identity, port: str, yield_key: Callable[[], None]) -> Key:
        """The key of the BMS that says `identity` on `port`."""
        taken = {value for value, owner in self._owners.items() if owner.port != port and owner.confirmed}
        taken |= {
            str(e.get("shares")) for value, e in self._entries.items() if e.get("port") == port and e.get("shares")
        }
        unnamed = owner_id is None and identity.serial is None
        found = (unnamed and self._by_serial(port, taken)) or key(owner_id, identity, port, taken)
        unique = key(owner_id, identity, port, ())
        if unique != found and found.origin != BY_SERIAL:
            log.warning(
                "two batteries call themselves %s: the one on %s is known by its port; give it an id in config.ini",
                unique.value,
                port,
            )
            self._entries.setdefault(found.value, {"port": port})["shares"] = unique.value
        other = self._owners.get(found.value)
        if other is not None and other.port != port:
            other.yield_key()
        self._owners = {v: owner for v, owner in self._owners.items() if owner.port != port}
        self._owners[found.value] = _Owner(port, True, yield_key)
        return found

    def _by_serial(self, port: str, taken: set[str]) -> Key | None:
        """The serial number that was last told at this place: firmware that tells one does not always do so."""
        for value, entry in self._latest_first():
            if entry.get("port") == port and entry.get("origin") == BY_SERIAL and value not in taken:
                return Key(value, BY_SERIAL, lasting=True)
        return None

    def _latest_first(self) -> list[tuple[str, dict[str, object]]]:
        """The entries, those first whose batteries were heard last."""
        return sorted(self._entries.items(), key=lambda named: -_number(named[1].get("heard_at")))

    def keep(self, found: Key, port: str, memory: Memory, service: str = "") -> None:
        """Remember a battery for the next start; written when it is time. `service` is its name on D-Bus, if any."""
        shares = self._entries.get(found.value, {}).get("shares")
        entry = memory.to_json() | {"port": port, "origin": found.origin, "lasting": found.lasting, "service": service}
        self._entries[found.value] = entry | ({"shares": shares} if shares else {})
        self.file.put(found.value, self._entries[found.value])


def _number(stored: object) -> float:
    return float(stored) if isinstance(stored, int | float) else 0.0
