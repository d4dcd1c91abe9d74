"""com.victronenergy.BusItem for a whole tree of paths, answered by one message handler.

One handler instead of an object per path: a battery has more than a hundred paths, and old versions of Victron's
velib_python call without an interface header, which dbus-next and dbus-fast before 2.37 leave unanswered. An invalid
value is an empty array of integers with the text "---", as velib_python has it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any, TypeAlias

from ..errors import BusError
from .bus import Message, MessageBus, MessageFlag, MessageType, Prepared, Variant, post
from .items_changed import BUS_ITEM as BUS_ITEM
from .items_changed import Entry, signal
from .items_changed import Value as Value

log = logging.getLogger(__name__)

Accept: TypeAlias = Callable[[Value], Coroutine[Any, Any, bool]]

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
PEER = "org.freedesktop.DBus.Peer"
INVALID = Variant("ai", [])
INVALID_TEXT = "---"
DONE, WRONG, REFUSED = 0, 1, 2  # answers to SetValue: velib_python's

_ITEM_XML = f"""<interface name="{BUS_ITEM}">
<method name="GetValue"><arg type="v" direction="out"/></method>
<method name="GetText"><arg type="s" direction="out"/></method>
<method name="SetValue"><arg type="v" direction="in"/><arg type="i" direction="out"/></method>
</interface>"""
_TREE_XML = f"""<interface name="{BUS_ITEM}">
<method name="GetValue"><arg type="v" direction="out"/></method>
<method name="GetText"><arg type="v" direction="out"/></method>
</interface>"""
_ROOT_XML = _TREE_XML.replace(
    "</interface>",
    '<method name="GetItems"><arg type="a{sa{sv}}" direction="out"/></method>'
    '<signal name="ItemsChanged"><arg type="a{sa{sv}}"/></signal></interface>',
)


@dataclass(slots=True)
class Item:
    """One path: its D-Bus type ("d", "i" or "s") for life, how its text is printed, and who may write it."""

    signature: str
    form: str = "%s"
    value: Value = None
    accept: Accept | None = None  # takes a foreign write over, by updating the tree, or says False; None: read-only

    def __post_init__(self) -> None:
        self.value = clean(self.signature, self.value)

    def variant(self) -> Variant:
        """The value as D-Bus carries it."""
        return INVALID if self.value is None else Variant(self.signature, self.value)

    def text(self) -> str:
        """The value as people read it."""
        return INVALID_TEXT if self.value is None else self.form % self.value

    def entry(self) -> dict[str, Variant]:
        """What GetItems says about this path."""
        return {"Value": self.variant(), "Text": Variant("s", self.text())}


class Tree:
    """The items of one connection, by path. `update` sends at most one signal."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._items: dict[str, Item] = {}
        self._asked: dict[str, Callable[[], str]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._entries: dict[str, Entry] = {}  # of the paths that were ever announced
        bus.add_message_handler(self._handle)

    def __contains__(self, path: str) -> bool:
        return path in self._items

    def __getitem__(self, path: str) -> Item:
        return self._items[path]

    def on_request(self, path: str, text: Callable[[], str]) -> None:
        """Answer GetValue and GetText on `path` with a text made then; nobody is told of it unasked."""
        self._asked[path] = text

    def replace(self, items: Mapping[str, Item]) -> None:
        """Let these be all items there are. Sends nothing: it is for times when nobody sees the service."""
        self._items = dict(items)

    def update(self, values: Mapping[str, Value], new: Mapping[str, Item] | None = None) -> None:
        """Take over new values of existing items, and `new` items. All that differs goes out in one ItemsChanged."""
        changed = []
        for path, value in values.items():
            item = self._items[path]
            if value != item.value:
                value = clean(item.signature, value)
                if value != item.value:
                    item.value = value
                    changed.append(self._packed(path, item))
        if new:
            self._items.update(new)
            changed += [self._packed(path, item) for path, item in new.items()]
        if changed:
            post(self._bus, Prepared(partial(signal, changed)))

    def _packed(self, path: str, item: Item) -> bytes:
        entry = self._entries.get(path)
        if entry is None:
            entry = self._entries[path] = Entry(path, item.signature)
        return entry.packed(item.value, item.text())

    def _handle(self, message: Message) -> bool:
        """Answer every call but those to Peer; the library has no objects of its own here."""
        if message.message_type is not MessageType.METHOD_CALL or message.interface == PEER:
            return False
        answer = self._answer(message)
        if answer is not None and not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            post(self._bus, answer)
        return True

    def _answer(self, message: Message) -> Message | None:
        """The reply to a call; None: it follows later."""
        path, item = message.path or "", self._items.get(message.path or "")
        if item is None and path in self._asked:
            item = Item("s", value=self._asked[path]())
        below = item is None and (path == "/" or any(self._below(path)))
        if item is None and not below:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", f"there is no {path}")
        asked = (message.interface or _interface(message.member), message.member)
        match asked:
            case (interface, "Introspect") if interface == INTROSPECTABLE:
                return Message.new_method_return(message, "s", [self._introspect(path, item)])
            case (interface, _) if interface != BUS_ITEM:
                pass
            case (_, "GetValue"):
                return Message.new_method_return(message, "v", [item.variant() if item else self._values(path)])
            case (_, "GetText") if item:
                return Message.new_method_return(message, "s", [item.text()])
            case (_, "GetText"):
                return Message.new_method_return(message, "v", [self._texts(path)])
            case (_, "SetValue") if item:
                return self._set(message, item)
            case (_, "GetItems") if path == "/":
                return Message.new_method_return(
                    message, "a{sa{sv}}", [{place: each.entry() for place, each in self._items.items()}]
                )
        text = f"{path} has no {message.interface or ''}.{message.member}"
        return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", text)

    def _below(self, path: str) -> Iterator[tuple[str, Item]]:
        """The items under an inner node, by their path relative to it."""
        under = path.rstrip("/") + "/"
        return ((place[len(under) :], item) for place, item in self._items.items() if place.startswith(under))

    def _values(self, path: str) -> Variant:
        return Variant("a{sv}", {place: item.variant() for place, item in self._below(path)})

    def _texts(self, path: str) -> Variant:
        return Variant("a{sv}", {place: Variant("s", item.text()) for place, item in self._below(path)})

    def _introspect(self, path: str, item: Item | None) -> str:
        nodes = dict.fromkeys(place.partition("/")[0] for place, _ in self._below(path))
        interface = _ITEM_XML if item else _ROOT_XML if path == "/" else _TREE_XML
        return "".join(["<node>", interface, *(f'<node name="{node}"/>' for node in nodes), "</node>"])

    def _set(self, message: Message, item: Item) -> Message | None:
        """A foreign write: whatever arrives is answered with a number or an error."""
        if message.signature != "v":
            text = f"SetValue takes one variant, not '{message.signature}'"
            return Message.new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", text)
        value = coerced(item.signature, message.body[0].value)
        if item.accept is None or value is None:
            return Message.new_method_return(message, "i", [WRONG])
        if value == item.value:
            return Message.new_method_return(message, "i", [DONE])
        task = asyncio.ensure_future(self._write(message, value, item.accept))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return None

    async def _write(self, message: Message, value: Value, accept: Accept) -> None:
        try:
            taken = await accept(value)
        except BusError as error:
            log.warning("%s stays as it is: %s", message.path, error)
            taken = False
        if not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            post(self._bus, Message.new_method_return(message, "i", [DONE if taken else REFUSED]))


def clean(signature: str, value: Value) -> Value:
    """A value of ours as that D-Bus type: invalid instead of NaN, no boolean, no byte that ends a D-Bus connection."""
    if value is None:
        return None
    if signature == "s":
        return "".join(filter(str.isprintable, str(value)))  # dbus-daemon throws out who sends a NUL or a surrogate
    if not isfinite(number := float(value)):
        return None
    if signature == "d":
        return number
    return int(value) if abs(number) < 2**31 else None


def coerced(signature: str, value: object) -> Value:
    """A foreign value as that D-Bus type, or None when it is not one: people and MQTT write 1, 1.0, true and []."""
    if signature == "s":
        return value if isinstance(value, str) else None
    if not isinstance(value, int | float) or not isfinite(value):
        return None
    if signature == "d":
        return float(value)
    return int(value) if value == int(value) and abs(value) < 2**31 else None


def _interface(member: str | None) -> str:
    """The interface of a call that names none."""
    return INTROSPECTABLE if member == "Introspect" else BUS_ITEM
