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

NEW = "active"
CHANGED = "ON CONFLICT (code) DO UPDATE SET name = excluded.name, email = excluded.email"
STATUS_TOO = ", status = CASE vendors.status WHEN 'closed' THEN 'closed' ELSE excluded.status END"


def save_vendors(vendors: Sequence[dict[str, Any]]) -> dict[str, UUID]:
    """Create or change vendors by their code (code, name, email, status); return their keys.

    No status leaves a vendor's as it is; a closed vendor stays closed whatever is named.
    """
    # Of one code named twice the later one counts, as it would one after the other.
    unique = {vendor["code"]: vendor for vendor in vendors}
    known = select(Vendor.id).where(Vendor.code.in_(unique)).order_by(Vendor.code)
    db.session.execute(known.with_for_update())
    keys: dict[str, UUID] = {}
    for status_too in (True, False):
        names = [code for code in sorted(unique) if bool(unique[code]["status"]) is status_too]
        rows = bulk.insert(
            Vendor,
            [{"id": ids.new(), **unique[n], "status": unique[n]["status"] or NEW} for n in names],
            conflict=CHANGED + (STATUS_TOO if status_too else ""),
            returning="code, id",
        )
        keys |= {row.code: row.id for row in rows}
    return keys


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
