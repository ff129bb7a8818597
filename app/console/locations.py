"""A vendor's locations: where it ships from, by which calendar, and the days it closes."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.console import page
from app.console.page import blueprint
from app.console.vendor_forms import ChangePlace, NewPlace, of_place
from app.desk.edits import meanwhile
from app.desk.place_forms import Closing
from app.desk.places import DAY, place_shown
from app.orders.queries import loads
from app.shared.errors import Conflict, InvalidInput
from app.shared.language import _
from app.shared.seen import written
from app.shared.work import OPS, transaction
from app.vendors import queries, service
from app.web.forms import page_of, refusals

NAMES = {"name": "place_name"}


@blueprint.route("/vendors/<code>/locations", methods=["GET", "POST"])
def new_location(code: str) -> ResponseReturnValue:
    """Add a location."""
    form = NewPlace()
    if form.validate_on_submit():
        with refusals(form):
            _add(code, form)
            flash(_("{name} is added.", name=form.place_name.data), "good")
            return redirect(url_for("console.vendor", code=code))
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        vendor = queries.vendor(code)
    return page_of(form, "console/new_location.html", **frame, vendor=vendor)


def _add(code: str, form: NewPlace) -> None:
    with transaction(OPS):
        vendor = queries.vendor(code, lock=True)
        if form.code.data in {place.code for place in queries.places(code)}:
            taken = _("This vendor has a location with this code.")
            raise Conflict(taken, code=taken)
        row = {"vendor_id": vendor.id, "code": form.code.data}
        service.save_locations([row | form.values()])
        _note("location_saved", code, form.code.data)


@blueprint.route("/vendors/<code>/locations/<location>", methods=["GET", "POST"])
def change_location(code: str, location: str) -> ResponseReturnValue:
    """Change a location and its calendar."""
    with transaction(OPS):
        values = queries.place_values(queries.location_of(code, location))
    form = ChangePlace(data=of_place(values) | {"seen": written(values)})
    if form.validate_on_submit():
        with refusals(form):
            with transaction(OPS):
                service.change_location(code, location, form.values(), seen=form.seen.data or "")
                _note("location_saved", code, location)
            flash(_("Saved."), "good")
            return redirect(url_for("console.vendor", code=code))
    return _page(code, location, form, Closing(formdata=None))


def _page(code: str, location: str, form: ChangePlace, closing: Closing) -> ResponseReturnValue:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        vendor, place = queries.vendor(code), queries.location_of(code, location)
        closed = queries.closures([place.id], now.date() - DAY)
        shown = place_shown(place, closed, loads([place.id], now), now)
    changes = meanwhile(form, queries.place_values(place), NAMES)
    return page_of(
        closing if closing.errors else form,
        "console/location.html",
        **frame,
        vendor=vendor,
        place=shown,
        facts=form,
        closing=closing,
        meanwhile=changes,
    )


@blueprint.post("/vendors/<code>/locations/<location>/closures")
def add_closure(code: str, location: str) -> ResponseReturnValue:
    """Close a location from one day to another."""
    closing = Closing()
    if closing.validate_on_submit():
        with refusals(closing):
            days = (closing.first_day.data, closing.last_day.data)
            with transaction(OPS):
                place = queries.location_of(code, location)
                service.close_days(place, *days, closing.reason.data, by=current_user.name)
                _note("closure_added", code, location, days)
            flash(_("The days are closed. Promises that were given stay."), "good")
            return redirect(_to(code, location))
    with transaction(OPS):
        values = queries.place_values(queries.location_of(code, location))
    form = ChangePlace(formdata=None, data=of_place(values) | {"seen": written(values)})
    return _page(code, location, form, closing)


@blueprint.post("/vendors/<code>/locations/<location>/closures/remove")
def remove_closure(code: str, location: str) -> ResponseReturnValue:
    """Take a closure back."""
    try:
        days = tuple(date.fromisoformat(request.form.get(k, "")) for k in ("first", "last"))
    except ValueError:
        raise InvalidInput(_("The form names no days. Open the page again.")) from None
    with transaction(OPS):
        place = queries.location_of(code, location)
        service.open_days(place, days[0], days[1])
        _note("closure_removed", code, location, days)
    flash(_("The days are open again."), "good")
    return redirect(_to(code, location))


def _to(code: str, location: str) -> str:
    return url_for("console.change_location", code=code, location=location) + "#closures-h"


def _note(action: str, code: str, location: str, days: tuple[Any, ...] = ()) -> None:
    facts: dict[str, Any] = dict(zip(("first", "last"), map(str, days), strict=False))
    record(action, actor_of(current_user), subject=f"{code}, {location}", **facts)
