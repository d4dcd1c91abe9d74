"""One boot serves all scenarios. Without JK_BLUEZ_IMAGE, the folder that `image.sh` has filled, nothing runs here."""

import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

IMAGE = os.environ.get("JK_BLUEZ_IMAGE")
HERE = Path(__file__).parent
collect_ignore_glob = [] if IMAGE else ["test_*.py"]

TOLD: list[str] = []

if IMAGE:
    from tests.bluez.air import Air
    from tests.bluez.scene import Gx, devices, machine

    @pytest_asyncio.fixture(loop_scope="session", scope="session")
    async def booted(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gx]:
        """The machine, with the driver started."""
        folder = tmp_path_factory.mktemp("gx")
        began = time.monotonic()
        async with Air(folder / "hci") as air:
            around = await devices(air)
            async with machine(Path(IMAGE), folder / "hci", folder / "console") as made:
                gx = Gx(made, air, around)
                TOLD.append(f"{time.monotonic() - began:5.1f} s  the machine has started")
                await gx.start_driver()
                TOLD.append(f"{await gx.all_live():5.1f} s  from the driver's start to all three on D-Bus")
                yield gx
                for log in ("/data/log", "/tmp/bluetoothd.log"):
                    (folder / Path(log).name).write_text(await gx.shell(f"cat {log}"))

    @pytest_asyncio.fixture(loop_scope="session")
    async def gx(booted: Gx) -> Gx:
        """The machine, all three devices alive."""
        await booted.start_driver()  # an earlier test may have failed in between
        await booted.all_live()
        return booted


@pytest.fixture
def tell() -> Callable[[float, str], None]:
    """Note how long something took, for the end of the run."""
    return lambda seconds, text: TOLD.append(f"{seconds:5.1f} s  {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in TOLD:
        terminalreporter.write_line(line)
