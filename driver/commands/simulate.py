"""`simulate`: JK batteries without hardware, on pseudo-terminals or TCP ports.

Prints for each where it listens, in the words of config.ini, one line each, and serves until it is told to stop.
Exit codes: 0 stopped, by a signal or after `--for`; DriverError when a place is taken.
"""

import argparse
import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

from ..battery.chemistry import Chemistry
from ..errors import LinkError
from ..protocol.dialect import BUSES, LISTENING
from ..simulator.faults import Faults, explained
from ..simulator.line import BAUDRATE, Line
from ..simulator.parallel import put_together
from ..simulator.pb import DEFAULT_FIRMWARE, pb_line
from ..simulator.port import Port, PtyPort, TcpPort
from ..simulator.profiles import PROFILES
from ..simulator.voices import VOICES, line_of

HELP = "a JK battery without hardware, for trying out and for tests"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the faults are listed below them."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _epilog()
    parser.add_argument(
        "--link", choices=("pty", "tcp"), default="pty", help="where the batteries appear (default: pty)"
    )
    parser.add_argument(
        "--protocol",
        choices=(*VOICES, *BUSES),
        default="jk-uart",
        help="what they speak (default: jk-uart); jk-pb: --count packs on one port; jk-pb-listen: the same, and the "
        "first of them is the master of the bus; jk02-24s, jk02-32s, jk04 (for the driver: jk-ble) and neey-v1, "
        "neey-v2 (neey): what they send over Bluetooth, here on a wire",
    )
    parser.add_argument(
        "--address", type=_between(0, 15), help="of the first pack on a bus (default: 1; of a master: 0)"
    )
    parser.add_argument(
        "--firmware",
        type=_version,
        metavar="N.NN",
        help=f"of packs on a bus (default: {DEFAULT_FIRMWARE}), or of a JK over Bluetooth (default: one that fits)",
    )
    parser.add_argument("--path", type=Path, help="a name for the pty; with --count: the begin of the names")
    parser.add_argument("--port", type=_between(0, 65535), default=0, help="the first TCP port (default: a free one)")
    parser.add_argument("--cells", type=_between(1, 32), default=16, help="cells in series (default: 16)")
    parser.add_argument("--chemistry", choices=[c.name.lower() for c in Chemistry], default="lfp")
    parser.add_argument("--capacity", type=_between(1, 10000), default=280, metavar="AH", help="(default: 280)")
    parser.add_argument(
        "--soc", type=_between(0, 100), default=60, metavar="PERCENT", help="to begin with (default: 60)"
    )
    parser.add_argument("--count", type=_between(1, 1000), default=1, help="so many batteries (default: 1)")
    parser.add_argument("--parallel", action="store_true", help="all of them on the same bus bars, each of another age")
    parser.add_argument("--profile", choices=tuple(PROFILES), default="steady", help="what flows (default: steady)")
    parser.add_argument("--speed", type=_positive, default=1.0, help="simulated seconds in a second (default: 1)")
    parser.add_argument(
        "--fault", action="append", default=[], type=_fault, metavar="NAME", help="see below; repeatable"
    )
    parser.add_argument(
        "--power-up", action="store_true", help="the BMS has just got power: 16 s of SoC 0 and cycles 0"
    )
    parser.add_argument("--pace", action="store_true", help="send no faster than 115200 baud, in chunks of 16 bytes")
    parser.add_argument("--for", dest="seconds", type=_positive, metavar="SECONDS", help="end by itself")
    parser.add_argument("--interactive", action="store_true", help="read orders from standard input, see below")


def run(args: argparse.Namespace) -> int:
    """Serve. Raises LinkError when a place is taken."""
    return asyncio.run(_serve(args))


def ports(args: argparse.Namespace) -> list[Port]:
    """What the options ask for, not yet plugged in."""
    made: list[Port] = []
    lines = _lines(args)
    if args.parallel:
        put_together(lines, args.profile)
    for index, line in enumerate(lines, 1):
        if args.power_up:
            for bms in line.batteries:
                bms.power_up()
        if args.link == "tcp":
            made.append(TcpPort(line, args.port + index - 1 if args.port else 0))
        else:
            made.append(PtyPort(line, _name(args.path, index, len(lines))))
    return made


def _lines(args: argparse.Namespace) -> list[Line]:
    """What hangs on each port: one battery, or a bus with all of them."""
    common = {
        "chemistry": Chemistry[args.chemistry.upper()],
        "cells": args.cells,
        "capacity": args.capacity,
        "soc": args.soc / 100,
        "profile": None if args.parallel else args.profile,
        "faults": tuple(args.fault),
        "baudrate": BAUDRATE if args.pace else None,
        "speed": args.speed,
    }
    if args.protocol not in BUSES:
        if args.cells > (most := VOICES[args.protocol].cells):
            raise LinkError(f"--cells {args.cells}: {args.protocol} has room for {most}")
        if args.address is not None:
            raise LinkError(f"--address {args.address}: {args.protocol} has no bus")
        if args.firmware is not None and VOICES[args.protocol].protocol != "jk-ble":
            raise LinkError(f"--firmware {args.firmware}: {args.protocol} has its own")
        return [line_of(args.protocol, index, firmware=args.firmware, **common) for index in range(1, args.count + 1)]
    if args.protocol in LISTENING and args.address:
        raise LinkError(f"--address {args.address}: the first pack of {args.protocol} is the master, with address 0")
    first = 0 if args.protocol in LISTENING else 1 if args.address is None else args.address
    if first + args.count > 16:
        raise LinkError(f"--count {args.count}: a bus has addresses up to 15, and the first is {first}")
    return [pb_line(first, args.count, firmware=args.firmware or DEFAULT_FIRMWARE, **common)]


async def _serve(args: argparse.Namespace) -> int:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with contextlib.AsyncExitStack() as stack:
        served = [await stack.enter_async_context(port) for port in ports(args)]
        for port in served:
            print(port.url, flush=True)
        if args.interactive:
            _Orders(served).listen()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(args.seconds):
                await stopped.wait()
    return 0


class _Orders:
    """Orders from standard input, one a line."""

    def __init__(self, served: Sequence[Port]) -> None:
        self._ports = served
        self._text = b""
        self._doing: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._readable)

    def _readable(self) -> None:
        data = os.read(sys.stdin.fileno(), 4096)
        if not data:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            task = asyncio.get_running_loop().create_task(self._obey(line.decode(errors="replace").strip()))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def _obey(self, order: str) -> None:
        for port in self._ports:
            faults = port.line.faults
            match order:
                case "":
                    return
                case "unplug":
                    await port.unplug()
                case "plug":
                    await port.plug()
                case "clear":
                    faults.clear()
                case _ if order.startswith("-"):
                    faults.off(order[1:])
                case _:
                    try:
                        faults.on(order)
                    except ValueError as exc:
                        print(exc, file=sys.stderr, flush=True)
                        return


def _epilog() -> str:
    width = max(len(name) for name, _ in explained())
    faults = "\n".join(f"  {name:{width}}  {meaning}" for name, meaning in explained())
    return f"""faults, with the argument they have when none is given; they act in the order in which they are named:
{faults}
missing, put, zero-cell, hot and soc-255 are of jk-uart only, dead of a bus; they leave others as they are.

orders of --interactive, one a line: NAME switches a fault on, -NAME off, "clear" all off, "unplug", "plug".
"""


def _name(path: Path | None, index: int, count: int) -> Path | None:
    return path if path is None or count == 1 else path.with_name(f"{path.name}-{index}")


def _between(low: int, high: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is not from {low} to {high}")
        return value

    whole.__name__ = "whole number"  # argparse puts it into its message
    return whole


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


_positive.__name__ = "number"  # argparse puts it into its message


def _version(text: str) -> str:
    if not re.fullmatch(r"\d{1,2}\.\d{1,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version: expected something like {DEFAULT_FIRMWARE}")
    return text


def _fault(text: str) -> str:
    try:
        Faults(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
    return text
