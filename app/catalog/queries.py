"""Who sells what, and how much of it can be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.shared import clock
from app.vendors.queries import STATUS

OFFERS = (
    "SELECT l.id AS listing_id, l.vendor_id, l.location_id, l.sku, l.cost_minor, l.currency,"
    " l.is_active, l.buy_in_days, l.restock_on, p.weight_g, v.code AS vendor,"
    f" v.email AS vendor_email, {STATUS} AS vendor_status,"
    " c.code AS location, c.zone, c.cut_off, c.handling_days, c.working_days, c.holidays,"
    " c.daily_capacity, c.ships_to, c.is_active AS location_is_active, c.country,"
    " s.on_hand - s.reserved AS available"
    " FROM listings l JOIN stock s ON s.listing_id = l.id"
    " JOIN vendors v ON v.id = l.vendor_id JOIN locations c ON c.id = l.location_id"
    " LEFT JOIN products p ON p.sku = l.sku"
    " WHERE l.sku = ANY(:skus) ORDER BY s.listing_id"
)
LOCKED = f"{OFFERS} FOR NO KEY UPDATE OF s"


def offers_of(skus: Iterable[str], *, lock: bool = False) -> Sequence[Row[Any]]:
    """Return every listing of these SKUs with its vendor, its place and what is available."""
    sql = LOCKED if lock else OFFERS
    values = {"skus": sorted(set(skus)), "now": clock.now()}
    return db.session.execute(text(sql), values).all()


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


KNOWN = text(
    "SELECT s.sku, p.most_units,"
    " p.sku IS NOT NULL OR EXISTS (SELECT FROM listings l WHERE l.sku = s.sku) AS is_known"
    " FROM unnest(CAST(:skus AS text[])) s(sku) LEFT JOIN products p ON p.sku = s.sku"
)


def known_skus(skus: Iterable[str]) -> Sequence[Row[Any]]:
    """Return of SKUs whether anybody lists or describes them, and how many units are usual."""
    return db.session.execute(KNOWN, {"skus": sorted(set(skus))}).all()
