"""The shelf of carriers: one file each, no list to keep."""
