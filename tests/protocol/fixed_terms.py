"""How the keys of the vector files are said in the words of the records: what all tables share."""

from collections.abc import Callable
from typing import Any

Values = dict[str, Callable[[Any], Any]]


def fitted(record: Any) -> tuple[float, ...]:
    """Voltages of the cells that are there."""
    mask = getattr(record, "cell_mask", None)
    if mask is None:
        return tuple(value for value in record.cells if value)
    return tuple(value for number, value in enumerate(record.cells) if mask >> number & 1)


def times(attribute: str, factor: float) -> Callable[[Any], Any]:
    return lambda record: getattr(record, attribute) * factor


def plus(attribute: str) -> Callable[[Any], Any]:
    return lambda record: getattr(record, attribute) + 1


def bit(attribute: str, mask: int) -> Callable[[Any], Any]:
    return lambda record: None if getattr(record, attribute) is None else bool(getattr(record, attribute) & mask)


def as_is(names: str) -> Values:
    """`key=attribute` pairs, and attributes that are called the same."""

    def getter(attribute: str) -> Callable[[Any], Any]:
        return lambda record: getattr(record, attribute)

    pairs = (name.split("=") for name in names.split())
    return {pair[0]: getter(pair[-1]) for pair in pairs}


def rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


CELLS: Values = {
    "cell_voltages_V": lambda r: list(fitted(r)),
    "cell_voltages_mV": lambda r: [round(value * 1000) for value in fitted(r)],
    **{f"cell_voltage_{n}_V": lambda r, n=n: r.cells[n - 1] for n in range(1, 25)},
    "cell_count": lambda r: len(fitted(r)),
    "min_cell_voltage_V": lambda r: min(fitted(r)),
    "max_cell_voltage_V": lambda r: max(fitted(r)),
    "min_voltage_cell_number": lambda r: r.cells.index(min(fitted(r))) + 1,
    "max_voltage_cell_number": lambda r: r.cells.index(max(fitted(r))) + 1,
    "delta_cell_voltage_V": lambda r: max(fitted(r)) - min(fitted(r)),
    "average_cell_voltage_V": lambda r: sum(fitted(r)) / len(fitted(r)),
    "cell_resistance_1_ohm": lambda r: r.wire_resistances[0],
    "cell_resistance_2_ohm": lambda r: r.wire_resistances[1],
    "wire_resistances_ohm": lambda r: [rounded(v, 4) for v in r.wire_resistances[: len(fitted(r))]],
    "reported_max_voltage_cell_number": plus("highest_cell"),
    "reported_min_voltage_cell_number": plus("lowest_cell"),
    **as_is(
        "frame_counter=counter average_cell_voltage_reported_V=average_cell cell_presence_bitmask=cell_mask "
        "delta_cell_voltage_reported_V=cell_difference balancing_current_A=balance_current total_voltage_V=voltage "
        "total_runtime_s=runtime"
    ),
}


def same(actual: Any, wanted: Any, tolerance: float) -> bool:
    """Whether two values agree; texts agree in their words."""
    match wanted:
        case list():
            return len(actual) == len(wanted) and all(map(same, actual, wanted, [tolerance] * len(wanted)))
        case dict():
            return set(actual) == set(wanted) and all(same(actual[key], wanted[key], tolerance) for key in wanted)
        case str():
            return words(actual) == words(wanted)
        case bool() | None:
            return bool(actual == wanted)
    return actual is not None and abs(actual - wanted) <= tolerance + 1e-6


def words(text: str) -> list[str]:
    return text.casefold().replace("_", " ").replace(" - ", " ").split()
