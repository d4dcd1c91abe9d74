"""`run`: the service."""

import argparse
import asyncio
import logging
import sys
import time
from pathlib import Path

from ..errors import ConfigError

HELP = "serve the batteries of config.ini on D-Bus; ends with 0 when told to, 1 without D-Bus, 2 without config"

PAUSE = 10.0  # s before ending over a configuration that cannot be read: a supervisor starts again at once

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--config", type=Path, default=Path("config.ini"), metavar="FILE", help="default: config.ini")
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="what is kept over a restart; default: state.json beside the config"
    )


def state_file(args: argparse.Namespace) -> Path:
    """Where what is kept over a restart stands."""
    given: Path = args.state or args.config.with_name("state.json")
    return given


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM."""
    from .. import __version__
    from ..app import App
    from ..config import Config, load, parse
    from ..logs import set_up

    set_up(logging.INFO, sys.stderr)
    try:
        config: Config = load(args.config) if args.config.exists() else parse(str(args.config), b"")
    except ConfigError as exc:
        log.error("%s", exc)
        time.sleep(PAUSE)
        return 2
    set_up(config.driver.log_level, sys.stderr)
    log.info("dbus-jkbms %s", __version__)
    for problem in config.problems:
        log.error("%s", problem)
    return asyncio.run(App(config, state_file(args)).run())
