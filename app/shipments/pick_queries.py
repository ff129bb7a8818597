"""Reading what is to be picked: orders, walks, lines with their bins and codes, scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app.catalog.rules import GTIN
from app.extensions import db
from app.orders.contract import FoStatus
from app.shared.errors import NotFound
from app.shipments.models import Scan
from app.shipments.pick_rules import GTIN_DIGITS, Article, Wanted

PICKABLE = (FoStatus.CONFIRMED, FoStatus.PICKING)
# What one walk takes, and what a page lists; who has more walks twice.
MOST_IN_WAVE, MOST_LISTED, FEW_SCANS = 30, 200, 8
# A walk's orders, numbered as their totes are: what is due first is the first.
WAVE = (
    "SELECT id, row_number() OVER (ORDER BY ship_by, id) AS tote, count(*) OVER () AS totes"
    " FROM fulfillment_orders WHERE wave_id = {wave}"
)
ORDER = text(
    "SELECT fo.id, fo.reference, fo.order_number, fo.order_id, fo.status, fo.hold_reason,"
    " fo.ship_by, fo.assigned_at, fo.location_id, fo.preferences, fo.ticks, fo.shipped_at,"
    " fo.wave_id, w.reference AS wave, t.tote, t.totes"
    " FROM fulfillment_orders fo LEFT JOIN waves w ON w.id = fo.wave_id"
    f" LEFT JOIN LATERAL (SELECT * FROM ({WAVE.format(wave='fo.wave_id')}) n WHERE n.id = fo.id) t"
    " ON true WHERE fo.reference = :reference"
)
GOODS = (
    "SELECT f.id, f.fo_id, fo.reference AS fo, fo.order_number, fo.status, fo.ship_by, f.line,"
    " f.sku, f.title, f.options, f.confirmed, f.picked, f.packed, f.shipped, l.id AS listing_id,"
    " l.bin, l.own_code, p.gtin, p.weight_g, p.length_mm, p.width_mm, p.height_mm, p.packing,"
    " p.packing_note"
    " FROM fo_lines f JOIN fulfillment_orders fo ON fo.id = f.fo_id"
    " JOIN listings l ON l.id = f.listing_id LEFT JOIN products p ON p.sku = f.sku"
    " WHERE {where} AND f.confirmed > 0 ORDER BY fo.ship_by, fo.id, f.line"
)
OF_ORDERS = text(GOODS.format(where="f.fo_id = ANY(:ids)"))
WAVE_OF = text(
    "SELECT w.id, w.reference, w.made_at, w.made_by, w.location_id FROM waves w"
    " WHERE w.reference = :reference"
)
IN_WAVE = text(
    "SELECT fo.id, fo.reference, fo.order_number, fo.status, fo.ship_by, fo.assigned_at,"
    " fo.preferences, t.tote, t.totes, coalesce(u.units, 0) AS units,"
    " coalesce(u.picked, 0) AS picked"
    f" FROM ({WAVE.format(wave=':wave')}) t JOIN fulfillment_orders fo ON fo.id = t.id"
    " LEFT JOIN LATERAL (SELECT sum(confirmed) AS units, sum(picked) AS picked FROM fo_lines"
    "  WHERE fo_id = fo.id) u ON true ORDER BY t.tote"
)
TO_PICK = text(
    "SELECT fo.id, fo.reference, fo.order_number, fo.status, fo.ship_by, fo.assigned_at,"
    " fo.location_id, fo.preferences, fo.wave_id, w.reference AS wave, u.units, u.picked, u.kinds,"
    " u.bins FROM fulfillment_orders fo LEFT JOIN waves w ON w.id = fo.wave_id"
    " LEFT JOIN LATERAL (SELECT coalesce(sum(f.confirmed), 0) AS units,"
    "  coalesce(sum(f.picked), 0) AS picked, count(*) AS kinds,"
    "  array_agg(l.bin ORDER BY l.bin) FILTER (WHERE l.bin IS NOT NULL) AS bins"
    "  FROM fo_lines f JOIN listings l ON l.id = f.listing_id"
    "  WHERE f.fo_id = fo.id AND f.confirmed > 0) u ON true"
    " WHERE fo.vendor_id = :vendor AND fo.status IN ('confirmed', 'picking')"
    " ORDER BY fo.ship_by, fo.id LIMIT :most"
)
KNOWN = text(
    "SELECT l.sku, l.title, p.gtin, l.own_code FROM listings l"
    " LEFT JOIN products p ON p.sku = l.sku"
    " WHERE l.sku IN (:code, :upper) OR upper(l.own_code) = :upper"
    " OR l.sku IN (SELECT sku FROM products WHERE gtin = ANY(:gtins)) ORDER BY l.sku LIMIT 5"
)


def order(reference: str) -> Row[Any]:
    """Return a fulfillment order of the scope with its place in its walk."""
    found = db.session.execute(ORDER, {"reference": reference}).first()
    if found is None:
        detail = f"There is no fulfillment order '{reference}'."
        raise NotFound(detail)
    return found


def wave(reference: str) -> Row[Any]:
    """Return a walk of the scope."""
    found = db.session.execute(WAVE_OF, {"reference": reference}).first()
    if found is None:
        detail = f"There is no wave '{reference}'."
        raise NotFound(detail)
    return found


def in_wave(wave_id: UUID) -> Sequence[Row[Any]]:
    """Return the orders of a walk by their totes, with how far each is."""
    return db.session.execute(IN_WAVE, {"wave": wave_id}).all()


def goods(fo_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return the confirmed lines of fulfillment orders, what is due first first."""
    return db.session.execute(OF_ORDERS, {"ids": list(fo_ids)}).all()


def wanted(rows: Sequence[Row[Any]]) -> list[Wanted]:
    """Return lines as rules judge them."""
    return [
        Wanted(
            row.sku,
            row.title,
            row.gtin,
            row.own_code,
            id=row.id,
            fo=row.fo,
            units=row.confirmed,
            picked=row.picked,
            bin=row.bin,
        )
        for row in rows
    ]


def to_pick(vendor_id: UUID) -> Sequence[Row[Any]]:
    """Return what a vendor has to pick, what is due first first."""
    values = {"vendor": vendor_id, "most": MOST_LISTED}
    return db.session.execute(TO_PICK, values).all()


def known(code: str) -> list[Article]:
    """Return what the vendor sells that a code may mean."""
    number = code.lstrip("0")
    lengths = (8, 12, 13, GTIN_DIGITS) if GTIN.fullmatch(code) else ()
    values = {
        "code": code,
        "upper": code.upper(),
        "gtins": [number.zfill(n) for n in lengths if len(number) <= n],
    }
    return [Article(*row) for row in db.session.execute(KNOWN, values)]


def last_scans(*, fo_id: UUID | None = None, wave_id: UUID | None = None) -> Sequence[Scan]:
    """Return the last scans for an order, or for a walk, the newest first."""
    mine = Scan.fo_id == fo_id if fo_id else Scan.wave_id == wave_id
    query = select(Scan).where(mine).order_by(Scan.number.desc()).limit(FEW_SCANS)
    return db.session.scalars(query).all()
