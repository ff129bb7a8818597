"""Reading vendors and their locations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app.extensions import db
from app.shared import clock
from app.shared.errors import NotFound
from app.vendors.models import Closure, Location

# How vendor v stands at the moment :now: a pause that names its end is over by itself then.
STATUS = "CASE WHEN v.status_until <= :now THEN 'active' ELSE v.status END"
# What can be changed of a vendor and of a location.
VENDOR_FIELDS = ("name", "email", "kind")
PLACE_FIELDS = (
    "name",
    "zone",
    "country",
    "region",
    "city",
    "postal_code",
    "cut_off",
    "handling_days",
    "working_days",
    "holidays",
    "daily_capacity",
    "ships_to",
    "is_active",
)
# What of a location its vendor's owner may change.
CALENDAR_FIELDS = ("cut_off", "working_days", "holidays", "daily_capacity")
PLACES = (
    f"SELECT l.id, l.vendor_id, l.code, v.code AS vendor,"
    f" {', '.join(f'l.{name}' for name in PLACE_FIELDS)}"
    " FROM locations l JOIN vendors v ON v.id = l.vendor_id WHERE v.code = :vendor"
)
VENDOR = (
    f"SELECT v.id, v.code, v.name, v.email, v.kind, {STATUS} AS status, v.status AS said,"
    " v.status_reason, v.status_by, v.status_at, v.status_until"
    " FROM vendors v WHERE v.code = :code"
)


VENDOR_BY_ID = VENDOR.replace("v.code = :code", "v.id = :id")


def vendor(code: str, *, lock: bool = False) -> Row[Any]:
    """Return a vendor as it stands now; `said` is how it stood when that was last decided."""
    query = text(f"{VENDOR}{' FOR NO KEY UPDATE' if lock else ''}")
    row = db.session.execute(query, {"code": code, "now": clock.now()}).first()
    if row is None:
        raise NotFound(f"There is no vendor '{code}'.")
    return row


def vendor_of(vendor_id: UUID, *, lock: bool = False) -> Row[Any]:
    """Return a vendor by its key, as `vendor` does by its code."""
    query = text(f"{VENDOR_BY_ID}{' FOR NO KEY UPDATE' if lock else ''}")
    return db.session.execute(query, {"id": vendor_id, "now": clock.now()}).one()


def is_known(code: str) -> bool:
    """Return whether a vendor of this code is there."""
    query = text("SELECT 1 FROM vendors WHERE code = :code")
    return db.session.execute(query, {"code": code}).first() is not None


def standings(vendor_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return how vendors stand now, who said so, why, and until when if a day was named."""
    query = (
        f"SELECT v.id, {STATUS} AS status, v.status_by, v.status_reason, v.status_until"
        " FROM vendors v WHERE v.id = ANY(:ids) ORDER BY v.id"
    )
    values = {"ids": list(vendor_ids), "now": clock.now()}
    return db.session.execute(text(query), values).all()


def vendor_values(row: Row[Any]) -> dict[str, Any]:
    """Return what can be changed of a vendor."""
    return {name: getattr(row, name) for name in VENDOR_FIELDS}


def places(vendor: str) -> Sequence[Row[Any]]:
    """Return a vendor's locations, with its code."""
    return db.session.execute(text(f"{PLACES} ORDER BY l.code LIMIT 200"), {"vendor": vendor}).all()


def location_of(vendor: str, code: str, *, lock: bool = False) -> Row[Any]:
    """Return one location of a vendor."""
    locked = " FOR NO KEY UPDATE OF l" if lock else ""
    query = text(f"{PLACES} AND l.code = :code{locked}")
    row = db.session.execute(query, {"vendor": vendor, "code": code}).first()
    if row is None:
        raise NotFound(f"Vendor '{vendor}' has no location '{code}'.")
    return row


def own_place(location_id: UUID, *, lock: bool = False) -> Row[Any]:
    """Return one location that the scope may see."""
    sql = PLACES.replace("v.code = :vendor", "l.id = :id")
    query = text(f"{sql}{' FOR NO KEY UPDATE OF l' if lock else ''}")
    row = db.session.execute(query, {"id": location_id}).first()
    if row is None:
        raise NotFound("There is no such location.")
    return row


def calendar_values(place: Any) -> dict[str, Any]:
    """Return what of a location its vendor's owner may change."""
    return {name: getattr(place, name) for name in CALENDAR_FIELDS}


def place_values(place: Any) -> dict[str, Any]:
    """Return what can be changed of a location."""
    return {name: getattr(place, name) for name in PLACE_FIELDS}


def closures(location_ids: Sequence[UUID], since: date) -> Sequence[Closure]:
    """Return what is closed on or after a day, the first day first."""
    query = select(Closure).where(Closure.location_id.in_(location_ids))
    query = query.where(Closure.last_day >= since).order_by(Closure.first_day, Closure.id)
    return db.session.scalars(query.limit(500)).all()


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


def vendor_emails(vendor_ids: Iterable[UUID]) -> dict[UUID, str | None]:
    """Return where vendors are written to."""
    rows = db.session.execute(
        text("SELECT id, email FROM vendors WHERE id = ANY(:ids)"), {"ids": sorted(set(vendor_ids))}
    )
    return {row.id: row.email for row in rows}


def locations() -> dict[UUID, Location]:
    """Return the locations that the scope may see, by their key."""
    rows = db.session.scalars(select(Location).order_by(Location.name, Location.id))
    return {row.id: row for row in rows}


def zone_of(location_id: UUID) -> str:
    """Return the time zone of a location."""
    return db.session.get_one(Location, location_id).zone
