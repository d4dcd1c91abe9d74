"""`migrate`: what a config.ini of dbus-serialbattery means here."""

import argparse
import sys
from pathlib import Path

HELP = "translate a config.ini of dbus-serialbattery: prints ours, with what became of each line"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("file", metavar="FILE", type=Path, help="its config.ini; it is only read")


def run(args: argparse.Namespace) -> int:
    """Print the new config.ini. Return 0, 1 when something is left for the owner to do, 2 without a file."""
    from ..migration import Fate, translate, written

    try:
        content = args.file.read_bytes()
    except OSError as error:
        print(f"{args.file}: cannot be read: {error.strerror}", file=sys.stderr)
        return 2
    migration = translate(content)
    print("\n".join(written(migration)))
    left = [fate for fate, _ in migration.fates.values() if fate in (Fate.CANNOT, Fate.UNKNOWN)]
    ports = sum(not options["port"] for options in migration.batteries.values())
    if left or ports:
        print(f"{len(left)} lines were not translated, {ports} batteries want a port: see above", file=sys.stderr)
    return int(bool(left or ports))
