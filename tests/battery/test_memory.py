"""What is kept over a restart: there and back, and nothing that is not ours."""

import json
from dataclasses import asdict
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driver.battery.charge_mode import ChargeState, Phase
from driver.battery.charging import BEGINNING, Held, Progress
from driver.battery.chemistry import Chemistry
from driver.battery.coulombs import Count
from driver.battery.discharging import UNSPENT, Spent
from driver.battery.history import NONE, History
from driver.battery.lead import Lead
from driver.battery.limits import Limit, Limits
from driver.battery.loss import NOTHING_KNOWN, Extremes
from driver.battery.memory import Memory
from driver.battery.reading import Identity
from driver.battery.trim import Trimmed
from driver.battery.unheeded import Ceiling

TEXT = st.none() | st.text()
IDENTITIES = st.builds(
    Identity,
    protocol=st.text(),
    model=TEXT,
    name=TEXT,
    hardware=TEXT,
    software=TEXT,
    serial=TEXT,
    manufacturer_id=TEXT,
    manufactured=TEXT,
)
AMOUNTS = st.builds(Limit, st.floats(0, 10_000), st.text())
VOLTAGES = st.builds(Limit, st.floats(0.1, 1000), st.text())
LIMITS = st.builds(Limits, VOLTAGES, AMOUNTS, AMOUNTS, AMOUNTS)
VOLTS = st.floats(0, 100)
SECONDS = st.floats(0, 1e9)
STATES = st.builds(
    ChargeState,
    phase=st.sampled_from(Phase),
    absorbed=SECONDS,
    level=SECONDS,
    tail=SECONDS,
    emptier=SECONDS,
    since_full=SECONDS,
    soc=st.none() | st.floats(0, 100),
    reason=st.text(),
)
CEILINGS = st.builds(Ceiling, st.just(inf) | st.floats(0, 1000), SECONDS)
PROGRESS = st.builds(
    Progress,
    STATES,
    st.builds(Lead, st.floats(0, 100), SECONDS),
    st.builds(Held, st.floats(0, 1), SECONDS),
    CEILINGS,
    st.builds(Trimmed, st.floats(0, 0.25), SECONDS),
)
AMOUNT, MAYBE = st.floats(-1e6, 1e6), st.none() | st.floats(-100, 1000)
HISTORIES = st.builds(
    History,
    charged_energy=AMOUNT,
    discharged_energy=AMOUNT,
    minimum_voltage=MAYBE,
    maximum_temperature=MAYBE,
    drawn=AMOUNT,
    full_charges=st.integers(0, 10_000),
    since_full=MAYBE,
    low_voltage_alarms=st.integers(0, 10_000),
)
EXTREMES = st.builds(Extremes, VOLTS, VOLTS, st.booleans(), st.booleans())

PERCENT = st.floats(0, 100)
COUNTS = st.builds(
    Count,
    soc=PERCENT,
    shown=PERCENT,
    off=PERCENT,
    offset=st.floats(-1, 1),
    charge=st.none() | AMOUNT,
    since_full=SECONDS,
    told=st.none() | PERCENT,
)


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    chemistry = draw(st.none() | st.sampled_from(Chemistry))
    return Memory(
        identity=draw(IDENTITIES),
        cell_count=draw(st.integers(1, 32)),
        heard_at=float(draw(st.integers(0, 4_000_000_000))),
        chemistry=chemistry,
        limits=None if chemistry is None else draw(st.none() | LIMITS),
        extremes=draw(EXTREMES),
        progress=draw(PROGRESS),
        spent=draw(st.builds(Spent)),
        count=draw(st.none() | COUNTS),
        history=draw(HISTORIES),
    )


@given(memories())
def test_there_and_back(memory: Memory) -> None:
    assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) == memory


def kept() -> dict[str, Any]:
    limits = Limits(Limit(55.2, "a"), Limit(100.0, "b"), Limit(150.0, "c"), Limit(41.6, "d"))
    memory = Memory(
        identity=Identity(protocol="jk-uart"),
        cell_count=16,
        heard_at=1.8e9,
        chemistry=Chemistry.LFP,
        limits=limits,
        extremes=Extremes(3.3, 3.2, charge_blocked=False, discharge_blocked=False),
    )
    return memory.to_json()


def test_a_reading_is_never_dated_later_than_it_was() -> None:
    memory = Memory(identity=Identity(protocol="jk-uart"), cell_count=16, heard_at=1.8e9 + 0.9)
    assert memory.to_json()["heard_at"] == 1_800_000_000


@pytest.mark.parametrize(
    ("wall", "age"),
    [(1.8e9, 0), (1.8e9 + 60, 60), (1.8e9 - 0.1, inf), (0.0, inf), (nan, inf)],
)
def test_the_age_of_a_memory(wall: float, age: float) -> None:
    assert Memory(identity=Identity(protocol="jk-uart"), cell_count=16, heard_at=1.8e9).age(wall) == age


def test_a_clock_before_2020_was_not_set() -> None:
    memory = Memory(identity=Identity(protocol="jk-uart"), cell_count=16, heard_at=1.59e9)
    assert memory.age(1.6e9 - 1) == inf
    assert memory.age(1.6e9) == pytest.approx(1e7)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("identity", None),
        ("identity", {}),
        ("identity.protocol", None),
        ("identity.serial", 5),
        ("cell_count", 0),
        ("cell_count", -16),
        ("cell_count", 65),
        ("cell_count", nan),
        ("cell_count", inf),
        ("cell_count", "16"),
        ("cell_count", True),
        ("heard_at", nan),
        ("heard_at", inf),
        ("heard_at", None),
        ("chemistry", "LEAD"),
        ("chemistry", ["LFP"]),
        ("chemistry", None),
        ("limits.charge_voltage", [0.0, "never 0"]),
        ("limits.charge_voltage", [nan, ""]),
        ("limits.charge_current", [-1.0, ""]),
        ("limits.charge_current", [None, ""]),
        ("limits.charge_current", [10_001.0, ""]),
        ("limits.discharge_current", [1.0]),
        ("limits.discharge_current", 5.0),
        ("limits.low_voltage", ["44", ""]),
        ("limits", [1, 2, 3, 4]),
        ("extremes", None),
        ("extremes", {}),
        ("extremes.highest_cell", nan),
        ("extremes.lowest_cell", inf),
        ("extremes.lowest_cell", -3.3),
    ],
)
def test_what_is_not_ours_is_nothing(path: str, value: object) -> None:
    stored = kept()
    assert Memory.from_json(stored) is not None
    *groups, last = path.split(".")
    place = stored
    for group in groups:
        place = place[group]
    place[last] = value
    assert Memory.from_json(stored) is None


CHARGING = ("charge", "lead", "held", "ceiling", "trimmed", "spent", "history", "count")


@pytest.mark.parametrize("name", sorted(set(kept()) - set(CHARGING)))
def test_a_part_that_is_missing_makes_it_nothing(name: str) -> None:
    stored = kept()
    del stored[name]
    assert Memory.from_json(stored) is None


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("charge", "phase", "boost"),
        ("charge", "absorbed", -1.0),
        ("charge", "level", nan),
        ("charge", "tail", "1"),
        ("charge", "emptier", None),
        ("charge", "since_full", inf),
        ("charge", "soc", 101.0),
        ("lead", "lowered", -0.1),
        ("lead", "still", True),
        ("held", "share", 1.1),
        ("held", "still", -1.0),
        ("ceiling", "volts", "55"),
        ("ceiling", "volts", -0.1),
        ("ceiling", "still", nan),
        ("trimmed", "share", 0.26),
        ("trimmed", "still", None),
    ],
)
def test_a_charge_that_is_not_ours_begins_anew_and_costs_nothing_else(part: str, name: str, value: object) -> None:
    stored = kept()
    stored[part][name] = value
    memory = Memory.from_json(stored)
    assert memory is not None
    assert memory.progress == BEGINNING


@pytest.mark.parametrize("name", CHARGING)
def test_a_memory_of_an_earlier_version_knows_no_charge(name: str) -> None:
    stored = kept()
    del stored[name]
    memory = Memory.from_json(stored)
    assert memory is not None
    assert (memory.progress, memory.spent, memory.history) == (BEGINNING, UNSPENT, NONE)


@pytest.mark.parametrize("value", [nan, "7", None, True])
def test_a_history_that_is_not_ours_begins_anew(value: object) -> None:
    stored = kept()
    stored["history"]["drawn"] = value
    memory = Memory.from_json(stored)
    assert memory is not None
    assert memory.history == NONE


def test_who_may_be_empty_is() -> None:
    stored = kept()
    stored["spent"] = {"empty": "no", "charge_requested": None}
    memory = Memory.from_json(stored)
    assert memory is not None
    assert memory.spent == Spent(empty=True, charge_requested=True)


def test_an_unclear_block_is_a_block() -> None:
    stored = kept()
    stored["extremes"]["charge_blocked"] = "false"
    memory = Memory.from_json(stored)
    assert memory is not None
    assert memory.extremes.charge_blocked


def test_more_than_is_ours_is_ignored() -> None:
    assert Memory.from_json(kept() | {"port": "/dev/ttyUSB0", "origin": "id"}) == Memory.from_json(kept())


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_garbage_never_raises(garbage: Any) -> None:
    assert Memory.from_json(garbage) is None


@given(st.lists(st.sampled_from(list(kept())), max_size=3), JSON, JSON)
def test_half_garbage_is_nothing_or_a_memory_that_can_be_kept(names: list[str], one: Any, other: Any) -> None:
    stored = kept()
    for name, garbage in zip(names, (one, other, one), strict=False):
        stored[name] = garbage
    memory = Memory.from_json(stored)
    if memory is not None:
        assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) is not None
        assert memory.limits is None or memory.limits.charge_voltage.value > 0


def test_nothing_known_is_kept_too() -> None:
    memory = Memory(identity=Identity(protocol="jk-uart"), cell_count=16, heard_at=1.8e9)
    assert memory.to_json()["extremes"] == asdict(NOTHING_KNOWN)
    assert Memory.from_json(memory.to_json()) == memory
