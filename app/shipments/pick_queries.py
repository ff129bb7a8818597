"""Reading what is to be picked: orders, walks, lines with their bins and codes, scans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app.catalog.rules import gtins
from app.extensions import db
from app.orders.contract import FoStatus
from app.shared.errors import NotFound
from app.shipments.models import Scan
from app.shipments.pick_rules import Article, Wanted
from app.web.paging import Cut

PICKABLE = (FoStatus.CONFIRMED, FoStatus.PICKING)
# What one walk takes; who has more walks twice.
MOST_IN_WAVE, FEW_SCANS = 30, 8
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
# The walks on which anything is left, the first to leave first.
UNDER_WAY = (
    "SELECT json_agg(json_build_object('reference', w.reference, 'orders', n.orders,"
    "  'units', n.units, 'picked', n.picked) ORDER BY n.first) FROM"
    " (SELECT fo.wave_id, min(fo.ship_by) AS first, count(DISTINCT fo.id) AS orders,"
    "   sum(f.confirmed) AS units, sum(f.picked) AS picked"
    "  FROM fulfillment_orders fo JOIN fo_lines f ON f.fo_id = fo.id"
    "  WHERE fo.vendor_id = :vendor AND fo.wave_id IS NOT NULL"
    "  AND fo.status IN ('confirmed', 'picking') GROUP BY fo.wave_id"
    "  HAVING sum(f.picked) < sum(f.confirmed)) n JOIN waves w ON w.id = n.wave_id"
)
TO_PICK = (
    "SELECT fo.*, w.reference AS wave, u.units, u.picked, u.bins,"
    f" ({UNDER_WAY}) AS under_way"
    " FROM (SELECT id, reference, order_number, status, ship_by, assigned_at, location_id,"
    "   preferences, wave_id FROM fulfillment_orders fo"
    "  WHERE vendor_id = :vendor AND status IN ('confirmed', 'picking') AND {cut}"
    "  AND EXISTS (SELECT FROM fo_lines WHERE fo_id = fo.id AND picked < confirmed)"
    "  ORDER BY {order} LIMIT :size) fo LEFT JOIN waves w ON w.id = fo.wave_id"
    " CROSS JOIN LATERAL (SELECT sum(f.confirmed) AS units, sum(f.picked) AS picked,"
    "  array_agg(l.bin ORDER BY l.bin) FILTER (WHERE l.bin IS NOT NULL) AS bins"
    "  FROM fo_lines f JOIN listings l ON l.id = f.listing_id"
    "  WHERE f.fo_id = fo.id AND f.confirmed > 0) u ORDER BY {order}"
)
KNOWN = text(
    "SELECT l.sku, l.title, p.gtin, l.own_code FROM listings l"
    " LEFT JOIN products p ON p.sku = l.sku"
    " WHERE l.sku IN (:code, :upper) OR l.own_code_sought = :upper"
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


def to_pick(vendor_id: UUID, cut: Cut) -> Sequence[Row[Any]]:
    """Return a page of what a vendor has to pick, what is due first first.

    `under_way` of every row are all walks on which anything is left: [{reference, orders, units,
    picked}], None where there is none.
    """
    where, order = cut.order("fo.ship_by", "fo.id")
    sql = text(TO_PICK.format(cut=where, order=order))
    return db.session.execute(sql, {"vendor": vendor_id, **cut.values()}).all()


def known(code: str) -> list[Article]:
    """Return what the vendor sells that a code may mean."""
    values = {"code": code, "upper": code.upper(), "gtins": gtins(code)}
    return [Article(*row) for row in db.session.execute(KNOWN, values)]


def last_scans(*, fo_id: UUID | None = None, wave_id: UUID | None = None) -> Sequence[Scan]:
    """Return the last scans for an order, or for a walk, the newest first."""
    mine = Scan.fo_id == fo_id if fo_id else Scan.wave_id == wave_id
    query = select(Scan).where(mine).order_by(Scan.number.desc()).limit(FEW_SCANS)
    return db.session.scalars(query).all()
