"""What the tests of install.sh start from: each shell, each rc.local that may be there, and a built release."""

import os
import shutil
from pathlib import Path

import pytest

from tests.built_release import build
from tests.installation import BOOT_LINE, Machine, applets, gx, release

BOOT_FILES = {
    "none": None,
    "empty": b"",
    "only a shebang": b"#!/bin/sh\n",
    "only a shebang, no line end": b"#!/bin/sh",
    "others": b"#!/bin/bash\nbash /data/apps/other/enable.sh\n\n# a note\n/data/foo/setup.sh &\n",
    "no line end": b"#!/bin/sh\nbash /data/apps/other/enable.sh",
    "exit at the end": b"#!/bin/sh\nbash /data/apps/other/enable.sh\n\nexit 0\n",
    "exit in the middle": b"#!/bin/sh\nif true; then\nexit 0\nfi\nbash /data/apps/other/enable.sh\n",
    "no shebang": b"\nbash /data/apps/other/enable.sh\n",
    "Windows": b"#!/bin/sh\r\nbash /data/apps/other/enable.sh\r\nexit 0\r\n",
    "our own line switched off": b"#!/bin/sh\n# " + BOOT_LINE,
}


@pytest.fixture(scope="session", params=["sh", "busybox"])
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str]:
    if request.param == "sh":
        return ["sh"], os.environ["PATH"]
    busybox = shutil.which("busybox")
    if not busybox:
        pytest.skip("busybox is not installed")
    return [busybox, "sh"], str(applets(tmp_path_factory.mktemp("busybox") / "bin"))


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    return build(tmp_path_factory.mktemp("dist"), wheels)


@pytest.fixture
def machine(tmp_path: Path, shell: tuple[list[str], str]) -> Machine:
    return Machine(gx(tmp_path / "gx root"), release(tmp_path / "usb stick"), *shell)


@pytest.fixture(params=BOOT_FILES)
def boot_file(request: pytest.FixtureRequest, machine: Machine) -> bytes | None:
    content = BOOT_FILES[request.param]
    if content is not None:
        machine.boot_file.write_bytes(content)
        machine.boot_file.chmod(0o750)
    return content
