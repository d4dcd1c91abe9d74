"""install.sh: what it leaves, at first, a second time and in the end."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installation import BOOT_LINE, REPOSITORY, Machine, contents, with_windows_line_ends

pytest_plugins = ["tests.install_fixtures"]


# --- what install leaves -------------------------------------------------------------------------------------------


def test_the_tree_is_complete_and_clean(machine: Machine) -> None:
    assert "is installed" in machine.do("install")
    names = {path.name for path in machine.app.iterdir()}
    assert names >= {"driver", "service", "install.sh", "config.ini", "config.ini.default", "LICENSE"}
    assert "tests" not in names
    assert not list(machine.app.rglob("__pycache__"))
    assert (machine.app / "config.ini").read_bytes() == (machine.source / "config.ini").read_bytes()
    for script in ("install.sh", "service/run", "service/log/run"):
        assert os.access(machine.app / script, os.X_OK)
    assert machine.link.resolve() == machine.app / "service"
    assert machine.boot_file.read_bytes() == b"#!/bin/sh\n" + BOOT_LINE
    assert os.access(machine.boot_file, os.X_OK)
    assert not [path for path in machine.app.parent.iterdir() if path != machine.app]


def test_the_installed_driver_starts(machine: Machine) -> None:
    machine.do("install")
    result = subprocess.run(
        [sys.executable, "-m", "driver", "--help"], cwd=machine.app, capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "run" in result.stdout


def test_a_second_run_changes_nothing(machine: Machine, boot_file: bytes | None) -> None:
    machine.do("install")
    (machine.app / "driver/__pycache__").mkdir()  # Python leaves these beside what it has run
    before, stamps = contents(machine.root), file_stamps(machine.root)
    assert "nothing is changed" in machine.do("install")
    assert "enabled" in machine.do("enable")
    assert contents(machine.root) == before
    assert file_stamps(machine.root) == stamps


def file_stamps(root: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}


def test_uninstall_leaves_nothing(machine: Machine, boot_file: bytes | None) -> None:
    before = contents(machine.root)
    machine.do("install")
    (machine.root / "data/log/dbus-jkbms").mkdir()
    (machine.root / "data/log/dbus-jkbms/current").write_text("a log")
    (machine.app / "state.json").write_text("{}")
    machine.do("uninstall")
    assert contents(machine.root) == before


def test_uninstall_finds_the_log_where_it_is_no_link(machine: Machine) -> None:
    (machine.root / "var/log").unlink()
    (machine.root / "var/log").mkdir()
    before = contents(machine.root)
    machine.do("install")
    (machine.root / "var/log/dbus-jkbms").mkdir()
    machine.do("uninstall")
    assert contents(machine.root) == before


def test_uninstall_takes_away_the_directories_it_made(machine: Machine) -> None:
    shutil.rmtree(machine.root)
    machine.root.mkdir()
    machine.do("install")
    machine.do("uninstall")
    assert not list(machine.root.iterdir())


def test_uninstall_of_nothing(machine: Machine, boot_file: bytes | None) -> None:
    before = contents(machine.root)
    assert "not installed" in machine.do("uninstall")
    assert contents(machine.root) == before


def test_uninstall_can_keep_the_configuration(machine: Machine) -> None:
    machine.do("install")
    (machine.app / "config.ini").write_text("[mine]\n")
    machine.do("uninstall", "--keep-config")
    assert [path.name for path in machine.app.iterdir()] == ["config.ini"]
    machine.do("install")
    assert (machine.app / "config.ini").read_text() == "[mine]\n"


def test_an_upgrade_keeps_what_is_the_owners(machine: Machine) -> None:
    machine.do("install")
    (machine.app / "config.ini").write_text("[mine]\n")
    (machine.app / "state.json").write_text("{}")
    (machine.source / "config.ini").write_text("; a new default\n")
    (machine.source / "driver/new.py").write_text("NEW = 1\n")
    (machine.source / "driver/errors.py").unlink()
    (machine.source / "driver/__init__.py").write_text('"""New."""\n\n__version__ = "9.8.7"\n')
    assert "9.8.7 is installed" in machine.do("install")
    assert (machine.app / "config.ini").read_text() == "[mine]\n"
    assert (machine.app / "config.ini.default").read_text() == "; a new default\n"
    assert (machine.app / "state.json").read_text() == "{}"
    assert (machine.app / "driver/new.py").exists()
    assert not (machine.app / "driver/errors.py").exists()
    assert "nothing is changed" in machine.do("install")


@pytest.mark.parametrize("spoiled", ["mode", "content", "obsolete file", "no config.ini", "no link", "no rc.local"])
def test_a_spoiled_installation_is_repaired(machine: Machine, spoiled: str) -> None:
    machine.do("install")
    before = contents(machine.root)
    match spoiled:
        case "mode":
            (machine.app / "service/run").chmod(0o644)
        case "content":
            (machine.app / "driver/errors.py").write_text("spoiled")
        case "obsolete file":
            (machine.app / "driver/obsolete.py").write_text("")
        case "no config.ini":
            (machine.app / "config.ini").unlink()
        case "no link":
            machine.link.unlink()
            assert machine.run("status").returncode == 4
        case _:
            machine.boot_file.unlink()
            assert machine.run("status").returncode == 4
    assert "is installed" in machine.do("install")
    assert contents(machine.root) == before


@pytest.mark.parametrize("left", ["new", "old and target", "old alone", "target without driver"])
def test_an_installation_that_was_cut_off_is_finished(machine: Machine, left: str) -> None:
    machine.do("install")
    (machine.app / "config.ini").write_text("[mine]\n")
    before = contents(machine.root)
    new, old = (machine.app.parent / f".dbus-jkbms.{name}" for name in ("new", "old"))
    match left:
        case "new":
            (new / "driver").mkdir(parents=True)
        case "old and target":
            shutil.copytree(machine.app, old)
        case "old alone":
            machine.app.rename(old)
        case "target without driver":
            shutil.rmtree(machine.app / "driver")
    machine.do("install")
    assert contents(machine.root) == before


@pytest.mark.parametrize("target", ["spoilt", "gone"])
def test_a_rollback_that_was_cut_off_is_finished(machine: Machine, target: str) -> None:
    machine.do("install")
    before = contents(machine.root)
    shutil.copytree(machine.app, machine.app.parent / ".dbus-jkbms.back")
    if target == "gone":
        shutil.rmtree(machine.app)
        machine.do("install")
    else:
        (machine.app / "driver/errors.py").write_text("the version that is left")
        machine.do("enable")
    assert contents(machine.root) == before


# --- enable, disable, status ---------------------------------------------------------------------------------------


def test_disable_and_enable(machine: Machine, boot_file: bytes | None) -> None:
    machine.do("install")
    enabled = contents(machine.root)
    assert machine.run("status").returncode == 0
    machine.do("disable")
    assert not machine.link.is_symlink()
    assert boot_file == (machine.boot_file.read_bytes() if machine.boot_file.exists() else None)
    assert machine.run("status").returncode == 4
    machine.do("enable")
    assert contents(machine.root) == enabled


def test_the_installed_copy_serves_its_own_root(machine: Machine) -> None:
    machine.do("install")
    result = machine.run("status", script=machine.app / "install.sh")
    assert (result.returncode, result.stderr) == (0, "")
    assert str(machine.app) in result.stdout
    assert "nothing is changed" in machine.run("install", script=machine.app / "install.sh").stdout
    assert machine.run("uninstall", script=machine.app / "install.sh").returncode == 0
    assert not machine.app.exists()


# --- Windows, a real root, style -----------------------------------------------------------------------------------


def test_windows_line_ends_in_the_release(machine: Machine) -> None:
    machine.do("install")
    before = contents(machine.app / "service"), (machine.app / "install.sh").read_bytes()
    machine.do("uninstall")
    with_windows_line_ends(machine.source)
    machine.do("install")
    assert (contents(machine.app / "service"), (machine.app / "install.sh").read_bytes()) == before
    assert machine.run("status", script=machine.app / "install.sh").returncode == 0
    assert machine.run("instal").returncode == 2
    machine.do("uninstall")
    assert not machine.app.exists()


def test_as_the_running_system(machine: Machine) -> None:
    """Without --root, in a root of its own: paths, the link and rc.local are those of a GX."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("needs root and private mounts")
    for name in ("usr", "dev"):
        (machine.root / name).mkdir()
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (machine.root / name).symlink_to(Path("usr", name))
    shutil.copytree(machine.source, machine.root / "home/usb stick")
    stand_in = machine.root / "home/bin/python3"  # what a GX has is not what this machine has: see test_bare_root.py
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    before = contents(machine.root)
    steps = """set -e
        PATH=/home/bin:$PATH
        install='sh /home/usb\\ stick/install.sh'
        eval $install install && readlink /service/dbus-jkbms
        rm /service/dbus-jkbms && /data/rc.local && readlink -f /service/dbus-jkbms
        eval $install --root / install
        sh /data/apps/dbus-jkbms/install.sh status || echo "code $?"
        sh /data/apps/dbus-jkbms/install.sh uninstall"""
    enter = 'mount --rbind /usr "$0/usr" && mount --rbind /dev "$0/dev" && exec chroot "$0" sh -c "$1"'
    result = subprocess.run(
        ["unshare", "-m", "sh", "-c", enter, str(machine.root), steps], capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("/data/apps/dbus-jkbms/service\n") == 2
    assert "nothing is changed" in result.stdout
    assert "code 4" in result.stdout
    assert contents(machine.root) == before


def test_the_scripts_are_clean(machine: Machine) -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed")
    scripts = [str(machine.source / name) for name in ("install.sh", "service/run", "service/log/run")]
    scripts += [str(REPOSITORY / "release" / name) for name in ("pre-hook.sh", "post-hook.sh", "setup")]
    result = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_run_file_finds_its_installation(machine: Machine, tmp_path: Path) -> None:
    """By the link and by its real place, from anywhere; what it starts is told by a stand-in for softlimit."""
    machine.do("install")
    stand_in = tmp_path / "softlimit"
    stand_in.write_text('#!/bin/sh\necho "$PWD $*"\n')
    stand_in.chmod(0o755)
    expected = f"{machine.app} -d 100000000 -s 1000000 python3 -u -m driver run --config {machine.app}/config.ini\n"
    for directory, command in (
        (machine.link, "./run"),
        (Path("/"), str(machine.link / "run")),
        (machine.app, "service/run"),
    ):
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        result = subprocess.run([command], cwd=directory, env=environment, capture_output=True, text=True)
        assert (result.stdout, result.stderr) == (expected, "")
