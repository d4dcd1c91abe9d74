"""In the emulated GX: does what the tests ask for over a serial line, and is localsettings.

A request is a JSON object in a line, with a number that comes back in the answer: {"do": "shell", "command": ...},
{"do": "battery", "address": ...}, {"do": "subscribe", "address": ...}, {"do": "unsubscribe"}.
"""

import asyncio
import json
import sys
import termios
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from dbus_fast import BusType
from dbus_fast.aio import MessageBus

from driver.simulator.settings_service import SettingsService
from driver.venus import bus as dbus

CHARACTERISTIC = "org.bluez.GattCharacteristic1"


class Agent:
    def __init__(self) -> None:
        self._settings = SettingsService()
        self._stranger: MessageBus | None = None

    async def start(self) -> None:
        await self._settings.start()
        self._client = await dbus.connect()

    async def shell(self, command: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_shell(
            command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        return {"code": process.returncode, "out": out.decode(errors="replace"), "err": err.decode(errors="replace")}

    async def battery(self, address: str) -> dict[str, Any]:
        """The valid values by path of the battery with this address; nothing when it is not there."""
        (names,) = await dbus.call(self._client, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.ListNames")
        for name in names:
            if name.startswith("com.victronenergy.battery."):
                with suppress(dbus.ReplyError):
                    (items,) = await dbus.call(self._client, name, "/", "com.victronenergy.BusItem.GetItems")
                    if address in items["/Mgmt/Connection"]["Value"].value:
                        values = {path: item["Value"].value for path, item in items.items()}
                        return {path: value for path, value in values.items() if value != []}
        return {}

    async def subscribe(self, address: str) -> int:
        """Be another program that reads the same BMS; how many characteristics notify it now."""
        bus = self._stranger = await MessageBus(bus_type=BusType.SYSTEM).connect()
        (objects,) = await dbus.call(bus, "org.bluez", "/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
        place = "/dev_" + address.replace(":", "_") + "/"
        paths = [
            path
            for path, every in objects.items()
            if place in path and CHARACTERISTIC in every and "notify" in every[CHARACTERISTIC]["Flags"].value
        ]
        for path in paths:
            await dbus.call(bus, "org.bluez", path, f"{CHARACTERISTIC}.StartNotify")
        return len(paths)

    async def unsubscribe(self) -> None:
        if self._stranger is not None:
            await dbus.close(self._stranger)
            self._stranger = None

    async def answer(self, request: dict[str, Any]) -> bytes:
        number, wanted = request.pop("number"), getattr(self, request.pop("do"))
        try:
            answer = {"number": number, "answer": await wanted(**request)}
        except Exception as exc:  # noqa: BLE001 - the tests shall see it
            answer = {"number": number, "error": repr(exc)}
        return json.dumps(answer).encode() + b"\n"


async def serve(line: FileIO, out: FileIO) -> None:
    raw = termios.tcgetattr(line)
    raw[0] = raw[1] = raw[3] = 0
    raw[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
    termios.tcsetattr(line, termios.TCSANOW, raw)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), line)
    writer, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, out)
    agent = Agent()
    await agent.start()
    writer.write(b'{"number": 0, "answer": "ready"}\n')
    tasks = set()
    while request := await reader.readline():
        task = asyncio.ensure_future(agent.answer(json.loads(request)))
        task.add_done_callback(lambda done: (tasks.discard(done), writer.write(done.result())))
        tasks.add(task)


if __name__ == "__main__":
    port = Path(sys.argv[1])
    asyncio.run(serve(port.open("r+b", buffering=0), port.open("wb", buffering=0)))
