"""The console's blueprint with all its pages."""

from __future__ import annotations

from app.console import (
    audit,
    keys,
    lists,
    orders,
    people,
    queue,
    settings,
    system,
    vendors,
)
from app.console.page import blueprint

__all__ = [
    "audit",
    "blueprint",
    "keys",
    "lists",
    "orders",
    "people",
    "queue",
    "settings",
    "system",
    "vendors",
]
