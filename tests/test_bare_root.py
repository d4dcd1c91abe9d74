"""The release on what Venus OS has: from a USB stick to a battery on D-Bus, and away again."""

import re
from pathlib import Path

import pytest

from tests.bare_root import BareRoot, missing
from tests.gx import Gx
from tests.installation import contents
from tests.supervised import until

pytest_plugins = ["tests.install_fixtures", "tests.bare_root_fixtures"]
pytestmark = [
    pytest.mark.service,
    pytest.mark.bus,
    pytest.mark.skipif(bool(missing()), reason=f"no bare root: {missing()}"),
]
EVERY_MODULE = """
import importlib, pkgutil, sys
from driver.__main__ import PACKAGES
sys.path.insert(0, str(PACKAGES))
import driver
on_a_pc = ("driver.simulator", "driver.commands.demo", "driver.commands.simulate")
for module in pkgutil.walk_packages(driver.__path__, "driver."):
    if not module.name.startswith((*on_a_pc, "driver.__main__")):
        importlib.import_module(module.name)
import bleak
print(bleak.__file__)
"""


def victrons(bare: BareRoot) -> dict[str, tuple[str, ...]]:
    """Checksums of everything that is not ours to change."""
    ours = re.compile(r"(dev|proc|tmp|run|stick)(/|$)|.*/(__pycache__|supervise)(/|$)")
    return {name: entry for name, entry in contents(bare.root).items() if not ours.match(name)}


def test_from_a_stick_to_a_battery_and_away_again(gx: Gx, archive: Path) -> None:
    gx.bare.boot()
    before = victrons(gx.bare)
    assert gx.bare.boot(stick=archive) == 0
    until(lambda: gx.bare.processes("driver"), seconds=60)
    gx.configure()
    (battery,) = until(gx.batteries)
    assert gx.ask(battery, "/DeviceInstance") == "variant       int32 1"
    (pid,) = gx.bare.processes("run\0--config")
    memory = int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1])  # type: ignore[index]
    print(f"{memory} kB of memory")
    added = {name for name in victrons(gx.bare) if name not in before}
    assert {name for name in added if not name.startswith(("data/apps", "data/log/dbus-jkbms"))} == {
        "data/rc.local", "service/dbus-jkbms",
    }  # fmt: skip
    assert {name: entry for name, entry in victrons(gx.bare).items() if name in before} == before
    said = gx.bare.install("uninstall", "--settings")
    assert "is removed" in said
    assert victrons(gx.bare) == before
    assert "jk_" not in gx.ask("com.victronenergy.settings", "/Settings/Devices")


def test_every_module_runs_with_what_the_image_has(gx: Gx, archive: Path) -> None:
    gx.bare.boot(stick=archive)
    python = ["sh", "-c", f"cd /data/apps/dbus-jkbms && python3 -c '{EVERY_MODULE}'"]
    assert gx.bare.do(*python).strip() == "/data/apps/dbus-jkbms/packages/bleak/__init__.py"
    said = gx.bare.do("sh", "-c", "cd /data/apps/dbus-jkbms && python3 -m driver --help")
    assert "check" in said
    lacking = (
        "import importlib.util as u; print([n for n in ('statistics', 'sqlite3', 'pip', 'pty') if u.find_spec(n)])"
    )
    assert gx.bare.do("python3", "-c", lacking) == "[]\n"


def test_a_stick_for_an_old_venus_os_changes_nothing(gx: Gx, archive: Path) -> None:
    version = gx.bare.root / "opt/victronenergy/version"
    newer = version.read_text()
    version.write_text("v3.55\n")
    gx.bare.boot()
    before = victrons(gx.bare)
    assert gx.bare.boot(stick=archive) == 1
    log = gx.bare.root / "data/log/dbus-jkbms-install.log"
    assert "v3.55 is too old" in log.read_text()
    log.unlink()
    assert victrons(gx.bare) == before
    version.write_text(newer)


def test_a_firmware_update_changes_nothing_for_the_driver(gx: Gx, archive: Path) -> None:
    """The root file system is another one then, and only /data stays."""
    gx.bare.boot(stick=archive)
    gx.configure()
    (battery,) = until(gx.batteries)
    gx.ask(battery, "/CustomName", "SetValue", "variant:string:House")
    gx.bare.halt()
    for private in (*gx.bare.app.glob("*.ini"), gx.bare.app / "state.json", gx.bare.root / "data/log/dbus-jkbms"):
        if private.name != "config.ini.default":
            assert private.stat().st_mode & 0o077 == 0, private
    (gx.bare.root / "opt/victronenergy/version").write_text("v3.80\n")
    gx.bare.boot()
    assert until(gx.batteries, seconds=60) == [battery]
    assert gx.ask(battery, "/CustomName").endswith("House")
    assert gx.ask(battery, "/DeviceInstance") == "variant       int32 1"
    (gx.bare.root / "opt/victronenergy/version").write_text("v3.72\nVictron Energy\n20260801123456\n")


def test_a_migrated_battery_is_a_shadow_until_its_owner_lets_it_control(gx: Gx, archive: Path) -> None:
    gx.bare.boot(stick=archive)
    (gx.bare.root / "tmp/old.ini").write_text("[DEFAULT]\nBMS_TYPE = Jkbms\nMAX_CELL_VOLTAGE = 3.40\n")
    migrate = "cd /data/apps/dbus-jkbms && python3 -m driver migrate /tmp/old.ini"
    result = gx.bare.run("sh", "-c", migrate)
    assert result.returncode == 1  # it names no port
    port = gx.config.splitlines()[1]
    gx.config = result.stdout.replace("#port = /dev/serial/by-id/...", port)
    gx.configure()
    (battery,) = until(gx.batteries)
    assert gx.ask(battery, "/Info/MaxChargeVoltage") == ""
    gx.config = gx.config.replace("control = no\n", "")
    gx.configure()
    until(lambda: gx.ask(battery, "/Info/MaxChargeVoltage") == "variant       double 54.4", seconds=60)
