"""Venus OS: the BusItem tree, the paths of a battery, and localsettings."""
