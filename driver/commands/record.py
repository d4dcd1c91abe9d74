"""`record`: write down what goes over a battery's link, without its secrets, so that it can be shown to others.

Where the driver runs already, it is asked for what it remembers: the last minutes. Exit codes: 0 recorded, with
readings in it; 1 recorded, but nothing that is a reading; 2 nothing was recorded.
"""

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

from .. import __version__
from ..errors import CaptureError, ConfigError
from ..link.opening import short_name
from ..link.recording import RecordedLink
from ..protocol.capture import Capture
from ..protocol.redaction import NOTE, Redactor
from ..recording_file import load, save
from ..tape import MINUTES_KEPT, endless
from ..verdicts import Verdict
from .observation import Observation, link_for_one, muted, observing, stopped_by_signals
from .playback import Playback
from .running import ask, running_drivers
from .target import Target, TargetError, add_target_arguments, decided, target
from .terminal import Progress

HELP = "write what goes over a battery's link to a file, without its secrets"
SECONDS = 60.0
MOST = 4 * 1024 * 1024  # bytes that are recorded, compressed: a day


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument("file", type=Path, metavar="FILE", help="to write; compressed if its name ends in .gz")
    add_target_arguments(parser)
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help=f"how long (default {SECONDS:.0f}); a driver that runs is asked for its last {MINUTES_KEPT} minutes",
    )


def run(args: argparse.Namespace) -> int:
    """Record; see the module for the exit codes."""
    try:
        if args.file.exists():
            raise CaptureError(f"{args.file}: is there already: expected the name of a new file")
        if not 0 < args.seconds <= 1e6:
            raise CaptureError(f"--for {args.seconds:g}: expected seconds from 1 to 1000000")
        chosen = target(args)
        with muted():
            capture = record(chosen, args.seconds)
        save(args.file, capture)
    except (TargetError, ConfigError, CaptureError) as exc:
        sys.stderr.write(f"record: {exc}\n")
        return 2
    except OSError as exc:
        sys.stderr.write(f"record: {args.file}: cannot be written: {exc.strerror}\n")
        return 2
    readings = _readings(capture)
    seconds = capture.chunks[-1].at if capture.chunks else 0.0
    print(f"{args.file}: {len(capture.chunks)} chunks in {seconds:.0f} s, {readings} readings; {NOTE}")
    return 0 if readings else 1


def record(chosen: Target, seconds: float) -> Capture:
    """A capture of the battery: of the running driver, or else what is heard now. CaptureError: there is none."""
    driver = next((one for one in running_drivers() if one.serves(chosen.battery)), None)
    if driver is not None:
        return load(ask(driver, _link_name(chosen)))
    return asyncio.run(_record(chosen, seconds))


async def _record(chosen: Target, seconds: float) -> Capture:
    found = await decided(chosen)
    if isinstance(found, Verdict):
        raise CaptureError(f"{found.found}\n{found.next_step}; or name the protocol: --protocol")
    tape, battery = endless(MOST), found.battery
    seen = Observation(found.name, battery, around=lambda link: RecordedLink(link, tape))
    progress, clock = Progress(sys.stderr), asyncio.get_running_loop().time
    end = clock() + seconds
    with stopped_by_signals(seen.end):
        if found.named or await seen.listen():
            async with observing(seen):
                while not seen.ended and (left := end - clock()) > 0:
                    if seen.link.refusal and not seen.link.received and not battery.bluetooth:
                        break  # it is not there, and has not been
                    await seen.sample(min(1.0, left))
                    progress(f"recording, {max(0.0, end - clock()):.0f} s to go, {seen.link.received} bytes")
    progress.clear()
    chunks = tuple(tape.chunks())
    if not chunks:
        raise CaptureError(f"nothing was recorded: {seen.verdict().found}\n{seen.verdict().next_step}")
    head = {
        "protocol": battery.protocol,
        "driver": __version__,
        "link": "Bluetooth" if battery.bluetooth else "wire",
        "ended": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "reason": "recorded by hand",
        "redacted": NOTE,
    }
    return Capture(head, Redactor(os.urandom(16)).chunks(chunks))


def _readings(capture: Capture) -> int:
    played = Playback(capture.protocol)
    for chunk in capture.chunks:
        for _ in played.play(chunk):
            pass
    return sum(pack.readings for pack in played.packs.values())


def _link_name(chosen: Target) -> str:
    battery = chosen.battery
    return link_for_one(battery, 0).name if battery.bluetooth else short_name(battery.port)
