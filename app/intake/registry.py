"""The shelves: the kinds of shops, and the kinds of files."""

from __future__ import annotations

from functools import cache

from app.intake.contract import Kind, Source
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


@cache
def kinds() -> dict[str, Kind]:
    """Return every kind of record by the name of its file."""
    return {name: module.kind for name, module in modules("app.intake.kinds").items()}


def kind_of(name: str) -> Kind:
    """Return a kind of record by its name."""
    if name not in kinds():
        raise NotFound(f"No file holds '{name}': {', '.join(kinds())} are taken in.")
    return kinds()[name]
