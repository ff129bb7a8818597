"""Routing: every line to the vendor location that should ship it, with a stored decision."""
