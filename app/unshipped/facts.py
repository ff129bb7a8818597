"""Reading how work that is late stands: one statement, however much of it there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.orders.queries import IN_WORK
from app.promises.rules import Calendar
from app.vendors.queries import STATUS

LATE = text(
    f"SELECT f.id, f.order_id FROM fulfillment_orders f WHERE f.status IN {IN_WORK}"
    " AND f.ship_by < :now AND NOT EXISTS (SELECT FROM checks c WHERE c.subject_id = f.id"
    "  AND c.watcher = :watcher) ORDER BY f.ship_by, f.id LIMIT :most"
)
# `is_asked`: the customer of its order has a choice to make. Closures of a day before: it is still
# yesterday somewhere.
FACTS = text(
    "SELECT f.id, f.reference, f.order_id, f.cohort, f.vendor_id, f.order_number, f.status,"
    f" f.ship_by, f.ship_on, f.cancel_at, v.code AS vendor, v.email, {STATUS} AS vendor_status,"
    " o.held_since, l.zone, l.working_days, l.holidays, l.cut_off,"
    " coalesce((SELECT json_agg(json_build_array(c.first_day, c.last_day)) FROM closures c"
    "  WHERE c.location_id = f.location_id AND c.last_day >= f.ship_by::date - 1), '[]')"
    "  AS closures,"
    " EXISTS (SELECT FROM choices c JOIN order_lines x ON x.id = c.order_line_id"
    "  WHERE c.order_id = f.order_id AND c.status = 'open' AND x.unrouted > 0) AS is_asked"
    " FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id"
    " JOIN vendors v ON v.id = f.vendor_id JOIN locations l ON l.id = f.location_id"
    " WHERE f.id = ANY(:ids) ORDER BY f.id"
)


def late(watcher: str, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Return what is late, has not left and is not looked at, the longest first."""
    return db.session.execute(LATE, {"watcher": watcher, "now": now, "most": most}).all()


def facts(fo_ids: Sequence[UUID], now: datetime) -> Sequence[Row[Any]]:
    """Return how fulfillment orders stand."""
    return db.session.execute(FACTS, {"ids": list(fo_ids), "now": now}).all()


def calendar_of(row: Row[Any]) -> Calendar:
    """Return by which calendar the place of a fulfillment order works."""
    return Calendar(
        zone=row.zone,
        cut_off=row.cut_off,
        working_days=frozenset(row.working_days),
        holidays=row.holidays,
        closures=tuple(
            (date.fromisoformat(first), date.fromisoformat(last)) for first, last in row.closures
        ),
    )
