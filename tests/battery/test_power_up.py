"""A state of charge of 0 in the first seconds after the BMS's power-up is not real; an empty battery is."""

import pytest

from tests.battery.packs import NMC, Timeline, lost, reading


def shown(timeline: Timeline) -> float | None:
    assert timeline.last.reading is not None
    return timeline.last.reading.soc


def test_the_first_seconds_are_not_said_then_the_value_comes() -> None:
    timeline = Timeline()
    for _ in range(16):
        timeline.hear(reading(soc=0.0, cycles=0), 1)
        assert shown(timeline) is None
    timeline.hear(reading(soc=63.0, cycles=12), 1)
    assert shown(timeline) == 63.0


def test_a_zero_that_stays_is_believed_after_20_s() -> None:
    timeline = Timeline()
    timeline.hear(reading(soc=0.0, cycles=0), 20)
    assert shown(timeline) is None
    timeline.hear(reading(soc=0.0, cycles=0), 1)
    assert shown(timeline) == 0.0


@pytest.mark.parametrize(
    ("changes", "believed"),
    [
        ({"cells": 3.15}, False),
        ({"cells": 3.14}, True),
        ({"cells": (*(3.30,) * 15, 3.14)}, True),
        ({"cells": 3.12, "current": -100.0}, False),  # 3.17 V at rest
        ({"cells": 3.18, "current": 100.0}, True),  # 3.13 V at rest
        ({"cells": 3.12, "current": None}, True),
        ({"cycles": 1}, True),
        ({"cycles": None}, False),
        ({"cells": 3.60, "protections": NMC}, False),
        ({"cells": 3.40, "protections": NMC}, True),
        ({"cells": 2.50, "monitor_only": "no chemistry is known"}, False),
    ],
)
def test_an_empty_cell_or_a_cycle_makes_it_believed_at_once(changes: dict[str, object], believed: bool) -> None:
    timeline = Timeline()
    timeline.hear(reading(**({"soc": 0.0, "cycles": 0} | changes)), 1)  # type: ignore[arg-type]
    assert shown(timeline) == (0.0 if believed else None)


def test_the_rest_of_the_reading_is_shown_and_controls() -> None:
    timeline = Timeline()
    outcome = timeline.hear(reading(soc=0.0, cycles=0), 1)
    assert outcome.fresh
    assert outcome.reading is not None
    assert outcome.reading.cells == (3.30,) * 16
    assert outcome.limits is not None


def test_each_power_up_has_its_20_s() -> None:
    timeline = Timeline()
    timeline.hear(reading(soc=0.0, cycles=0), 21)
    timeline.silence(300)
    timeline.hear(reading(soc=0.0, cycles=0), 20)
    assert shown(timeline) is None
    timeline.hear(reading(soc=0.0, cycles=0), 1)
    assert shown(timeline) == 0.0


def test_a_value_in_between_begins_the_20_s_anew() -> None:
    timeline = Timeline()
    timeline.hear(reading(soc=0.0, cycles=0), 19)
    timeline.hear(reading(soc=5.0), 1)
    timeline.hear(reading(soc=0.0, cycles=0), 20)
    assert shown(timeline) is None


def test_a_known_chemistry_helps_after_a_restart() -> None:
    timeline = lost().restart(after=60)
    timeline.silence(15)
    timeline.hear(reading(3.0, soc=0.0, cycles=0, monitor_only="of no version that is known"), 1)
    assert shown(timeline) == 0.0
