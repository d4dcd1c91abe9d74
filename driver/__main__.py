"""`python -m driver COMMAND`: one module of `driver/commands` for each command.

Exit codes: 0 all well; 1 it did not work out (no battery answered, a warning); 2 what was asked for makes no sense
(arguments, configuration) or, for `check`, something is broken; 130 ended by Ctrl-C. A command's help tells its own.
"""

import argparse
import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import Protocol

from . import __version__, commands
from .errors import DriverError

PACKAGES = Path(__file__).parent.parent / "packages"  # what a release carries because no GX has it; see release/


class Command(Protocol):
    """What a module of `driver/commands` offers."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the exit code."""


def command_names() -> list[str]:
    """The commands there are. A module without HELP serves the others."""
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    return [name for name in names if hasattr(_module(name), "HELP")]


def _module(name: str) -> Command:
    module: Command = importlib.import_module(f"{commands.__name__}.{name}")
    return module


def parser(wanted: list[str]) -> argparse.ArgumentParser:
    """The parser; imports only the wanted command where one is named, so that `run` stays small."""
    main = argparse.ArgumentParser(
        prog="python -m driver",
        description="JK batteries on Victron Venus OS.",
        epilog=(__doc__ or "").split("\n\n")[1],
    )
    main.add_argument("--version", action="version", version=f"dbus-jkbms {__version__}")
    sub = main.add_subparsers(dest="command", metavar="COMMAND", required=True)
    known = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    for name in wanted[:1] if wanted and wanted[0] in known else command_names():
        module = _module(name)
        if hasattr(module, "HELP"):
            one = sub.add_parser(name, help=module.HELP, description=module.HELP)
            module.add_arguments(one)
            one.set_defaults(run=module.run)
    return main


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if PACKAGES.is_dir():
        sys.path.insert(0, str(PACKAGES))
    args = parser(given).parse_args(given)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except DriverError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    except BrokenPipeError:  # whoever read our output has had enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
