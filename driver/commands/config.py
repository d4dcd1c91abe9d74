"""`config`: print the default config.ini, or look for mistakes in one."""

import argparse
from pathlib import Path

from ..config import default_ini, load
from ..errors import ConfigError

HELP = "print the default config.ini, or check one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--default", action="store_true", help="print the default config.ini with every option explained")
    what.add_argument("--check", metavar="FILE", type=Path, help="print every mistake in FILE")


def run(args: argparse.Namespace) -> int:
    """Print what was asked for. Return 0, or 2 when the file has a mistake."""
    if args.default:
        print(default_ini(), end="")
        return 0
    try:
        config = load(args.check)
    except ConfigError as error:
        print(error)
        return 2
    for problem in config.problems:
        print(problem)
    for title in config.stopped:
        print(f"[{title}] does not run until this is put right")
    if not config.problems:
        print(f"{args.check}: no mistakes; {len(config.batteries)} battery section(s), ports = {config.driver.ports}")
    return 2 if config.problems else 0
