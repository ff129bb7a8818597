"""What the pages about people and keys read besides them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db

VENDORS = text("SELECT id, code, name FROM vendors ORDER BY name, id LIMIT 2000")
COUNTS = text(
    "SELECT vendor_id, count(*) AS people FROM users WHERE is_active AND vendor_id IS NOT NULL"
    " GROUP BY vendor_id"
)
NAMES = text(
    "SELECT id, name, role, vendor_id FROM users WHERE is_active"
    " AND (vendor_id IS NULL OR vendor_id = ANY(:vendors)) ORDER BY lower(name), id LIMIT 2000"
)


def vendor_choices() -> Sequence[Row[Any]]:
    """Return the vendors that somebody or a key can belong to."""
    return db.session.execute(VENDORS).all()


def people_by_vendor() -> dict[UUID, int]:
    """Return how many people each vendor has who can sign in."""
    return {row.vendor_id: row.people for row in db.session.execute(COUNTS)}


def names(vendor_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return by name who can sign in: all of ops, and these vendors' people."""
    return db.session.execute(NAMES, {"vendors": list(vendor_ids)}).all()
