"""Reading vendors, their open work and the days of their locations, for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.lists.spec import Conditions, Sort
from app.orders.queries import UNDONE
from app.vendors.queries import STATUS
from app.web.paging import Cut

OPEN = f"status IN ({', '.join(repr(str(status)) for status in UNDONE)})"
VENDORS = (
    " FROM vendors v LEFT JOIN (SELECT vendor_id, count(*) AS undone,"
    "  count(*) FILTER (WHERE ship_by < :now) AS overdue, min(ship_by) AS first_due"
    f"  FROM fulfillment_orders WHERE {OPEN} GROUP BY vendor_id) w ON w.vendor_id = v.id"
    " WHERE {where}"
)
# Vendors without work come after all that have some.
DUE = "coalesce(w.first_due, '9999-12-31 00:00+00')"
SUMS = text(
    "SELECT count(*) AS vendors, count(*) FILTER (WHERE w.overdue > 0) AS overdue"
    + VENDORS.format(where="v.status <> 'closed'")
)
# A day of a location begins and ends by its own clock: its neighbors are read, too.
LOADS = text(
    "SELECT f.location_id, (f.ship_by AT TIME ZONE l.zone)::date AS day, count(*) AS n"
    " FROM fulfillment_orders f JOIN locations l ON l.id = f.location_id"
    f" WHERE f.location_id = ANY(:ids) AND f.ship_by >= :since AND f.ship_by < :until AND f.{OPEN}"
    " GROUP BY 1, 2"
)
DAY = timedelta(days=1)


def vendors(what: Conditions, cut: Cut, sort: Sort) -> Sequence[Row[Any]]:
    """Return a page of vendors with their open work."""
    where, order = cut.order(sort.at, "v.id", newest_first=sort.newest_first)
    sql = (
        f"SELECT v.id, v.code, v.name, v.kind, {STATUS} AS status, v.status_until,"
        " coalesce(w.undone, 0) AS undone, coalesce(w.overdue, 0) AS overdue, w.first_due"
        f"{VENDORS.format(where=f'{what.where} AND {where}')} ORDER BY {order} LIMIT :size"
    )
    return db.session.execute(text(sql), {**what.values, **cut.values()}).all()


def sums(now: datetime) -> Row[Any]:
    """Return how many vendors there are, and how many of them have something overdue."""
    return db.session.execute(SUMS, {"now": now}).one()


def loads(location_ids: Sequence[UUID], now: datetime) -> dict[tuple[UUID, date], int]:
    """Return how much locations have to hand over yesterday, today and tomorrow, by their day."""
    values = {"ids": list(location_ids), "since": now - 2 * DAY, "until": now + 3 * DAY}
    return {(row.location_id, row.day): row.n for row in db.session.execute(LOADS, values)}
