"""Reads a battery as Victron's programs do: dbus-python on a GLib loop. Run by test_foreign_readers.py, never imported.

`glib_reader.py SERVICE` calls without an interface header, as velib_python did for years; with a second argument, the
folder of a velib_python checkout, its DbusMonitor and VeDbusItemImport do the work. Prints one JSON object a line:
what it read first, then the first change it hears of.
"""

import json
import os
import sys

import dbus
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

PATHS = ("/Soc", "/Dc/0/Voltage", "/DeviceInstance", "/CustomName", "/System/MinVoltageCellId", "/Soh")


def plain(value):
    """A value without dbus-python's types; an empty array is None."""
    if isinstance(value, dbus.Array | list) and not value:
        return None
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def say(**what):
    """One line for the test."""
    print(json.dumps(what), flush=True)


def bare(service, loop):
    """Calls as old velib_python made them, and the signals."""
    bus = dbus.SessionBus()

    def call(path, member, signature="", arguments=()):
        return bus.call_blocking(service, path, None, member, signature, list(arguments))

    def heard(items):
        changed = {str(path): plain(item["Value"]) for path, item in items.items()}
        if "/Soc" in changed:
            say(changed=changed["/Soc"])
            loop.quit()

    bus.add_signal_receiver(heard, "ItemsChanged", "com.victronenergy.BusItem", service, "/")
    items = call("/", "GetItems")
    say(
        values={path: plain(call(path, "GetValue")) for path in PATHS},
        texts={path: str(call(path, "GetText")) for path in PATHS},
        items={path: plain(items[path]["Value"]) for path in PATHS},
        tree={"/" + path: value for path, value in plain(call("/", "GetValue")).items() if "/" + path in PATHS},
        refused=int(call("/Soc", "SetValue", "v", [50.0])),
        written=int(call("/CustomName", "SetValue", "v", ["Cellar"])),
    )


def velib(service, loop, folder):
    """The same through Victron's own classes."""
    sys.path.insert(1, folder)
    from dbusmonitor import DbusMonitor
    from vedbus import VeDbusItemImport

    options = {"code": None, "whenToLog": "configChange", "accessLevel": None}

    def changed(name, path, _options, changes, instance):
        if path == "/Soc":
            say(changed=plain(changes["Value"]))
            loop.quit()

    monitor = DbusMonitor({"com.victronenergy.battery": dict.fromkeys(PATHS, options)}, changed)
    bus = dbus.SessionBus()
    items = {path: VeDbusItemImport(bus, service, path) for path in PATHS}
    say(
        values={path: plain(monitor.get_value(service, path)) for path in PATHS},
        texts={path: str(items[path].text) for path in PATHS},
        items={path: plain(items[path].get_value()) for path in PATHS},
        refused=int(items["/Soc"].set_value(50.0)),
        written=int(items["/CustomName"].set_value("Cellar")),
    )
    return monitor, items  # alive as long as the loop


if __name__ == "__main__":
    assert "DBUS_SESSION_BUS_ADDRESS" in os.environ
    DBusGMainLoop(set_as_default=True)
    loop = GLib.MainLoop()
    kept = velib(sys.argv[1], loop, sys.argv[2]) if len(sys.argv) > 2 else bare(sys.argv[1], loop)
    loop.run()
