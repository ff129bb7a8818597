"""One listing of a vendor: counted, and noted where it lies; for whom units of it are held."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row
from werkzeug.utils import redirect

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.catalog import shelving
from app.catalog.service import count_stock
from app.desk.edits import meanwhile
from app.desk.stock_forms import Count, Shelf
from app.doors.guard import may
from app.portal import page, stock_queries
from app.portal.page import blueprint
from app.shared.language import _, _n
from app.shared.seen import Overtaken, written
from app.shared.work import ACCOUNTS, acting_as, transaction
from app.web.deadlines import deadline
from app.web.forms import page_of, refusals
from app.web.paging import own_path
from app.web.toasts import toast
from app.web.words import when


@blueprint.get("/stock/<uuid:listing_id>")
def listing(listing_id: UUID) -> ResponseReturnValue:
    """Show how much of a listing is there, for whom it is held, and where it lies."""
    return _page(listing_id)


@blueprint.post("/stock/<uuid:listing_id>/count")
def count_listing(listing_id: UUID) -> ResponseReturnValue:
    """Count a listing; what somebody else counted meanwhile is shown, not overwritten."""
    form = Count()
    if form.validate_on_submit():
        with refusals(form):
            _count(listing_id, form)
            return redirect(_back(listing_id), 303)
    return _page(listing_id, count=form)


def _count(listing_id: UUID, form: Count) -> None:
    units = int(form.on_hand.data or 0)
    with transaction(page.scope()):
        row = stock_queries.listing(listing_id)
        count_stock({listing_id: units}, seen={listing_id: form.seen})
        is_same = row.on_hand == units
        if not is_same:
            facts: dict[str, Any] = {"was": str(row.on_hand), "now": str(units)}
            _note("stock_counted", row, **facts)
    if is_same:
        toast(_("So many were there already; nothing is changed."), "info")
        return
    fields = {"on_hand": str(row.on_hand), "seen_units": str(units), "back": _back(listing_id)}
    toast(
        _n("{n} unit of {sku} is there.", "{n} units of {sku} are there.", units, sku=row.sku),
        undo=(_("Undo"), url_for("portal.count_listing", listing_id=listing_id), fields),
    )


def _note(action: str, row: Row[Any], **facts: Any) -> None:
    # A vendor adds nothing to the trail by itself.
    with acting_as(ACCOUNTS):
        record(action, actor_of(current_user), subject=f"{row.sku}, {row.location}", **facts)


@blueprint.post("/stock/<uuid:listing_id>")
def change_listing(listing_id: UUID) -> ResponseReturnValue:
    """Note where a listing lies, and what the vendor's own labels say of it."""
    form = Shelf()
    if form.validate_on_submit():
        with refusals(form):
            with transaction(page.scope()):
                row = stock_queries.listing(listing_id)
                if shelving.change(listing_id, form.values(), seen=form.seen.data or ""):
                    _note("listing_changed", row)
            toast(_("Saved."))
            return redirect(url_for("portal.listing", listing_id=listing_id), 303)
    return _page(listing_id, shelf=form)


def _back(listing_id: UUID) -> str:
    return own_path(request.form.get("back"), url_for("portal.listing", listing_id=listing_id))


def _page(
    listing_id: UUID, *, count: Count | None = None, shelf: Shelf | None = None
) -> ResponseReturnValue:
    """Return the page, with a form that was not taken, if any."""
    with transaction(page.scope()) as now:
        shell = page.shell(now)
        row = stock_queries.listing(listing_id)
        held = stock_queries.held(listing_id) if row.reserved else []
    values = {name: getattr(row, name) for name in shelving.OWN}
    return page_of(
        count or shelf or Count(formdata=None),
        "portal/listing.html",
        **shell,
        listing=row,
        held=[_held(one, now) for one in held],
        is_cut=len(held) == stock_queries.MOST_HELD,
        count=_fresh(count, row) if count else _counted(row),
        overtaken=_overtaken(count) if count else None,
        shelf=shelf or Shelf(formdata=None, data=values | {"seen": written(values)}),
        meanwhile=meanwhile(shelf, values) if shelf else [],
        back=own_path(request.form.get("back"), url_for("portal.stock")),
        may_count=may("portal.count_listing", "POST"),
    )


def _counted(row: Row[Any]) -> Count:
    return Count(formdata=None, data={"on_hand": row.on_hand, "seen_units": str(row.on_hand)})


def _fresh(form: Count, row: Row[Any]) -> Count:
    """Return a form that was not taken, with what is there now as what has been seen."""
    form.seen_units.raw_data, form.seen_units.data = None, str(row.on_hand)
    return form


def _overtaken(form: Count) -> str | None:
    """Return what somebody else counted meanwhile, and what saving again does."""
    refusal = getattr(form, "refusal", None)
    if not isinstance(refusal, Overtaken):
        return None
    ((_name, _seen, now),) = refusal.changes
    return _(
        "Somebody changed it to {now} meanwhile. Save again to put {units} in its place.",
        now=now,
        units=form.on_hand.data,
    )


def _held(row: Row[Any], now: datetime) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "href": url_for("portal.fulfillment_order", reference=row.reference),
        "status": row.status,
        "units": row.quantity,
        "deadline": deadline(row.ship_by, now, _("ship by {moment}", moment=when(row.ship_by))),
    }
