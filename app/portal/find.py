"""Finding a vendor's own fulfillment orders, its pages and what can be done, by one word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import Row, text

from app.desk import find as finding
from app.desk.find import Group, Item, Page
from app.extensions import db
from app.orders.queries import address_days
from app.orders.rules import address_for_vendor
from app.portal import page
from app.portal.page import blueprint
from app.shared.language import _, later
from app.shared.work import plan_for_values, transaction
from app.web.words import small

FEW = 8
# Shorter than this, the beginning of a tracking number would fit half of all parcels.
LEAST_OF_A_NUMBER = 6
# A word that fits more than this shows some of them; a longer word finds the right one.
MOST_HITS = 1000
PAGES = (
    Page(later("Work"), "portal.work", "list-check", later("orders queue start home to do")),
    Page(later("Confirm many"), "portal.confirm_many", "check2-all", later("accept decline bulk")),
    Page(later("Pick"), "portal.picking", "upc-scan", later("scan wave shelf list")),
    Page(later("Pack"), "portal.packing", "box-seam", later("box weight parcel")),
    Page(later("Ship"), "portal.shipping", "truck", later("label slip print hand over")),
    Page(
        later("Ship from a list"), "portal.ship_many", "upload", later("tracking numbers bulk csv")
    ),
    Page(later("Manifest"), "portal.manifest", "journal-text", later("handed over pickup carrier")),
    Page(later("Stock"), "portal.stock", "boxes", later("inventory count bin shelf")),
    Page(
        later("Count from a list"), "portal.count_many", "upload", later("stock inventory bulk csv")
    ),
    Page(later("Help"), "portal.help", "life-preserver", later("ops question support inbox")),
    Page(later("Calendar"), "portal.calendar", "calendar-event", later("closed vacation cut-off")),
    Page(later("Notices"), "portal.notices", "bell", later("news told inbox")),
    Page(later("Team"), "portal.team", "people", later("users colleagues")),
    Page(later("Invite somebody"), "portal.invite", "person-plus", later("team new user")),
    Page(later("Keys"), "portal.keys", "key", later("api tokens")),
    Page(later("Make a key"), "portal.new_key", "key", later("api token new")),
    Page(later("Webhooks"), "portal.webhooks", "broadcast", later("programs events endpoint")),
)
# The scope has no other vendor's rows in it. Each name is sought by itself: a vendor has many rows.
FOUND = text(
    "WITH hits (id) AS MATERIALIZED ("
    "SELECT id FROM fulfillment_orders WHERE reference = :upper UNION ALL"
    " (SELECT id FROM fulfillment_orders WHERE order_number ^@ :q LIMIT :most) UNION ALL"
    " (SELECT id FROM fulfillment_orders WHERE order_number ^@ :upper LIMIT :most) UNION ALL"
    " (SELECT fo_id FROM shipments WHERE :is_number AND tracking_number ^@ :number LIMIT :most))"
    " SELECT f.reference, f.order_number, f.status, f.ship_to, f.delivered_at,"
    " (f.reference = :upper OR f.order_number IN (:q, :upper) OR p.is_exact IS true)"
    "  AS is_exact, p.tracking_number FROM fulfillment_orders f"
    " LEFT JOIN LATERAL (SELECT s.tracking_number, s.tracking_number = :number AS is_exact"
    "  FROM shipments s WHERE s.fo_id = f.id AND :is_number AND s.tracking_number ^@ :number"
    "  ORDER BY 2 DESC LIMIT 1) p ON true"
    " WHERE f.id IN (SELECT id FROM hits) ORDER BY is_exact DESC, f.ship_by DESC LIMIT :few"
)


@blueprint.get("/find")
def find() -> str:
    """Show what a word finds; without one, the pages and what can be done."""
    q = finding.asked()
    frame: dict[str, Any] = {}
    if finding.is_part() and not q:
        return finding.answer("portal", q, _groups(q, []), frame)
    with transaction(page.scope()) as now:
        found = _found(q, now) if q else []
        if not finding.is_part():
            frame = page.shell(now)
    return finding.answer("portal", q, _groups(q, found), frame)


def _found(q: str, now: datetime) -> Sequence[Item]:
    number = re.sub(r"[ -]", "", q).upper()
    values = {"q": q, "upper": q.upper(), "number": number, "few": FEW, "most": MOST_HITS}
    values["is_number"] = len(number) >= LEAST_OF_A_NUMBER
    plan_for_values()
    rows = db.session.execute(FOUND, values).all()
    days = address_days(now) if any(row.delivered_at for row in rows) else 0
    return [_item(row, address_for_vendor(row, now, days) or {}) for row in rows]


def _groups(q: str, found: Sequence[Item]) -> Iterator[Group]:
    yield finding.pages(q, PAGES)
    yield Group(_("Fulfillment orders"), found)
    yield finding.acts(q)


def _item(row: Row[Any], ship_to: Mapping[str, Any]) -> Item:
    order = _("order {number}", number=row.order_number)
    known = (order, row.tracking_number, ship_to.get("city"), small(row.status))
    href = url_for("portal.fulfillment_order", reference=row.reference)
    about = ", ".join(filter(None, known))
    return Item(row.reference, "box-seam", href, about, is_code=True, is_exact=row.is_exact)
