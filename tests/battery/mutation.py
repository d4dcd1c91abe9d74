"""Small faults put into the control on purpose, to see whether the fast tests notice each of them.

Constants change by 10 % and to 0, comparisons by their edge and their direction, min and max, and and or change places.
The faulty module is compiled in memory, with a copy of the whole package and of the tests around it: nothing on disk
changes, and nothing of it stays in this process.
"""

import ast
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from itertools import product
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import driver.battery
import tests.battery

PACKAGES = {"driver.battery": driver.battery, "tests.battery": tests.battery}
EDGES: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SWAPPED = {"min": "max", "max": "min"}


class Mutant(NamedTuple):
    """One fault: where it is, what it is, and the code that has it."""

    line: str
    change: str
    code: CodeType

    @property
    def name(self) -> tuple[str, str]:
        return self.line, self.change


def without_fault(module: str) -> CodeType:
    """The module as it is."""
    return compile(_path(module).read_text(), _name(module), "exec")


def _path(module: str) -> Path:
    return Path(driver.battery.__path__[0]) / f"{module}.py"


def _name(module: str) -> str:
    """No file: what a copy runs through is not covered by it."""
    return f"<copy of {module}>"


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module of driver.battery, one after the other."""
    text = _path(module).read_text()
    tree, lines = ast.parse(text), text.splitlines()
    for node in ast.walk(tree):
        for change, place, name, new in _changes(node):
            old = place[name] if isinstance(place, list) else getattr(place, name)
            _put(place, name, new)
            yield Mutant(lines[node.lineno - 1].strip(), change, compile(tree, _name(module), "exec"))  # type: ignore[attr-defined]
            _put(place, name, old)


def _put(place: Any, name: Any, value: object) -> None:
    if isinstance(place, list):
        place[name] = value
    else:
        setattr(place, name, value)


def _changes(node: ast.AST) -> Iterator[tuple[str, Any, Any, object]]:
    """What changes, and where it is put: an attribute of a node or a place in a list."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            for number in _numbers(value):
                yield f"{value} -> {number}", node, "value", number
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                for other in EDGES[type(operator)]:
                    yield f"{type(operator).__name__} -> {other.__name__}", ops, place, other()
        case ast.Call(func=ast.Name(id="min" | "max" as name) as function):
            yield f"{name} -> {SWAPPED[name]}", function, "id", SWAPPED[name]
        case ast.BoolOp(op=operator):
            other_operator = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield f"{type(operator).__name__} -> {type(other_operator).__name__}", node, "op", other_operator


def _numbers(value: float) -> list[float]:
    if isinstance(value, int):
        return sorted({value - 1, value + 1, 0} - {value})
    return [round(value * 0.9, 9), round(value * 1.1, 9), 0.0] if value else [1.0]


class _Copies:
    """Finds the modules of both packages in memory, each made of its own code."""

    def __init__(self) -> None:
        self.codes: dict[str, CodeType] = {}
        for name, package in PACKAGES.items():
            for path in Path(package.__path__[0]).glob("*.py"):
                full = name if path.stem == "__init__" else f"{name}.{path.stem}"
                self.codes[full] = compile(path.read_text(), _name(path.stem), "exec")
        self.faulty: dict[str, CodeType] = {}

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        return ModuleSpec(name, self, is_package=name in PACKAGES) if name in self.codes else None  # type: ignore[arg-type]

    def create_module(self, _: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.faulty.get(module.__name__, self.codes[module.__name__]), module.__dict__)


_copies = _Copies()


@contextmanager
def world(faulty: dict[str, CodeType]) -> Iterator[None]:
    """Imports of both packages give copies, of which some are `faulty`."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith(tuple(PACKAGES))}
    for name in ours:
        del sys.modules[name]
    sys.meta_path.insert(0, _copies)  # type: ignore[arg-type]
    _copies.faulty = faulty
    try:
        yield
    finally:
        sys.meta_path.remove(_copies)  # type: ignore[arg-type]
        for name in [name for name in sys.modules if name.startswith(tuple(PACKAGES))]:
            del sys.modules[name]
        sys.modules.update(ours)
        driver.battery, tests.battery = PACKAGES["driver.battery"], PACKAGES["tests.battery"]


def calls(module: ModuleType) -> Iterator[Callable[[], object]]:
    """Each test of a module with each of its parameters; those that search at random are left out."""
    for name, test in vars(module).items():
        if not name.startswith("test_") or hasattr(test, "is_hypothesis_test"):
            continue
        sets: list[list[dict[str, Any]]] = []
        for mark in getattr(test, "pytestmark", ()):
            names, values = mark.args
            names = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
            sets.append([dict(zip(names, value if len(names) > 1 else (value,), strict=True)) for value in values])
        for chosen in product(*sets):
            arguments = {name: value for part in chosen for name, value in part.items()}
            yield lambda test=test, arguments=arguments: test(**arguments)  # type: ignore[misc]


def is_noticed(mutant: CodeType, module: str, by: Sequence[str]) -> bool:
    """Whether one of the tests in the files `by` fails with this mutant in the place of `module`."""
    with world({f"driver.battery.{module}": mutant}):
        try:
            for file in by:
                for call in calls(importlib.import_module(f"tests.battery.{file}")):
                    call()
        except Exception:  # noqa: BLE001 (a fault may show in any way)
            return True
    return False
