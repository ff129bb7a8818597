"""Notifications: one message to one recipient for one cause, at most once."""
