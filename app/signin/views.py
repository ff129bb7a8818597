"""The blueprint of the door and of everybody's own account, with all its pages."""

from __future__ import annotations

from app.signin import account, display, door, links, passkeys, second_factor, sessions, told
from app.signin.page import blueprint

__all__ = [
    "account",
    "blueprint",
    "display",
    "door",
    "links",
    "passkeys",
    "second_factor",
    "sessions",
    "told",
]
