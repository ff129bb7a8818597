"""Changing listings and stock; nothing is ever held twice or sold beyond what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.catalog.models import Listing, Reservation
from app.extensions import db
from app.shared import bulk, ids
from app.shared.errors import Conflict

# Locked in the order of their keys before they are changed: an UPDATE of many has no order.
TAKE = text(
    "WITH held AS (SELECT listing_id FROM stock WHERE listing_id = ANY(:ids)"
    "  ORDER BY listing_id FOR NO KEY UPDATE)"
    " UPDATE stock s SET reserved = s.reserved + v.n FROM"
    " unnest(CAST(:ids AS uuid[]), CAST(:counts AS integer[])) v(id, n) JOIN held h"
    " ON h.listing_id = v.id WHERE s.listing_id = v.id AND s.on_hand - s.reserved >= v.n"
)
LOCK_STOCK = text(
    "SELECT listing_id FROM stock WHERE listing_id IN"
    " (SELECT listing_id FROM reservations WHERE fo_line_id = ANY(:lines))"
    " ORDER BY listing_id FOR NO KEY UPDATE"
)
SETTLE_STOCK = text(
    "UPDATE stock s SET reserved = s.reserved - v.quantity,"
    " on_hand = s.on_hand - CASE WHEN :leaves THEN v.quantity ELSE 0 END"
    " FROM (SELECT r.listing_id, sum(u.quantity) AS quantity"
    "  FROM unnest(CAST(:lines AS uuid[]), CAST(:quantities AS integer[])) u(fo_line_id, quantity)"
    "  JOIN reservations r USING (fo_line_id) GROUP BY 1) v WHERE s.listing_id = v.listing_id"
)
END_RESERVATIONS = text(
    "DELETE FROM reservations r"
    " USING unnest(CAST(:lines AS uuid[]), CAST(:quantities AS integer[])) u(fo_line_id, quantity)"
    " WHERE r.fo_line_id = u.fo_line_id AND r.quantity = u.quantity"
)
REDUCE_RESERVATIONS = text(
    "UPDATE reservations r SET quantity = r.quantity - u.quantity"
    " FROM unnest(CAST(:lines AS uuid[]), CAST(:quantities AS integer[])) u(fo_line_id, quantity)"
    " WHERE r.fo_line_id = u.fo_line_id"
)


def save_listings(listings: Sequence[dict[str, Any]]) -> dict[tuple[UUID, str], UUID]:
    """Create or change listings by location and SKU; return their keys."""
    # Of one SKU named twice the later one counts, as it would one after the other.
    unique = {(listing["location_id"], listing["sku"]): listing for listing in listings}
    rows = bulk.insert(
        Listing,
        [{"id": ids.new(), **unique[key]} for key in sorted(unique)],
        conflict="ON CONFLICT (location_id, sku) DO UPDATE SET title = excluded.title,"
        " cost_minor = excluded.cost_minor, currency = excluded.currency,"
        " is_active = excluded.is_active",
        returning="location_id, sku, id, vendor_id",
    )
    db.session.execute(
        text(
            "INSERT INTO stock (listing_id, vendor_id, on_hand) SELECT * FROM"
            " unnest(CAST(:ids AS uuid[]), CAST(:vendors AS uuid[]), CAST(:none AS integer[]))"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "ids": [r.id for r in rows],
            "vendors": [r.vendor_id for r in rows],
            "none": [0] * len(rows),
        },
    )
    return {(row.location_id, row.sku): row.id for row in rows}


def count_stock(counts: Mapping[UUID, int]) -> None:
    """Set what is on hand by absolute counts; fewer than are held for orders is refused."""
    listings = sorted(counts)
    values = {"ids": listings, "counts": [counts[key] for key in listings]}
    held = db.session.execute(
        text(
            "SELECT s.listing_id, l.sku, s.reserved FROM stock s"
            " JOIN listings l ON l.id = s.listing_id WHERE s.listing_id = ANY(:ids)"
            " ORDER BY s.listing_id FOR NO KEY UPDATE OF s"
        ),
        {"ids": listings},
    ).all()
    short = next((row for row in held if row.reserved > counts[row.listing_id]), None)
    if short is not None:
        detail = f"{short.sku} has {short.reserved} units held for orders; decline those first."
        raise Conflict(detail)
    db.session.execute(
        text(
            "UPDATE stock s SET on_hand = v.n FROM"
            " unnest(CAST(:ids AS uuid[]), CAST(:counts AS integer[])) v(id, n)"
            " WHERE s.listing_id = v.id"
        ),
        values,
    )


class SoldOut(Exception):
    """Units that were there when somebody looked have been given to somebody else since."""


def reserve(reservations: Sequence[dict[str, Any]]) -> None:
    """Hold units for lines (fo_line_id, listing_id, vendor_id, quantity); SoldOut if some are gone.

    Nothing need be locked: only what is still there is taken. It waits for whoever holds the same
    stock, so it comes last in its transaction.
    """
    if not reservations:
        return
    bulk.insert(Reservation, reservations)
    totals: dict[UUID, int] = {}
    for row in reservations:
        totals[row["listing_id"]] = totals.get(row["listing_id"], 0) + row["quantity"]
    listings = sorted(totals)
    taken: Any = db.session.execute(
        TAKE, {"ids": listings, "counts": [totals[key] for key in listings]}
    )
    if taken.rowcount < len(listings):
        raise SoldOut


def release(quantities: Mapping[UUID, int]) -> None:
    """Give held units of lines back to what is available."""
    _settle(quantities, leaves=False)


def consume(quantities: Mapping[UUID, int]) -> None:
    """Take held units of lines out of the stock: they have left."""
    _settle(quantities, leaves=True)


def _settle(quantities: Mapping[UUID, int], *, leaves: bool) -> None:
    lines = sorted(line for line, quantity in quantities.items() if quantity)
    if not lines:
        return
    values = {"lines": lines, "quantities": [quantities[line] for line in lines]}
    db.session.execute(LOCK_STOCK, {"lines": lines})
    db.session.execute(SETTLE_STOCK, values | {"leaves": leaves})
    db.session.execute(END_RESERVATIONS, values)
    db.session.execute(REDUCE_RESERVATIONS, values)
