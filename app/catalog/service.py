"""Changing products, listings and stock; no unit is held twice or sold that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from app.catalog.models import Listing, Product
from app.catalog.rules import LONGEST_BIN
from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.shared import bulk, clock, ids, live, work
from app.shared.errors import Conflict, InvalidInput, NotFound
from app.shared.language import _n
from app.shared.seen import Overtaken, require_unchanged
from app.shared.work import PLATFORM, acting_as

ON_HAND = text("SELECT listing_id, on_hand FROM stock WHERE listing_id = ANY(:ids)")
HELD = text(
    "SELECT s.listing_id, l.sku, s.on_hand, s.reserved"
    " FROM stock s JOIN listings l ON l.id = s.listing_id"
    " WHERE s.listing_id = ANY(:ids) ORDER BY s.listing_id FOR NO KEY UPDATE OF s"
)
COUNT = text(
    "UPDATE stock s SET on_hand = v.n"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:counts AS integer[])) v(id, n)"
    " WHERE s.listing_id = v.id"
)
WRITE_OFF = text(
    "WITH held AS (SELECT listing_id FROM stock WHERE listing_id = ANY(:ids)"
    "  ORDER BY listing_id FOR NO KEY UPDATE)"
    " UPDATE stock s SET on_hand = s.reserved FROM held h WHERE h.listing_id = s.listing_id"
)
# An UPDATE of many has no order: who takes of several listings locks them in one before it.
IN_ORDER = (
    "SELECT FROM stock WHERE listing_id = ANY(CAST((SELECT %(listings)s) AS uuid[]))"
    " ORDER BY listing_id FOR NO KEY UPDATE"
)
# What is noted is written before stock is touched: nobody waits for that.
TAKE = (
    "WITH noted AS (INSERT INTO reservations (fo_line_id, listing_id, vendor_id, quantity)"
    "  SELECT * FROM jsonb_to_recordset(%(rows)s)"
    "   v(fo_line_id uuid, listing_id uuid, vendor_id uuid, quantity integer)"
    "  RETURNING listing_id, quantity),"
    " totals AS (SELECT listing_id, sum(quantity) AS n FROM noted GROUP BY 1)"
    " UPDATE stock s SET reserved = s.reserved + t.n FROM totals t"
    " WHERE s.listing_id = t.listing_id AND s.on_hand - s.reserved >= t.n RETURNING s.listing_id"
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
HOLDING = text("SELECT DISTINCT listing_id FROM reservations WHERE fo_line_id = ANY(:lines)")
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


# What can be changed of a product and of a listing, and what each is where nobody says otherwise.
PRODUCT: Mapping[str, Any] = {
    "title": None,
    "gtin": None,
    "weight_g": None,
    "length_mm": None,
    "width_mm": None,
    "height_mm": None,
    "most_units": None,
    "packing": None,
    "packing_note": None,
}
LISTING: Mapping[str, Any] = {
    "title": None,
    "cost_minor": None,
    "currency": None,
    "is_active": True,
    "price_minor": None,
    "buy_in_days": None,
    "restock_on": None,
    "bin": None,
    "own_code": None,
}
KNOWN_LISTINGS = text(
    f"SELECT l.id, l.location_id, l.sku, {', '.join(f'l.{name}' for name in LISTING)}"
    " FROM listings l JOIN unnest(CAST(:places AS uuid[]), CAST(:skus AS text[])) n(place, sku)"
    " ON (l.location_id, l.sku) = (n.place, n.sku) ORDER BY l.id FOR NO KEY UPDATE OF l"
)
EMPTY_SHELVES = text(
    "INSERT INTO stock (listing_id, vendor_id, on_hand)"
    " SELECT id, vendor_id, 0 FROM unnest(CAST(:ids AS uuid[]), CAST(:vendors AS uuid[]))"
    " n(id, vendor_id) ON CONFLICT DO NOTHING"
)


def save_products(products: Sequence[dict[str, Any]]) -> None:
    """Create or change products by their SKU; what is left out stays as it was."""
    unique = {product["sku"]: product for product in products}
    query = select(Product).where(Product.sku.in_(unique)).order_by(Product.sku)
    rows = db.session.scalars(query.with_for_update(key_share=True))
    known = {row.sku: {name: getattr(row, name) for name in PRODUCT} for row in rows}
    wanted = {sku: {**PRODUCT, **known.get(sku, {}), **unique[sku]} for sku in sorted(unique)}
    now = clock.now()
    bulk.insert(
        Product,
        [
            row | {"changed_at": now}
            for sku, row in wanted.items()
            if row != {"sku": sku} | known.get(sku, {})
        ],
        conflict=f"ON CONFLICT (sku) DO UPDATE SET {_all_of(PRODUCT)},"
        " changed_at = excluded.changed_at",
    )
    db.session.expire_all()
    live.changed("catalog")


def change_product(sku: str, values: Mapping[str, Any], *, seen: str) -> None:
    """Change what somebody sees of a product in a form; Overtaken if somebody else has since."""
    query = select(Product).where(Product.sku == sku).with_for_update(key_share=True)
    known = db.session.scalar(query)
    before = {name: getattr(known, name, None) for name in PRODUCT}
    require_unchanged(sku, seen, before)
    save_products([{"sku": sku, **values}])


def save_listings(listings: Sequence[dict[str, Any]]) -> dict[tuple[UUID, str], UUID]:
    """Create or change listings by location and SKU; return their keys.

    What is left out stays as it was. Who waits for their SKUs is looked at again where something
    is different now.
    """
    # Of one SKU named twice the later one counts, as it would one after the other.
    unique = {(listing["location_id"], listing["sku"]): listing for listing in listings}
    names = sorted(unique)
    values = {"places": [place for place, _ in names], "skus": [sku for _, sku in names]}
    known = {(r.location_id, r.sku): r for r in db.session.execute(KNOWN_LISTINGS, values)}
    before = {key: {name: getattr(row, name) for name in LISTING} for key, row in known.items()}
    wanted = {key: {**LISTING, **before.get(key, {}), **unique[key]} for key in names}
    saved = bulk.insert(
        Listing,
        [
            {"id": ids.new(), **row}
            for key, row in wanted.items()
            if key not in before or {name: row[name] for name in LISTING} != before[key]
        ],
        conflict=f"ON CONFLICT (location_id, sku) DO UPDATE SET {_all_of(LISTING)}",
        returning="location_id, sku, id, vendor_id, is_active",
    )
    shelves = {"ids": [r.id for r in saved], "vendors": [r.vendor_id for r in saved]}
    db.session.execute(EMPTY_SHELVES, shelves)
    _wake([row.id for row in saved if row.is_active])
    live.changed("catalog")
    keys = {key: row.id for key, row in known.items()}
    return keys | {(row.location_id, row.sku): row.id for row in saved}


def change_listing(listing: Mapping[str, Any], *, seen: str) -> None:
    """Change what somebody sees of a listing in a form; Overtaken if somebody else has since."""
    values = {"places": [listing["location_id"]], "skus": [listing["sku"]]}
    row = db.session.execute(KNOWN_LISTINGS, values).first()
    if row is None:
        raise NotFound(f"There is no listing of {listing['sku']} there.")
    require_unchanged(row.sku, seen, {name: getattr(row, name) for name in LISTING})
    save_listings([dict(listing)])


def _all_of(names: Iterable[str]) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in names)


def _wake(listings: Sequence[UUID]) -> None:
    """Have those looked at who wait for what these listings have.

    Always before stock is locked: whoever holds stock waits for nobody's checks.
    """
    if listings:
        with acting_as(PLATFORM):
            found = [Subject(key, "listing", key) for key in listings]
            checks.wake("units came in", found, clock.now())


def count_stock(counts: Mapping[UUID, int], *, seen: Mapping[UUID, int] | None = None) -> None:
    """Set what is on hand by absolute counts; fewer than are held for orders is refused.

    `seen`: what was on hand when somebody began to count; Overtaken where it is not any more,
    unless they counted the same.
    """
    listings = sorted(counts)
    rows = db.session.execute(ON_HAND, {"ids": listings})
    _wake([row.listing_id for row in rows if row.on_hand < counts[row.listing_id]])
    for row in db.session.execute(HELD, {"ids": listings}).all():
        was, wanted = row.on_hand, counts[row.listing_id]
        if seen and was not in {seen[row.listing_id], wanted}:
            raise Overtaken(row.sku, [("on_hand", seen[row.listing_id], was)])
        if row.reserved > wanted:
            raise Conflict(still_held(row.sku, row.reserved))
    values = {"ids": listings, "counts": [counts[key] for key in listings]}
    db.session.execute(COUNT, values)
    live.changed("catalog")


def still_held(sku: str, reserved: int) -> str:
    """Return why no fewer can be counted than are held, and what to do first."""
    return _n(
        "{sku} has {n} unit held for orders; decline those first.",
        "{sku} has {n} units held for orders; decline those first.",
        reserved,
        sku=sku,
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
    listings = {row["listing_id"] for row in reservations}
    if len(listings) > 1:
        work.rows(IN_ORDER, {"listings": list(listings)})
    taken = work.rows(TAKE, {"rows": bulk.as_json(reservations)})
    if len(taken) < len(listings):
        raise SoldOut


def wake_for(lines: Iterable[UUID]) -> None:
    """Have those looked at who wait for what is about to be released of lines."""
    _wake(db.session.scalars(HOLDING, {"lines": sorted(lines)}).all())


def release(quantities: Mapping[UUID, int]) -> None:
    """Give held units of lines back to what is available."""
    _settle(quantities, leaves=False)


def set_bin(listing: UUID, place: str) -> str | None:
    """Note where a listing lies; "" takes the note away. Return it as it is kept."""
    words = place.strip() or None
    if words and (len(words) > LONGEST_BIN or not words.isprintable()):
        told = f"A bin is called by at most {LONGEST_BIN} characters that can be printed."
        raise InvalidInput(told, bin=told)
    db.session.execute(update(Listing).where(Listing.id == listing).values(bin=words))
    live.changed("catalog")
    return words


def write_off(listings: Iterable[UUID]) -> None:
    """Note that of these listings nothing lies there but what is held for orders."""
    db.session.execute(WRITE_OFF, {"ids": sorted(set(listings))})
    live.changed("catalog")


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
