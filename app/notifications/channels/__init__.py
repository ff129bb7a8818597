"""Channels: ways a message leaves; drop in a module with a `channel` object."""
