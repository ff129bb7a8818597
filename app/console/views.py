"""The console's blueprint with all its pages."""

from __future__ import annotations

from app.console import (
    audit,
    batch_file,
    batches,
    catalog,
    components,
    dead_letters,
    find,
    keys,
    list_desk,
    lists,
    locations,
    moving,
    order,
    orders,
    people,
    queue,
    settings,
    system,
    undo,
    vendor,
    vendors,
)
from app.console.page import blueprint

__all__ = [
    "audit",
    "batch_file",
    "batches",
    "blueprint",
    "catalog",
    "components",
    "dead_letters",
    "find",
    "keys",
    "list_desk",
    "lists",
    "locations",
    "moving",
    "order",
    "orders",
    "people",
    "queue",
    "settings",
    "system",
    "undo",
    "vendor",
    "vendors",
]
