"""What can go wrong between a BMS and the driver, each with a name, in any combination, switchable while it runs.

Faults act in the order in which they were switched on: "silent" and then "echo" is a line on which only the own
requests are heard.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from .damage import (
    Chunk,
    Fault,
    byte_by_byte,
    corrupt,
    dead,
    echo,
    flip,
    flip_length,
    frozen,
    garbage,
    half,
    hot,
    late,
    merge,
    missing,
    other_protocol,
    put,
    silent,
    soc_255,
    split,
    zero_cell,
)


@dataclass(frozen=True, slots=True)
class FaultRow:
    """How a fault is made. `argument` is what stands behind the colon when nothing else is said; "": it takes none."""

    make: Callable[[str, Random], Fault]
    argument: str = ""
    several: bool = False  # may be on more than once, with different arguments


# fmt: off
FAULTS: Mapping[str, FaultRow] = {
    "silent":         FaultRow(silent),
    "late":           FaultRow(late, "300ms"),
    "byte-by-byte":   FaultRow(byte_by_byte, "1ms"),
    "split":          FaultRow(split, "20ms"),
    "merge":          FaultRow(merge),
    "flip":           FaultRow(flip),
    "flip-length":    FaultRow(flip_length),
    "corrupt":        FaultRow(corrupt, "2%"),
    "echo":           FaultRow(echo),
    "garbage":        FaultRow(garbage),
    "other-protocol": FaultRow(other_protocol),
    "half":           FaultRow(half),
    "frozen":         FaultRow(frozen),
    "missing":        FaultRow(missing, "0x85", several=True),
    "put":            FaultRow(put, "0xC1=00", several=True),
    "zero-cell":      FaultRow(zero_cell, "3", several=True),
    "hot":            FaultRow(hot),
    "soc-255":        FaultRow(soc_255),
    "dead":           FaultRow(dead, "2", several=True),
}
# fmt: on


def explained() -> list[tuple[str, str]]:
    """Name (with the argument it has when none is given) and meaning of each fault."""
    return [
        (f"{name}:{row.argument}" if row.argument else name, (row.make.__doc__ or "").strip())
        for name, row in FAULTS.items()
    ]


class Faults:
    """The faults of one line: `Faults("corrupt:5%", "echo")`, later `on("silent")`, `off("echo")`, `clear()`."""

    def __init__(self, *texts: str, seed: int = 1) -> None:
        self._draw = Random(seed)
        self._active: dict[str, Fault] = {}
        for text in texts:
            self.on(text)

    @property
    def names(self) -> tuple[str, ...]:
        """What is on, in the order in which it acts."""
        return tuple(self._active)

    def on(self, text: str) -> None:
        """Switch a fault on, or give it another argument. ValueError when nothing is called so."""
        name, _, argument = text.partition(":")
        row = FAULTS.get(name)
        if row is None:
            raise ValueError(f"{name!r} is no fault; there are {', '.join(FAULTS)}")
        if argument and not row.argument:
            raise ValueError(f"{name} takes no argument, here {argument!r}")
        argument = argument or row.argument
        try:
            fault = row.make(argument, self._draw)
        except ValueError as exc:
            raise ValueError(f"{text!r}: expected something like {name}:{row.argument}") from exc
        self._active[f"{name}:{argument}" if row.several else name] = fault

    def off(self, name: str) -> None:
        """Switch a fault off, in all its forms; no harm when it is not on."""
        self._active = {key: fault for key, fault in self._active.items() if key.partition(":")[0] != name}

    def clear(self) -> None:
        """Switch all off."""
        self._active.clear()

    def sent(self, request: bytes, answer: bytes) -> list[Chunk]:
        """What arrives at the driver instead of `answer`."""
        chunks: list[Chunk] = [(0.0, answer)] if answer else []
        for fault in tuple(self._active.values()):
            chunks = fault(request, chunks)
        return [(gap, data) for gap, data in chunks if data]
