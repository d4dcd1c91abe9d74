"""Whether the recorded frames pin the tables: each slip that could be in them must be noticed by some frame.

Encoder and decoder share the tables, so a round trip proves nothing about a JK BMS; only frames that a real one sent
do, together with what is known of them from elsewhere (witnesses.py). What no recording can tell stands in UNPINNED
with the reason. The list shrinks: a slip that is noticed must leave it.
"""

from typing import NamedTuple

import pytest

from driver.errors import LayoutError
from driver.protocol.dialect import JkUart
from driver.protocol.rows import rows
from tests.protocol.mutants import TABLES, mutants
from tests.protocol.recordings import Recording
from tests.protocol.witnesses import objections

TEMPERATURES = ("mos_temperature", "box_temperature", "battery_temperature")
WRITE_ONLY = ("restart", "factory_reset", "upgrade", "gps_power_off", "gps_power_on")
UNSIGNED = (
    *("total_voltage", "state_of_charge", "temperature_sensors", "cycles", "cycle_capacity", "strings"),
    *("protocol_version", "pack_over_voltage", "pack_under_voltage", "cell_over_voltage", "cell_under_voltage"),
    *("cell_over_voltage_recovery", "cell_under_voltage_recovery", "cell_over_voltage_delay"),
    *("cell_under_voltage_delay", "cell_difference_protection", "discharge_over_current", "charge_over_current"),
    *("discharge_over_current_delay", "charge_over_current_delay", "balance_start", "balance_trigger"),
    *("mos_over_temperature", "mos_over_temperature_recovery", "box_over_temperature", "temperature_difference"),
    *("box_over_temperature_recovery", "charge_over_temperature", "discharge_over_temperature"),
    *("cell_count_setting", "capacity_setting", "current_calibration", "board_address", "sleep_time"),
    *("low_capacity_alarm", "runtime", "actual_capacity"),
)
SEEN_ALARMS = ("DISCHARGE_UNDER_VOLTAGE", "BATTERY_LOW_TEMPERATURE")
UNSEEN_ALARMS = (
    "LOW_CAPACITY <-> MOS_OVER_TEMPERATURE",
    "MOS_OVER_TEMPERATURE <-> CHARGE_OVER_VOLTAGE",
    "BATTERY_OVER_TEMPERATURE <-> CHARGE_OVER_CURRENT",
    "CHARGE_OVER_CURRENT <-> DISCHARGE_OVER_CURRENT",
    "DISCHARGE_OVER_CURRENT <-> CELL_DIFFERENCE",
    "CELL_DIFFERENCE <-> BOX_OVER_TEMPERATURE",
    "CELL_OVER_VOLTAGE <-> CELL_UNDER_VOLTAGE",
    "CELL_UNDER_VOLTAGE <-> PROTECTION_309_A",
    "PROTECTION_309_A <-> PROTECTION_309_B",
    "PROTECTION_309_B one up",
)

UNPINNED: dict[str, str] = {
    **{
        f"{name}: {slip}": "the coldest recording is 3 °C; the vendor's text decides: above 100 it is negative"
        for name in TEMPERATURES
        for slip in (
            "100 is -1, as in syssi and batmon",
            "99 is +1, as in dbus-serialbattery",
            "no sign, as in mpp-solar",
            "sign in bit 15",
        )
    },
    **{
        f"{name}: sign": "no recording has the highest bit set, and the vendor's ranges never reach it"
        for name in UNSIGNED
    },
    **{
        f"{name}: {slip}": "written only: no reply holds it; the vendor's document gives its width"
        for name in WRITE_ONLY
        for slip in ("one byte more", "one byte less", "sign", "times 10", "divided by 10")
    },
    **dict.fromkeys(
        (
            "gps_power_off: little-endian",
            "gps_power_on: little-endian",
            "restart <-> factory_reset",
            "restart <-> upgrade",
            "factory_reset <-> upgrade",
            "gps_power_off <-> gps_power_on",
        ),
        "written only: no reply holds it; the vendor's document gives its number",
    ),
    "cell_over_voltage_delay <-> cell_under_voltage_delay": "the same in every recording: 3, 4 or 5 s both",
    "charge_switch <-> discharge_switch": (
        "both on or both off in every recording; that writing AB moves charging and AC discharging was seen by syssi"
    ),
    "current: nothing unless version 1, as in syssi": "the only recording of version 0 shows 0 A",
    "current: version 0 with the other sign": "the only recording of version 0 shows 0 A",
    "current: version 0 times 10": "the only recording of version 0 shows 0 A",
    "current: version 0 divided by 10": "the only recording of version 0 shows 0 A",
    "current: version 1 in 14 bits": "the largest recorded current is 8.80 A; three drivers have 15 bits",
    **{f"alarms: {slip}": f"the only alarms ever recorded are {' and '.join(SEEN_ALARMS)}" for slip in UNSEEN_ALARMS},
}

# noticed, but only by the second decoder, which follows the same notes: care is proven, truth is not
BY_THE_SECOND_DECODER = {
    "current_code: sign",
    "cycle_capacity: times 10",
    "cycle_capacity: divided by 10",
    "cycle_capacity: little-endian",
    "calibrating: inverted",
    "calibrating <-> restart",
    "calibrating <-> factory_reset",
    "calibrating <-> upgrade",
    "cell_over_voltage_delay <-> discharge_over_current_delay",
    "cell_over_voltage_delay <-> charge_over_current_delay",
    "cell_under_voltage_delay <-> discharge_over_current_delay",
    "cell_under_voltage_delay <-> charge_over_current_delay",
    "discharge_over_current_delay <-> charge_over_current_delay",
    "charge_over_current <-> temperature_difference",
    "charge_over_temperature <-> discharge_over_temperature",
    "board_address <-> battery_type",
    "board_address <-> dedicated_charger",
}


class Verdicts(NamedTuple):
    """Names of mutants."""

    every: list[str]
    unnoticed: set[str]
    by_second_decoder: set[str]


def objects(recording: Recording, *, second_decoder: bool) -> bool:
    """Whether a frame is refused, or read as something that a witness denies."""
    try:
        reading = JkUart().take(recording.frame)
    except LayoutError:
        return True
    assert reading is not None
    return any(True for _ in objections(recording, reading, second_decoder=second_decoder))


@pytest.fixture(scope="module")
def verdicts(all_recordings: list[Recording]) -> Verdicts:
    found = Verdicts([], set(), set())
    for mutant in mutants():
        found.every.append(mutant.name)
        with mutant.applied():
            if any(objects(recording, second_decoder=False) for recording in all_recordings):
                continue
            noticed = any(objects(recording, second_decoder=True) for recording in all_recordings)
            (found.by_second_decoder if noticed else found.unnoticed).add(mutant.name)
    return found


@pytest.mark.recorded
def test_every_slip_is_noticed_or_listed(verdicts: Verdicts) -> None:
    assert verdicts.unnoticed - set(UNPINNED) == set()


@pytest.mark.recorded
def test_what_is_noticed_leaves_the_list(verdicts: Verdicts) -> None:
    assert set(UNPINNED) - verdicts.unnoticed == set()


@pytest.mark.recorded
def test_what_only_the_second_decoder_notices_is_listed(verdicts: Verdicts) -> None:
    assert verdicts.by_second_decoder == BY_THE_SECOND_DECODER


@pytest.mark.recorded
def test_the_mutants_left_no_trace(verdicts: Verdicts, all_recordings: list[Recording]) -> None:
    assert verdicts.every
    assert not any(objects(recording, second_decoder=True) for recording in all_recordings)


def test_every_row_has_its_slips_and_each_has_one_name() -> None:
    every = [mutant.name for mutant in mutants()]
    assert len(every) == len(set(every))
    for record in TABLES:
        for name, _ in rows(record):
            assert any(one.startswith((f"{name}: ", f"{name} <-> ")) for one in every), name


def test_every_entry_of_the_list_is_a_slip_and_has_a_reason() -> None:
    assert set(UNPINNED) | BY_THE_SECOND_DECODER <= {mutant.name for mutant in mutants()}
    assert all(len(reason) > 20 for reason in UNPINNED.values())
