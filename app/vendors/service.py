"""Keeping vendors and their locations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.shared import bulk, ids
from app.shared.errors import NotFound
from app.vendors.models import Location, Vendor


def save_vendors(vendors: Sequence[dict[str, Any]]) -> dict[str, UUID]:
    """Create or change vendors by their code (code, name, email, status); return their keys."""
    # Of one code named twice the later one counts, as it would one after the other.
    unique = {vendor["code"]: vendor for vendor in vendors}
    rows = bulk.insert(
        Vendor,
        [{"id": ids.new(), **unique[code]} for code in sorted(unique)],
        conflict="ON CONFLICT (code) DO UPDATE SET name = excluded.name,"
        " email = excluded.email, status = excluded.status",
        returning="code, id",
    )
    return {row.code: row.id for row in rows}


def save_locations(locations: Sequence[dict[str, Any]]) -> None:
    """Create or change locations by vendor and code."""
    unique = {(place["vendor_id"], place["code"]): place for place in locations}
    bulk.insert(
        Location,
        [{"id": ids.new(), **unique[key]} for key in sorted(unique)],
        conflict="ON CONFLICT (vendor_id, code) DO UPDATE SET name = excluded.name,"
        " zone = excluded.zone, country = excluded.country, region = excluded.region,"
        " city = excluded.city, postal_code = excluded.postal_code,"
        " cut_off = excluded.cut_off, handling_days = excluded.handling_days",
    )


def vendor_id(code: str) -> UUID:
    """Return a vendor's key."""
    found = db.session.scalar(select(Vendor.id).where(Vendor.code == code))
    if found is None:
        raise NotFound(f"There is no vendor '{code}'.")
    return found
