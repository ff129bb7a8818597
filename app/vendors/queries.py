"""Reading vendors and their locations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from app.extensions import db
from app.vendors.models import Location, Vendor

# More are found by their name.
MOST = 500


def location_ids(names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Return key and vendor of locations by (vendor code, location code)."""
    pairs = sorted(set(names))
    rows = db.session.execute(
        text(
            "SELECT v.code AS vendor, l.code, l.id, l.vendor_id FROM locations l"
            " JOIN vendors v ON v.id = l.vendor_id JOIN"
            " unnest(CAST(:vendors AS text[]), CAST(:codes AS text[])) n(vendor, code)"
            " ON (v.code, l.code) = (n.vendor, n.code)"
        ),
        {"vendors": [v for v, _ in pairs], "codes": [c for _, c in pairs]},
    )
    return {(row.vendor, row.code): row for row in rows}


def vendor_codes(vendor_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the codes of vendors that the scope may see."""
    rows = db.session.execute(
        text("SELECT id, code FROM vendors WHERE id = ANY(:ids)"), {"ids": sorted(set(vendor_ids))}
    )
    return {row.id: row.code for row in rows}


def vendors(q: str = "") -> Sequence[Vendor]:
    """Return vendors by name; `q` is part of a name or a code."""
    query = select(Vendor).order_by(Vendor.name, Vendor.id).limit(MOST)
    if q:
        both = Vendor.name.icontains(q, autoescape=True) | Vendor.code.icontains(q, autoescape=True)
        query = query.where(both)
    return db.session.scalars(query).all()


def locations() -> dict[UUID, Location]:
    """Return the locations that the scope may see, by their key."""
    rows = db.session.scalars(select(Location).order_by(Location.name, Location.id))
    return {row.id: row for row in rows}
