"""Vendors: how they stand, where they ship from, and by which calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, request

from app.api.access import actor, caller
from app.api.catalog_forms import (
    ClosureForm,
    DaysForm,
    LocationForm,
    VendorForm,
    VendorsForm,
)
from app.api.forms import read
from app.audit.service import record
from app.orders.documents import Document, pick, plain
from app.policies import marketplace
from app.routing.standing import stand
from app.shared.errors import IllegalMove, InvalidInput
from app.shared.work import OPS, transaction
from app.vendors import queries, service
from app.vendors.contract import Status, Step
from app.vendors.rules import WHAT_NOW, way
from app.web.fields import check


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add = blueprint.add_url_rule
    add("/vendors", view_func=save_vendors, methods=["PUT"])
    add("/vendors/<code>", view_func=save_vendor, methods=["PUT"])
    add("/vendors/<code>", view_func=show_vendor, methods=["GET"])
    place = "/vendors/<code>/locations/<location>"
    add(place, view_func=save_location, methods=["PUT"])
    add(f"{place}/closures", view_func=close_days, methods=["PUT"])
    add(f"{place}/closures", view_func=open_days, methods=["DELETE"])


def save_vendor(code: str) -> Document:
    """Create or change a vendor."""
    form = read(VendorForm)
    with transaction(OPS) as now:
        keys = service.save_vendors([form.to_row(code)])
        record("vendors_saved", actor(), subject=code, count=1)
        _stand(keys, {code: form}, now)
        vendor = queries.vendor(code)
        shown = pick(vendor, "code", *queries.VENDOR_FIELDS, "status", "status_reason")
        return {**shown, "status_until": plain(_day(vendor.status_until))}


def save_vendors() -> Document:
    """Create or change many vendors, each with its one location."""
    forms = {form.code: form for form in read(VendorsForm).vendors}
    with transaction(OPS) as now:
        keys = service.save_vendors([form.to_row(code) for code, form in forms.items()])
        record("vendors_saved", actor(), subject=", ".join(keys), count=len(keys))
        service.save_locations(
            [
                form.location.to_row() | {"vendor_id": keys[code], "code": "main"}
                for code, form in forms.items()
            ]
        )
        _stand(keys, forms, now)
    return {"saved": len(forms)}


def _stand(keys: Mapping[str, UUID], forms: Mapping[str, VendorForm], now: datetime) -> None:
    """Have vendors stand as they were said to; what cannot be is refused."""
    codes = {keys[code]: code for code, form in forms.items() if form.status}
    found = queries.standings(list(codes)) if codes else []
    steps = [step for row in found for step in _steps(codes[row.id], forms[codes[row.id]], row)]
    try:
        stand(steps, actor=actor(), now=now)
    except InvalidInput as refused:
        fields = {f"status_{name}": why for name, why in refused.fields.items()}
        raise InvalidInput(refused.detail, **fields) from None


def _steps(code: str, form: VendorForm, row: Any) -> list[Step]:
    """Return what is to be done; nothing where it stands so and no other reason or day is said."""
    status, target = Status(row.status), Status(form.status or row.status)
    move, is_same = way(status, target), target == status
    if move is None and not is_same:
        raise IllegalMove(f"{code} is {status} and cannot become {target}. {WHAT_NOW[status]}")
    names_an_end = "status_until" in form.model_fields_set
    if move is None or (is_same and not (form.status_reason or names_an_end)):
        return []
    before = row.status_reason if is_same else None
    until = _day(row.status_until) if is_same and not names_an_end else form.status_until
    reason = form.status_reason or before or f"said by {caller().name}"
    return [Step(code, move, reason, until)]


def _day(moment: datetime | None) -> date | None:
    """Return the day that begins at a moment where the marketplace is."""
    return moment.astimezone(ZoneInfo(marketplace.zone())).date() if moment else None


def show_vendor(code: str) -> Document:
    """Return a vendor with its locations, their calendars and what they close."""
    with transaction(OPS) as now:
        vendor, places = queries.vendor(code), queries.places(code)
        closed = queries.closures([place.id for place in places], now.date())
    return {
        **pick(vendor, "code", "name", "email", "kind", "status", "status_reason"),
        **pick(vendor, "status_by", "status_at", "status_until"),
        "locations": [
            _place(place, [c for c in closed if c.location_id == place.id]) for place in places
        ],
    }


def _place(place: Any, closed: Sequence[Any]) -> Document:
    days = [pick(c, "first_day", "last_day", "reason") for c in closed]
    return {**pick(place, "code", *queries.PLACE_FIELDS), "closures": days}


def save_location(code: str, location: str) -> Document:
    """Create or change a vendor's location."""
    form = read(LocationForm)
    with transaction(OPS):
        key = service.vendor_id(code)
        service.save_locations([form.to_row() | {"vendor_id": key, "code": location}])
        record("location_saved", actor(), subject=f"{code}, {location}")
        return pick(queries.location_of(code, location), "code", *queries.PLACE_FIELDS)


def close_days(code: str, location: str) -> Document:
    """Close a location from one day to another; the same days again change nothing."""
    form = read(ClosureForm)
    with transaction(OPS):
        place = queries.location_of(code, location)
        days = (form.first_day, form.last_day)
        service.close_days(place, *days, form.reason, by=caller().name)
        _note("closure_added", place, form)
    return form.model_dump(mode="json")


def open_days(code: str, location: str) -> Document:
    """Take back a closure: ?first_day=2026-12-24&last_day=2026-12-31."""
    form = check(DaysForm, dict(request.args))
    with transaction(OPS):
        place = queries.location_of(code, location)
        service.open_days(place, form.first_day, form.last_day)
        _note("closure_removed", place, form)
    return form.model_dump(mode="json")


def _note(action: str, place: Any, days: DaysForm) -> None:
    first, last = days.first_day.isoformat(), days.last_day.isoformat()
    record(action, actor(), subject=f"{place.vendor}, {place.code}", first=first, last=last)
