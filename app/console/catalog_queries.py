"""Reading what is sold by SKU, who sells it, and for whom units are held, for the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.desk.shelves import Place
from app.extensions import db
from app.shared.work import plan_for_values
from app.vendors.queries import STATUS

SOLD = (
    "l.id, l.sku, l.title, l.cost_minor, l.price_minor, l.currency, l.is_active, l.buy_in_days,"
    " l.restock_on, c.code AS location, c.name AS place, s.on_hand, s.reserved,"
    " s.on_hand - s.reserved AS available"
)
# What a word finds, each by an index of its own; SKUs are sorted as those are (~<~), so that a
# page of many reads a few rows.
# One letter begins a word of half of all there is.
NAMED = (
    "array_to_tsvector(words_of({t}.title)) @@"
    " (SELECT names_like(regexp_replace(:q, '^[A-Za-z]$', '')))"
)
# Found first and sorted then (OFFSET is a fence): in the order of SKUs, PostgreSQL would take the
# words of every title apart until it has a page.
CALLED = f"(SELECT {{t}}.* FROM {{table}} {{t}} WHERE {NAMED} OFFSET 0)"
LISTED = ("{t}.sku ^@ :q", "{t}.sku ^@ upper(:q)")
DESCRIBED = (*LISTED, "{t}.gtin = :q")
OF_VENDOR = (
    f"SELECT {SOLD} FROM ({{found}}) l JOIN stock s ON s.listing_id = l.id"
    " JOIN locations c ON c.id = l.location_id ORDER BY l.sku USING {way}, l.id {key} LIMIT :size"
)
VENDORS_OWN = (
    "(SELECT l.* FROM {source} l WHERE l.vendor_id = :vendor AND {finds} AND {cut}"
    " ORDER BY l.sku USING {way}, l.id {key} LIMIT :size)"
)
# A SKU that nobody describes is known by who lists it.
SKUS = (
    "(SELECT DISTINCT ON (t.sku) t.sku FROM {source} t WHERE {finds} AND t.sku {sign} :after"
    " ORDER BY t.sku USING {way} LIMIT :size)"
)
CATALOG = (
    "SELECT k.sku, coalesce(p.title, l.title) AS title, p.gtin, l.vendors, l.on_hand, l.reserved,"
    " l.on_hand - l.reserved AS available, l.cost_minor, l.currency, l.currencies"
    " FROM (SELECT sku FROM ({known}) u(sku) GROUP BY sku ORDER BY sku USING {way} LIMIT :size) k"
    " LEFT JOIN products p ON p.sku = k.sku"
    " LEFT JOIN LATERAL (SELECT min(l.title) AS title, count(DISTINCT l.vendor_id) AS vendors,"
    "  sum(s.on_hand) AS on_hand, sum(s.reserved) AS reserved,"
    "  min(l.cost_minor) FILTER (WHERE l.is_active) AS cost_minor, min(l.currency) AS currency,"
    "  count(DISTINCT l.currency) AS currencies FROM listings l"
    "  JOIN stock s ON s.listing_id = l.id WHERE l.sku = k.sku) l ON true"
    " ORDER BY k.sku USING {way}"
)
LISTINGS = text(
    f"SELECT {SOLD}, v.code AS vendor, v.name AS vendor_name, {STATUS} AS status,"
    " c.is_active AS is_open"
    " FROM listings l JOIN stock s ON s.listing_id = l.id JOIN vendors v ON v.id = l.vendor_id"
    " JOIN locations c ON c.id = l.location_id WHERE l.sku = :sku"
    " ORDER BY l.is_active DESC, l.cost_minor, v.name, c.code LIMIT 200"
)
HELD = text(
    "SELECT r.quantity, f.order_number, f.reference AS fulfillment_order, f.status, f.ship_by,"
    " o.reference, v.name AS vendor FROM listings l JOIN reservations r ON r.listing_id = l.id"
    " JOIN fo_lines x ON x.id = r.fo_line_id JOIN fulfillment_orders f ON f.id = x.fo_id"
    " JOIN orders o ON o.id = f.order_id JOIN vendors v ON v.id = l.vendor_id"
    " WHERE l.sku = :sku ORDER BY f.ship_by, f.id LIMIT :most"
)
WAITING = text(
    "SELECT count(DISTINCT order_id) AS orders, coalesce(sum(unrouted), 0) AS units"
    " FROM order_lines JOIN orders o ON o.id = order_id"
    # Those that wait for a person do not wait for units.
    " WHERE sku = :sku AND unrouted > 0 AND o.held_since IS NULL"
)


def _ways(table: str, t: str, sought: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return from which rows, and by what, things are found; all of them, where nothing is sought.

    `t`: as what the statement knows the table.
    """
    if not sought:
        yield table, "true"
        return
    yield CALLED.format(table=table, t=t), "true"
    for finds in sought:
        yield table, finds.format(t=t)


def of_vendor(vendor_id: UUID, q: str, after: Place | None, size: int) -> Sequence[Row[Any]]:
    """Return a page of what a vendor sells, by SKU, and one row more."""
    if q:
        plan_for_values()
    is_back = bool(after and after.is_back)
    sign, way, key = ("~<", "~>~", "DESC") if is_back else ("~>", "~<~", "ASC")
    beyond = f"l.sku {sign}=~ :sku AND (l.sku {sign}~ :sku OR l.id {'<' if is_back else '>'} :id)"
    order = {"way": way, "key": key, "cut": beyond if after else "true"}
    parts = [
        VENDORS_OWN.format(source=source, finds=finds, **order)
        for source, finds in _ways("listings", "l", LISTED if q else ())
    ]
    sql = OF_VENDOR.format(found=" UNION ".join(parts), way=way, key=key)
    values = {"vendor": vendor_id, "q": q, "size": size + 1}
    values |= {"sku": after.sku, "id": after.id} if after else {}
    return db.session.execute(text(sql), values).all()


def catalog(q: str, after: Place | None, size: int) -> Sequence[Row[Any]]:
    """Return a page of SKUs with who sells them and how much there is, and one row more."""
    if q:
        plan_for_values()
    is_back = bool(after and after.is_back)
    sign, way = ("~<~", "~>~") if is_back else ("~>~", "~<~")
    parts = [
        SKUS.format(source=source, finds=finds, sign=sign, way=way)
        for table, sought in (("products", DESCRIBED), ("listings", LISTED))
        for source, finds in _ways(table, "t", sought if q else ())
    ]
    sql = CATALOG.format(known=" UNION ALL ".join(parts), way=way)
    values = {"q": q, "after": after.sku if after else "", "size": size + 1}
    return db.session.execute(text(sql), values).all()


def listings(sku: str, now: datetime) -> Sequence[Row[Any]]:
    """Return who sells a SKU, the cheapest first."""
    return db.session.execute(LISTINGS, {"sku": sku, "now": now}).all()


def held(sku: str, most: int) -> Sequence[Row[Any]]:
    """Return for whom units of a SKU are held, the first to ship first."""
    return db.session.execute(HELD, {"sku": sku, "most": most}).all()


def waiting(sku: str) -> Row[Any]:
    """Return how many orders wait for how many units of a SKU."""
    return db.session.execute(WAITING, {"sku": sku}).one()
