"""The system as `check` sees it: facts are gathered once, each check is a pure function of them.

To add a check: a function from `System` to a finding (or None when it does not apply), and a line in `CHECKS`.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import Config, load, parse
from ..errors import BusError, ConfigError
from .check_control import who_controls
from .findings import Finding, broken, good, warning
from .running import running_drivers

if TYPE_CHECKING:
    from ..venus.bus import MessageBus
    from ..venus.localsettings import LocalSettings
    from .view import Items

OLDEST_PYTHON = (3, 11)
ANSWER = 3.0  # s for a service on D-Bus to answer
PROCESS = "dbus-jkbms"  # /Mgmt/ProcessName of our services
BATTERY = "com.victronenergy.battery."
SYSTEM = "com.victronenergy.system"
BMS_INSTANCE = "/Settings/SystemSetup/BmsInstance"  # whom to obey; -1: automatic, -255: nobody
VOLTAGE_SENSE = "/Settings/SystemSetup/SharedVoltageSense"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What was found."""

    python: tuple[int, ...] = sys.version_info[:3]
    libraries: Mapping[str, str]  # name -> version
    missing: Mapping[str, str]  # name -> why it cannot be imported
    config_path: Path
    config_exists: bool
    config: Config | None  # None: it cannot be read at all
    config_error: str = ""
    bus_error: str = ""  # why there is no D-Bus
    settings_present: bool = False
    dvcc: bool | None = None
    bluetooth: Mapping[str, int] = field(default_factory=dict)  # settings of Venus's own users of Bluetooth: value
    batteries: "Mapping[str, Items]" = field(default_factory=dict)  # battery services on D-Bus: name -> items

    calculated: "Items" = field(default_factory=dict)  # by systemcalc; empty where there is none
    setup: Mapping[str, int] = field(default_factory=dict)  # settings of systemcalc: value
    drivers: tuple[int, ...] = ()  # processes of this driver on this D-Bus

    @property
    def ours(self) -> "dict[str, Items]":
        """The batteries that this driver publishes now."""
        return {name: items for name, items in self.batteries.items() if value(items, "/Mgmt/ProcessName") == PROCESS}


def value(items: "Items", path: str) -> Any:
    """The value of a path, out of its variant; None when there is none."""
    found = items.get(path, {}).get("Value")
    return getattr(found, "value", found)


async def gather(config_path: Path) -> System:
    """Look at everything that does not need a battery."""
    libraries, missing = _libraries()
    facts = _config_facts(config_path)
    if "D-Bus" in libraries:
        facts |= await _bus_facts(facts["config"])
    drivers = tuple(driver.pid for driver in running_drivers() if _shares_bus(driver.pid))
    return System(libraries=libraries, missing=missing, drivers=drivers, **facts)


def _shares_bus(pid: int) -> bool:
    """Whether a process takes the same D-Bus as this one."""
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    theirs = next((word.partition(b"=")[2] for word in words if word.startswith(b"DBUS_SESSION_BUS_ADDRESS=")), b"")
    return theirs == os.environb.get(b"DBUS_SESSION_BUS_ADDRESS", b"")


def _libraries() -> tuple[dict[str, str], dict[str, str]]:
    found, missing = {}, {}
    for name, module in (("pyserial", "serial"), ("D-Bus", "..venus.bus")):
        try:
            imported = import_module(module, __package__)
        except ImportError as exc:
            missing[name] = str(exc)
        else:
            found[name] = getattr(imported, "LIBRARY", None) or str(getattr(imported, "__version__", ""))
    return found, missing


def _config_facts(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {"config_path": path, "config_exists": path.exists(), "config": None}
    try:
        return facts | {"config": load(path) if facts["config_exists"] else parse(str(path), b"")}
    except ConfigError as exc:
        return facts | {"config_error": str(exc)}


def uses_bluetooth(config: Config | None) -> bool:
    """Whether a battery is connected over the air."""
    return config is not None and any(battery.bluetooth for battery in config.batteries.values())


async def _bus_facts(config: Config | None) -> dict[str, Any]:
    from ..link.interference import VENUS
    from ..venus import bus
    from ..venus.localsettings import LocalSettings

    try:
        connection = await bus.connect()
    except BusError as exc:
        return {"bus_error": str(exc)}
    try:
        settings = LocalSettings(connection)
        await settings.start()
        facts: dict[str, Any] = {
            "settings_present": settings.present,
            "batteries": await _batteries(connection),
            "calculated": await _items(connection, SYSTEM),
        }
        if settings.present:
            facts |= {"dvcc": await _dvcc(settings), "setup": await _numbers(settings, (BMS_INSTANCE, VOLTAGE_SENSE))}
        if settings.present and uses_bluetooth(config):
            facts |= {"bluetooth": await _numbers(settings, VENUS)}
        return facts
    except BusError as exc:
        return {"bus_error": str(exc)}
    finally:
        await bus.close(connection)


async def _batteries(connection: "MessageBus") -> "dict[str, Items]":
    from ..venus import bus

    names = (await bus.call(connection, bus.DAEMON, "/org/freedesktop/DBus", f"{bus.DAEMON}.ListNames"))[0]
    return {name: await _items(connection, name) for name in sorted(names) if name.startswith(BATTERY)}


async def _items(connection: "MessageBus", service: str) -> "Items":
    """All that a service shows; nothing, if it is not there or does not answer."""
    from ..venus import bus

    try:
        async with asyncio.timeout(ANSWER):
            found: Items = (await bus.call(connection, service, "/", "com.victronenergy.BusItem.GetItems"))[0]
            return found
    except (BusError, TimeoutError):
        return {}


async def _numbers(settings: "LocalSettings", asked: Iterable[str]) -> dict[str, int]:
    """Values of settings that are whole numbers; an older GX lacks some."""
    values = {setting: await settings.value(setting) for setting in asked}
    return {setting: value for setting, value in values.items() if isinstance(value, int)}


async def _dvcc(settings: "LocalSettings") -> bool | None:
    answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()

    def take(on: bool | None) -> None:
        if not answer.done():
            answer.set_result(on)

    settings.watch_dvcc(take)
    try:
        async with asyncio.timeout(ANSWER):
            return await answer
    except TimeoutError:
        return None


def python(system: System) -> Finding:
    """The interpreter."""
    text = ".".join(map(str, system.python))
    if system.python < OLDEST_PYTHON:
        return broken("Python", f"{text} is too old", "Venus OS 3.60 or newer has Python 3.12: update the GX")
    return good("Python", text)


def libraries(system: System) -> Finding:
    """What the driver needs beside the standard library."""
    if system.missing:
        return broken(
            "libraries",
            "; ".join(f"{name}: {why}" for name, why in system.missing.items()),
            "Venus OS has both; elsewhere: pip install pyserial dbus-fast",
        )
    return good("libraries", ", ".join(f"{name} {version}" for name, version in system.libraries.items()))


def configuration(system: System) -> Finding:
    """config.ini."""
    if system.config is None:
        return broken("configuration", system.config_error, "Put it right, or begin with: config --default")
    if system.config.problems:
        count = len(system.config.problems)
        text = "\n".join([f"{count} problem{'s' if count > 1 else ''}", *map(str, system.config.problems)])
        if system.config.stopped:
            stopped = ", ".join(f"[{title}]" for title in system.config.stopped)
            return broken("configuration", f"{text}\nnot running: {stopped}", "Put these lines right")
        return warning("configuration", text, "Put these lines right")
    if not system.config_exists:
        return good("configuration", f"{system.config_path} is not there: an adapter is looked for")
    named = len(system.config.batteries)
    return good("configuration", f"{system.config_path}, {named} batter{'y' if named == 1 else 'ies'}")


def control(system: System) -> Finding | None:
    """Which battery sets the limits."""
    return None if system.config is None else who_controls(system.config)


def bus_reachable(system: System) -> Finding | None:
    """D-Bus, and Victron's settings on it."""
    if "D-Bus" in system.missing:
        return None
    if system.bus_error:
        return broken("D-Bus", system.bus_error, "On a GX it is always there; on a PC: ./dev demo starts one")
    if not system.settings_present:
        return broken(
            "D-Bus",
            "reachable, but com.victronenergy.settings (localsettings) is not there",
            "No battery appears before it is there: restart the GX if this stays",
        )
    return good("D-Bus", "reachable, with localsettings")


def dvcc_on(system: System) -> Finding | None:
    """Whether anybody obeys the limits."""
    if not system.settings_present:
        return None
    if system.dvcc is None:
        return warning("DVCC", "whether it is on cannot be told", "Look: Settings -> System setup -> Charge control")
    if not system.dvcc:
        return warning(
            "DVCC",
            "off: inverter and chargers ignore the limits of every battery",
            "Switch it on: Settings -> System setup -> Charge control -> DVCC",
        )
    return good("DVCC", "on")


def driver_running(system: System) -> Finding | None:
    """The batteries of this driver on D-Bus."""
    if system.bus_error or "D-Bus" in system.missing:
        return None
    if not system.ours:
        return warning(
            "driver", "has no battery on D-Bus now", "Start it: svc -u /service/dbus-jkbms, or python -m driver run"
        )
    return good("driver", f"on D-Bus: {', '.join(sorted(system.ours))}")


CHECKS: tuple[Callable[[System], Finding | None], ...] = (
    python,
    libraries,
    configuration,
    control,
    bus_reachable,
    dvcc_on,
    driver_running,
)
