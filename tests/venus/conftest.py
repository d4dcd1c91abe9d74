"""A bus for each test, and somebody who listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from driver.simulator.settings_service import SettingsService
from driver.venus import bus as dbus
from driver.venus.bus import Message, MessageType
from driver.venus.localsettings import LocalSettings
from tests.private_bus import PrivateBus


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "bus" in getattr(item, "fixturenames", ()):
            item.add_marker("bus")


async def until(condition: Callable[[], object], timeout: float = 20.0) -> None:
    """Wait for `condition` as long as ten times what it should take."""
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.005)


class Client:
    """A program of somebody else's on the bus: calls, and hears every BusItem signal."""

    def __init__(self, connection: dbus.MessageBus) -> None:
        self.connection = connection
        self.signals: list[Message] = []
        connection.add_message_handler(self._hear)

    def _hear(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.interface == "com.victronenergy.BusItem":
            self.signals.append(message)

    async def listen(self) -> None:
        rule = "type='signal',interface='com.victronenergy.BusItem'"
        await dbus.call(self.connection, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.AddMatch", "s", [rule])

    async def call(
        self, service: str, path: str, member: str, signature: str = "", *body: object, interface: str | None = None
    ) -> Message:
        """A call without an interface header, unless one is given; the answer as it comes."""
        message = Message(
            destination=service, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )
        answer = await asyncio.wait_for(self.connection.call(message), 10)
        assert answer is not None
        return answer

    async def items(self, service: str) -> dict[str, Any]:
        """GetItems: path -> value, None for invalid."""
        answer = await self.call(service, "/", "GetItems", interface="com.victronenergy.BusItem")
        assert answer.signature == "a{sa{sv}}"
        return {path: plain(item["Value"]) for path, item in answer.body[0].items()}

    async def heard(self, service: str) -> list[dict[str, Any]]:
        """The service's signals so far, as path -> value, and forget them. All that it sent before is in."""
        answer = await self.call(service, "/", "GetValue")  # one connection's messages arrive in order
        signals = [signal for signal in self.signals if signal.sender == answer.sender]
        self.signals.clear()
        for signal in signals:
            assert (signal.path, signal.member, signal.signature) == ("/", "ItemsChanged", "a{sa{sv}}")
        return [{path: plain(item["Value"]) for path, item in signal.body[0].items()} for signal in signals]

    async def owner(self, name: str) -> str:
        """Who owns a name; empty: nobody."""
        try:
            body = await dbus.call(
                self.connection, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.GetNameOwner", "s", [name]
            )
        except dbus.ReplyError:
            return ""
        return str(body[0])


def plain(variant: Any) -> Any:
    """A variant's value as velib_python takes it: an empty array is None."""
    return None if variant.value == [] else variant.value


@pytest.fixture
async def client(bus: PrivateBus) -> AsyncIterator[Client]:
    connection = await dbus.connect()
    client = Client(connection)
    await client.listen()
    yield client
    await dbus.close(connection)


@pytest.fixture
async def settings_service(bus: PrivateBus) -> AsyncIterator[SettingsService]:
    service = SettingsService()
    await service.start()
    yield service
    await service.close()


@pytest.fixture
async def settings(bus: PrivateBus) -> AsyncIterator[LocalSettings]:
    connection = await dbus.connect()
    settings = LocalSettings(connection)
    await settings.start()
    yield settings
    await dbus.close(connection)
