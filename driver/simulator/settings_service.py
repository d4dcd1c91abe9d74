"""A small stand-in for Venus OS's localsettings, for the demo and the tests: com.victronenergy.settings.

It keeps settings, hands out free VRM instances and tells of changes, as localsettings 1.7x does: AddSettings and
RemoveSettings on `/`, BusItem on every setting. Run it with `python -m driver.simulator.settings_service [FILE]`; FILE
keeps the settings over restarts.
"""

import argparse
import asyncio
import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ..venus import bus as dbus
from ..venus.bus import Message, MessageFlag, MessageType, Variant
from ..venus.items import BUS_ITEM, Item, Tree, Value, coerced
from ..venus.localsettings import BOL, SERVICE

ADD_SETTINGS = ("com.victronenergy.Settings", "AddSettings")
REMOVE_SETTINGS = ("com.victronenergy.Settings", "RemoveSettings")
UNDERSCORE, UNKNOWN_TYPE, NO_PATH, OTHER_TYPE, NOT_A_SETTING = -2, -3, -4, -5, -9
INSTANCE = re.compile(r"(?P<kind>[a-z]+):(?P<number>\d+)")
FORMS = {"i": "%d", "d": "%g", "s": "%s"}


class SettingsService:
    """Settings by path on a connection of its own. `dvcc` is what /Settings/Services/Bol says at first."""

    def __init__(self, file: Path | None = None, *, dvcc: bool = True) -> None:
        self._file = file
        self._values: dict[str, Value] = {BOL: int(dvcc)}
        if file is not None and file.exists():
            self._values |= json.loads(file.read_text())
        self.gone = asyncio.Event()  # the bus is
        self._bus: dbus.MessageBus | None = None
        self._tree: Tree | None = None

    async def start(self) -> None:
        """Appear on the bus. BusError when there is none, or when another localsettings runs there."""
        self._bus = await dbus.connect()
        self._watch = dbus.watch(self._bus, lambda _: self.gone.set())
        self._bus.add_message_handler(self._add_settings)
        self._bus.add_message_handler(self._remove_settings)
        self._tree = Tree(self._bus)
        self._tree.replace({path: self._item(path, value) for path, value in self._values.items()})
        await dbus.claim(self._bus, SERVICE)

    async def close(self) -> None:
        """Leave the bus."""
        if self._bus is not None:
            await dbus.close(self._bus)

    def __getitem__(self, path: str) -> Value:
        return self._values[path]

    def set(self, path: str, value: Value) -> Value:
        """Change a setting as if somebody had done so on the GX; what it is now (a taken instance gives a free one)."""
        value = self._free(path, value)
        self._values[path] = value
        if self._file is not None:
            self._file.write_text(json.dumps(self._values, indent=1))
        if self._tree is not None and self._bus is not None:
            if path in self._tree:
                self._tree.update({path: value})
            else:
                self._tree.update({}, {path: self._item(path, value)})
            self._tell(self._bus, path, self._tree[path])
        return value

    def _item(self, path: str, value: Value) -> Item:
        signature = "s" if isinstance(value, str) else "d" if isinstance(value, float) else "i"
        return Item(signature, FORMS[signature], value, partial(self._accept, path))

    async def _accept(self, path: str, value: Value) -> bool:
        """A foreign write, taken over always; a taken instance becomes a free one."""
        self.set(path, value)
        return True

    def _free(self, path: str, value: Value) -> Value:
        """The instance itself, or the next free one of its class when another device has it."""
        wanted = INSTANCE.fullmatch(str(value))
        if wanted is None or not path.endswith("/ClassAndVrmInstance"):
            return value
        taken = {other for place, other in self._values.items() if place.endswith("/ClassAndVrmInstance")}
        taken.discard(self._values.get(path))
        number = int(wanted["number"])
        while f"{wanted['kind']}:{number}" in taken:
            number += 1
        return f"{wanted['kind']}:{number}"

    def _add_settings(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL or (message.interface, message.member) != ADD_SETTINGS:
            return None
        if message.path != "/" or message.signature != "aa{sv}":
            return Message.new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", "AddSettings takes aa{sv} on /")
        return Message.new_method_return(message, "aa{sv}", [[self._add(wanted) for wanted in message.body[0]]])

    def _add(self, wanted: Mapping[str, Variant]) -> dict[str, Variant]:
        """One element of AddSettings: the setting as it is, or as it is from now on."""
        path = str(wanted["path"].value) if "path" in wanted else ""
        answer = {"path": Variant("s", path)}
        default = wanted.get("default")
        if error := self._error(path, default):
            return answer | {"error": Variant("i", error)}
        assert default is not None
        value = self._values[path] if path in self._values else self.set(path, default.value)
        return answer | {"error": Variant("i", 0), "value": self._item(path, value).variant()}

    def _remove_settings(self, message: Message) -> Message | None:
        if (message.interface, message.member, message.signature) != (*REMOVE_SETTINGS, "as"):
            return None
        answers = [0 if self._values.pop(path, None) is not None else NOT_A_SETTING for path in message.body[0]]
        if self._tree is not None:
            self._tree.replace({path: self._item(path, value) for path, value in self._values.items()})
        return Message.new_method_return(message, "ai", [answers])

    def _error(self, path: str, default: Variant | None) -> int:
        if not path:
            return NO_PATH
        if not path.startswith("/Settings/"):
            return NOT_A_SETTING
        if "/_" in path:
            return UNDERSCORE
        if default is None or default.signature not in FORMS:
            return UNKNOWN_TYPE
        return OTHER_TYPE if path in self._values and coerced(default.signature, self._values[path]) is None else 0

    def _tell(self, bus: dbus.MessageBus, path: str, item: Item) -> None:
        """The signal that most versions of localsettings send besides ItemsChanged."""
        message = Message(
            message_type=MessageType.SIGNAL,
            path=path,
            interface=BUS_ITEM,
            member="PropertiesChanged",
            signature="a{sv}",
            body=[item.entry()],
            flags=MessageFlag.NO_REPLY_EXPECTED,
        )
        dbus.post(bus, message)


async def serve(file: Path | None, *, dvcc: bool) -> None:
    """Be localsettings until the bus is gone."""
    service = SettingsService(file, dvcc=dvcc)
    await service.start()
    await service.gone.wait()


def main() -> None:
    """Run on the bus that the environment names."""
    parser = argparse.ArgumentParser(description="A stand-in for Venus OS's localsettings, for demo and tests.")
    parser.add_argument("file", nargs="?", type=Path, help="keeps the settings over restarts (JSON)")
    parser.add_argument("--no-dvcc", action="store_true", help="DVCC is switched off")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.file, dvcc=not arguments.no_dvcc))


if __name__ == "__main__":
    main()
