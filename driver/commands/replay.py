"""`replay`: run everything but the link on a capture, and show readings, limits with their reasons, and alarms.

Exit codes: 0 there were readings; 1 there was none; 2 the file is no capture, or a damaged one.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ..battery.controller import Outcome
from ..battery.loss import Presence
from ..config import load
from ..errors import CaptureError, ConfigError
from ..options import Battery
from ..protocol.capture import Capture
from ..protocol.dialect import dialect_names
from ..recording_file import load as load_capture
from .playback import Event, Pack, Playback
from .screen import summary
from .view import View, shown_limits
from .words import alarm_words

HELP = "run everything but the link on a capture"
UNNAMED = "battery"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a capture that `record` or the flight recorder made")
    parser.add_argument("--real-time", action="store_true", help="as fast as it was recorded; default: at once")
    parser.add_argument("--config", type=Path, metavar="FILE", help="with the options of this file and --battery")
    parser.add_argument("--battery", metavar="NAME", help="whose options; default: those of a battery without any")
    parser.add_argument("--changes", action="store_true", help="only what changes, not every reading")


def run(args: argparse.Namespace) -> int:
    """Replay; see the module for the exit codes."""
    try:
        capture = load_capture(args.file)
        battery = _options(args)
        if capture.protocol not in dialect_names():
            raise CaptureError(f"{args.file}: protocol {capture.protocol!r}: expected {', '.join(dialect_names())}")
    except (CaptureError, ConfigError) as exc:
        sys.stderr.write(f"replay: {exc}\n")
        return 2
    played = Playback(capture.protocol, battery)
    for line in replay(capture, played, every=not args.changes, real_time=args.real_time):
        print(line, flush=args.real_time)
    return 0 if any(pack.readings for pack in played.packs.values()) else 1


def replay(capture: Capture, played: Playback, *, every: bool = True, real_time: bool = False) -> Iterator[str]:
    """The lines that tell what came of a capture. `every`: each reading, and not only what changes."""
    yield ", ".join(f"{name} {text}" for name, text in capture.head.items())
    said: dict[str, tuple[str, ...]] = {}
    began = time.monotonic()
    for chunk in capture.chunks:
        if real_time:
            time.sleep(max(0.0, began + chunk.at - time.monotonic()))
        for event in played.play(chunk):
            yield from _lines(event, said, every=every)
    end = capture.chunks[-1].at if capture.chunks else 0.0
    for event in played.wait(end + 1.0):
        yield from _lines(event, said, every=every)
    yield _conclusion(played, end)


def _lines(event: Event, said: dict[str, tuple[str, ...]], *, every: bool) -> Iterator[str]:
    name = event.pack.name or UNNAMED
    if event.outcome is None:
        yield f"{event.at:10.3f} {name}: {event.problem}"
        return
    if every and event.reading is not None:
        yield f"{event.at:10.3f} {name}: {summary(View.of_reading(event.reading, ''))}"
    now = tuple(_state(event.outcome))
    before = said.get(name, ())
    said[name] = now
    for line in now:
        if line not in before:
            yield f"{event.at:10.3f} {name}: {line}"


def _state(outcome: Outcome) -> Iterator[str]:
    """What is worth a line when it changes."""
    silent = outcome.presence is not Presence.LIVE
    yield f"{outcome.presence.value}{f': {outcome.explanation}' if outcome.explanation else ''}"
    if outcome.limits is None:
        yield "monitoring only, no limits"
    else:
        yield from map(str, shown_limits(outcome.limits))
    if outcome.reading is not None and not silent:
        for severity, text in alarm_words(outcome.reading):
            yield f"{severity.name.lower()}: {text}"
        if not outcome.reading.alarms and not outcome.reading.unknown_alarm_bits:
            yield "no alarm"


def _conclusion(played: Playback, seconds: float) -> str:
    framer = played.framer
    packs: list[Pack] = list(played.packs.values())
    readings, refused = sum(pack.readings for pack in packs), sum(pack.refused for pack in packs)
    return (
        f"{seconds:.1f} s: {readings} readings, {framer.good} frames, {framer.corrupt} damaged, "
        f"{refused} not understood, {framer.echoes} echoes, {framer.dropped} dropped bytes"
    )


def _options(args: argparse.Namespace) -> Battery:
    if args.config is None:
        return Battery()
    batteries = load(args.config).batteries
    name = args.battery or next(iter(batteries), "")
    if name not in batteries:
        raise ConfigError(str(args.config), [f"--battery {name!r}: there are {', '.join(batteries) or 'none'}"])
    return batteries[name]
