"""`./dev bench`: prints what the driver costs beside what was asked of it and what the incumbent costs."""

import argparse
import asyncio
import platform
from importlib.metadata import version

from driver.venus.bus import LIBRARY

from .field import Figures, measure

# the incumbent, dbus-serialbattery, measured on a machine of this kind: 1 battery, 8 batteries
INCUMBENT = {1: (8.0, 37.0), 8: (54.0, 292.0)}  # CPU-s/h, MB
INCUMBENT_SIGNALS, INCUMBENT_LATENCY, INCUMBENT_START, INCUMBENT_GET = 442, 86.0, 16.0, 123.0  # /min, ms, s, ms


def share(values: list[float], part: float) -> float:
    """The value in ms below which `part` of the values (in s) lie."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def report(figures: Figures) -> None:
    count = figures.batteries
    goal_cpu, goal_memory = 2.5 + 1.5 * (count - 1), 32 + 0.4 * (count - 1)
    print(f"\n{count} batteries, {figures.seconds:.0f} s of steady profile at one poll a second")
    _row("CPU of the driver", f"{figures.cpu_per_hour:.2f} CPU-s/h", f"at most {goal_cpu:.1f}", _ratio(figures, 0))
    _row(
        "  a bare asyncio loop",
        f"{figures.bare:.2f} CPU-s/h, the driver {figures.cpu_per_hour / figures.bare:.1f} times",
    )
    _row("resident memory", f"{figures.resident:.1f} MB", f"at most {goal_memory:.1f}", _ratio(figures, 1))
    _row("  of it private", f"{figures.private:.1f} MB")
    _row("wake-ups", f"{figures.wakeups:.2f} per battery and s")
    start = figures.registered
    _row(
        "start to registration",
        f"{start:.2f} s",
        "within 2",
        f"{start / INCUMBENT_START:.2f} of {INCUMBENT_START:.0f} s",
    )
    signals = figures.signals
    _row(
        "D-Bus signals",
        f"{signals:.1f} /min",
        "at most 60",
        f"{signals / INCUMBENT_SIGNALS:.2f} of {INCUMBENT_SIGNALS}",
    )
    _row("polls missed", f"{figures.polls_missed}", "0")
    median, p99 = share(figures.latencies, 0.5), share(figures.latencies, 0.99)
    _row("last byte to signal", f"median {median:.2f} ms", "under 3", f"{median / INCUMBENT_LATENCY:.3f} of 86 ms")
    _row("", f"p99 {p99:.2f} ms of {len(figures.latencies)}", "under 10")
    if figures.round_trips:
        get = share(figures.round_trips, 0.95)
        _row("GetValue", f"p99 {share(figures.round_trips, 0.99):.2f} ms", "under 5")
        _row("", f"p95 {get:.2f} ms", "", f"{get / INCUMBENT_GET:.3f} of {INCUMBENT_GET:.0f} ms")


def report_bank(count: int, seconds: float) -> None:
    """What a bank costs beside its packs alone: one after the other, twice, because the machine has its moods."""
    alone, banked = [], []
    for _ in range(2):
        alone.append(asyncio.run(measure(count, seconds)).cpu_per_hour)
        banked.append(asyncio.run(measure(count, seconds, bank=True)).cpu_per_hour)
    print(f"\na bank of {count} packs, {seconds:.0f} s each, the better of two")
    _row("CPU of the packs alone", f"{min(alone):.2f} CPU-s/h")
    _row("CPU with the bank", f"{min(banked):.2f} CPU-s/h")
    _row("ratio", f"{min(banked) / min(alone):.3f}", "at most 1.20")


def report_bluetooth(count: int, seconds: float) -> None:
    from .bluetooth import measure as over_the_air  # bleak is not everywhere

    air = asyncio.run(over_the_air(count, seconds))
    print(f"\n{count} batteries over Bluetooth, {air.seconds:.0f} s at {air.frames:.1f} frames a second each")
    _row("CPU of the driver", f"{air.cpu_per_hour / count:.2f} CPU-s/h each", "at most 3.0", "48.0 for its waiting")
    _row("resident memory", f"{air.resident:.1f} MB")
    _row("wake-ups", f"{air.wakeups:.2f} per battery and s")


def _ratio(figures: Figures, which: int) -> str:
    theirs = INCUMBENT.get(figures.batteries)
    ours = (figures.cpu_per_hour, figures.resident)[which]
    return "" if theirs is None else f"{ours / theirs[which]:.2f} of {theirs[which]:.0f}"


def _row(what: str, figure: str, goal: str = "", incumbent: str = "") -> None:
    print(f"  {what:<24}{figure:<28}{goal and f'asked: {goal}':<22}{incumbent and f'incumbent: {incumbent}'}".rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 s each instead of 60: shows that it runs")
    parser.add_argument("--count", type=int, action="append", help="so many batteries; repeatable (default: 1, 8, 64)")
    parser.add_argument("--bank", type=int, default=16, help="packs of the bank; 0: none (default: 16)")
    parser.add_argument(
        "--bluetooth", type=int, action="append", default=[], help="so many batteries over Bluetooth; needs bleak"
    )
    parser.add_argument("--seconds", type=float, help="how long each run is looked at")
    args = parser.parse_args()
    seconds = args.seconds or (5.0 if args.quick else 60.0)
    print(f"CPython {platform.python_version()}, {LIBRARY} {version(LIBRARY)}, {platform.machine()}")
    for count in args.bluetooth:
        report_bluetooth(count, seconds)
    for count in args.count or (() if args.bluetooth else (1, 8, 64)):
        trips = 0 if count not in (1, 8) else 100 if args.quick else 1000
        report(asyncio.run(measure(count, seconds, round_trips=trips)))
    if args.bank:
        report_bank(args.bank, seconds)


if __name__ == "__main__":
    main()
