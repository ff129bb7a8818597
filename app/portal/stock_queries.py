"""Reading what a vendor sells and has, as its own scope may: sought by how a word begins.

Row-level security lets an index serve only what is compared without a function, so each column is
kept as it is sought (migration 0007); each way of seeking is a part of the statement by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.catalog.rules import gtins
from app.desk.shelves import Place
from app.extensions import db
from app.shared.errors import NotFound
from app.shared.language import _

FREE = "s.on_hand - s.reserved"
# What a view shows: what it reads besides the listings, and which of them.
VIEWS = {
    "": ("", "true"),
    "out": (" JOIN stock s ON s.listing_id = l.id", f"s.is_few AND {FREE} = 0 AND l.is_active"),
    "low": (" JOIN stock s ON s.listing_id = l.id", f"s.is_few AND {FREE} > 0 AND l.is_active"),
    "waited": (
        " JOIN waited_for(NULL) w ON w.sku = l.sku JOIN stock s ON s.listing_id = l.id",
        f"{FREE} < w.units AND l.is_active",
    ),
    "inactive": ("", "NOT l.is_active"),
}
EVERYTHING = ("true",)
WAYS = (
    "l.sku ^@ :q",
    "l.sku ^@ upper(:q)",
    "l.title_sought ^@ lower(:q)",
    "l.own_code_sought ^@ upper(:q)",
)
# Asked only of what can be one: each way costs a look.
BY_GTIN = "l.sku IN (SELECT sku FROM products WHERE gtin = ANY(:gtins))"
PART = (
    "(SELECT l.* FROM listings l{more} WHERE l.vendor_id = :vendor AND {shows} AND {finds}"
    " AND {cut} ORDER BY l.sku USING {way}, l.id {key} LIMIT :size)"
)
SHOWN = (
    "l.id, l.sku, l.title, l.own_code, l.bin, l.is_active, l.buy_in_days, l.restock_on,"
    " c.code AS location, c.name AS place, p.gtin, s.on_hand, s.reserved,"
    f" {FREE} AS free, w.units AS waited, w.orders AS waiting"
)
WITH = (
    " JOIN stock s ON s.listing_id = l.id JOIN locations c ON c.id = l.location_id"
    " LEFT JOIN products p ON p.sku = l.sku"
)
PAGE = (
    "WITH page AS MATERIALIZED (SELECT * FROM ({found}) l ORDER BY l.sku USING {way}, l.id {key}"
    " LIMIT :size)"
    f" SELECT {SHOWN}, (l.sku IN (:q, upper(:q)) OR l.own_code_sought = upper(:q)"
    "  OR p.gtin = ANY(:gtins)) IS true AS is_exact"
    f" FROM page l{WITH} LEFT JOIN waited_for(ARRAY(SELECT DISTINCT sku FROM page)) w"
    " ON w.sku = l.sku ORDER BY l.sku USING {way}, l.id {key}"
)
LISTING = text(
    f"SELECT {SHOWN} FROM listings l{WITH} LEFT JOIN waited_for(ARRAY(SELECT sku FROM listings"
    "  WHERE id = :id)) w ON w.sku = l.sku WHERE l.id = :id"
)
HELD = text(
    "SELECT f.reference, f.order_number, f.status, f.ship_by, r.quantity FROM reservations r"
    " JOIN fo_lines x ON x.id = r.fo_line_id JOIN fulfillment_orders f ON f.id = x.fo_id"
    " WHERE r.listing_id = :id ORDER BY f.ship_by, f.id LIMIT :most"
)
MOST_HELD = 50


def listed(
    vendor_id: UUID, view: str, q: str, after: Place | None, size: int
) -> Sequence[Row[Any]]:
    """Return a page of what a vendor sells, by SKU, and one row more; `q` is how a name begins.

    `is_exact` rows are called just so: a scan means them.
    """
    is_back = bool(after and after.is_back)
    sign, way, key = ("~<", "~>~", "DESC") if is_back else ("~>", "~<~", "ASC")
    beyond = f"l.sku {sign}=~ :sku AND (l.sku {sign}~ :sku OR l.id {'<' if is_back else '>'} :id)"
    more, shows = VIEWS[view]
    order = {"way": way, "key": key, "cut": beyond if after else "true"}
    numbers = gtins(q)
    ways = (*WAYS, BY_GTIN) if numbers else WAYS
    parts = [
        PART.format(more=more, shows=shows, finds=finds, **order)
        for finds in (ways if q else EVERYTHING)
    ]
    sql = PAGE.format(found=" UNION ".join(parts), way=way, key=key)
    values = {"vendor": vendor_id, "q": q, "gtins": numbers, "size": size + 1}
    values |= {"sku": after.sku, "id": after.id} if after else {}
    return db.session.execute(text(sql), values).all()


def listing(listing_id: UUID) -> Row[Any]:
    """Return one listing of the scope, with its stock and how much of it is waited for."""
    found = db.session.execute(LISTING, {"id": listing_id}).first()
    if found is None:
        raise NotFound(_("You sell nothing of that name."))
    return found


def held(listing_id: UUID) -> Sequence[Row[Any]]:
    """Return for which fulfillment orders units of a listing are held, the first to ship first."""
    return db.session.execute(HELD, {"id": listing_id, "most": MOST_HELD}).all()
