"""`demo`: a simulated battery on a D-Bus of its own, and a live view of what the driver publishes there.

Nothing of the machine is touched: a private dbus-daemon, a small settings service, a JK on a pseudo-terminal that
speaks the real protocol, and the driver, each a process of its own. The view is read back from D-Bus.
Exit codes: 0 a battery was there, 1 none appeared.
"""

import argparse
import asyncio
import os
import sys
import time
from functools import partial
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any

from ..simulator.field import Field
from .screen import lines, summary
from .terminal import Progress, Terminal
from .view import View

HELP = "a simulated battery on a private D-Bus, and a live view of it"
BANK = "com.victronenergy.battery.jk_bank_demo"
APPEAR = 20.0  # s for the battery to appear
REDRAW = 1.0  # s between looks; the driver publishes once a second


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--for", dest="seconds", type=float, metavar="SECONDS", help="end by itself, with a summary")
    parser.add_argument("--cells", type=int, default=16, help="cells in series (default: 16)")
    parser.add_argument("--profile", default="cycle", help="what flows, see simulate --help (default: cycle)")
    parser.add_argument("--speed", type=float, default=20.0, help="simulated seconds in a second (default: 20)")
    parser.add_argument("--bank", type=int, default=0, metavar="PACKS", help="so many packs as one battery")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME", help="see simulate --help; repeatable")


def run(args: argparse.Namespace) -> int:
    """Set the stage, show the view, clear up."""
    with TemporaryDirectory(prefix="jkbms-demo") as name:
        field = Field(Path(name))
        try:
            field.start_bus()
            os.environ["DBUS_SESSION_BUS_ADDRESS"] = field.address
            with (field.folder / "driver.log").open("w") as log:
                _start(field, args, log)
                code = asyncio.run(Watch(args.seconds, BANK if args.bank else "").run())
            if code:
                sys.stderr.write("no battery appeared on D-Bus; the driver said:\n")
                sys.stderr.write((field.folder / "driver.log").read_text())
        finally:
            field.close()
    return code


def _start(field: Field, args: argparse.Namespace, log: Any) -> None:
    """The simulated BMS, and the driver that is told its port."""
    port = field.folder / "ttyJK"
    together = ["--count", str(args.bank), "--parallel"] if args.bank else []
    faults = [word for fault in args.fault for word in ("--fault", fault)]
    bms = field.module(
        "driver", "simulate", "--path", str(port), "--pace", "--profile", args.profile, "--cells", str(args.cells),
        "--speed", str(args.speed), *faults, *together, stdout=PIPE, stderr=sys.stderr,
    )  # fmt: skip
    assert bms.stdout is not None
    ports = [
        bms.stdout.readline().strip() for _ in range(max(1, args.bank))
    ]  # it prints them as soon as they are there
    config = field.folder / "config.ini"
    if args.bank:
        packs = "".join(f"[battery B{number}]\nport = {place}\n" for number, place in enumerate(ports, 1))
        config.write_text(f"{packs}[bank demo]\nname = Demo bank\n")
    else:
        config.write_text(f"[battery demo]\nport = {port}\nname = Demo battery\n")
    field.module("driver", "run", "--config", str(config), stderr=log)


class Watch:
    """A D-Bus client that looks at the first battery there is, or waits for that one."""

    def __init__(self, seconds: float | None, wanted: str = "") -> None:
        self._wanted = wanted
        self._until = None if seconds is None else time.monotonic() + max(seconds, 0.0)
        self._signals = 0
        self._heard_at = 0.0

    async def run(self) -> int:
        """Watch until the time is over or Ctrl-C; the exit code."""
        from ..venus import bus as dbus

        bus = await dbus.connect()
        bus.add_message_handler(self._signal)
        rule = "type='signal',interface='com.victronenergy.BusItem',member='ItemsChanged'"
        await dbus.call(bus, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.AddMatch", "s", [rule])
        view: View | None = None
        try:
            name = await self._appearing(bus)
            if name is None:
                return 1
            with Terminal(sys.stdout) as terminal:
                while view is None or self._until is None or time.monotonic() < self._until:
                    view = await self._look(bus, name)
                    if terminal.live:
                        terminal.draw(partial(lines, view))
                    else:
                        terminal.say(summary(view))
                    await asyncio.sleep(REDRAW)
        except (KeyboardInterrupt, asyncio.CancelledError):
            pass
        finally:
            await dbus.close(bus)
        if view is not None:
            sys.stdout.write(f"{summary(view)}\n1 battery on D-Bus, {self._signals} updates received\n")
        return 0 if view is not None else 1

    async def _appearing(self, bus: Any) -> str | None:
        """The name of the first battery; None when none appears."""
        from ..venus import bus as dbus

        progress = Progress(sys.stderr)
        began = time.monotonic()
        while (waited := time.monotonic() - began) < APPEAR:
            body = await dbus.call(bus, dbus.DAEMON, "/org/freedesktop/DBus", f"{dbus.DAEMON}.ListNames")
            names = [name for name in body[0] if name.startswith(self._wanted or "com.victronenergy.battery.")]
            if names:
                progress.clear()
                return str(names[0])
            progress(f"waiting for a battery on D-Bus, {waited:.0f} s")
            await asyncio.sleep(0.2)
        return None

    async def _look(self, bus: Any, name: str) -> View:
        from ..venus import bus as dbus

        body = await dbus.call(bus, name, "/", "com.victronenergy.BusItem.GetItems")
        return View.of_items(
            body[0], time.monotonic() - self._heard_at, f"{self._signals} updates over D-Bus · Ctrl-C ends"
        )

    def _signal(self, message: Any) -> None:
        if message.member == "ItemsChanged":
            self._signals += 1
            self._heard_at = time.monotonic()
