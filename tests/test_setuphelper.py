"""The package for SetupHelper: its `setup`, run by a stand-in for SetupHelper that does what is documented of it."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.installation import contents, gx

pytest_plugins = ["tests.install_fixtures"]
HELPERS = """
EXIT_ERROR=255
standardActionPrompt() { echo prompted; scriptAction=INSTALL; }
setInstallFailed() { echo "failed: $2"; exit "$1"; }
endScript() { echo ended; }
"""
ENTER = """
for one in usr dev; do mount --rbind "/$one" "$0/$one" || exit 125; done
exec chroot "$0" env "scriptAction=$1" "PATH=/home/bin:$PATH" bash /data/dbus-jkbms/setup
"""


@pytest.fixture
def root(tmp_path: Path, archive: Path) -> Path:
    """A GX with SetupHelper, and the package where PackageManager puts it."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("needs root and private mounts")
    root = gx(tmp_path / "root")
    with tarfile.open(archive) as opened:
        opened.extractall(root / "data", filter="data")
    (folder,) = (root / "data").glob("dbus-jkbms-*")
    folder.rename(root / "data/dbus-jkbms")
    shutil.rmtree(root / "data/rc")
    helpers = root / "data/SetupHelper/HelperResources/IncludeHelpers"
    helpers.parent.mkdir(parents=True)
    helpers.write_text(HELPERS)
    for name in ("usr", "dev", "home/bin"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(Path("usr", name))
    (root / "home/bin/python3").write_text("#!/bin/sh\n")
    (root / "home/bin/python3").chmod(0o755)
    return root


def setup(root: Path, action: str) -> str:
    command = ["unshare", "-m", "sh", "-c", ENTER, str(root), action]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert not result.stderr or "failed" in result.stdout
    return result.stdout


@pytest.mark.parametrize("action", ["INSTALL", "NONE"])
def test_it_installs_and_removes(root: Path, action: str) -> None:
    before = contents(root)
    said = setup(root, action)
    assert "is installed" in said
    assert said.endswith("ended\n")
    assert ("prompted" in said) == (action == "NONE")
    assert (root / "data/apps/dbus-jkbms/driver/__init__.py").exists()
    (root / "data/apps/dbus-jkbms/config.ini").write_text("[mine]\n")
    assert "nothing is changed" in setup(root, "INSTALL")  # after a firmware update
    setup(root, "UNINSTALL")
    assert (root / "data/apps/dbus-jkbms/config.ini").read_text() == "[mine]\n"
    shutil.rmtree(root / "data/apps")
    assert contents(root) == before


def test_a_refusal_is_told(root: Path) -> None:
    (root / "opt/victronenergy/version").write_text("v3.10\n")
    before = contents(root)
    assert "failed: install.sh refused" in setup(root, "INSTALL")
    assert contents(root) == before
