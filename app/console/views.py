"""The console's blueprint with all its pages."""

from __future__ import annotations

from app.console import lists, orders, queue, system
from app.console.page import blueprint

__all__ = ["blueprint", "lists", "orders", "queue", "system"]
