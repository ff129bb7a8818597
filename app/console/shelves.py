"""Pages of SKUs: of one vendor, and of all that is sold."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.console import catalog_queries
from app.desk.shelves import Asked, key_of, turn


def shelf(vendor_id: UUID, asked: Asked, path: str) -> dict[str, Any]:
    """Return a page of what a vendor sells."""
    place = asked.place if asked.place and asked.place.id else None
    rows = catalog_queries.of_vendor(vendor_id, asked.q, place, asked.size)
    return turn(rows, Asked(asked.q, place, asked.size), path, key_of)


def catalog(asked: Asked, path: str) -> dict[str, Any]:
    """Return a page of all that is sold."""
    rows = catalog_queries.catalog(asked.q, asked.place, asked.size)
    return turn(rows, asked, path, lambda row: f"~{row.sku}")
