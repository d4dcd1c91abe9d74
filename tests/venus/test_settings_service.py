"""The stand-in for localsettings, held to what the real one answers."""

import asyncio
import sys
from pathlib import Path

import pytest

from driver.simulator.settings_service import SettingsService
from driver.venus.bus import Variant
from tests.private_bus import PrivateBus
from tests.venus.conftest import Client, until

SETTINGS = "com.victronenergy.settings"


async def add(client: Client, *wanted: dict[str, Variant]) -> list[tuple[int, object]]:
    answer = await client.call(
        SETTINGS, "/", "AddSettings", "aa{sv}", list(wanted), interface="com.victronenergy.Settings"
    )
    assert answer.signature == "aa{sv}", answer.body
    return [(each["error"].value, each["value"].value if "value" in each else None) for each in answer.body[0]]


def setting(path: str, default: object, signature: str = "s") -> dict[str, Variant]:
    return {"path": Variant("s", path), "default": Variant(signature, default)}


async def test_busctl_adds_reads_and_writes(bus: PrivateBus, settings_service: SettingsService) -> None:
    added = await bus.busctl(
        "call", SETTINGS, "/", "com.victronenergy.Settings", "AddSettings", "aa{sv}", "1",
        "2", "path", "s", "/Settings/Devices/x/ClassAndVrmInstance", "default", "s", "battery:1",
    )  # fmt: skip
    assert added == ('aa{sv} 1 3 "path" s "/Settings/Devices/x/ClassAndVrmInstance" "error" i 0 "value" s "battery:1"')
    path = "/Settings/Devices/x/ClassAndVrmInstance"
    assert await bus.dbus_send(SETTINGS, path, "GetText") == "battery:1"
    assert await bus.dbus_send(SETTINGS, path, "SetValue", "variant:string:battery:3") == "int32 0"
    assert (await bus.dbus_send(SETTINGS, path, "GetValue")).split()[-1] == "battery:3"
    assert path in await bus.busctl("tree", "--list", SETTINGS)


async def test_each_instance_is_given_once(settings_service: SettingsService, client: Client) -> None:
    wanted = [setting(f"/Settings/Devices/{name}/ClassAndVrmInstance", "battery:1") for name in "abc"]
    assert await add(client, *wanted) == [(0, "battery:1"), (0, "battery:2"), (0, "battery:3")]
    assert await add(client, setting("/Settings/Devices/t/ClassAndVrmInstance", "tank:1")) == [(0, "tank:1")]
    path = "/Settings/Devices/c/ClassAndVrmInstance"
    assert (await client.call(SETTINGS, path, "SetValue", "v", Variant("s", "battery:1"))).body == [0]
    assert settings_service[path] == "battery:3"
    assert await add(client, *wanted) == [(0, "battery:1"), (0, "battery:2"), (0, "battery:3")]


async def test_a_change_is_told_by_both_signals(settings_service: SettingsService, client: Client) -> None:
    settings_service.set("/Settings/Services/Bol", 0)
    await until(lambda: len(client.signals) == 2)
    assert {(signal.path, signal.member) for signal in client.signals} == {
        ("/", "ItemsChanged"), ("/Settings/Services/Bol", "PropertiesChanged"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (setting("/Settings/Devices/_x/Name", ""), -2),
        (setting("/Settings/x", 1, "u"), -3),
        ({"path": Variant("s", "/Settings/x")}, -3),
        ({"default": Variant("s", "")}, -4),
        (setting("/Settings/Services/Bol", [], "ai"), -3),
        (setting("/Settings/Devices/x/Name", 1, "i"), -5),
        (setting("/Elsewhere/x", ""), -9),
    ],
)
async def test_what_localsettings_refuses(
    settings_service: SettingsService, client: Client, wanted: dict[str, Variant], error: int
) -> None:
    settings_service.set("/Settings/Devices/x/Name", "text")
    assert await add(client, wanted) == [(error, None)]


async def test_numbers_keep_their_types(settings_service: SettingsService, client: Client) -> None:
    wanted = [setting("/Settings/a", 5, "i"), setting("/Settings/b", 2.5, "d")]
    assert await add(client, *wanted) == [(0, 5), (0, 2.5)]
    answers = [await client.call(SETTINGS, path, "GetValue") for path in ("/Settings/a", "/Settings/b")]
    assert [answer.body[0].signature for answer in answers] == ["i", "d"]


async def test_a_malformed_call_is_an_error(settings_service: SettingsService, client: Client) -> None:
    answer = await client.call(SETTINGS, "/", "AddSettings", "s", "x", interface="com.victronenergy.Settings")
    assert answer.error_name == "org.freedesktop.DBus.Error.InvalidArgs"


async def test_a_file_keeps_settings_over_restarts(bus: PrivateBus, client: Client, tmp_path: Path) -> None:
    for name, expected in (("a", "battery:1"), ("b", "battery:2")):
        service = SettingsService(tmp_path / "settings.json", dvcc=False)
        await service.start()
        assert await add(client, setting(f"/Settings/Devices/{name}/ClassAndVrmInstance", "battery:1")) == [
            (0, expected)
        ]
        await service.close()


async def test_it_runs_as_a_program_and_ends_with_the_bus(bus: PrivateBus, client: Client, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "driver.simulator.settings_service", str(tmp_path / "settings.json"), "--no-dvcc",
        env=bus.environment,
    )  # fmt: skip
    async with asyncio.timeout(30):
        while not await client.owner(SETTINGS):
            await asyncio.sleep(0.01)
        assert (await client.items(SETTINGS))["/Settings/Services/Bol"] == 0
        bus.kill()
        assert await process.wait() == 0


async def test_settings_are_removed(settings_service: SettingsService, client: Client) -> None:
    path = "/Settings/Devices/x/CustomName"
    await add(client, setting(path, "House"))
    answer = await client.call(
        SETTINGS, "/", "RemoveSettings", "as", [path, "/Settings/none"], interface="com.victronenergy.Settings"
    )
    assert answer.body == [[0, -9]]
    assert await add(client, setting(path, "another")) == [(0, "another")]
