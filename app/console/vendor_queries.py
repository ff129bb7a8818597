"""Reading vendors, their open work and the days of their locations, for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

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
