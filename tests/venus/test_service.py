"""One battery on the bus: when it appears, what it says, what others may write, and what takes it off."""

import asyncio
import logging
import shlex
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from driver.battery.alarms import Alarm
from driver.battery.limits import Limit
from driver.errors import BusError
from driver.simulator.settings_service import SettingsService
from driver.venus import bus as dbus
from driver.venus import service as service_module
from driver.venus.bus import Message, MessageType, Variant
from driver.venus.localsettings import LocalSettings, element
from driver.venus.service import BatteryService, service_name
from tests.private_bus import PrivateBus
from tests.venus.batteries import LIMITS, READING, SAFE, moment, reading
from tests.venus.conftest import Client, until
from tests.venus.test_paths import ALWAYS, CONTROL, table

KEY = "2040612345"
NAME = service_name(KEY)
PLACE = f"/Settings/Devices/{element(KEY)}"
BUS_ITEM = "com.victronenergy.BusItem"


@pytest.fixture
async def battery(settings_service: SettingsService, settings: LocalSettings) -> AsyncIterator[BatteryService]:
    service = BatteryService(settings, KEY)
    yield service
    await service.close()


async def test_everything_is_on_the_bus_as_the_table_says(
    bus: PrivateBus, battery: BatteryService, client: Client
) -> None:
    await battery.register(moment())
    expected = table(ALWAYS + CONTROL) | {
        "/DeviceInstance": ("i", "1"), "/CustomName": ("s", ""), "/History/Clear": ("i", "0"),
    }  # fmt: skip
    answer = await client.call(NAME, "/", "GetItems")
    items = answer.body[0]
    assert {path: (item["Value"].signature, item["Text"].value) for path, item in items.items()} == expected
    for path, (signature, text) in expected.items():
        assert (await client.call(NAME, path, "GetText")).body == [text]
        assert (await client.call(NAME, path, "GetValue")).body[0].signature == signature
    tree = set((await bus.busctl("tree", "--list", NAME)).splitlines())
    assert set(expected) <= tree


async def test_dbus_send_and_busctl_read_every_value(bus: PrivateBus, battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    kinds = {"d": float, "i": int, "s": str}
    names = {"double": "d", "int32": "i", "string": "s"}
    by_busctl, by_dbus_send = {}, {}
    values = await client.items(NAME)
    for path in values:
        _, signature, value = shlex.split(await bus.busctl("call", NAME, path, BUS_ITEM, "GetValue"))
        by_busctl[path] = kinds[signature](value)
        _, *named = (await bus.dbus_send(NAME, path, "GetValue")).split(None, 2)
        kind, value = (
            named if named and named[0] in names else ("string", " ".join(named))
        )  # literal output names no strings
        by_dbus_send[path] = kinds[names[kind]](value)
    assert by_busctl == values
    assert by_dbus_send == values
    assert len(values) > 80


async def test_the_name_appears_when_all_is_there(
    battery: BatteryService, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hears of the name gets every path at once, and heard no signal before."""
    seen: list[dict[str, Any]] = []
    asked: set[asyncio.Task[None]] = set()
    rule = f"type='signal',member='NameOwnerChanged',arg0='{NAME}'"
    await dbus.call(client.connection, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.AddMatch", "s", [rule])

    async def scan() -> None:
        seen.append(await client.items(NAME))

    def hear(message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            asked.add(asyncio.ensure_future(scan()))

    client.connection.add_message_handler(hear)
    await battery.register(moment())
    await until(lambda: seen)
    assert set(seen[0]) == set(table(ALWAYS + CONTROL)) | {"/DeviceInstance", "/CustomName", "/History/Clear"}
    assert None not in seen[0].values()
    assert [signal for signal in client.signals if signal.sender == await client.owner(NAME)] == []


async def test_one_publish_is_at_most_one_signal(battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    client.signals.clear()
    battery.publish(moment(reading(soc=75.0, cells=(3.311, *READING.cells[1:]), current=-25.0)))
    (changed,) = await client.heard(NAME)
    assert changed == {
        "/Soc": 75.0, "/Voltages/Cell1": 3.311, "/System/MaxCellVoltage": 3.311, "/System/MaxVoltageCellId": "C1",
        "/Voltages/Diff": 0.012, "/Dc/0/Current": -25.0, "/Dc/0/Power": -660.0,
        "/TimeToGo": 30600,
    }  # fmt: skip
    battery.publish(moment(reading(soc=75.0, cells=(3.311, *READING.cells[1:]), current=-25.0)))
    assert await client.heard(NAME) == []


async def test_new_cells_appear_in_the_same_signal(battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    owner = await client.owner(NAME)
    client.signals.clear()
    battery.publish(moment(reading(cells=(*READING.cells, 3.31), soc=75.0, balancing_cells=None)))
    (changed,) = await client.heard(NAME)
    assert (changed["/Voltages/Cell9"], changed["/Soc"]) == (3.31, 75.0)
    assert await client.owner(NAME) == owner


async def test_nobody_may_write_but_the_name_and_a_1_that_clears(battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    before = await client.items(NAME)
    client.signals.clear()
    for path in before:
        for value in (
            Variant("i", 7),
            Variant("d", 7.5),
            Variant("s", "x" * 33),
            Variant("ai", []),
            *([Variant("b", True)] if path != "/History/Clear" else []),
        ):
            answer = await client.call(NAME, path, "SetValue", "v", value, interface=BUS_ITEM)
            assert answer.body in ([1], [2]), path
    assert await client.items(NAME) == before
    assert await client.heard(NAME) == []


async def test_the_name_is_kept_by_localsettings(
    bus: PrivateBus, battery: BatteryService, client: Client, settings_service: SettingsService
) -> None:
    await battery.register(moment())
    assert await bus.dbus_send(NAME, "/CustomName", "SetValue", "variant:string:Haus 1") == "int32 0"
    assert settings_service[f"{PLACE}/CustomName"] == "Haus 1"
    assert (await client.items(NAME))["/CustomName"] == "Haus 1"


@pytest.mark.parametrize("name", ["x" * 33, "two\nlines", "\x07"])
async def test_a_name_that_no_screen_shows_is_refused(
    battery: BatteryService, client: Client, settings_service: SettingsService, name: str
) -> None:
    await battery.register(moment())
    assert (await client.call(NAME, "/CustomName", "SetValue", "v", Variant("s", name))).body == [2]
    assert settings_service[f"{PLACE}/CustomName"] == ""


async def test_a_name_is_refused_while_nobody_can_keep_it(
    battery: BatteryService, client: Client, settings_service: SettingsService, caplog: pytest.LogCaptureFixture
) -> None:
    await battery.register(moment())
    await settings_service.close()
    assert (await client.call(NAME, "/CustomName", "SetValue", "v", Variant("s", "House"))).body == [2]
    assert (await client.items(NAME))["/CustomName"] == ""
    assert "/CustomName stays as it is" in caplog.text


async def test_a_name_from_config_holds_until_the_owner_gives_one(
    settings_service: SettingsService, settings: LocalSettings, client: Client
) -> None:
    battery = BatteryService(settings, KEY, name="House battery")
    await battery.register(moment())
    assert (await client.items(NAME))["/CustomName"] == "House battery"
    settings_service.set(f"{PLACE}/CustomName", "Cellar")
    await battery.close()
    again = BatteryService(settings, KEY, name="House battery")
    await again.register(moment())
    assert (await client.items(NAME))["/CustomName"] == "Cellar"
    await again.close()


async def test_a_name_changed_elsewhere_is_taken_over(
    battery: BatteryService, client: Client, settings_service: SettingsService
) -> None:
    await battery.register(moment())
    owner = await client.owner(NAME)
    client.signals.clear()
    settings_service.set(f"{PLACE}/CustomName", "Cellar")
    await until(lambda: any(signal.sender == owner for signal in client.signals))
    assert (await client.items(NAME))["/CustomName"] == "Cellar"
    assert await client.owner(NAME) == owner


async def test_a_changed_instance_is_taken_over_without_a_restart(
    battery: BatteryService, client: Client, settings_service: SettingsService
) -> None:
    await battery.register(moment())
    changes = await owners(client)
    settings_service.set(f"{PLACE}/ClassAndVrmInstance", "battery:7")
    await until(lambda: len(changes) == 2)
    assert (changes[0], bool(changes[1])) == ("", True)  # left and came back: an instance never changes under a name
    assert (await client.items(NAME))["/DeviceInstance"] == 7
    assert (battery.instance, battery.registered) == (7, True)


async def test_what_is_published_while_the_name_is_away_is_not_lost(
    battery: BatteryService, client: Client, settings_service: SettingsService
) -> None:
    await battery.register(moment())
    changes = await owners(client)
    settings_service.set(f"{PLACE}/ClassAndVrmInstance", "battery:7")
    await until(lambda: battery.instance == 7)
    battery.publish(moment(reading(soc=42.0)))
    await until(lambda: len(changes) == 2)
    assert (await client.items(NAME))["/Soc"] == 42.0


async def owners(client: Client) -> list[str]:
    """From now on, the new owners of the battery's name, as they change."""
    changes: list[str] = []
    rule = f"type='signal',member='NameOwnerChanged',arg0='{NAME}'"
    await dbus.call(client.connection, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.AddMatch", "s", [rule])

    def hear(message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            changes.append(message.body[2])

    client.connection.add_message_handler(hear)
    return changes


async def test_control_comes_and_goes_with_its_paths(battery: BatteryService, client: Client) -> None:
    await battery.register(moment(limits=None))
    assert not [path for path in await client.items(NAME) if path.startswith("/Info")]
    changes = await owners(client)
    battery.publish(moment())
    await until(lambda: len(changes) == 2)
    assert (await client.items(NAME))["/Info/MaxChargeVoltage"] == 27.6
    battery.publish(moment(limits=None))
    await until(lambda: len(changes) == 4)
    assert not [path for path in await client.items(NAME) if path.startswith("/Info")]


async def test_limits_are_valid_as_long_as_the_battery_is_there(battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    for now in (moment(reading(soc=None, current=None)), moment(None, **SAFE), moment(**SAFE), moment()):
        battery.publish(now)
        items = await client.items(NAME)
        assert None not in [items[path] for path in table(CONTROL)]
        assert items["/Connected"] == 1


async def test_a_silent_battery_says_so_and_stays(bus: PrivateBus, battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    battery.publish(moment(**SAFE))
    items = await client.items(NAME)
    assert (items["/Soc"], items["/Dc/0/Voltage"], items["/Alarms/BmsCable"], items["/State"]) == (None, None, 2, 10)
    assert await bus.dbus_send(NAME, "/Soc", "GetText") == "---"


async def test_a_name_that_is_taken_is_an_error_and_can_be_tried_again(battery: BatteryService, client: Client) -> None:
    await dbus.claim(client.connection, NAME)
    with pytest.raises(BusError, match=f"{NAME} is taken"):
        await battery.register(moment())
    assert not battery.registered
    battery.publish(moment(reading(soc=50.0)))
    await dbus.release(client.connection, NAME)
    await battery.register(moment(reading(soc=51.0)))
    assert (await client.items(NAME))["/Soc"] == 51.0


async def test_a_name_taken_while_it_was_away_is_tried_again(
    battery: BatteryService, client: Client, settings_service: SettingsService,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(service_module, "RETRY", 0.05)
    await battery.register(moment())
    claim = dbus.claim
    refusals = iter([BusError("the name is taken"), BusError("the name is taken")])

    async def refused(bus: dbus.MessageBus, name: str) -> None:
        if (refusal := next(refusals, None)) is not None:
            raise refusal
        await claim(bus, name)

    changes = await owners(client)
    monkeypatch.setattr(dbus, "claim", refused)
    battery.publish(moment(limits=None))
    assert battery.registered  # it is on its way back
    await until(lambda: len(changes) == 2)
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        f"{NAME} is off D-Bus: the name is taken; trying again"
    ]


async def test_a_fault_of_ours_is_raised_where_it_is_supervised_and_the_claim_tried_again(
    battery: BatteryService, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await battery.register(moment())
    changes = await owners(client)
    with monkeypatch.context() as broken:
        broken.setattr(dbus, "claim", lambda *_: 1 / 0)
        battery.publish(moment(limits=None))
        await until(lambda: battery._again is not None and battery._again.done())
    with pytest.raises(ZeroDivisionError):
        battery.publish(moment(limits=None))
    await until(lambda: len(changes) == 2)
    battery.publish(moment(reading(soc=42.0), limits=None))
    assert (await client.items(NAME))["/Soc"] == 42.0


async def test_release_leaves_and_register_comes_back(battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    await battery.release()
    assert await client.owner(NAME) == ""
    assert not battery.registered
    battery.publish(moment())
    await battery.register(moment())
    assert await client.owner(NAME) != ""
    await battery.register(moment())  # no harm


async def test_close_leaves_at_once(battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    await battery.close()
    assert await client.owner(NAME) == ""
    assert not battery.disconnected.done()
    await battery.close()


async def test_close_does_not_wait_for_a_hanging_daemon(bus: PrivateBus, battery: BatteryService) -> None:
    await battery.register(moment())
    bus.freeze()
    try:
        async with asyncio.timeout(10):
            await battery.close()
    finally:
        bus.thaw()


async def test_the_loss_of_the_bus_is_told(bus: PrivateBus, battery: BatteryService) -> None:
    await battery.register(moment())
    bus.kill()
    async with asyncio.timeout(10):
        why = await battery.disconnected
    assert why
    assert not battery.registered
    battery.publish(moment(reading(soc=1.0)))
    with pytest.raises(BusError):
        await battery.register(moment())


async def test_two_batteries_have_two_connections_and_two_instances(
    battery: BatteryService, settings: LocalSettings, client: Client
) -> None:
    other = BatteryService(settings, "ttyUSB1", signalled=frozenset({Alarm.LOW_CAPACITY}))
    await battery.register(moment())
    await other.register(moment(limits=None))
    first, second = await client.items(NAME), await client.items(other.name)
    assert (first["/DeviceInstance"], second["/DeviceInstance"]) == (1, 2)
    assert await client.owner(NAME) != await client.owner(other.name)
    assert [path for path in second if path.startswith(("/Alarms", "/Info"))] == [
        "/Alarms/LowSoc", "/Alarms/InternalFailure", "/Alarms/BmsCable",
    ]  # fmt: skip
    await other.close()


async def test_what_victrons_mqtt_bridge_needs(battery: BatteryService, client: Client) -> None:
    """GetItems and ItemsChanged exactly a{sa{sv}}; Value and Text each; numbers that JSON has, and no booleans."""
    await battery.register(moment())
    limits = replace(LIMITS, charge_current=Limit(0.0, "BMS has charging off"))
    battery.publish(moment(reading(voltage=float("nan"), balancing=False), limits))
    await client.heard(NAME)
    answer = await client.call(NAME, "/", "GetItems", interface=BUS_ITEM)
    assert answer.signature == "a{sa{sv}}"
    for path, item in answer.body[0].items():
        assert path.startswith("/")
        assert set(item) == {"Value", "Text"}
        assert item["Value"].signature in ("i", "d", "s") or item["Value"].value == [], path
        assert item["Text"].signature == "s"
        assert item["Value"].value == item["Value"].value, f"{path} is NaN"
    assert answer.body[0]["/Dc/0/Voltage"]["Value"].signature == "ai"
    assert answer.body[0]["/Balancing"]["Value"].signature == "i"
    assert answer.body[0]["/Io/AllowToCharge"]["Value"].value == 0


async def test_types_are_constant_for_life(battery: BatteryService, client: Client) -> None:
    await battery.register(moment())
    before = {path: item.signature for path, item in battery._seat.tree._items.items()}  # type: ignore[union-attr]
    for now in (moment(**SAFE), moment(reading(current=5, soc=50, capacity=100, cycles=3.0)), moment(reading(soh=98))):
        battery.publish(now)
        answer = await client.call(NAME, "/", "GetItems", interface=BUS_ITEM)
        for path, item in answer.body[0].items():
            assert item["Value"].signature in (before[path], "ai")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("2040612345", "com.victronenergy.battery.jk_2040612345"),
        ("house", "com.victronenergy.battery.jk_house"),
        ("usb-FTDI_FT232R-if00", "com.victronenergy.battery.jk_usb_FTDI_FT232R_if00_ba0b9a2d"),
    ],
)
def test_names_are_valid_and_stay(key: str, name: str) -> None:
    found = service_name(key)
    assert found.rpartition("_")[0] == name.rpartition("_")[0]
    assert len(found) < 120
