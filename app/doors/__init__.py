"""Doors: who may open what, in one table, and the guard who asks before every request."""
