"""Here is the place of the monitor, which is not there yet: nothing in this package does anything."""
