"""Instance, name and DVCC from localsettings: absent, late, restarted, refusing."""

import asyncio
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.errors import BusError
from driver.simulator.settings_service import SettingsService
from driver.venus import bus as dbus
from driver.venus import localsettings
from driver.venus.bus import Message, MessageType, Variant
from driver.venus.localsettings import BOL, LocalSettings, element, instance_of
from driver.venus.service import BatteryService
from tests.private_bus import PrivateBus
from tests.venus.batteries import moment, reading
from tests.venus.conftest import Client, until

PLACE = "/Settings/Devices/jk_house"
INSTANCE, NAME = f"{PLACE}/ClassAndVrmInstance", f"{PLACE}/CustomName"


class Changes:
    """Counts what a battery is told."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_a_battery_gets_a_free_instance_that_modbus_reaches(
    settings_service: SettingsService, settings: LocalSettings
) -> None:
    settings_service.set("/Settings/Devices/other/ClassAndVrmInstance", "battery:1")
    battery = await settings.battery("house", "House", Changes())
    assert (battery.instance, battery.name) == (2, "House")
    assert (settings_service[INSTANCE], settings_service[NAME]) == ("battery:2", "House")


async def test_what_is_stored_wins(settings_service: SettingsService, settings: LocalSettings) -> None:
    settings_service.set(INSTANCE, "battery:31")
    settings_service.set(NAME, "Cellar")
    battery = await settings.battery("house", "House", Changes())
    assert (battery.instance, battery.name) == (31, "Cellar")


async def test_without_localsettings_a_battery_waits_and_says_so_once(
    settings: LocalSettings, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    service = BatteryService(settings, "house")
    other = asyncio.ensure_future(settings.battery("other", "", Changes()))
    registering = asyncio.ensure_future(service.register(moment()))
    await client.call("org.freedesktop.DBus", "/", "GetId", interface="org.freedesktop.DBus")
    assert not registering.done()
    assert await client.owner(service.name) == ""
    service.publish(moment(reading(soc=42.0)))  # meanwhile the battery goes on
    late = SettingsService()
    await late.start()
    async with asyncio.timeout(20):
        await registering
        await other
    assert (await client.items(service.name))["/Soc"] == 42.0
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "waiting for com.victronenergy.settings: no battery appears on D-Bus before it is there"
    ]
    await service.close()
    await late.close()


async def test_a_restart_of_localsettings_is_survived(settings: LocalSettings, client: Client, tmp_path: Any) -> None:
    first = SettingsService(tmp_path / "settings.json")
    await first.start()
    service = BatteryService(settings, "house")
    await service.register(moment())
    owner = await client.owner(service.name)
    await first.close()
    await until(lambda: not settings.present)
    service.publish(moment(reading(soc=42.0)))
    assert (await client.items(service.name))["/Soc"] == 42.0
    again = SettingsService(tmp_path / "settings.json")
    again.set(NAME, "Cellar")
    await again.start()
    await until(lambda: settings.present)
    await until(lambda: service._seat is not None and service._seat.stored.name == "Cellar")
    items = await client.items(service.name)
    assert (items["/CustomName"], items["/DeviceInstance"]) == ("Cellar", 1)
    again.set(NAME, "Attic")
    await until(lambda: service._seat is not None and service._seat.stored.name == "Attic")
    assert await client.owner(service.name) == owner
    await service.close()
    await again.close()


async def test_a_localsettings_that_has_forgotten_us_is_told_what_we_had(settings: LocalSettings) -> None:
    first = SettingsService()
    await first.start()
    first.set("/Settings/Devices/other/ClassAndVrmInstance", "battery:1")
    changes = Changes()
    battery = await settings.battery("house", "House", changes)
    await first.close()
    empty = SettingsService()
    await empty.start()
    await until(lambda: INSTANCE in empty._values)
    assert (empty[INSTANCE], empty[NAME], battery.instance, changes.count) == ("battery:2", "House", 2, 0)
    await empty.close()


async def test_an_instance_changed_while_localsettings_was_away_is_taken_over(settings: LocalSettings) -> None:
    first = SettingsService()
    await first.start()
    changes = Changes()
    battery = await settings.battery("house", "", changes)
    await first.close()
    other = SettingsService()
    other.set(INSTANCE, "battery:9")
    await other.start()
    await until(lambda: battery.instance == 9)
    assert changes.count == 1
    await other.close()


@pytest.mark.parametrize("path", [INSTANCE, NAME])
async def test_each_change_is_told_once_though_two_signals_tell_it(
    settings_service: SettingsService, settings: LocalSettings, client: Client, path: str
) -> None:
    changes = Changes()
    battery = await settings.battery("house", "", changes)
    settings_service.set(path, "battery:5")
    await until(lambda: changes.count)
    await settings.write(NAME, battery.name)  # an answer comes after all signals before it
    assert changes.count == 1
    battery.close()
    settings_service.set(path, "battery:6")
    await until(lambda: battery.name == "battery:6" or battery.instance == 6)
    assert changes.count == 1


@pytest.mark.parametrize("rubbish", ["battery:", "battery", "battery:-1", ""])
async def test_what_is_no_instance_is_refused_first_and_ignored_later(
    settings_service: SettingsService, settings: LocalSettings, caplog: pytest.LogCaptureFixture, rubbish: str
) -> None:
    settings_service.set(INSTANCE, rubbish)
    with pytest.raises(BusError, match="holds no instance"):
        await settings.battery("house", "", Changes())
    settings_service.set(INSTANCE, "battery:4")
    changes = Changes()
    battery = await settings.battery("house", "", changes)
    caplog.clear()
    settings_service.set(INSTANCE, rubbish)
    await until(lambda: "holds no instance" in caplog.text)
    assert (battery.instance, changes.count) == (4, 0)


@pytest.mark.parametrize(
    ("instance", "reached"),
    [
        (1, True),
        (99, True),
        (100, False),
        (203, True),
        (204, False),
        (256, True),
        (297, False),
        (512, True),
        (513, False),
    ],
)
async def test_an_instance_beyond_modbus_is_taken_as_it_is_and_said(
    settings_service: SettingsService, settings: LocalSettings, caplog: pytest.LogCaptureFixture,
    instance: int, reached: bool,
) -> None:  # fmt: skip
    settings_service.set(INSTANCE, f"battery:{instance}")
    assert (await settings.battery("house", "", Changes())).instance == instance
    assert ("Modbus-TCP cannot reach" not in caplog.text) is reached


class Refusing:
    """A localsettings that answers AddSettings with what a test wants."""

    def __init__(self, connection: dbus.MessageBus, answer: Any) -> None:
        self._answer = answer
        connection.add_message_handler(self._handle)

    def _handle(self, message: Message) -> Any:
        if message.message_type is not MessageType.METHOD_CALL or message.member != "AddSettings":
            return None
        if isinstance(self._answer, str):
            return Message.new_error(message, self._answer, "ValueError: bad path")
        return Message.new_method_return(message, "aa{sv}", [self._answer])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("org.freedesktop.DBus.Python.ValueError", "bad path"),
        ([{"error": Variant("i", -5)}, {"error": Variant("i", 0)}], "exists with another type"),
        ([{"error": Variant("i", -99)}, {"error": Variant("i", 0)}], "-99"),
    ],
)
async def test_a_refusal_is_an_error_with_its_text(
    settings: LocalSettings, client: Client, answer: Any, said: str
) -> None:
    Refusing(client.connection, answer)
    await dbus.claim(client.connection, "com.victronenergy.settings")
    with pytest.raises(BusError, match=said):
        await settings.battery("house", "", Changes())


async def test_a_localsettings_that_says_nothing_is_an_error(
    settings: LocalSettings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbus, "CALL_TIMEOUT", 0.05)
    client.connection.add_message_handler(lambda message: message.message_type is MessageType.METHOD_CALL)
    await dbus.claim(client.connection, "com.victronenergy.settings")
    with pytest.raises(BusError, match="did not answer AddSettings"):
        await settings.battery("house", "", Changes())


async def test_signals_of_others_are_not_localsettings(
    settings_service: SettingsService, settings: LocalSettings, client: Client
) -> None:
    battery = await settings.battery("house", "", Changes())
    answer = await client.call("com.victronenergy.settings", NAME, "GetValue")
    forged = Message(
        message_type=MessageType.SIGNAL, path=NAME, interface="com.victronenergy.BusItem", member="PropertiesChanged",
        signature="a{sv}", body=[{"Value": Variant("s", "forged")}], destination=settings._bus.unique_name,
    )  # fmt: skip
    await client.connection.send(forged)
    await client.call("com.victronenergy.settings", NAME, "GetValue")
    settings_service.set(NAME, "real")
    await until(lambda: battery.name != "")
    assert (battery.name, answer.error_name) == ("real", None)


@pytest.mark.parametrize(("bol", "on"), [(0, False), (1, True), (3, True), (2, False)])
async def test_dvcc_is_told_at_first_and_when_it_changes(
    settings_service: SettingsService, settings: LocalSettings, bol: int, on: bool
) -> None:
    told: list[bool | None] = []
    settings_service.set(BOL, bol)
    settings.watch_dvcc(told.append)
    await until(lambda: told)
    settings_service.set(BOL, 0 if on else 1)
    await until(lambda: len(told) == 2)
    assert told == [on, not on]


async def test_an_answer_that_a_signal_has_overtaken_is_not_told(
    settings_service: SettingsService, settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def old(path: str) -> int:
        asked.set()
        await go_on.wait()
        return 1

    monkeypatch.setattr(settings, "value", old)
    settings.watch(BOL, told.append)
    await asked.wait()
    settings_service.set(BOL, 0)
    await until(lambda: told)
    go_on.set()
    await until(lambda: not settings._reading)
    assert set(told) == {0}


async def test_dvcc_is_not_known_where_nobody_keeps_it(
    settings_service: SettingsService, settings: LocalSettings
) -> None:
    told: list[bool | None] = []
    assert settings_service._tree is not None
    settings_service._tree.replace({})
    settings.watch_dvcc(told.append)
    await until(lambda: told)
    assert told == [None]


async def test_dvcc_is_told_when_localsettings_comes(settings: LocalSettings) -> None:
    told: list[bool | None] = []
    settings.watch_dvcc(told.append)
    late = SettingsService(dvcc=False)
    await late.start()
    await until(lambda: told)
    assert told == [False]
    await late.close()


async def test_the_bus_dies_while_localsettings_is_asked(bus: PrivateBus, settings: LocalSettings) -> None:
    waiting = asyncio.ensure_future(settings.battery("house", "", Changes()))
    await asyncio.sleep(0)
    bus.kill()
    await until(lambda: not settings._bus.connected)
    assert not waiting.done()  # the process ends through `disconnected` of a service, or `watch` of this connection
    waiting.cancel()
    with pytest.raises(BusError, match="D-Bus is gone"):
        await settings.write(NAME, "House")


@pytest.mark.parametrize(
    ("key", "name"),
    [("house", "jk_house"), ("2040612345", "jk_2040612345"), ("_x", "jk__x"), ("a-b", "jk_a_b_35c2229e")],
)
def test_keys_are_used_as_they_are_where_that_is_possible(key: str, name: str) -> None:
    assert element(key) == name


@given(st.text(max_size=100), st.text(max_size=100))
def test_every_key_has_an_element_of_its_own(one: str, other: str) -> None:
    found = element(one)
    assert found.startswith("jk_")
    assert found.isascii()
    assert found.replace("_", "a").isalnum()
    assert len(found) <= 60
    assert (found == element(other)) is (one == other)


@pytest.mark.parametrize(("value", "instance"), [("battery:1", 1), ("battery:513", 513), ("tank:0", 0)])
def test_the_instance_in_a_setting(value: str, instance: int) -> None:
    assert instance_of(value) == instance


@pytest.mark.usefixtures("settings_service")
async def test_many_batteries_ask_one_after_the_other(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 requests at once filled the socket of a settings service, which then lost its bus."""
    under_way, most = 0, 0
    real = localsettings.call

    async def counted(*arguments: object) -> object:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await real(*arguments)  # type: ignore[arg-type]
        finally:
            under_way -= 1

    monkeypatch.setattr(localsettings, "call", counted)
    names = [f"battery_{number}" for number in range(8)]
    found = await asyncio.gather(*(settings.battery(name, "", lambda: None) for name in names))
    assert sorted(battery.instance for battery in found) == list(range(1, 9))
    assert most == 1


async def test_a_setting_of_somebody_else_is_told_with_all_its_changes(
    settings_service: SettingsService, settings: LocalSettings
) -> None:
    place, told = "/Settings/Services/Bluetooth", []
    assert await settings.value(place) is None
    settings_service.set(place, 1)
    settings.watch(place, told.append)
    await until(lambda: told[-1:] == [1])
    assert await settings.value(place) == 1
    settings_service.set(place, 0)
    await until(lambda: told[-1] == 0)
