"""A GX seen from its D-Bus: a bare root in which the driver is installed and talks to a BMS."""

import re
import subprocess

from tests.bare_root import BareRoot
from tests.supervised import until

PRODUCT = "com.victronenergy.battery."


class Gx:
    """A bare root with a settings service on its bus and a BMS on the network."""

    def __init__(self, bare: BareRoot, port: str) -> None:
        self.bare = bare
        self.config = f"[battery house]\nport = {port}\nchemistry = lfp\n"

    def ask(self, name: str, path: str, member: str = "GetValue", *arguments: str) -> str:
        """Call a BusItem, as anybody else on the GX does; "" when nobody answers."""
        command = ["dbus-send", f"--bus={self.bare.bus}", "--print-reply=literal", f"--dest={name}", path]
        call = [*command, f"com.victronenergy.BusItem.{member}", *arguments]
        return subprocess.run(call, capture_output=True, text=True).stdout.strip()

    def batteries(self) -> list[str]:
        """Those on the bus that have a voltage, by name."""
        command = ["dbus-send", f"--bus={self.bare.bus}", "--print-reply", "--dest=org.freedesktop.DBus", "/"]
        listed = subprocess.run([*command, "org.freedesktop.DBus.ListNames"], capture_output=True, text=True).stdout
        names = re.findall(rf"{re.escape(PRODUCT)}\w+", listed)
        return [name for name in names if "double" in self.ask(name, "/Dc/0/Voltage")]

    def configure(self) -> None:
        """Tell the driver where the BMS is, and wait for the battery."""
        (self.bare.app / "config.ini").write_text(self.config)
        until(lambda: self.bare.run("sh", "/data/apps/dbus-jkbms/install.sh", "restart").returncode == 0, seconds=60)
        until(self.batteries, seconds=60)
