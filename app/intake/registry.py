"""The shelves: the kinds of shops, and the kinds of files."""

from __future__ import annotations

from functools import cache

from app.intake.contract import Source
from app.shared.errors import NotFound
from app.shared.plugins import modules


@cache
def sources() -> dict[str, Source]:
    """Return every kind of shop by the name of its file."""
    return {name: module.source for name, module in modules("app.intake.sources").items()}


def source_of(kind: str) -> Source:
    """Return a kind of shop by its name."""
    if kind not in sources():
        raise NotFound(f"No order source is of the kind '{kind}'.")
    return sources()[kind]
