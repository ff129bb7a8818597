"""The heartbeat: it finds what is due and rings; it decides nothing."""
