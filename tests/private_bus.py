"""A dbus-daemon of a test's own, and the programs that people read a bus with."""

import asyncio
import gc
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from driver.venus.bus import MessageBus

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def close_left_sockets() -> None:
    """Do what dbus-next, and dbus-fast before 5, leave to the garbage collector: close the sockets."""
    for thing in gc.get_objects():
        if isinstance(thing, MessageBus):
            for name in ("_stream", "_sock"):
                if (opened := getattr(thing, name, None)) is not None:
                    opened.close()


class PrivateBus:
    """A dbus-daemon at an address that stays the same when it is killed and started again. A context manager."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bus-"))  # short: a socket's path has at most 107 bytes
        self.address = f"unix:path={self._folder}/socket"
        (self._folder / "bus.conf").write_text(CONFIGURATION.format(socket=self._folder / "socket"))
        self._daemon: subprocess.Popen[str] | None = None

    def __enter__(self) -> "PrivateBus":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder)
        close_left_sockets()

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to find this bus and no other."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DBUS_")}
        return kept | {"DBUS_SESSION_BUS_ADDRESS": self.address}

    def start(self) -> None:
        """Return when the daemon takes connections."""
        self._daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self._folder}/bus.conf", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._daemon.stdout is not None
        assert self._daemon.stdout.readline().startswith("unix:")

    def kill(self) -> None:
        """End the daemon as the out-of-memory killer does."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            assert self._daemon.stdout is not None
            self._daemon.stdout.close()
            self._daemon = None
            (self._folder / "socket").unlink(missing_ok=True)

    def freeze(self) -> None:
        """Let the daemon hang, until `thaw`."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the daemon go on."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGCONT)

    async def run(self, *command: str) -> str:
        """What a program on this bus prints; AssertionError with its complaint when it fails."""
        code, output, errors = await self.outcome(*command)
        assert code == 0, f"{' '.join(command)}: {errors}"
        return output

    async def outcome(self, *command: str) -> tuple[int, str, str]:
        """Exit code, output and complaints of a program on this bus."""
        process = await asyncio.create_subprocess_exec(
            *command, env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, errors = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode or 0, output.decode().strip(), errors.decode().strip()

    async def dbus_send(self, service: str, path: str, member: str, *arguments: str) -> str:
        """The answer to a BusItem call, as dbus-send prints it."""
        return await self.run(
            "dbus-send", "--session", "--print-reply=literal", f"--dest={service}", path,
            f"com.victronenergy.BusItem.{member}", *arguments,
        )  # fmt: skip

    async def busctl(self, *arguments: str) -> str:
        """What busctl prints."""
        return await self.run("busctl", f"--address={self.address}", "--no-pager", *arguments)
