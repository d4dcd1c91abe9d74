"""The ports that several batteries share: one session for each, and the batteries that turn up on them."""

import time
from collections.abc import Callable, Mapping
from functools import partial

from .bus_session import BusSession
from .known import KnownBatteries
from .link.recording import Recorded, unrecorded
from .link.serial import SerialLink
from .options import Battery
from .protocol.dialect import bus
from .protocol.jkpb_wire import SLAVES
from .session import Deliver, Source

Add = Callable[[Mapping[str, Battery]], None]


class Buses:
    """The shared ports of a process."""

    def __init__(
        self, add: Add, start: Callable[[str, BusSession], None], known: KnownBatteries, recorded: Recorded = unrecorded
    ) -> None:
        """`add` takes batteries in that turn up, by name; `start` keeps the session of a port going.

        `recorded` makes a link that is recorded of a link and its protocol.
        """
        self._add = add
        self._start = start
        self._known = known
        self._recorded = recorded
        self._sessions: dict[str, BusSession] = {}
        self._awaited: set[str] = set()

    @property
    def awaited(self) -> int:
        """Sections that stand for every pack of their bus, of which none has turned up yet."""
        return len(self._awaited)

    def source(self, name: str, options: Battery) -> Callable[[Deliver], Source]:
        """What makes the source of this battery's readings."""
        assert options.address is not None
        return partial(self._session(options).member, name, options.address, options.poll_interval)

    def look(self, name: str, options: Battery) -> Mapping[str, Battery]:
        """Look for every pack that answers and is not taken in yet; those that did so before this process."""
        session = self._session(options)
        session.talk.scan(options.poll_interval)
        session.found = partial(self._found, name, options)
        known = set(self._known.addresses(options.port, time.time())) - session.members.keys()
        possible = [address for address in sorted(known) if session.kind.listening or address in SLAVES]
        if not possible:
            self._awaited.add(name)
        return _batteries(name, options, possible)

    def _found(self, name: str, options: Battery, addresses: list[int]) -> None:
        self._awaited.discard(name)
        self._add(_batteries(name, options, addresses))

    def _session(self, options: Battery) -> BusSession:
        if options.port not in self._sessions:
            kind = bus(options.protocol)
            link = SerialLink(options.port, options.baudrate or kind.baudrate)
            session = BusSession(self._recorded(link, options.protocol), kind)
            self._sessions[options.port] = session
            self._start(options.port, session)
        return self._sessions[options.port]


def _batteries(name: str, options: Battery, addresses: list[int]) -> dict[str, Battery]:
    return {f"{name} {address}": options.at(address) for address in addresses}
