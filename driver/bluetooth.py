"""Batteries over Bluetooth: what they share, and a session that says what disturbs the connection.

bleak is imported with the first such battery: it costs memory that nobody else should pay for.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .errors import LinkError, ProtocolError
from .link.base import Link
from .link.interference import VENUS
from .link.recording import Recorded, unrecorded
from .options import Battery
from .protocol.dialect import Dialect, conversation
from .session import Deliver, Session, Source
from .venus.localsettings import LocalSettings

if TYPE_CHECKING:
    from .link.ble import BleLink
    from .link.radio import Radios

APART = 0.9  # s between readings: a JK sends two a second, and the bus is told one

STREAMED = 2  # in byte 4 of the frames that JK and NEEY send unasked


class BluetoothSession(Session):
    """Pumps one Bluetooth link, and tells it which of its connections are worth anything."""

    def __init__(self, name: str, link: "BleLink", recorded: Link, dialect: Dialect, deliver: Deliver) -> None:
        """`recorded`: the link, to be used through this."""
        super().__init__(name, recorded, dialect, deliver)
        self._ble = link
        self._last = -APART

    @property
    def advice(self) -> str:
        """See `Source`."""
        return self._ble.advice

    def _take_all(self, dialect: Dialect, frames: list[bytes], now: float) -> None:
        """Every frame proves the link; of those that stream one a second is decoded, the newest."""
        count = self.statistics.readings
        streamed = b""
        for frame in frames:
            if frame[4] == STREAMED:
                streamed = frame
            else:
                self._take(dialect, frame, now)
        if streamed and now - self._last >= APART:
            self._take(dialect, streamed, now)
        elif streamed:
            self._ble.understood()
        if self.statistics.readings > count:
            self._last = now
            self._ble.understood()

    def _lost(self, exc: LinkError | ProtocolError, now: float) -> None:
        if isinstance(exc, LinkError):
            super()._lost(exc, now)
        else:
            self._record.lost(f"{self._ble.name}: is connected, but sends nothing that can be used ({exc})", now)


class Bluetooth:
    """The Bluetooth batteries of one process: they take turns at each adapter."""

    def __init__(self, settings: LocalSettings | None = None, recorded: Recorded = unrecorded) -> None:
        """`settings` tell which of Venus's own services use Bluetooth; None: nobody asks.

        `recorded` makes a link that is recorded of a link and its protocol.
        """
        self._settings = settings
        self._radios: Radios | None = None
        self._recorded = recorded

    def link(self, options: Battery) -> "BleLink":
        """The link of one battery. ImportError when bleak is not installed."""
        from .link.radio import Radios

        if self._radios is None:
            self._radios = Radios()
            if self._settings is not None:
                for setting in VENUS:
                    self._settings.watch(setting, partial(self._radios.venus.take, setting))
        return _link(options, self._radios)

    def source(self, name: str, options: Battery) -> Callable[[Deliver], Source]:
        """Where the readings of one battery come from."""
        dialect = conversation(options.protocol, options.poll_interval)
        try:
            link = self.link(options)
            return partial(BluetoothSession, name, link, self._recorded(link, options.protocol), dialect)
        except ImportError as exc:
            return partial(Session, name, NoBluetooth(options.port, exc), dialect)

    async def close(self) -> None:
        """Let go of what the batteries share, when all their sessions have ended."""
        if self._radios is not None:
            await self._radios.bluez.close()


def _link(options: Battery, radios: "Radios | None") -> "BleLink":
    from .link.ble import BleLink

    return BleLink(
        options.port, options.adapter, radios=radios, pairing=options.pairing, power_cycle=options.power_cycle
    )


class NoBluetooth:
    """`Link` on a machine that lacks what Bluetooth needs: never open."""

    def __init__(self, port: str, missing: ImportError) -> None:
        self.name = port
        self._missing = missing

    async def open(self) -> None:
        """LinkError that says what is missing."""
        raise LinkError(f"{self.name}: Bluetooth needs the Python package bleak, which cannot be used: {self._missing}")

    async def write(self, data: bytes) -> None:
        """Nobody has opened it."""

    async def read(self, expect: int, timeout: float) -> bytes:
        """Nobody has opened it."""
        return b""

    async def close(self) -> None:
        """There is nothing to close."""


def link_for_one(options: Battery) -> Link:
    """A link for a command that asks one battery."""
    try:
        return _link(options, None)
    except ImportError as exc:
        return NoBluetooth(options.port, exc)
