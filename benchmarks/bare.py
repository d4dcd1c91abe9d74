"""The least that an asyncio program with the driver's task costs: nothing is decoded, decided or packed.

Once a second it wakes up to write a request, and again to read the reply and to send bytes that are ready to D-Bus.
What it costs on a machine is the part of the driver's figure that no code of the driver can change.
"""

import asyncio
import os

from driver.simulator.port import make_raw
from driver.venus import bus as dbus
from driver.venus.bus import Prepared
from driver.venus.items_changed import Entry, signal

PATHS = ("/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Power", *(f"/Voltages/Cell{cell}" for cell in range(1, 5)))
ENTRIES = [Entry(path, "d").packed(3.3, "3.300V") for path in PATHS]
REQUEST, REPLY = bytes(21), bytes(291)
EVERY, REPLY_TAKES = 1.0, 0.028  # s


class Bare:
    """Callbacks of the loop and nothing else: no task, no future."""

    def __init__(self, bus: dbus.MessageBus) -> None:
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self._near, self._far = os.openpty()
        make_raw(self._far)
        self._due = self._loop.time()

    def ask(self) -> None:
        """Write the request; the reply, which a BMS would send, is written here as well."""
        os.write(self._far, REQUEST)
        os.read(self._near, 4096)
        os.write(self._near, REPLY)
        self._loop.call_at(self._due + REPLY_TAKES, self.answer)

    def answer(self) -> None:
        """Read the reply and tell D-Bus."""
        os.read(self._far, 4096)
        dbus.post(self._bus, Prepared(lambda serial: signal(ENTRIES, serial)))
        self._due += EVERY
        self._loop.call_at(self._due, self.ask)


async def main() -> None:
    """Until it is killed."""
    Bare(await dbus.connect()).ask()
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
