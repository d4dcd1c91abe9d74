"""The BusItem interface of a tree, as other programs meet it."""

import asyncio
from collections.abc import AsyncIterator
from math import inf, nan
from typing import Any

import pytest

from driver.errors import BusError
from driver.venus import bus as dbus
from driver.venus.bus import LIBRARY, Message, MessageFlag, Variant
from driver.venus.items import Item, Tree, Value, clean, coerced
from tests.private_bus import PrivateBus
from tests.venus.conftest import Client, until

SERVICE = "com.victronenergy.battery.test"
BUS_ITEM = "com.victronenergy.BusItem"
ERROR = "org.freedesktop.DBus.Error."


class Shop:
    """A tree with one writable item, `/Level`, that takes numbers from 1 to 9, and `/Broken`, that cannot."""

    def __init__(self, connection: dbus.MessageBus) -> None:
        self.tree = Tree(connection)
        self.tree.replace(
            {
                "/Dc/0/Voltage": Item("d", "%.2fV", 26.4),
                "/Dc/0/Current": Item("d", "%.1fA"),
                "/ProductId": Item("i", "0x%X", 0xB0),
                "/CustomName": Item("s", "%s", "100 % full"),
                "/Level": Item("i", "%d", 3, self.accept),
                "/Broken": Item("i", "%d", 3, self.fail),
            }
        )

    async def accept(self, value: Value) -> bool:
        await asyncio.sleep(0)
        if not isinstance(value, int) or not 1 <= value <= 9:
            return False
        self.tree.update({"/Level": value})
        return True

    async def fail(self, value: Value) -> bool:
        raise BusError("nobody there")


@pytest.fixture
async def shop(bus: PrivateBus) -> AsyncIterator[Shop]:
    connection = await dbus.connect()
    shop = Shop(connection)
    await dbus.claim(connection, SERVICE)
    yield shop
    await dbus.close(connection)


async def test_dbus_send_reads_values_and_texts(bus: PrivateBus, shop: Shop) -> None:
    assert (await bus.dbus_send(SERVICE, "/Dc/0/Voltage", "GetValue")).split() == ["variant", "double", "26.4"]
    assert await bus.dbus_send(SERVICE, "/Dc/0/Voltage", "GetText") == "26.40V"
    assert await bus.dbus_send(SERVICE, "/ProductId", "GetText") == "0xB0"
    assert await bus.dbus_send(SERVICE, "/CustomName", "GetText") == "100 % full"
    assert await bus.dbus_send(SERVICE, "/Dc/0/Current", "GetText") == "---"
    assert (await bus.dbus_send(SERVICE, "/Dc/0/Current", "GetValue")).split() == ["variant", "array", "[", "]"]


async def test_busctl_reads_values_texts_and_all_items(bus: PrivateBus, shop: Shop) -> None:
    assert await bus.busctl("call", SERVICE, "/Dc/0/Voltage", BUS_ITEM, "GetValue") == "v d 26.4"
    assert await bus.busctl("call", SERVICE, "/Dc/0/Current", BUS_ITEM, "GetValue") == "v ai 0"
    assert await bus.busctl("call", SERVICE, "/", BUS_ITEM, "GetItems") == (
        'a{sa{sv}} 6 "/Dc/0/Voltage" 2 "Value" d 26.4 "Text" s "26.40V"'
        ' "/Dc/0/Current" 2 "Value" ai 0 "Text" s "---"'
        ' "/ProductId" 2 "Value" i 176 "Text" s "0xB0"'
        ' "/CustomName" 2 "Value" s "100 % full" "Text" s "100 % full"'
        ' "/Level" 2 "Value" i 3 "Text" s "3" "/Broken" 2 "Value" i 3 "Text" s "3"'
    )


async def test_inner_nodes_answer_with_what_is_below_them(bus: PrivateBus, shop: Shop) -> None:
    assert await bus.busctl("call", SERVICE, "/Dc", BUS_ITEM, "GetValue") == (
        'v a{sv} 2 "0/Voltage" d 26.4 "0/Current" ai 0'
    )
    assert await bus.busctl("call", SERVICE, "/Dc/0", BUS_ITEM, "GetText") == (
        'v a{sv} 2 "Voltage" s "26.40V" "Current" s "---"'
    )
    assert (await bus.busctl("call", SERVICE, "/", BUS_ITEM, "GetValue")).startswith('v a{sv} 6 "Dc/0/Voltage" d 26.4')
    assert (await bus.busctl("call", SERVICE, "/", BUS_ITEM, "GetText")).startswith('v a{sv} 6 "Dc/0/Voltage" s "26')


async def test_busctl_finds_every_path_and_its_methods(bus: PrivateBus, shop: Shop) -> None:
    paths = (await bus.busctl("tree", "--list", SERVICE)).splitlines()
    assert set(paths) == {"/", "/Dc", "/Dc/0", "/Dc/0/Voltage", "/Dc/0/Current", "/ProductId", "/CustomName",
                          "/Level", "/Broken"}  # fmt: skip
    shown = await bus.busctl("introspect", SERVICE, "/Dc/0/Voltage", BUS_ITEM)
    assert [line.split()[:4] for line in shown.splitlines()[1:]] == [
        [".GetText", "method", "-", "s"], [".GetValue", "method", "-", "v"], [".SetValue", "method", "v", "i"],
    ]  # fmt: skip
    root = await bus.busctl("introspect", SERVICE, "/")
    assert ".GetItems" in root
    assert ".ItemsChanged" in root


@pytest.mark.parametrize(
    ("path", "member", "signature"),
    [
        ("/Dc/0/Voltage", "GetValue", "v"),
        ("/Dc/0/Voltage", "GetText", "s"),
        ("/", "GetItems", "a{sa{sv}}"),
        ("/Dc", "GetValue", "v"),
        ("/Dc", "GetText", "v"),
        ("/Dc", "Introspect", "s"),
    ],
)
async def test_a_call_without_an_interface_is_answered(
    shop: Shop, client: Client, path: str, member: str, signature: str
) -> None:
    bare = await client.call(SERVICE, path, member)
    named = await client.call(
        SERVICE, path, member,
        interface="org.freedesktop.DBus.Introspectable" if member == "Introspect" else BUS_ITEM,
    )  # fmt: skip
    assert (bare.error_name, bare.signature) == (None, signature)
    assert str(bare.body) == str(named.body)


async def test_setvalue_without_an_interface_is_answered(shop: Shop, client: Client) -> None:
    assert (await client.call(SERVICE, "/Level", "SetValue", "v", Variant("i", 7))).body == [0]
    assert shop.tree["/Level"].value == 7


@pytest.mark.parametrize(
    ("path", "interface", "member", "error"),
    [
        ("/Nowhere", BUS_ITEM, "GetValue", "UnknownObject"),
        ("/Nowhere", None, "GetValue", "UnknownObject"),
        ("/Dc/0/Volt", BUS_ITEM, "GetValue", "UnknownObject"),  # a beginning of a name is no node
        ("/Nowhere", "org.freedesktop.DBus.Introspectable", "Introspect", "UnknownObject"),
        ("/Level", BUS_ITEM, "GetMin", "UnknownMethod"),
        ("/Level", None, "GetMin", "UnknownMethod"),
        ("/Level", BUS_ITEM, "GetItems", "UnknownMethod"),
        ("/Dc", BUS_ITEM, "SetValue", "UnknownMethod"),
        ("/Level", "org.freedesktop.DBus.Properties", "Get", "UnknownMethod"),
        ("/Level", "org.example.Other", "GetValue", "UnknownMethod"),
    ],
)
async def test_what_does_not_exist_is_an_error(
    shop: Shop, client: Client, path: str, interface: str | None, member: str, error: str
) -> None:
    answer = await client.call(SERVICE, path, member, interface=interface)
    assert answer.error_name == ERROR + error


async def test_ping_is_answered(bus: PrivateBus, shop: Shop) -> None:
    assert await bus.busctl("call", SERVICE, "/", "org.freedesktop.DBus.Peer", "Ping") == ""


@pytest.mark.parametrize(
    ("path", "value", "answer", "level"),
    [
        ("/Level", Variant("i", 5), 0, 5),
        ("/Level", Variant("d", 5.0), 0, 5),  # what people and MQTT write
        ("/Level", Variant("x", 5), 0, 5),
        ("/Level", Variant("y", 5), 0, 5),
        ("/Level", Variant("b", True), 0, 1),
        ("/Level", Variant("i", 3), 0, 3),  # as it is already
        ("/Level", Variant("i", 10), 2, 3),
        ("/Level", Variant("x", 2**40), 1, 3),
        ("/Level", Variant("d", 5.5), 1, 3),
        ("/Level", Variant("d", nan), 1, 3),
        ("/Level", Variant("d", inf), 1, 3),
        ("/Level", Variant("s", "5"), 1, 3),
        ("/Level", Variant("ai", []), 1, 3),  # null
        ("/Level", Variant("a{sv}", {}), 1, 3),
        ("/Level", Variant("v", Variant("i", 5)), 1, 3),
        ("/Broken", Variant("i", 5), 2, 3),
        ("/ProductId", Variant("i", 1), 1, 3),
        ("/ProductId", Variant("i", 0xB0), 1, 3),
        ("/Dc/0/Voltage", Variant("d", 1.0), 1, 3),
    ],
)
async def test_setvalue_says_done_wrong_or_refused(
    shop: Shop, client: Client, path: str, value: Variant, answer: int, level: int
) -> None:
    before = await client.items(SERVICE)
    assert (await client.call(SERVICE, path, "SetValue", "v", value, interface=BUS_ITEM)).body == [answer]
    assert await client.items(SERVICE) == before | {"/Level": level}
    assert await client.heard(SERVICE) == ([{"/Level": level}] if level != 3 else [])


@pytest.mark.parametrize(
    ("signature", "body"), [("", []), ("i", [5]), ("s", ["5"]), ("vv", [Variant("i", 5)] * 2), ("av", [[]])]
)
async def test_a_malformed_setvalue_is_an_error(shop: Shop, client: Client, signature: str, body: list[Any]) -> None:
    answer = await client.call(SERVICE, "/Level", "SetValue", signature, *body, interface=BUS_ITEM)
    assert answer.error_name == ERROR + "InvalidArgs"
    assert shop.tree["/Level"].value == 3


async def test_dbus_send_and_busctl_write(bus: PrivateBus, shop: Shop) -> None:
    assert await bus.dbus_send(SERVICE, "/Level", "SetValue", "variant:int32:6") == "int32 0"
    assert await bus.busctl("call", SERVICE, "/Level", BUS_ITEM, "SetValue", "v", "i", "8") == "i 0"
    assert shop.tree["/Level"].value == 8


async def test_a_write_that_wants_no_answer_gets_none(shop: Shop, client: Client) -> None:
    answers: list[Message] = []
    client.connection.add_message_handler(answers.append)
    for path in ("/Level", "/ProductId", "/Nowhere"):
        message = Message(
            destination=SERVICE, path=path, interface=BUS_ITEM, member="SetValue", signature="v",
            body=[Variant("i", 8)], flags=MessageFlag.NO_REPLY_EXPECTED,
        )  # fmt: skip
        await client.connection.send(message)
    await until(lambda: shop.tree["/Level"].value == 8)
    assert await client.heard(SERVICE) == [{"/Level": 8}]
    assert [answer.member for answer in answers if answer.member != "ItemsChanged"] == [None]  # heard's own call


async def test_an_update_is_one_signal_with_what_changed(shop: Shop, client: Client) -> None:
    shop.tree.update({"/Dc/0/Voltage": 26.5, "/Dc/0/Current": None, "/ProductId": 0xB0, "/Level": 4})
    assert await client.heard(SERVICE) == [{"/Dc/0/Voltage": 26.5, "/Level": 4}]
    shop.tree.update({"/Dc/0/Voltage": 26.5, "/Level": 4})
    assert await client.heard(SERVICE) == []


async def test_the_signal_wants_no_answer_and_carries_texts(shop: Shop, client: Client) -> None:
    shop.tree.update({"/Dc/0/Voltage": None})
    await until(lambda: client.signals)
    (signal,) = client.signals
    assert signal.flags == MessageFlag.NO_REPLY_EXPECTED
    item = signal.body[0]["/Dc/0/Voltage"]
    assert (item["Value"].signature, item["Value"].value, item["Text"].value) == ("ai", [], "---")


async def test_items_that_appear_later_are_announced_with_the_rest(bus: PrivateBus, shop: Shop, client: Client) -> None:
    shop.tree.update({"/Level": 5}, {"/Voltages/Cell1": Item("d", "%.3fV", 3.3)})
    assert await client.heard(SERVICE) == [{"/Level": 5, "/Voltages/Cell1": 3.3}]
    assert "/Voltages/Cell1" in await bus.busctl("tree", "--list", SERVICE)


@pytest.mark.parametrize("number", [nan, inf, -inf])
async def test_what_is_no_number_is_sent_as_invalid_and_once(shop: Shop, client: Client, number: float) -> None:
    shop.tree.update({"/Dc/0/Voltage": number})
    shop.tree.update({"/Dc/0/Voltage": number})
    assert await client.heard(SERVICE) == [{"/Dc/0/Voltage": None}]


async def test_types_stay_what_they_are(bus: PrivateBus, shop: Shop) -> None:
    shop.tree.update({"/Dc/0/Voltage": 27, "/Level": True})
    assert await bus.busctl("call", SERVICE, "/Dc/0/Voltage", BUS_ITEM, "GetValue") == "v d 27"
    assert await bus.busctl("call", SERVICE, "/Level", BUS_ITEM, "GetValue") == "v i 1"


async def test_a_text_from_a_broken_bms_does_not_end_the_connection(shop: Shop, client: Client) -> None:
    shop.tree.update({"/CustomName": "In\0put\ud800 \x07Üser\n"})
    assert await client.heard(SERVICE) == [{"/CustomName": "Input Üser"}]


async def test_nothing_is_sent_once_the_bus_is_gone(bus: PrivateBus, shop: Shop) -> None:
    reasons: list[str] = []
    connection = await dbus.connect()
    tree = Tree(connection)
    tree.replace({"/Level": Item("i", "%d", 1)})
    kept = dbus.watch(connection, reasons.append)
    bus.kill()
    tree.update({"/Level": 2})  # perhaps before the loss is known
    await until(lambda: reasons)
    assert kept.done()
    tree.update({"/Level": 3})
    assert tree["/Level"].value == 3
    await dbus.close(connection)


@pytest.mark.parametrize(
    ("signature", "value", "expected"),
    [
        ("i", 2**31, None),
        ("i", -(2**31) + 1, -(2**31) + 1),
        ("i", True, 1),
        ("i", 5.0, 5),
        ("d", 5, 5.0),
        ("s", 5, "5"),
    ],
)
def test_our_own_values_are_cleaned(signature: str, value: Value, expected: Value) -> None:
    found = clean(signature, value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("value", "expected"), [(5, 5.0), (5.5, 5.5), (True, 1.0), ("5.5", None), (nan, None)])
def test_foreign_numbers_for_a_double(value: object, expected: float | None) -> None:
    found = coerced("d", value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("value", "expected"), [("name", "name"), ("", ""), (5, None), ([], None)])
def test_foreign_texts(value: object, expected: str | None) -> None:
    assert coerced("s", value) == expected


def test_which_library_is_tested() -> None:
    assert LIBRARY in ("dbus_fast", "dbus_next")
