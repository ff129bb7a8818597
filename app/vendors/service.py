"""Keeping vendors and their locations, and changing how vendors stand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, text

from app.checks import service as checks
from app.checks.service import Subject
from app.extensions import db
from app.policies import marketplace
from app.shared import bulk, clock, ids, live
from app.shared.errors import InvalidInput, NotFound
from app.shared.seen import require_unchanged
from app.shared.work import PLATFORM, acting_as
from app.vendors.contract import Kind, Moved, Status, Step
from app.vendors.models import Closure, Vendor
from app.vendors.queries import (
    CALENDAR_FIELDS,
    PLACE_FIELDS,
    STATUS,
    calendar_values,
    location_of,
    own_place,
    place_values,
    vendor,
    vendor_values,
)
from app.vendors.rules import WITH_AN_END, has_address, move, require_closure, require_sense

# What a location is where nobody says otherwise.
USUAL: Mapping[str, Any] = {
    "zone": "UTC",
    "region": None,
    "city": None,
    "postal_code": None,
    "cut_off": time(16),
    "handling_days": 2,
    "working_days": [1, 2, 3, 4, 5],
    "holidays": None,
    "daily_capacity": None,
    "ships_to": None,
    "is_active": True,
}
# As JSON, for an array of arrays would be flattened.
SAVE_LOCATIONS = text(
    "INSERT INTO locations (id, vendor_id, code, name, zone, country, region, city, postal_code,"
    " cut_off, handling_days, working_days, holidays, daily_capacity, ships_to, is_active)"
    " SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, vendor_id uuid,"
    " code text, name text, zone text, country text, region text, city text, postal_code text,"
    " cut_off time, handling_days smallint, working_days smallint[], holidays text,"
    " daily_capacity integer, ships_to text[], is_active boolean)"
    " ON CONFLICT (vendor_id, code) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in PLACE_FIELDS)
)
KNOWN_LOCATIONS = text(
    f"SELECT l.id, l.vendor_id, l.code, {', '.join(f'l.{name}' for name in PLACE_FIELDS)}"
    " FROM locations l JOIN unnest(CAST(:vendors AS uuid[]), CAST(:codes AS text[])) n(v, c)"
    " ON (l.vendor_id, l.code) = (n.v, n.c) ORDER BY l.id FOR NO KEY UPDATE OF l"
)
STANDING = text(
    f"SELECT v.id, v.code, v.name, v.email, {STATUS} AS status, v.status_reason, v.status_until"
    " FROM vendors v WHERE v.code = ANY(:codes) ORDER BY v.id FOR NO KEY UPDATE"
)


def save_vendors(vendors: Sequence[dict[str, Any]]) -> dict[str, UUID]:
    """Create or change vendors by their code (code, name, email, kind, status); return their keys.

    What is left out stays as it was. A status is a new vendor's only: how a known one stands is
    changed by `move_vendors`. InvalidInput where a new one's code can be no part of an address.
    """
    # Of one code named twice the later one counts, as it would one after the other.
    unique = {vendor["code"]: vendor for vendor in vendors}
    found = select(Vendor.code, Vendor.email, Vendor.kind).where(Vendor.code.in_(unique))
    locked = found.order_by(Vendor.id).with_for_update(key_share=True)
    known = {row.code: row for row in db.session.execute(locked)}
    if wrong := [code for code in unique if code not in known and not has_address(code)]:
        detail = f"Vendor '{wrong[0]}' was not taken in: no page could show it. Use another code."
        raise InvalidInput(detail, code="has a slash, or is the name of another page")
    rows = [
        {
            "id": ids.new(),
            "code": code,
            "name": vendor["name"],
            "email": vendor.get("email", getattr(known.get(code), "email", None)),
            "kind": vendor.get("kind") or getattr(known.get(code), "kind", Kind.MERCHANT),
            "status": vendor.get("status") or Status.ACTIVE,
        }
        for code, vendor in sorted(unique.items())
    ]
    saved = bulk.insert(
        Vendor,
        rows,
        conflict="ON CONFLICT (code) DO UPDATE SET name = excluded.name, email = excluded.email,"
        " kind = excluded.kind",
        returning="code, id",
    )
    live.changed("catalog")
    return {row.code: row.id for row in saved}


def change_vendor(code: str, values: Mapping[str, Any], *, seen: str) -> None:
    """Change what somebody sees of a vendor in a form; Overtaken if somebody else has since."""
    found = vendor(code, lock=True)
    require_unchanged(found.name, seen, vendor_values(found))
    save_vendors([{"code": code, **values}])


def vendor_id(code: str) -> UUID:
    """Return a vendor's key."""
    found = db.session.scalar(select(Vendor.id).where(Vendor.code == code))
    if found is None:
        raise NotFound(f"There is no vendor '{code}'.")
    return found


def save_locations(locations: Sequence[dict[str, Any]]) -> None:
    """Create or change locations by vendor and code; what is left out stays as it was."""
    unique = {(place["vendor_id"], place["code"]): place for place in locations}
    names = sorted(unique)
    values = {"vendors": [v for v, _ in names], "codes": [c for _, c in names]}
    known = {(r.vendor_id, r.code): r for r in db.session.execute(KNOWN_LOCATIONS, values)}
    rows = [_merged(unique[name], known.get(name)) for name in names]
    db.session.execute(SAVE_LOCATIONS, {"rows": json.dumps(rows, default=str)})
    live.changed("catalog")
    before = {name: place_values(row) for name, row in known.items()}
    _wake(
        "location",
        [
            known[name].id
            for name, row in zip(names, rows, strict=True)
            if name in before and {k: row[k] for k in PLACE_FIELDS} != before[name]
        ],
    )


def _merged(given: Mapping[str, Any], known: Row[Any] | None) -> dict[str, Any]:
    """Return a location as it will be; arrays and times as they are compared."""
    before = place_values(known) if known else USUAL
    return {"id": ids.new(), **USUAL, **before, **given}


def change_location(vendor: str, code: str, values: Mapping[str, Any], *, seen: str) -> None:
    """Change what somebody sees of a location in a form; Overtaken if somebody else has since."""
    place = location_of(vendor, code, lock=True)
    require_unchanged(place.name, seen, place_values(place))
    save_locations([{"vendor_id": place.vendor_id, "code": code, **values}])


def change_calendar(location_id: UUID, values: Mapping[str, Any], *, seen: str) -> None:
    """Change the calendar of a location in its vendor's own scope; Overtaken as above."""
    place = own_place(location_id, lock=True)
    require_unchanged(place.name, seen, calendar_values(place))
    if dict(values) == calendar_values(place):
        return
    changes = ", ".join(f"{name} = :{name}" for name in CALENDAR_FIELDS)
    known = {name: values[name] for name in CALENDAR_FIELDS}
    query = text(f"UPDATE locations SET {changes} WHERE id = :id")
    db.session.execute(query, known | {"id": location_id})
    live.changed("catalog")
    _wake("location", [location_id])


def _wake(kind: str, keys: Sequence[UUID]) -> None:
    """Have those looked at who wait for what may be had from here now."""
    if keys:
        with acting_as(PLATFORM):
            checks.wake("units came in", [Subject(key, kind, key) for key in keys], clock.now())


# Closures ------------------------------------------------------------------------------------


def close_days(place: Row[Any], first: date, last: date, reason: str, *, by: str) -> None:
    """Close a location from one day to another; the same days again change nothing.

    Closures may overlap: a day is closed while any of them covers it.
    """
    now = clock.now()
    require_closure(first, last, now.astimezone(ZoneInfo(place.zone)).date())
    row = {
        "id": ids.new(),
        "vendor_id": place.vendor_id,
        "location_id": place.id,
        "first_day": first,
        "last_day": last,
        "reason": reason,
        "made_at": now,
        "made_by": by,
    }
    bulk.insert(Closure, [row], conflict="ON CONFLICT DO NOTHING")
    live.changed("catalog")


def open_days(place: Row[Any], first: date, last: date) -> None:
    """Take back a closure that has exactly these days."""
    gone = db.session.execute(
        text(
            "DELETE FROM closures WHERE location_id = :place AND first_day = :first"
            " AND last_day = :last RETURNING id"
        ),
        {"place": place.id, "first": first, "last": last},
    ).first()
    if gone is None:
        raise NotFound(f"{place.name} has no closure from {first} to {last}.")
    live.changed("catalog")
    _wake("location", [place.id])


# How vendors stand ---------------------------------------------------------------------------


def move_vendors(steps: Sequence[Step], *, by: str, now: datetime) -> list[Moved]:
    """Change how vendors stand; return those that stand otherwise than before."""
    values = {"codes": [step.code for step in steps], "now": now}
    found = {row.code: row for row in db.session.execute(STANDING, values)}
    moved = [m for step in steps if (m := _moved(step, found.get(step.code), now))]
    bulk.update(
        Vendor,
        [
            {
                "id": m.id,
                "status": str(m.status),
                "status_reason": m.step.reason or None,
                "status_by": by,
                "status_at": now,
                "status_until": m.until,
            }
            for m in moved
        ],
        key="id",
    )
    _wake("vendor", [m.id for m in moved if m.status == Status.ACTIVE])
    live.changed("catalog")
    return moved


def _moved(step: Step, row: Row[Any] | None, now: datetime) -> Moved | None:
    """Return a vendor as it will stand; None where it stands so already."""
    if row is None:
        raise NotFound(f"There is no vendor '{step.code}'.")
    zone, was = ZoneInfo(marketplace.zone()), Status(row.status)
    target = move(row.code, was, step.move)
    require_sense(step, now.astimezone(zone).date())
    until = datetime.combine(step.until, time(), zone).astimezone(UTC) if step.until else None
    is_same = target == was and (step.reason, until) == (row.status_reason or "", row.status_until)
    if is_same or (target == was and step.move not in WITH_AN_END):
        return None
    return Moved(row.id, row.code, row.name, row.email, step, was, target, until)
