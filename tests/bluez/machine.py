"""A small Linux with the real bluetoothd in qemu, in software emulation, and what the tests say to it."""

import asyncio
import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
BOOT = 120.0  # s; it takes 6
ANSWER = 60.0
KERNEL = (
    "console=ttyS0 loglevel=4 panic=-1 mitigations=off nokaslr audit=0 apparmor=0 random.trust_cpu=on "
    "cryptomgr.notests tsc=reliable no_timer_check rcupdate.rcu_expedited=1"
)
ALL_NAMES = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><policy context="default"><allow own="*"/><allow send_destination="*"/></policy></busconfig>
"""


class Machine:
    """`async with Machine(image, air_socket, files)`: booted, with the checkout's driver and these files in it."""

    def __init__(self, image: Path, air_socket: Path, files: Mapping[str, str], console: Path) -> None:
        self._image, self._air, self._files, self._console = image, air_socket, files, console
        self._folder = Path(tempfile.mkdtemp(prefix="gx-"))
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._ready = asyncio.get_running_loop().create_future()
        self._waiting[0] = self._ready

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._assemble)
        socket = self._folder / "agent"
        self._server = await asyncio.start_unix_server(self._listen, socket, limit=1 << 20)
        command = [
            "qemu-system-x86_64", "-machine", "q35,hpet=off", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
            "-m", "1024", "-kernel", str(self._image / "kernel"), "-initrd", str(self._folder / "initrd"),
            "-nographic", "-nodefaults", "-no-reboot", "-nic", "none", "-serial", f"file:{self._console}",
            "-chardev", f"socket,id=agent,path={socket}", "-serial", "chardev:agent",
            "-chardev", f"socket,id=hci,path={self._air}", "-serial", "chardev:hci",
            "-append", KERNEL,
        ]  # fmt: skip
        self._qemu = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL)
        ended = asyncio.ensure_future(self._qemu.wait())
        await asyncio.wait({ended, self._ready}, timeout=BOOT, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            await self.__aexit__()
            text = self._console.read_text(errors="replace") if self._console.exists() else ""
            raise RuntimeError(f"the machine did not start; its console ends with\n{text[-3000:]}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._qemu.returncode is None:
            self._qemu.send_signal(signal.SIGKILL)  # there is nothing in it that must be kept
            await self._qemu.wait()
        if self._writer is not None:
            self._writer.close()
        self._server.close()
        shutil.rmtree(self._folder)

    async def ask(self, do: str, *, within: float = ANSWER, **arguments: object) -> Any:
        """What the agent answers."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        assert self._writer is not None
        self._writer.write(json.dumps({"number": number, "do": do, **arguments}).encode() + b"\n")
        answer = await asyncio.wait_for(self._waiting[number], within)
        assert "error" not in answer, answer["error"]
        return answer["answer"]

    async def shell(self, command: str, *, expect: int | None = 0, within: float = ANSWER) -> str:
        """Run a command; what it said. `expect`: its exit code, None: any."""
        told = await self.ask("shell", command=command, within=within)
        assert expect in (None, told["code"]), f"{command}: {told}"
        text: str = told["out"] + told["err"]
        return text

    def _assemble(self) -> None:
        """The image's archive and one of our own behind it: Linux unpacks one over the other."""
        root = self._folder / "root"
        guest = root / "checkout" / "guest"
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / "driver", root / "checkout" / "driver", ignore=ignore)
        shutil.copytree(HERE / "guest", guest, ignore=ignore)
        shutil.copy(HERE / "guest" / "init", root / "init")
        for name, text in {"etc/dbus-1/system.d/all.conf": ALL_NAMES, **self._files}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        files = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
        ours = subprocess.run(
            ["cpio", "-o", "-H", "newc", "-R", "0:0", "--quiet"], input=files.encode(), cwd=root, check=True,
            stdout=subprocess.PIPE,
        ).stdout  # fmt: skip
        with (self._folder / "initrd").open("wb") as initrd, (self._image / "initrd").open("rb") as base:
            shutil.copyfileobj(base, initrd, 1 << 20)
            initrd.write(bytes(-initrd.tell() % 512) + ours)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while (line := await reader.readline()).endswith(b"\n"):  # not: the machine has ended
            if line.startswith(b"{"):
                answer = json.loads(line)
                waiting = self._waiting.pop(answer["number"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
