"""`maintenance`: a pack of a bank leaves it for planned work, or comes back.

It asks the running driver, over D-Bus. Exit codes: 0 done, 1 there is no such pack, or no driver.
"""

import argparse
import asyncio
import sys

from ..errors import BusError

HELP = "take a pack out of its bank before it is disconnected, or let it come back"
PREFIX = "com.victronenergy.battery."
ITEM = "com.victronenergy.BusItem"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("pack", metavar="PACK", help="its name, as in config.ini")
    parser.add_argument("state", choices=("on", "off"), help="on: it leaves; off: it comes back")


def run(args: argparse.Namespace) -> int:
    """Ask, and say what the pack does."""
    return asyncio.run(_maintain(args.pack, on=args.state == "on"))


async def _maintain(pack: str, *, on: bool) -> int:
    from ..venus import bus as dbus

    connection = await dbus.connect()
    try:
        names = (await dbus.call(connection, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.ListNames"))[0]
        packs: list[str] = []
        for name in sorted(name for name in names if name.startswith(PREFIX)):
            items = (await dbus.call(connection, name, "/", f"{ITEM}.GetItems"))[0]
            numbers = {
                items[path]["Value"].value: path.split("/")[2]
                for path in items
                if path.startswith("/Packs/") and path.endswith("/Name")
            }
            packs += numbers
            if pack in numbers:
                at = f"/Packs/{numbers[pack]}"
                value = dbus.Variant("i", int(on))
                answer = await dbus.call(connection, name, f"{at}/Maintenance", f"{ITEM}.SetValue", "v", [value])
                if answer != [0]:
                    raise BusError(f"{name} did not take it: {answer}")
                state = (await dbus.call(connection, name, f"{at}/State", f"{ITEM}.GetText"))[0]
                sys.stdout.write(f"{pack} {state}\n")
                return 0
    finally:
        await dbus.close(connection)
    there = f"there are {', '.join(packs)}" if packs else "no bank is on D-Bus"
    sys.stderr.write(f"no bank has a pack {pack}; {there}\n")
    return 1
