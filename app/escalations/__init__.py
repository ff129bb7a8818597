"""Escalations: the climb of a critical case, rung by rung, until a person owns it."""
