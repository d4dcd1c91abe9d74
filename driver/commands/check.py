"""`check`: what is well, what is not, and what to do about it. Changes nothing.

Exit codes: 0 all well; 1 warnings; 2 something is broken.
"""

import argparse
import asyncio
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .. import __version__
from ..config import Config
from ..options import Battery, Ports
from . import check_bluetooth, check_machine, check_system, check_venus
from .findings import Finding, Level, broken, conclusion, finding_lines

if TYPE_CHECKING:
    from .target import Target

HELP = "find out what is wrong, and what to do about it"

T = TypeVar("T")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("--config", type=Path, default=Path("config.ini"), metavar="FILE", help="default: config.ini")
    parser.add_argument(
        "--bundle",
        type=Path,
        metavar="FILE.tar.gz",
        help="pack what is found, configuration, versions, log and recordings, without secrets, to attach to a report",
    )


def run(args: argparse.Namespace) -> int:
    """Print a verdict on the system and on each battery; see the module for the exit codes."""
    if args.bundle is not None and args.bundle.exists():
        sys.stderr.write(f"check: --bundle {args.bundle}: is there already: expected the name of a new file\n")
        return Level.BROKEN.value
    findings: list[Finding] = []
    said: list[str] = []

    def say(text: str) -> None:
        print(text)
        said.append(f"{text}\n")

    def show(title: str, found: Iterable[Finding]) -> None:
        say(title)
        for finding in found:
            findings.append(finding)
            say("\n".join(finding_lines(finding)))
        say("")

    say(f"dbus-jkbms {__version__}\n")
    system, chosen = asyncio.run(_check(args.config, show))
    say(conclusion(findings))
    if args.bundle is not None and not _packed(args.bundle, "".join(said), system, chosen):
        return Level.BROKEN.value
    return max((finding.level for finding in findings), default=Level.OK).value


def _packed(path: Path, said: str, system: check_system.System, chosen: "list[Target]") -> bool:
    """Whether the bundle was written."""
    if "pyserial" in system.missing:
        sys.stderr.write("check: --bundle needs pyserial\n")
        return False
    from . import bundle  # needs pyserial
    from .observation import muted

    sys.stderr.write("recording, for a bundle: that takes a moment for each battery\n")
    try:
        with muted():
            inside = bundle.write(path, said, system, chosen)
    except OSError as exc:
        sys.stderr.write(f"check: --bundle {path}: cannot be written: {exc.strerror}\n")
        return False
    print(f"{path}: {', '.join(inside)}. Look into it before you show it to others")
    return True


async def _check(
    config: Path, show: Callable[[str, Iterable[Finding]], None]
) -> "tuple[check_system.System, list[Target]]":
    system = await check_system.gather(config)
    show("system", apply((*check_system.CHECKS, *check_venus.CHECKS, *check_bluetooth.CHECKS), system))
    show("machine", apply(check_machine.CHECKS, check_machine.gather(config)))
    if "pyserial" in system.missing or system.config is None:
        return system, []
    from . import check_battery, examination  # need pyserial
    from .observation import muted
    from .target import Target, targets
    from .terminal import Progress

    chosen = targets(system.config, lambda port: examination.published_for(Battery(port=port), system) is not None)
    if not chosen:
        show("batteries", [nothing_to_ask(system.config)])
    progress = Progress(sys.stderr)
    ports: dict[str, list[Target]] = {}
    for one in chosen:
        # batteries over Bluetooth have their turns as well: an adapter makes one connection at a time
        ports.setdefault("Bluetooth" if one.battery.bluetooth else one.battery.port, []).append(one)

    async def in_turn(sharing: list[Target]) -> list[examination.Examined]:
        return [await examination.examine(one, system, progress) for one in sharing]

    with muted():
        examined = await asyncio.gather(*map(in_turn, ports.values()))
    progress.clear()
    for found in itertools.chain.from_iterable(examined):
        show(f"battery {found.name} ({found.port})", apply(check_battery.CHECKS, found))
    return system, chosen


def nothing_to_ask(config: Config) -> Finding:
    """There is no battery to look at."""
    if config.driver.ports is Ports.AUTO:
        return broken(
            "port",
            "no battery is configured, and no USB serial adapter is free to look for one",
            "Plug the adapter in; if it is, name its port in a section [battery house] of config.ini",
        )
    return broken("batteries", "none is configured that can run", "Put right or add a section [battery house]")


def apply(checks: Iterable[Callable[[T], Finding | None]], facts: T) -> Iterator[Finding]:
    """The findings of all checks that apply."""
    for check in checks:
        if (finding := check(facts)) is not None:
            yield finding
