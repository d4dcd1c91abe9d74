"""What `check` says about Bluetooth as a whole; only where a battery uses it."""

from ..link.interference import VENUS
from .check_system import System, uses_bluetooth
from .findings import Finding, broken, good, warning


def bleak_installed(system: System) -> Finding | None:
    """The library that only Bluetooth needs."""
    if not uses_bluetooth(system.config):
        return None
    try:
        import bleak  # noqa: F401 - where no battery uses it nobody pays for it
    except ImportError as exc:
        return broken("bleak", str(exc), "Install it: pip install bleak (3.0.2 where dbus-fast is older than 4)")
    return good("bleak", "installed")


def other_users(system: System) -> Finding | None:
    """Who else uses the adapter: Venus's own services."""
    if not uses_bluetooth(system.config) or not system.settings_present:
        return None
    if not system.bluetooth:
        return good("Bluetooth", "Venus has no Bluetooth service of its own here")
    values = [f"{VENUS[setting][1]}: {setting} = {number}" for setting, number in system.bluetooth.items()]
    if not any(system.bluetooth.values()):
        return good("Bluetooth", "\n".join(["Venus leaves the adapter alone", *values]))
    return warning(
        "Bluetooth",
        "\n".join(["Venus uses the adapter as well, which is known to break connections", *values]),
        "If the battery drops out: switch off Settings -> General -> Bluetooth and Settings -> Integrations -> "
        "Bluetooth sensors, or give the battery a USB Bluetooth adapter of its own",
    )


CHECKS = (bleak_installed, other_users)
