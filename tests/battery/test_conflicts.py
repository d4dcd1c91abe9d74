"""Settings that contradict each other are said with the first reading, and what the driver makes of them."""

from dataclasses import replace
from typing import Any

import pytest

from tests.battery.packs import PROTECTIONS, SETTINGS, Timeline, reading

OVP = (
    "the target of {} V per cell is too near to the BMS's over-voltage protection of {} V, of which chargers need "
    "0.045 V: charged to {} V"
)


@pytest.mark.parametrize(
    ("settings", "protections", "said"),
    [
        ({}, {}, ()),
        ({}, {"balance_start": 3.40, "requested_charge_voltage": 3.45, "requested_float_voltage": 3.35}, ()),
        ({"cell_charge_voltage": 3.60}, {}, ()),
        ({"cell_charge_voltage": 3.605}, {}, ()),
        ({"cell_charge_voltage": 3.45}, {"requested_charge_voltage": 3.45}, ()),
        ({"cell_charge_voltage": 3.61}, {}, (OVP.format(3.61, 3.65, "3.605"),)),
        ({}, {"cell_over_voltage": 3.49}, (OVP.format(3.45, 3.49, "3.445"),)),
        (
            {"cell_charge_voltage": 3.5},
            {"requested_charge_voltage": 3.45},
            ("cell_charge_voltage of 3.5 V is more than the BMS asks for (RCV 3.45 V): charged to 3.500 V",),
        ),
        ({"cell_float_voltage": 3.45}, {}, ()),
        (
            {"cell_float_voltage": 3.46},
            {},
            ("cell_float_voltage of 3.46 V is above the target: float at 3.450 V",),
        ),
        (
            {},
            {"requested_float_voltage": 3.5},
            ("RFV of 3.5 V is above the target: float at 3.450 V",),
        ),
        (
            {},
            {"balance_start": 3.402},
            ("the BMS balances from 3.402 V on, and cells are charged to 3.450 V: little time to balance",),
        ),
        (
            {},
            {"balance_start": 3.45},
            ("the BMS balances from 3.45 V on, and cells are charged to 3.450 V: little time to balance",),
        ),
        (
            {},
            {"balance_start": 3.46},
            ("the BMS balances from 3.46 V on, and cells are charged to 3.450 V: it never balances",),
        ),
    ],
)
def test_a_conflict_is_said(settings: dict[str, Any], protections: dict[str, Any], said: tuple[str, ...]) -> None:
    timeline = Timeline(replace(SETTINGS, **settings))
    assert timeline.take(reading(protections=replace(PROTECTIONS, **protections))).conflicts == said
