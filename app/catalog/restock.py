"""What a vendor says it has no more, and from when it has it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.shared import live

HOLD = text("SELECT id FROM listings WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
OWN = text(
    "SELECT l.sku, min(l.title) AS title, sum(greatest(s.on_hand - s.reserved, 0)) AS available"
    " FROM listings l JOIN stock s ON s.listing_id = l.id JOIN locations c ON c.id = l.location_id"
    " WHERE l.vendor_id = :vendor AND l.is_active AND c.is_active"
    " AND (CAST(:skus AS text[]) IS NULL OR l.sku = ANY(:skus))"
    " GROUP BY l.sku HAVING sum(greatest(s.on_hand - s.reserved, 0)) > 0"
    " ORDER BY l.sku LIMIT :most"
)
LOCK = text(
    "SELECT listing_id FROM stock WHERE listing_id = ANY(:ids) ORDER BY listing_id"
    " FOR NO KEY UPDATE"
)
EMPTY = text("UPDATE stock SET on_hand = reserved WHERE listing_id = ANY(:ids)")
RESTOCK = text(
    "UPDATE listings l SET restock_on = v.day"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) v(id, day) WHERE l.id = v.id"
)


def own_available(
    vendor_id: UUID, skus: Sequence[str] | None = None, most: int = 500
) -> Sequence[Row[Any]]:
    """Return what a vendor sells and has: SKU, title, units at all its places together."""
    values = {"vendor": vendor_id, "skus": list(skus) if skus is not None else None, "most": most}
    return db.session.execute(OWN, values).all()


def hold_listings(listings: Iterable[UUID]) -> None:
    """Lock listings: always before stock is locked, like whoever saves them."""
    db.session.execute(HOLD, {"ids": sorted(listings)})


def run_out(days: Mapping[UUID, date]) -> None:
    """Note that locked listings have nothing left to give, and from which day they have again.

    Nobody need be woken: there is less than before, and what waits looks again by itself.
    """
    listings = sorted(days)
    db.session.execute(LOCK, {"ids": listings})
    db.session.execute(EMPTY, {"ids": listings})
    db.session.execute(RESTOCK, {"ids": listings, "days": [days[key] for key in listings]})
    live.changed("catalog")
