"""What a battery is and what may be done with it. Pure: no I/O, time is an argument."""
