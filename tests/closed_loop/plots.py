"""Pictures of runs in closed loop, for docs/charge-control.md: ./dev plots. Nothing else needs matplotlib."""

import re
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from math import radians, sin
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from driver.battery.loss import Presence
from driver.simulator.plant import Site, Wanted
from driver.simulator.protection import Side
from tests.closed_loop.bounds import OVERSHOOT, charged, measured
from tests.closed_loop.loop import Loop, Sample, said
from tests.closed_loop.scenarios import AHEAD, FEED_IN, HOUR, SCENARIOS, SUN, TOO_MUCH, cold, jumping, pack, steady
from tests.closed_loop.season import LATITUDES, season
from tests.closed_loop.weather import Weather

DOCS = Path(__file__).resolve().parents[2] / "docs"
FOLDER = DOCS / "charge-control"
PAGE = DOCS / "charge-control.md"
TARGET = 3.45
NAIVE = Wanted(voltage=56.8, charge=140.0, discharge=190.0)
SHADES = {"absorption": "#fdebd0", "float": "#e3f4e1", "hold": "#eeeeee", "limp": "#dddddd", "safe": "#c8c8c8"}
BLOCKED = "#f5b7b1"
STYLE = {
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.3,
}


def stage(sample: Sample) -> str:
    """What a moment is shaded as."""
    if sample.outcome is None or sample.outcome.presence is Presence.LIVE:
        return next((name for name in ("absorption", "float") if sample.outcome and name in said(sample)[:30]), "")
    return sample.outcome.presence.value


class Panels:
    """One picture: panels above each other, over one axis of time."""

    def __init__(self, title: str, names: Sequence[str], *, columns: int = 1, unit: float = HOUR) -> None:
        self.unit = unit
        size = (9.5 if columns == 2 else 8.5, 0.8 + 1.75 * len(names))
        self.figure: Figure
        self.figure, axes = plt.subplots(len(names), columns, figsize=size, sharex=True, sharey="row", squeeze=False)
        self.figure.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        self.columns = [list(column) for column in axes.T]
        for axis, name in zip(self.columns[0], names, strict=True):
            axis.set_ylabel(name)
        for column in self.columns:
            column[-1].set_xlabel("hours" if unit == HOUR else "minutes")
            column[-1].margins(x=0.02)

    def shade(self, samples: Sequence[Sample], column: int = 0) -> None:
        """The phase of the charge, or how long the BMS has been silent, behind every panel of a column."""
        named = set()
        for name, group in groupby(samples, stage):
            moments = [sample.now / self.unit for sample in group]
            for place, axis in enumerate(self.columns[column]):
                if name:
                    label = name.upper() if name in ("hold", "limp", "safe") else name
                    shown = label if place == 0 and name not in named else None
                    axis.axvspan(moments[0], moments[-1], color=SHADES[name], linewidth=0, label=shown)
            named.add(name)

    def save(self, name: str) -> None:
        """Write it, with legends where something has a name."""
        for column in self.columns:
            for axis in column:
                if axis.get_legend_handles_labels()[0]:
                    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02) if column is self.columns[-1] else None)
                    if column is not self.columns[-1]:
                        axis.get_legend().remove()
        self.figure.savefig(FOLDER / f"{name}.png", metadata={"Software": None})
        plt.close(self.figure)


Value = Callable[[Sample], float]


def line(
    axis: Axes, samples: Sequence[Sample], value: Value, label: str, color: str, unit: float, **style: Any
) -> None:
    """One value over time, thinned to what can be seen."""
    seen = samples[:: max(1, len(samples) // 3000)]
    axis.plot([s.now / unit for s in seen], [value(s) for s in seen], label=label, color=color, **style)


def limit(axis: Axes, samples: Sequence[Sample], value: Value, label: str, unit: float) -> None:
    line(axis, samples, value, label, "black", unit, linestyle=(0, (4, 1.5)), linewidth=1.1)


def cells(axis: Axes, samples: Sequence[Sample], unit: float) -> None:
    line(axis, samples, lambda s: s.highest, "highest cell", "#c0392b", unit)
    line(axis, samples, lambda s: s.lowest, "lowest cell", "#7d3c98", unit)
    axis.axhline(TARGET, color="black", linewidth=0.8, label="target")
    axis.axhline(TARGET + OVERSHOOT, color="#c0392b", linewidth=0.8, linestyle=":", label="bound")


def volts(axis: Axes, samples: Sequence[Sample], unit: float) -> None:
    line(axis, samples, lambda s: s.voltage, "pack", "#1e8449", unit)
    limit(axis, samples, lambda s: s.limits.voltage, "CVL", unit)


def amperes(axis: Axes, samples: Sequence[Sample], unit: float) -> None:
    line(axis, samples, lambda s: s.current, "battery", "#2471a3", unit)
    limit(axis, samples, lambda s: s.limits.charge, "CCL", unit)


def watts(axis: Axes, samples: Sequence[Sample], unit: float) -> None:
    line(axis, samples, lambda s: s.sun / 1000, "sun", "#d4ac0d", unit)
    line(axis, samples, lambda s: s.load / 1000, "loads", "#7f8c8d", unit)


def sunny_day() -> None:
    weather = Weather(40.0, first_day=150, peak=5000.0)
    site = Site(solar=lambda now: weather.peak * max(0.0, _height(weather, now)) ** 1.15, load=_house)
    loop = Loop(pack(soc=0.45), site, dt=2.0).run(24 * HOUR)
    panels = Panels("A sunny day, LFP 16S, 280 Ah", ["kW", "V per cell", "V", "A"])
    panels.shade(loop.samples)
    for draw, axis in zip((watts, cells, volts, amperes), panels.columns[0], strict=True):
        draw(axis, loop.samples, HOUR)
    panels.columns[0][1].set_ylim(3.22, 3.49)
    panels.columns[0][-1].set_xticks(range(0, 25, 3))
    panels.save("sunny-day")


def _height(weather: Weather, now: float) -> float:
    return sin(radians(weather.elevation(now)))


def _house(now: float) -> float:
    hour = now / HOUR % 24
    return 300.0 + 900.0 * (18 <= hour < 23) + 2200.0 * (12 <= hour < 12.5)


def high_cell() -> None:
    panels = Panels("One cell 60 mV high", ["V per cell", "V", "A"], columns=2)
    runs = (
        ("fixed CVL of 56.8 V: the BMS has to open", Loop(AHEAD(), SUN, naive=NAIVE)),
        ("this controller", Loop(AHEAD(), SUN)),
    )
    for column, (title, loop) in enumerate(runs):
        loop.run(2 * HOUR)
        if not column:
            loop.samples = [uncontrolled(sample) for sample in loop.samples]
        panels.shade(loop.samples, column)
        axes = panels.columns[column]
        axes[0].set_title(title, fontsize=9)
        for draw, axis in zip((cells, volts, amperes), axes, strict=True):
            draw(axis, loop.samples, HOUR)
        for blocked, group in groupby(loop.samples, lambda sample: bool(sample.blocked & Side.CHARGE)):
            moments = [sample.now / HOUR for sample in group]
            for axis in axes if blocked else ():
                axis.axvspan(moments[0], moments[-1], color=BLOCKED, linewidth=0)
    panels.columns[-1][0].axvspan(0, 0, color=BLOCKED, linewidth=0, label="BMS blocks charging")
    panels.save("one-cell-high")


def uncontrolled(sample: Sample) -> Sample:
    """A moment of the control run: nobody controls there."""
    return sample._replace(outcome=None)


def cold_morning() -> None:
    loop = Loop(cold(), FEED_IN).run(4 * HOUR)
    panels = Panels("A cold morning, MPPTs that ignore CCL (feed-in)", ["°C", "V per cell", "V", "A"])
    panels.shade(loop.samples)
    line(panels.columns[0][0], loop.samples, lambda s: s.temperature, "battery", "#2e86c1", HOUR)
    for draw, axis in zip((cells, volts, amperes), panels.columns[0][1:], strict=True):
        draw(axis, loop.samples, HOUR)
    panels.save("cold-morning")


def load_steps() -> None:
    loop = Loop(AHEAD(), Site(solar=steady(7000.0), load=jumping)).run(2 * HOUR)
    panels = Panels("Load steps of 5 kW, one cell 60 mV high", ["kW", "V per cell", "V", "A"])
    panels.shade(loop.samples)
    for draw, axis in zip((watts, cells, volts, amperes), panels.columns[0], strict=True):
        draw(axis, loop.samples, HOUR)
    panels.save("load-steps")


def bms_loss() -> None:
    loop = Loop(AHEAD(), TOO_MUCH)
    while not loop.samples or not said(loop.samples[-1]).startswith("absorption"):
        loop.run(60)
    loop.run(300)
    loop.silent = True
    loop.run(2400)
    loop.silent = False
    loop.run(1200)
    panels = Panels(
        "The BMS is lost in absorption for 40 minutes, more sun than can be fed in", ["V per cell", "V", "A"], unit=60.0
    )
    panels.shade(loop.samples)
    for draw, axis in zip((cells, volts, amperes), panels.columns[0], strict=True):
        draw(axis, loop.samples, 60.0)
    limit_of_discharge = panels.columns[0][2]
    line(limit_of_discharge, loop.samples, lambda s: s.limits.discharge, "DCL", "#7f8c8d", 60.0, linestyle=":")
    panels.save("bms-loss")


def hundred_days() -> None:
    figure, axes = plt.subplots(len(LATITUDES), 1, figsize=(8.5, 7.6), sharex=True, sharey=True)
    figure.suptitle("A hundred days from 1 March, at five latitudes", fontsize=11, fontweight="bold", x=0.01, ha="left")
    for axis, latitude in zip(axes, LATITUDES, strict=True):
        days = list(season(latitude))
        numbers = range(1, len(days) + 1)
        low, high = ([100 * day.soc[place] for day in days] for place in (0, 1))
        axis.fill_between(numbers, low, high, step="mid", color="#aed6f1", label="state of charge, lowest to highest")
        full = [number for number, day in zip(numbers, days, strict=True) if day.full]
        axis.plot(full, [104] * len(full), "|", color="#1e8449", markersize=7, label="full charge")
        axis.set_ylabel(f"{latitude}° N\n%")
        axis.set_ylim(0, 110)
        axis.text(1.005, 0.5, f"{len(full)} full charges\n{_worst(days)}", transform=axis.transAxes, va="center")
    axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    axes[-1].set_xlabel("days")
    figure.savefig(FOLDER / "hundred-days.png", metadata={"Software": None})
    plt.close(figure)


def _worst(days: Sequence[Any]) -> str:
    return f"highest cell at most\n{1000 * max(day.figures.overshoot for day in days):.0f} mV over target"


def table() -> str:
    """The scenarios and what they were measured to be, as Markdown."""
    rows = [
        "| scenario | highest cell over target | turns of CVL | swings of CCL | float after | by |",
        "|---|---|---|---|---|---|",
    ]
    for name, scenario in SCENARIOS.items():
        found = measured(charged(scenario).samples, scenario.target)
        rows.append(
            f"| {name} | {1000 * found.overshoot:.0f} mV | {found.turns} an hour | {found.swings} an hour "
            f"| {found.float_after:.1f} h of {scenario.hours:g} | {scenario.ends} |"
        )
    return "\n".join(rows)


def main() -> None:
    """All pictures, and the table in the page that shows them."""
    mpl.use("Agg")
    plt.rcParams.update(STYLE)
    FOLDER.mkdir(exist_ok=True)
    pictures = {
        draw.__name__: draw for draw in (sunny_day, high_cell, cold_morning, load_steps, bms_loss, hundred_days)
    }
    for name, draw in pictures.items():
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            print(name.replace("_", " "), flush=True)
            draw()
    if len(sys.argv) < 2 or "table" in sys.argv[1:]:
        print("table", flush=True)
        text = PAGE.read_text()
        PAGE.write_text(
            re.sub(r"(?s)(?<=<!-- measured -->\n).*?(?=\n<!-- end -->)", table().replace("\\", r"\\"), text)
        )


if __name__ == "__main__":
    main()
