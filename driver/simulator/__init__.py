"""A JK BMS without hardware: cells with physics, seen through the driver's own tables, over any link."""
