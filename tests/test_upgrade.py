"""An upgrade that loses a battery takes itself back, also when the GX starts anew meanwhile; a good one stays."""

import re
from pathlib import Path

import pytest

from driver import __version__
from driver.awaited import awaited, remembered
from tests.bare_root import missing
from tests.built_release import upgrade
from tests.gx import Gx
from tests.supervised import until

pytest_plugins = ["tests.install_fixtures", "tests.bare_root_fixtures"]
on_a_gx = [
    pytest.mark.service,
    pytest.mark.bus,
    pytest.mark.skipif(bool(missing()), reason=f"no bare root: {missing()}"),
]
TRIAL = 10  # s instead of five minutes
MUTE = b"import time\n\nHELP = 'nothing'\n\n\ndef add_arguments(parser):\n    parser.add_argument('--config')\n\n\n"
MUTE += b"def run(args):\n    time.sleep(10**6)\n"


@pytest.fixture
def running(gx: Gx, archive: Path) -> Gx:
    """A GX on which this version serves a battery with a name."""
    gx.bare.trial = TRIAL
    gx.bare.boot(stick=archive)
    gx.configure()
    (battery,) = until(gx.batteries)
    gx.ask(battery, "/CustomName", "SetValue", "variant:string:House")
    return gx


def version(gx: Gx) -> str:
    """Which one is installed; "" in the moment in which one takes the place of the other."""
    try:
        found = re.search(r'__version__ = "(.+)"', (gx.bare.app / "driver/__init__.py").read_text())
    except FileNotFoundError:
        return ""
    return found[1] if found else ""


def upgraded(gx: Gx, archive: Path) -> str:
    """Install from an archive that lies on the GX."""
    (gx.bare.root / "tmp/new.tar.gz").write_bytes(archive.read_bytes())
    return gx.bare.install("install", "/tmp/new.tar.gz")


@pytest.fixture
def mute(archive: Path, tmp_path: Path) -> Path:
    """A newer version that starts and serves nothing."""
    return upgrade(archive, tmp_path / "mute.tar.gz", "9.0.0", {"driver/commands/run.py": MUTE})


def is_as_before(gx: Gx) -> None:
    """This version serves the battery again, with its name and instance."""
    (battery,) = until(lambda: version(gx) == __version__ and gx.batteries(), seconds=90)
    assert gx.ask(battery, "/CustomName").endswith("House")
    assert gx.ask(battery, "/DeviceInstance") == "variant       int32 1"
    assert (gx.bare.app / "config.ini").read_text() == gx.config
    until(lambda: not (gx.bare.app / ".previous").exists())


class TestOnAGx:
    pytestmark = on_a_gx

    def test_a_version_that_loses_the_battery_takes_itself_back(self, running: Gx, mute: Path) -> None:
        said = upgraded(running, mute)
        assert "9.0.0 is installed" in said
        assert "com.victronenergy.battery.jk_" in said
        assert version(running) == "9.0.0"
        assert not running.batteries()
        assert (
            f"{__version__} comes back" in running.bare.run("sh", "/data/apps/dbus-jkbms/install.sh", "status").stdout
        )
        is_as_before(running)
        log = (running.bare.app / "install.log").read_text()
        assert f"9.0.0 is rolled back to {__version__}" in log
        assert "were missing: com.victronenergy.battery.jk_" in log
        refused = running.bare.run("sh", "/data/apps/dbus-jkbms/install.sh", "install", "/tmp/new.tar.gz")
        assert refused.returncode == 1
        assert "--again" in refused.stderr
        assert version(running) == __version__

    def test_also_when_the_gx_starts_anew_meanwhile(self, running: Gx, mute: Path) -> None:
        upgraded(running, mute)
        running.bare.boot()
        assert version(running) == "9.0.0"
        until(lambda: len(running.bare.processes("watch")) == 1)  # a moment later than rc.local; it forks to look
        is_as_before(running)

    def test_also_when_it_came_from_a_stick_that_stays_in(self, running: Gx, mute: Path) -> None:
        assert running.bare.boot(stick=mute) == 0
        assert version(running) == "9.0.0"
        is_as_before(running)
        assert running.bare.boot(stick=mute) == 1
        is_as_before(running)

    def test_a_version_that_keeps_the_battery_stays(self, running: Gx, archive: Path, tmp_path: Path) -> None:
        running.bare.trial = 3 * TRIAL  # the driver must be back on D-Bus by then, on a loaded machine as well
        upgraded(running, upgrade(archive, tmp_path / "good.tar.gz", "9.1.0", {}))
        until(lambda: not (running.bare.app / ".previous").exists(), seconds=90)
        assert version(running) == "9.1.0"
        assert until(running.batteries, seconds=60)
        assert "stays" in (running.bare.app / "install.log").read_text()
        until(lambda: not running.bare.processes("watch"))

    def test_the_owner_may_go_back_at_once(self, running: Gx, mute: Path) -> None:
        upgraded(running, mute)
        (running.bare.app / "config.ini").write_text("[tried]\n")
        assert "rolled back" in running.bare.install("rollback")
        is_as_before(running)
        assert (running.bare.app / "config.ini.tried").read_text() == "[tried]\n"
        assert running.bare.run("sh", "/data/apps/dbus-jkbms/install.sh", "rollback").returncode == 1

    def test_another_upgrade_meanwhile_goes_back_to_what_is_proven(
        self, running: Gx, mute: Path, archive: Path, tmp_path: Path
    ) -> None:
        upgraded(running, mute)
        upgraded(running, upgrade(archive, tmp_path / "mute2.tar.gz", "9.2.0", {"driver/commands/run.py": MUTE}))
        assert version(running) == "9.2.0"
        is_as_before(running)

    def test_whoever_disables_it_is_left_alone(self, running: Gx, mute: Path) -> None:
        upgraded(running, mute)
        running.bare.install("disable")
        assert not (running.bare.app / ".previous").exists()
        until(lambda: not running.bare.processes("watch"))
        assert version(running) == "9.0.0"
        assert not running.bare.link.is_symlink()

    def test_a_release_that_cannot_run_is_refused(self, running: Gx, archive: Path, tmp_path: Path) -> None:
        broken = upgrade(archive, tmp_path / "broken.tar.gz", "9.3.0", {"driver/pack.py": b"import tomllib\n"})
        (running.bare.root / "tmp/new.tar.gz").write_bytes(broken.read_bytes())
        result = running.bare.run("sh", "/data/apps/dbus-jkbms/install.sh", "install", "/tmp/new.tar.gz")
        assert result.returncode == 1
        assert "No module named 'tomllib'" in result.stderr
        assert version(running) == __version__
        until(running.batteries)  # whose BMS a busy machine may not hear for a while


# --- which batteries are awaited -----------------------------------------------------------------------------------


def test_what_was_taken_away_long_ago_or_is_not_shown_is_not_awaited() -> None:
    def entry(service: object, heard_at: object) -> object:
        return {"service": service, "heard_at": heard_at}

    house, shed, gone = (f"com.victronenergy.battery.jk_{name}" for name in ("house", "shed", "gone"))
    known = [entry(house, 1e9), entry(shed, 1e9 - 600), entry(gone, 1e9 - 3600)]
    odd = [entry("", 1e9), entry("x; reboot", 1e9), entry(None, 1e9), entry(gone, "now"), None, {}]
    assert awaited([*known, *odd]) == [house, shed]
    assert awaited([]) == []


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"batteries": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_state_file_awaits_nothing_and_stays(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "state.json"
    if content is not None:
        file.write_bytes(content)
    assert awaited(remembered(file)) == []
    assert file.exists() == (content is not None)
