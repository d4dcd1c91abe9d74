"""`scan`: the JK BMSs and NEEY balancers that can be heard over Bluetooth.

Exit codes: 0 something was found; 1 nothing was, or Bluetooth cannot be used.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from ..battery.reading import Identity
from ..link.advertised import protocol_of
from ..options import Battery
from .observation import Observation, muted, observing, stopped_by_signals
from .terminal import Progress

if TYPE_CHECKING:
    from ..link.bluez import Adapter, Bluez, Device

HELP = "list the JK BMSs and NEEY balancers that can be heard over Bluetooth"
SECONDS = 10.0
ASKING = 20.0  # s for one device to say what it is
HEAD = ("address", "name", "signal", "adapter", "protocol", "model", "firmware", "remark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device as it is shown."""

    address: str
    name: str
    signal: int | None  # dBm
    adapter: str
    protocol: str
    model: str | None = None
    firmware: str | None = None
    remark: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("--for", dest="seconds", type=float, default=SECONDS, metavar="SECONDS", help="how long")
    parser.add_argument("--adapter", metavar="NAME", help="only this one, hci0 or its address; default: all of them")
    parser.add_argument("--no-connect", action="store_true", help="do not ask the devices for model and firmware")
    parser.add_argument("--json", action="store_true", help="one JSON object for each device")


def run(args: argparse.Namespace) -> int:
    """Scan; see the module for the exit codes."""
    try:
        import bleak  # noqa: F401 - said here, before anything is begun
    except ImportError as exc:
        sys.stderr.write(f"scan: Bluetooth needs the Python package bleak: {exc}\n")
        return 1
    with muted():
        return asyncio.run(_scan(args))


async def _scan(args: argparse.Namespace) -> int:
    from ..link.bluez import Bluez
    from ..link.trouble import BluetoothError

    progress = Progress(sys.stderr)
    bluez, stopped = Bluez(), asyncio.Event()
    found: list[Found] = []
    try:
        with stopped_by_signals(stopped.set):
            for adapter in (await bluez.known()).adapters:
                if args.adapter is None or args.adapter.lower() in (adapter.name, adapter.address.lower()):
                    found += await _heard(bluez, adapter, args.seconds, progress)
            for number, one in enumerate(found):
                if not (args.no_connect or one.remark or stopped.is_set()):
                    progress(f"asking {one.address} what it is")
                    found[number] = await _asked(one)
    except BluetoothError as exc:
        sys.stderr.write(f"scan: {exc}\n")
        return 1
    finally:
        progress.clear()
        await bluez.close()
    for line in (map(json.dumps, map(asdict, found))) if args.json else _table(found):
        print(line)
    return 0 if found else 1


async def _heard(bluez: "Bluez", adapter: "Adapter", seconds: float, say: Callable[[str], None]) -> list[Found]:
    from ..link.search import survey

    near: dict[str, Found] = {}

    def seen(device: "Device") -> None:
        protocol = protocol_of(device.address, device.name, device.services, device.manufacturers)
        if protocol is not None:
            near[device.address] = Found(
                address=device.address,
                name=device.name,
                signal=device.rssi,
                adapter=adapter.name,
                protocol=protocol,
                remark="connected already: not asked" if device.connected else "",
            )
        say(f"scanning with {adapter.name}, {len(near)} found")

    say(f"scanning with {adapter.name} for {seconds:g} s")
    await survey(bluez, adapter, seconds, seen)
    return sorted(near.values(), key=lambda one: one.signal or -999, reverse=True)


async def _asked(one: Found) -> Found:
    battery = Battery(port=one.address, adapter=one.adapter, protocol=one.protocol, power_cycle=False)
    seen = Observation(one.address, battery)
    async with observing(seen):
        await seen.first(ASKING, lambda text: None)
    if seen.reading is None:
        return replace(one, remark=seen.verdict().found)
    who: Identity = seen.reading.identity
    return replace(one, model=who.model, firmware=who.software)


def _table(found: list[Found]) -> list[str]:
    if not found:
        return ["no JK BMS and no NEEY balancer is heard; one that something is connected to does not advertise"]
    rows = [
        HEAD,
        *(
            (
                one.address,
                one.name,
                "" if one.signal is None else f"{one.signal} dBm",
                one.adapter,
                one.protocol,
                one.model or "",
                one.firmware or "",
                one.remark,
            )
            for one in found
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
