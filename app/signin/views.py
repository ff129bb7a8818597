"""The blueprint of the door and of everybody's own account, with all its pages."""

from __future__ import annotations

from app.signin import account, door, links, passkeys, second_factor, sessions
from app.signin.page import blueprint

__all__ = ["account", "blueprint", "door", "links", "passkeys", "second_factor", "sessions"]
