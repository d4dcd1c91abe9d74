"""A clock that jumps, as often and as far as it likes, neither ends an absorption nor forces a charge."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from driver.battery.charge_mode import LEVEL_TIME, ChargeState, Phase
from driver.battery.charging import Progress
from driver.battery.controller import Controller
from driver.battery.memory import Memory
from tests.battery.packs import SETTINGS, WIRE, reading

WALL = st.floats(-1e10, 1e10) | st.sampled_from([0.0, 1.8e9, 4e9])
MONOTONIC = st.floats(0.0, 1e9)
STARTS = st.lists(st.tuples(WALL, MONOTONIC, st.floats(0.0, 1e8)), min_size=1, max_size=8)
HEARD = 5  # readings of each process, a second apart


def lived(begin: ChargeState, cells: float, starts: list[tuple[float, float, float]]) -> ChargeState:
    """Processes, each with a clock of its own that jumps once within; the state that the last one leaves."""
    controller = Controller(SETTINGS, WIRE, 0.0)
    controller.take(reading(cells, soc=99.0, current=3.0), 0.0)
    memory = controller.keep(0.0, 1.8e9)
    assert memory is not None
    text = memory.to_json()
    for place, (wall, monotonic, jump) in enumerate(starts):
        memory = Memory.from_json(text)
        assert memory is not None
        if not place:
            memory = Memory.from_json(_with(memory, begin))
        now = monotonic
        controller = Controller(SETTINGS, WIRE, now, memory, wall)
        for second in range(HEARD):
            now += jump if second == 2 else 1.0
            controller.take(reading(cells, soc=99.0, current=3.0), now)
        kept = controller.keep(now, wall + now)
        assert kept is not None
        memory, text = kept, kept.to_json()
    assert memory is not None
    return memory.progress.state


def _with(memory: Memory, state: ChargeState) -> str:
    return replace(memory, progress=Progress(state)).to_json()


@settings(max_examples=60)
@given(STARTS)
def test_an_absorption_ends_only_by_what_was_heard(starts: list[tuple[float, float, float]]) -> None:
    left = LEVEL_TIME - 5.0 * HEARD * len(starts) - 1.0
    found = lived(ChargeState(phase=Phase.ABSORPTION, level=left, absorbed=left, soc=99.0), 3.44, starts)
    assert found.phase is Phase.ABSORPTION
    assert left <= found.level <= left + 5.0 * HEARD * len(starts)


@settings(max_examples=60)
@given(STARTS)
def test_no_charge_is_forced(starts: list[tuple[float, float, float]]) -> None:
    begin = ChargeState(phase=Phase.FLOAT, since_full=SETTINGS.full_charge_interval - 1000.0, soc=99.0)
    found = lived(begin, 3.38, starts)
    assert found.phase is Phase.FLOAT
    assert found.since_full < SETTINGS.full_charge_interval - 1000.0 + 5.0 * HEARD * len(starts) + 1.0
