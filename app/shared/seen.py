"""What somebody saw when they began to change something: whoever was overtaken is told of what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.shared.errors import Conflict


class Overtaken(Conflict):
    """Somebody else changed it first; `changes` are (field, what it was, what it is now)."""

    def __init__(self, what: str, changes: list[tuple[str, Any, Any]]) -> None:
        """Say what has changed."""
        names = ", ".join(name.replace("_", " ") for name, *_ in changes)
        told = f": {names}" if names else ""
        super().__init__(f"{what} has changed since you opened it{told}. Look at it again.")
        self.changes = changes


def written(values: Mapping[str, Any]) -> str:
    """Return values as a form carries them along."""
    return json.dumps(values, default=str, sort_keys=True)


def require_unchanged(what: str, seen: str, values: Mapping[str, Any]) -> None:
    """Refuse when the values differ from those that a form carried along."""
    now = json.loads(written(values))
    try:
        was = json.loads(seen)
    except (ValueError, RecursionError):
        was = None
    if not isinstance(was, dict):
        raise Overtaken(what, [])
    changes = [(name, was.get(name), now[name]) for name in now if was.get(name) != now[name]]
    if changes:
        raise Overtaken(what, changes)
