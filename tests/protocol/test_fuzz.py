"""Damaged frames by the hundred thousand: nothing but LayoutError is raised, and none controls that should not."""

import os
import random

import pytest

from driver.battery.reading import Reading
from driver.errors import LayoutError
from driver.protocol.balancer_dialect import JkBalancer
from driver.protocol.jkble_dialect import JkBluetooth
from driver.protocol.neey_dialect import Neey
from tests.protocol.built import S24, S32, cell_info, device_info, jk04_cell_info, jk04_settings, settings
from tests.protocol.test_balancers import neey_cells, neey_device, neey_settings, status
from tests.protocol.test_fixed_framers import balancer_right, jk02_right, neey_right

COUNT = 1_000_000 // 3 if os.environ.get("CI") else 20_000
JK = [frame for variant in (S24, S32) for frame in (cell_info(variant), settings(variant), device_info(variant))]
FAMILIES = {
    "jk-ble": (JkBluetooth, [*JK, jk04_cell_info(), jk04_settings()], jk02_right, 1, 300),
    "neey": (
        Neey,
        [neey_cells(0), neey_cells(1), neey_settings(0), neey_settings(1), neey_device()],
        neey_right,
        2,
        300,
    ),
    "jk-balancer": (JkBalancer, [status(), status(moving=1)], balancer_right, 1, 74),
}


def spoilt(dice: random.Random, frames: list[bytes], behind: int) -> bytes:
    """A frame that something has befallen; half of them with a right sum all the same."""
    frame = bytearray(dice.choice(frames))
    match dice.randrange(6):
        case 0:
            frame = frame[: dice.randrange(len(frame))]
        case 1:
            frame[dice.randrange(len(frame)) :] = dice.choice(frames)[dice.randrange(40) :]
        case 2:
            frame = bytearray(dice.randbytes(dice.randrange(320)))
        case 3:
            frame[6:-2] = dice.randbytes(len(frame) - 8)
        case _:
            for _ in range(dice.randrange(6)):
                frame[dice.randrange(len(frame))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    if dice.random() < 0.5 and len(frame) > 20:
        frame[-behind] = sum(frame[:-behind]) & 0xFF
    return bytes(frame)


def may_control(reading: Reading) -> bool:
    """Whether nothing speaks against limits from this reading: a known version, and cells that sum to the pack."""
    software = reading.identity.software or ""
    major = software.partition(".")[0]
    return (
        major.isdigit()
        and (4 <= int(major) <= 11 or int(major) in (14, 15, 18, 19))
        and abs(sum(reading.cells) - reading.voltage) <= 0.03 * reading.voltage + 0.1001
        and reading.protections.cell_over_voltage is not None
        and reading.current is not None
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_whatever_comes_is_read_or_refused(family: str) -> None:
    make, frames, is_right, behind, longest = FAMILIES[family]
    dice, dialect = random.Random(family), make()
    framer, readings, refused, controlled = dialect.talk.framer, 0, 0, 0
    for _ in range(COUNT):
        for frame in dialect.talk.receive(spoilt(dice, frames, behind)):
            assert is_right(frame)
            try:
                reading = dialect.take(frame)
            except LayoutError:
                refused += 1
                continue
            if reading is not None:
                readings += 1
                assert reading.cells
                assert reading.monitor_only or may_control(reading)
                controlled += not reading.monitor_only
        assert framer.held < longest
    assert readings > COUNT / 100
    assert refused > COUNT / 1000
    assert framer.corrupt > COUNT / 100
    assert (controlled > 0) == (family == "jk-ble")
