"""The driver's process on a private bus, with simulated BMSs on ptys, and somebody who reads what it publishes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from driver.app import App
from driver.config import parse
from driver.simulator.line import Line, jk_line
from driver.simulator.port import PtyPort
from driver.simulator.settings_service import SettingsService
from driver.venus import bus as dbus

PREFIX = "com.victronenergy.battery."


class Scene:
    """`async with Scene(folder)`: add BMSs, start the driver, look at the bus."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state.json"
        self.settings = SettingsService()
        self.app: App | None = None
        self._running: asyncio.Task[int] | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.settings.start()
        self._stack.push_async_callback(self.settings.close)
        self.client = await dbus.connect()
        self._stack.push_async_callback(dbus.close, self.client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await self._stack.aclose()

    def on_leaving(self, work: Callable[[], Awaitable[None]]) -> None:
        self._stack.push_async_callback(work)

    async def bms(self, name: str, line: Line | None = None) -> PtyPort:
        port = PtyPort(line or jk_line(), self.folder / name)
        await port.plug()
        self._stack.push_async_callback(port.unplug)
        return port

    def start(self, config: str) -> App:
        app = App(parse("config.ini", config.encode()), self.state)
        self.app = app
        self._running = asyncio.ensure_future(app.run())
        return app

    async def stop(self) -> int | None:
        if self._running is None or self.app is None:
            return None
        self.app.stop()
        running, self._running = self._running, None
        return await asyncio.wait_for(running, 20)

    @property
    def ended(self) -> "asyncio.Task[int]":
        assert self._running is not None
        return self._running

    async def names(self) -> list[str]:
        body = await dbus.call(self.client, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.ListNames")
        return sorted(name for name in body[0] if name.startswith(PREFIX))

    async def batteries(self, count: int, timeout: float = 20.0) -> list[str]:
        """The names of the batteries, when there are so many."""
        async with asyncio.timeout(timeout):
            while len(names := await self.names()) != count:
                await asyncio.sleep(0.02)
        return names

    async def items(self, name: str) -> dict[str, Any]:
        """Values by path; None for invalid ones."""
        body = await dbus.call(self.client, name, "/", "com.victronenergy.BusItem.GetItems")
        values = {path: item["Value"].value for path, item in body[0].items()}
        return {path: None if value == [] else value for path, value in values.items()}

    async def shows(self, name: str, path: str, value: object, timeout: float = 20.0) -> None:
        """Wait until `path` has this value; a callable value decides by itself."""
        async with asyncio.timeout(timeout):
            while True:
                shown = (await self.items(name)).get(path)
                if value(shown) if callable(value) else shown == value:
                    return
                await asyncio.sleep(0.05)
