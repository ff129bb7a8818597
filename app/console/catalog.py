"""The catalog: what is sold by SKU, who sells it, how much there is and for whom it is held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.accounts.sessions import actor_of
from app.audit.service import record
from app.catalog import queries, service
from app.console import catalog_queries, page, shelves
from app.console.catalog_forms import ChangeListing, ChangeProduct, of_listing
from app.console.page import blueprint
from app.desk.edits import meanwhile
from app.desk.shelves import shelf_asked
from app.desk.stock_forms import Count
from app.shared.errors import NotFound
from app.shared.language import _, _n
from app.shared.seen import Overtaken, written
from app.shared.work import OPS, transaction
from app.vendors.queries import location_of
from app.web.forms import page_of, refusals

PAGE, MOST_HELD = 50, 50


@blueprint.get("/catalog")
def catalog() -> str:
    """Show what is sold, by SKU; search it by how a SKU or a word of its title begins, or GTIN."""
    asked = shelf_asked(request.args, PAGE)
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = shelves.catalog(asked, url_for("console.catalog"))
    return render_template("console/catalog.html", **frame, shelf=found)


@blueprint.get("/catalog/<path:sku>")
def product(sku: str) -> str:
    """Show one SKU: what it is, who sells it, for whom units are held, and who waits."""
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        about, listings = queries.product(sku), catalog_queries.listings(sku, now)
        if about is None and not listings:
            raise NotFound(_("Nobody sells or describes {sku}.", sku=sku))
        held = catalog_queries.held(sku, MOST_HELD + 1)
        waiting = catalog_queries.waiting(sku)
    return render_template(
        "console/product.html",
        **frame,
        sku=sku,
        title=about.title if about else listings[0].title,
        about=about,
        listings=listings,
        totals={
            name: sum(getattr(row, name) for row in listings) for name in ("on_hand", "reserved")
        },
        held=held[:MOST_HELD],
        is_cut=len(held) > MOST_HELD,
        waiting=waiting,
    )


@blueprint.route("/products/<path:sku>", methods=["GET", "POST"])
def change_product(sku: str) -> ResponseReturnValue:
    """Describe a SKU."""
    with transaction(OPS) as now:
        values = _product_values(sku, now)
    form = ChangeProduct(data=values | {"seen": written(values)})
    if form.validate_on_submit():
        with refusals(form):
            with transaction(OPS):
                service.change_product(sku, form.values(), seen=form.seen.data or "")
                record("product_changed", actor_of(current_user), subject=sku)
            flash(_("Saved."), "good")
            return redirect(url_for("console.product", sku=sku))
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        values = _product_values(sku, now)
    changes = meanwhile(form, values)
    return page_of(form, "console/change_product.html", **frame, sku=sku, meanwhile=changes)


def _product_values(sku: str, now: datetime) -> dict[str, Any]:
    """Return what is known of a SKU; of one that is only sold, nothing but that it is there."""
    about = queries.product(sku)
    if about is None and not catalog_queries.listings(sku, now):
        raise NotFound(_("Nobody sells or describes {sku}.", sku=sku))
    return {name: getattr(about, name, None) for name in service.PRODUCT}


@blueprint.route("/listings/<vendor>/<location>/<path:sku>", methods=["GET", "POST"])
def change_listing(vendor: str, location: str, sku: str) -> ResponseReturnValue:
    """Change on which terms a location sells a SKU, or count what it has."""
    with transaction(OPS):
        found = _listing(vendor, location, sku)
    is_count = "on_hand" in request.form
    terms = ChangeListing(
        found["currency"],
        formdata=request.form if request.form and not is_count else None,
        data=of_listing(found["values"]) | {"seen": written(found["values"])},
    )
    count = Count(
        formdata=request.form if is_count else None,
        data={"on_hand": found["on_hand"], "seen_units": found["on_hand"]},
    )
    form = count if is_count else terms
    if form.validate_on_submit():
        with refusals(form):
            said = _count(found, count) if is_count else _change(found, terms)
            flash(said, "good")
            return redirect(url_for("console.product", sku=sku))
    return _listing_page(form, terms, count, (vendor, location, sku))


def _listing_page(
    form: Any, terms: ChangeListing, count: Count, names: tuple[str, str, str]
) -> ResponseReturnValue:
    with transaction(OPS) as now:
        frame = page.shell(page.numbers(), now)
        found = _listing(*names)
    if isinstance(getattr(count, "refusal", None), Overtaken):
        count.seen_units.raw_data, count.seen_units.data = None, found["on_hand"]
    changes = meanwhile(terms, found["values"], {"cost_minor": "cost", "price_minor": "price"})
    return page_of(
        form,
        "console/change_listing.html",
        **frame,
        listing=found,
        terms=terms,
        count=count,
        meanwhile=changes,
    )


def _listing(vendor: str, location: str, sku: str) -> dict[str, Any]:
    rows = queries.listings(sku=sku, vendor=vendor)
    row = next((row for row in rows if row.location == location), None)
    if row is None:
        raise NotFound(
            _("{vendor} sells no {sku} at {place}.", vendor=vendor, sku=sku, place=location)
        )
    place = location_of(vendor, location)
    return {
        "id": row.id,
        "sku": sku,
        "vendor": vendor,
        "place": place.name,
        "place_id": place.id,
        "vendor_id": place.vendor_id,
        "currency": row.currency,
        "on_hand": row.on_hand,
        "reserved": row.reserved,
        "values": {name: getattr(row, name) for name in service.LISTING},
    }


def _change(found: Mapping[str, Any], form: ChangeListing) -> str:
    key = {"vendor_id": found["vendor_id"], "location_id": found["place_id"], "sku": found["sku"]}
    with transaction(OPS):
        service.change_listing(key | form.values(), seen=form.seen.data or "")
        record("listing_changed", actor_of(current_user), subject=_subject(found))
    return _("Saved.")


def _count(found: Mapping[str, Any], form: Count) -> str:
    units = int(form.on_hand.data or 0)
    key: UUID = found["id"]
    with transaction(OPS):
        service.count_stock({key: units}, seen={key: form.seen})
        facts: dict[str, Any] = {"was": str(form.seen), "now": str(units)}
        record("stock_counted", actor_of(current_user), subject=_subject(found), **facts)
    return _n("{n} unit is there.", "{n} units are there.", units)


def _subject(found: Mapping[str, Any]) -> str:
    return f"{found['sku']}, {found['vendor']}"
