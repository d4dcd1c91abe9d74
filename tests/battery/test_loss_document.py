"""docs/loss-of-bms.md says the numbers that the code has."""

import re
from pathlib import Path

from driver.bank_battery import LATE
from driver.battery.bank_member import CLOSE
from driver.battery.chemistry import Chemistry
from driver.battery.controller import RESTART_GRACE
from driver.battery.easing import CELL_RISE, RISE_TIME
from driver.battery.limits import TAPER_FLOOR
from driver.battery.loss import LIMP_CHARGE_SHARE, LIMP_DISCHARGE_SHARE, LIMP_RAMP, Timing
from driver.battery.power_up import UNBELIEVED
from driver.battery.resistance import TYPICAL
from driver.battery.settings import ChargeSettings

TEXT = (Path(__file__).parents[2] / "docs" / "loss-of-bms.md").read_text()
WIRE, BLUETOOTH = Timing.wire(1.0), Timing.bluetooth()


def row(first: str) -> list[str]:
    """The cells of the table row that begins with that text."""
    (found,) = [line for line in TEXT.splitlines() if line.startswith(f"| {first}")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_states_have_the_ages_of_the_code() -> None:
    assert row("LIVE")[1:3] == [f"up to {WIRE.live:g} s", f"up to {BLUETOOTH.live:g} s"]
    assert row("HOLD")[1:4] == [
        f"up to {WIRE.hold:g} s",
        f"up to {BLUETOOTH.hold:g} s",
        f"the last ones up to {WIRE.show:g} s (Bluetooth {BLUETOOTH.show:g} s), then none",
    ]
    limp = row("LIMP")
    assert limp[1] == f"up to `ride_through`, {ChargeSettings().ride_through / 60:g} min"
    assert f"{LIMP_CHARGE_SHARE:.0%} within {LIMP_RAMP:g} s".replace("%", " %") in limp[4]
    assert f"{LIMP_DISCHARGE_SHARE:.0%} within {LIMP_RAMP:g} s".replace("%", " %") in limp[5]


def test_the_cells_have_the_voltages_of_the_code() -> None:
    for chemistry in Chemistry:
        cells = chemistry.value
        assert row(cells.name)[1:] == [f"{cells.rest:.2f} V", f"{cells.band_low:.2f} to {cells.band_high:.2f} V"]


def test_the_other_numbers_are_those_of_the_code() -> None:
    text = re.sub(r"\s+", " ", TEXT)
    for said in (
        f"discharge at most {TAPER_FLOOR:g} A, and 0 after {LIMP_RAMP:g} s",
        f"({TYPICAL * 1000:g} mΩ per cell until it has seen some)",
        f"to its full value in {RISE_TIME:g} s, the charge voltage by {CELL_RISE * 1000:g} mV per cell and second",
        f"unknown for {UNBELIEVED:g} s, then believed",
        f"answers within {RESTART_GRACE:g} s",
        f"counted in within {CLOSE:.2f} V per cell of the others",
        f"no reading for {LATE:g} s, or for three polls",
    ):
        assert said in text
