"""A live view of one battery as lines of text. Pure: a `View` goes in, lines that fit the terminal come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from ..battery.alarms import Severity
from .view import View
from .words import current_words

WIDTH, HEIGHT = 80, 24  # the smallest terminal that shows everything
NARROWEST = 40  # columns; below that lines are cut off by the terminal
MOST_ROWS = 3  # lines of a long note
SPAN = 0.05  # V; cell bars show no narrower a range, or noise would look like a problem
PLAIN = str.maketrans({"×": "x", "°": "", "·": "-", "—": "-", "Ω": "Ohm"})
ANSI = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


@dataclass(frozen=True, slots=True)
class Look:
    """How the lines are drawn."""

    colour: bool = False
    plain: bool = False  # only signs that every terminal has

    def paint(self, text: str, kind: str) -> str:
        """`text` in a colour or weight of `ANSI`."""
        return f"\x1b[{ANSI[kind]}m{text}\x1b[0m" if self.colour and text else text

    def bar(self, share: float, width: int) -> str:
        """A bar filled to `share` of its width."""
        filled = round(min(1.0, max(0.0, share)) * width)
        full, empty = "#." if self.plain else "█·"
        return full * filled + empty * (width - filled)

    @property
    def marks(self) -> tuple[str, str]:
        """Signs for the highest and the lowest cell."""
        return ("^", "v") if self.plain else ("▲", "▼")

    def safe(self, text: str) -> str:
        """The text in signs that the terminal has, and without any that would steer it."""
        printable = "".join(char if char.isprintable() else "?" for char in text)
        return printable.translate(PLAIN).encode("ascii", "replace").decode() if self.plain else printable


def lines(view: View, width: int = WIDTH, height: int = HEIGHT, look: Look = Look()) -> list[str]:
    """The screen: at most `height` lines, none wider than `width`, which is 40 at least."""
    drawn = Screen(view, max(NARROWEST, width), look)
    blocks = [
        drawn.head(),
        list(drawn.cells()),
        list(drawn.packs()),
        [*drawn.temperatures(), *drawn.switches(), *drawn.alarms()],
        list(drawn.limits()),
        list(drawn.foot()),
    ]
    blocks = [block for block in blocks if block]
    used = sum(map(len, blocks))
    apart = [""] if used + len(blocks) - 1 <= height else []
    joined = [line for number, block in enumerate(blocks) for line in ([*apart, *block] if number else block)]
    return joined[:height]


def summary(view: View) -> str:
    """The view in one line, for what is no terminal."""
    parts = [view.title, view.state]
    parts += [f"{value:.{digits}f} {unit}" for value, digits, unit in _values(view) if value is not None]
    fitted = [volts for volts in view.cells if volts]
    if fitted:
        parts.append(f"cells {min(fitted):.3f} to {max(fitted):.3f} V")
    parts += [f"{limit.title} {limit.value:.1f} {limit.unit}" for limit in view.limits[:3]]
    parts += [text for _, text in view.alarms]
    parts.append(view.note)
    return Look().safe("; ".join(filter(None, parts)))


class Screen:
    """The parts of the screen."""

    def __init__(self, view: View, width: int, look: Look) -> None:
        self.view = view
        self.width = width
        self.look = look

    def head(self) -> list[str]:
        """Title, state, and the values that people look at first."""
        view, look = self.view, self.look
        age = "" if view.age is None else f", {view.age:.0f} s ago"
        state = f"{view.state}{age}".strip(", ")
        room = self.width - len(state) - 3
        title = f" {self._fit(view.title, room):<{room}}"
        right = look.paint(state, "green" if view.well else "red")
        head = [look.paint(title, "bold") + " " + right]
        if view.voltage is not None:
            power = "" if view.power is None else f"{view.power:.0f} W"
            capacity = "" if view.capacity is None else f"{view.capacity:.0f} Ah"
            numbers = (f"{view.voltage:.2f} V", current_words(view.current), power, capacity)
            head.append(look.paint(self._fit(" " + "   ".join(filter(None, numbers))), "bold"))
        if view.soc is not None:
            text = f" {view.soc:3.0f} % "
            head.append(text + look.bar(view.soc / 100, self.width - len(text) - 1))
        return head

    def cells(self) -> Iterator[str]:
        """A bar for each cell, in columns; the highest and the lowest are marked."""
        cells = self.view.cells
        fitted = [volts for volts in cells if volts]
        if not fitted:
            return
        low, high = min(fitted), max(fitted)
        mean = sum(fitted) / len(fitted)
        yield self._fit(
            f" {len(cells)} cells {low:.3f} to {high:.3f} V, {(high - low) * 1000:.0f} mV apart, mean {mean:.3f} V"
        )
        columns = 1 if len(cells) <= 8 else 2 if len(cells) <= 20 else 3
        rows = -(-len(cells) // columns)
        wide = (self.width - 1) // columns
        bottom, span = self._scale(low, high)
        drawn = [self._cell(number, wide - 1, bottom, span, low, high) for number in range(1, len(cells) + 1)]
        for row in range(rows):
            yield " " + " ".join(drawn[row::rows])

    def _scale(self, low: float, high: float) -> tuple[float, float]:
        span = max(SPAN, (high - low) * 1.25)
        return (low + high - span) / 2, span

    def _cell(self, number: int, width: int, bottom: float, span: float, low: float, high: float) -> str:
        volts = self.view.cells[number - 1]
        highest, lowest = self.look.marks
        mark = highest if volts == high else lowest if volts == low else " "
        if high == low:
            mark = " "
        busy = "b" if number in self.view.balancing else " "
        text = f"{number:2} {'  -  ' if volts is None else f'{volts:.3f}'} {mark}{busy}"
        bar = self.look.bar(0.0 if volts is None else (volts - bottom) / span, max(0, width - len(text)))
        if not volts:
            return self.look.paint(text + bar, "red")
        return self.look.paint(text, "bold") + bar if mark != " " else text + bar

    def packs(self) -> Iterator[str]:
        """The packs of a bank."""
        for pack in self.view.packs:
            yield self._fit(f" {pack}")

    def temperatures(self) -> Iterator[str]:
        """All temperatures in a line."""
        told = [f"{name} {value:.0f} °C" for name, value in self.view.temperatures if value is not None]
        if told:
            yield self._fit(" " + "   ".join(told))

    def switches(self) -> Iterator[str]:
        """Switches and what really is."""
        if self.view.switches:
            yield self._fit(" " + "   ".join(f"{name} {state}" for name, state in self.view.switches))

    def alarms(self) -> Iterator[str]:
        """Alarms, the worst first; at most two lines."""
        ordered = sorted(self.view.alarms, key=lambda alarm: -alarm[0])
        worst = "red" if ordered and ordered[0][0] is Severity.ALARM else "yellow"
        if self.view.voltage is None and not ordered:
            return
        rows = _wrapped(" alarms: ", [text for _, text in ordered] or ["none"], self.width)[:2]
        for row in rows:
            yield self.look.paint(self._fit(row), worst) if ordered else self._fit(row)

    def limits(self) -> Iterator[str]:
        """The limits, each with its reason."""
        for limit in self.view.limits:
            yield self._fit(f" {limit}")

    def foot(self) -> Iterator[str]:
        """What should be known, and the link."""
        for text, kind in ((self.view.note, "yellow"), (self.view.link, "dim")):
            for row in wrap(self.look.safe(text), self.width - 2)[:MOST_ROWS]:
                yield self.look.paint(f" {row}", kind)

    def _fit(self, text: str, width: int | None = None) -> str:
        room = self.width if width is None else width
        shown = self.look.safe(text)
        return shown if len(shown) <= room else shown[: max(0, room - 3)] + "..."


def _values(view: View) -> Iterator[tuple[float | None, int, str]]:
    yield from ((view.voltage, 2, "V"), (view.current, 2, "A"), (view.soc, 0, "%"))


def _wrapped(head: str, words: Sequence[str], width: int) -> list[str]:
    """The words with commas between, in as many lines as they need; later lines are indented as far as `head`."""
    rows = [head]
    for number, word in enumerate(words):
        text = word + ("," if number < len(words) - 1 else "")
        if len(rows[-1]) + len(text) + 1 > width and rows[-1].strip():
            rows.append(" " * len(head))
        rows[-1] += ("" if rows[-1].endswith(" ") else " ") + text
    return rows
