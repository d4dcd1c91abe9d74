"""`changes`: the last changes of the limits of the batteries on D-Bus, with their reasons, from the running driver.

Exit codes: 0 shown; 1 there is no such battery on D-Bus, or no D-Bus.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import BusError

if TYPE_CHECKING:
    from ..venus.bus import MessageBus

HELP = "print the last changes of the limits, with their reasons, of the running driver"
PREFIX = "com.victronenergy.battery."
CHANGES = "/LimitChanges"
GET_VALUE = "com.victronenergy.BusItem.GetValue"
NAMES = {  # of a limit: for people, and its unit
    "charge_voltage": ("charge voltage", "V"),
    "charge_current": ("charge current", "A"),
    "discharge_current": ("discharge current", "A"),
    "low_voltage": ("low voltage", "V"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="name on the GX, or of the D-Bus service; default: all batteries"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object for each battery")


def run(args: argparse.Namespace) -> int:
    """Print them; see the module for the exit codes."""
    return asyncio.run(_print(args.name, as_json=args.json))


async def _print(wanted: str | None, *, as_json: bool) -> int:
    from ..venus import bus  # the other commands go without D-Bus

    connection = await bus.connect()
    try:
        found = [each for each in await _batteries(connection) if wanted is None or wanted.lower() in _called(each)]
        for service, name in found:
            changes = json.loads(await _value(connection, service, CHANGES))
            if as_json:
                print(json.dumps({"service": service, "name": name, "changes": changes}))
            else:
                print(f"{name or service}\n" + "\n".join(_lines(changes, time.time())))
    finally:
        await bus.close(connection)
    if not found:
        sys.stderr.write(f"no battery of this driver{f' called {wanted}' if wanted else ''} is on D-Bus\n")
    return 0 if found else 1


async def _batteries(connection: "MessageBus") -> list[tuple[str, str]]:
    """Service and name on the GX of each battery that this driver has on D-Bus."""
    from ..venus import bus

    names = (await bus.call(connection, bus.DAEMON, "/org/freedesktop/DBus", f"{bus.DAEMON}.ListNames"))[0]
    found = []
    for service in sorted(name for name in names if name.startswith(PREFIX)):
        try:
            await _value(connection, service, CHANGES)
            found.append((service, await _value(connection, service, "/CustomName")))
        except BusError:  # somebody else's
            continue
    return found


async def _value(connection: "MessageBus", service: str, path: str) -> str:
    from ..venus import bus

    return str((await bus.call(connection, service, path, GET_VALUE))[0].value)


def _called(battery: tuple[str, str]) -> tuple[str, str]:
    service, name = battery
    return service.removeprefix(PREFIX).lower(), name.lower()


def _lines(changes: list[tuple[float, str, float, str]], wall: float) -> Iterator[str]:
    """One change a line, oldest first; `wall` is now, in Unix s."""
    if not changes:
        yield "  no limits: /ConnectionInformation says what is not certain"
    for ago, limit, value, reason in changes:
        name, unit = NAMES[limit]
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall - ago))
        yield f"  {at}  {name:17} {value:6.{2 if unit == 'V' else 1}f} {unit}  {reason}"
