"""The console's blueprint with all its pages."""

from __future__ import annotations

from app.console import (
    audit,
    batch_file,
    batches,
    components,
    dead_letters,
    find,
    keys,
    list_desk,
    lists,
    order,
    orders,
    people,
    queue,
    settings,
    system,
    undo,
    vendors,
)
from app.console.page import blueprint

__all__ = [
    "audit",
    "batch_file",
    "batches",
    "blueprint",
    "components",
    "dead_letters",
    "find",
    "keys",
    "list_desk",
    "lists",
    "order",
    "orders",
    "people",
    "queue",
    "settings",
    "system",
    "undo",
    "vendors",
]
