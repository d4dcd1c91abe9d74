"""What tests on a bare root start from: a bus with localsettings, and a BMS on the network."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.bare_root import BareRoot
from tests.gx import Gx


@pytest.fixture(scope="module")
def bare() -> Iterator[BareRoot]:
    with BareRoot() as bare:
        yield bare


@pytest.fixture(scope="module")
def surroundings(bare: BareRoot) -> Iterator[str]:
    """Start what is there before the driver; yield where the BMS is."""
    environment = {"PATH": "/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS": bare.bus}
    settings = subprocess.Popen([sys.executable, "-m", "driver.simulator.settings_service"], env=environment)
    simulate = [sys.executable, "-u", "-m", "driver", "simulate", "--link", "tcp"]
    bms = subprocess.Popen(simulate, stdout=subprocess.PIPE, text=True)
    assert bms.stdout is not None
    place = re.search(r"(socket|rfc2217)://\S+", bms.stdout.readline())
    assert place is not None
    yield place[0]
    for process in (settings, bms):
        process.terminate()
        process.wait(10)
    bms.stdout.close()


@pytest.fixture
def gx(bare: BareRoot, surroundings: str) -> Iterator[Gx]:
    bare.trial = 300
    yield Gx(bare, surroundings)
    bare.run("sh", "/data/apps/dbus-jkbms/install.sh", "uninstall", "--settings")
    bare.halt()
