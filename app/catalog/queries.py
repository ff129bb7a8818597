"""Who sells what, and how much of it can be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db

OFFERS = text(
    "SELECT l.id AS listing_id, l.vendor_id, l.location_id, l.sku, l.cost_minor, l.currency,"
    " l.is_active, v.code AS vendor, v.name AS vendor_name, v.email AS vendor_email,"
    " v.status AS vendor_status, c.code AS location, c.zone, c.cut_off, c.handling_days, c.country,"
    " s.on_hand - s.reserved AS available"
    " FROM listings l JOIN stock s ON s.listing_id = l.id"
    " JOIN vendors v ON v.id = l.vendor_id JOIN locations c ON c.id = l.location_id"
    " WHERE l.sku = ANY(:skus) ORDER BY s.listing_id FOR NO KEY UPDATE OF s"
)


def lock_offers(skus: Iterable[str]) -> Sequence[Row[Any]]:
    """Return every listing of these SKUs with its vendor and what is available; stock is locked."""
    return db.session.execute(OFFERS, {"skus": sorted(set(skus))}).all()


def listing_of(vendor_id: UUID, location: str, sku: str) -> UUID | None:
    """Return the key of a vendor location's listing of a SKU."""
    found: UUID | None = db.session.scalar(
        text(
            "SELECT l.id FROM listings l JOIN locations c ON c.id = l.location_id"
            " WHERE l.vendor_id = :vendor AND c.code = :location AND l.sku = :sku"
        ),
        {"vendor": vendor_id, "location": location, "sku": sku},
    )
    return found
