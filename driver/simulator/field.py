"""A GX in miniature for one's own machine: a private D-Bus with a settings service on it. Demo, benchmarks and tests.

What runs in it finds it through DBUS_SESSION_BUS_ADDRESS, as every Victron program would.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from ..errors import BusError


class Field:
    """A private bus and the programs on it; all of them end with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix:path={folder}/bus"
        self._running: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs to find the bus."""
        return os.environ | {"DBUS_SESSION_BUS_ADDRESS": self.address}

    def start_bus(self) -> None:
        """Start dbus-daemon and localsettings' stand-in. BusError when there is no dbus-daemon."""
        try:
            daemon = self.start(
                ["dbus-daemon", "--session", "--nofork", "--print-address=1", f"--address={self.address}"],
                stdout=subprocess.PIPE,
            )
        except FileNotFoundError as exc:
            raise BusError("dbus-daemon is missing: install the package dbus") from exc
        assert daemon.stdout is not None
        if not daemon.stdout.readline():  # it prints its address as soon as it listens
            raise BusError("dbus-daemon did not start")
        self.module("driver.simulator.settings_service")

    def start(
        self, command: list[str], stdout: int | None = None, stderr: TextIO | int | None = None
    ) -> "subprocess.Popen[str]":
        """Start a program on this bus."""
        process = subprocess.Popen(
            command, stdout=stdout, stderr=stderr or subprocess.DEVNULL, text=True, env=self.environment
        )
        self._running.append(process)
        return process

    def module(
        self, *arguments: str, stdout: int | None = None, stderr: TextIO | int | None = None
    ) -> "subprocess.Popen[str]":
        """Start `python -m ARGUMENTS` on this bus."""
        return self.start([sys.executable, "-m", *arguments], stdout, stderr)

    def close(self) -> None:
        """End all of them, the last one first, so that each can still take its leave."""
        while self._running:
            process = self._running.pop()
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
