"""A link whose traffic somebody writes down."""

from collections.abc import Callable
from typing import Protocol

from .base import Link


class Recorder(Protocol):
    """Who writes it down; called for every chunk, so it must be quick."""

    def opened(self) -> None:
        """The link was opened."""

    def sent(self, data: bytes) -> None:
        """Bytes went out."""

    def received(self, data: bytes) -> None:
        """Bytes came in; none: nothing came for a while."""


Recorded = Callable[[Link, str], Link]
"""Makes a link that is recorded of a link and the protocol that is spoken there."""


def unrecorded(link: Link, protocol: str) -> Link:
    """The link as it is."""
    return link


class RecordedLink:
    """A link that tells a recorder what goes over it; see `base.Link`."""

    def __init__(self, link: Link, recorder: Recorder) -> None:
        self.name = link.name
        self._link = link
        self._recorder = recorder

    async def open(self) -> None:
        """See `Link`."""
        await self._link.open()
        self._recorder.opened()

    async def write(self, data: bytes) -> None:
        """See `Link`."""
        self._recorder.sent(data)
        await self._link.write(data)

    async def read(self, expect: int, timeout: float) -> bytes:
        """See `Link`."""
        data = await self._link.read(expect, timeout)
        self._recorder.received(data)
        return data

    async def close(self) -> None:
        """See `Link`."""
        await self._link.close()
