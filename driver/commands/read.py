"""`read`: ask a battery and show everything it says, once or live.

Exit codes: 0 a reading was shown; 1 there was none, and the verdict says what came instead; 2 the arguments name no
battery.
"""

import argparse
import asyncio
import json
import sys

from ..errors import ConfigError
from ..verdicts import Verdict
from .observation import Observation, muted, observing, stopped_by_signals, wait_for
from .report import report_lines, report_object
from .screen import lines, summary
from .target import Target, TargetError, add_target_arguments, decided, target
from .terminal import Progress, Terminal
from .view import View

HELP = "ask a battery and show everything it says"
PREMATURE = 3.0  # s before which there is no verdict
REDRAW = 1.0  # s without news after which the age on the screen moves


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    add_target_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object for each reading")
    parser.add_argument("--watch", action="store_true", help="go on until Ctrl-C, as a live screen on a terminal")
    parser.add_argument(
        "--for",
        dest="seconds",
        type=_seconds,
        metavar="SECONDS",
        help="how long to wait for a reading (default 10, over Bluetooth 45), or to watch",
    )


def run(args: argparse.Namespace) -> int:
    """Read; see the module for the exit codes."""
    try:
        chosen = target(args)
    except (TargetError, ConfigError) as exc:
        sys.stderr.write(f"read: {exc}\n")
        return 2
    with muted():
        return asyncio.run(_read(chosen, args))


async def _read(chosen: Target, args: argparse.Namespace) -> int:
    found = await decided(chosen)
    if isinstance(found, Verdict):
        return _say(chosen.name, found)
    chosen = found
    seen = Observation(chosen.name, chosen.battery)
    with stopped_by_signals(seen.end):
        if chosen.named or await seen.listen():
            async with observing(seen):
                if args.watch:
                    await _watch(seen, args.seconds, as_json=args.json)
                else:
                    await _once(seen, args.seconds or seen.patience, as_json=args.json)
    if seen.reading is not None:
        return 0
    return _say(seen.name, seen.verdict())


def _say(name: str, found: Verdict) -> int:
    sys.stderr.write(f"no reading from {name}: {found.found}\n{found.next_step}\n")
    if found.sample:
        sys.stderr.write(f"received: {found.sample}\n")
    return 1


async def _once(seen: Observation, seconds: float, *, as_json: bool) -> None:
    progress = Progress(sys.stderr)
    found = await seen.first(seconds, progress)
    progress.clear()
    if found and as_json:
        print(json.dumps(report_object(seen)))
    elif found:
        print("\n".join(report_lines(seen)))


async def _watch(seen: Observation, seconds: float | None, *, as_json: bool) -> None:
    clock = asyncio.get_running_loop().time
    end = None if seconds is None else clock() + seconds
    progress = Progress(sys.stderr)
    with Terminal(sys.stdout, drawn=not as_json) as terminal:
        news = False
        while not seen.ended and (end is None or clock() < end):
            if terminal.live:
                terminal.draw(lambda width, height, look: lines(_view(seen), width, height, look))
            elif seen.reading is None and seen.link.is_open:
                progress(seen.progress())
            elif news and as_json:
                print(json.dumps(report_object(seen)), flush=True)
            elif news:
                terminal.say(summary(_view(seen)))
            news = await wait_for(seen.news, REDRAW if end is None else min(REDRAW, end - clock()))
    progress.clear()
    if terminal.live and seen.reading is not None:
        terminal.say(summary(_view(seen)))


def _view(seen: Observation) -> View:
    where = seen.name if seen.name == seen.link.name else f"{seen.name} · {seen.link.name}"
    outcome = seen.outcome()
    if outcome is not None:
        return View.of_outcome(outcome, where, seen.age(), seen.link_words())
    if not seen.link.refusal and seen.waited() < PREMATURE:
        return View(title=where, state="no reading yet", well=False, note=seen.progress())
    found = seen.verdict()
    note = f"{seen.progress()}: {found.found}"
    return View(title=where, state="no reading yet", well=False, note=note, link=found.next_step)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text}: expected a number of seconds above 0")
    return value
