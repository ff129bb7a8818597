"""Telling vendors' programs, signed, at once and once."""
