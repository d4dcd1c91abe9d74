"""dbus-jkbms: Jikong batteries on Victron Venus OS."""

__version__ = "0.1.0"
