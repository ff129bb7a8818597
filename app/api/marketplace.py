"""What the marketplace keeps: vendors, listings, policies."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from app.api.access import caller
from app.api.forms import (
    ListingsForm,
    LocationForm,
    VendorForm,
    VendorsForm,
    read,
)
from app.audit.contract import Actor
from app.audit.service import record
from app.catalog import service as catalog
from app.catalog.forms import ListingForm
from app.policies import marketplace
from app.policies import service as policies
from app.routing.registry import strategy
from app.shared.errors import InvalidInput, NotFound
from app.shared.work import OPS, transaction
from app.vendors import service as vendors
from app.vendors.queries import location_ids
from app.web.fields import Amounts


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add = blueprint.add_url_rule
    add("/vendors", view_func=save_vendors, methods=["PUT"])
    add("/vendors/<code>", view_func=save_vendor, methods=["PUT"])
    add("/vendors/<code>/locations/<location>", view_func=save_location, methods=["PUT"])
    add("/listings", view_func=save_listings, methods=["PUT"])
    add("/policies/<kind>", view_func=publish, methods=["PUT"])


def save_vendor(code: str) -> dict[str, Any]:
    """Create or change a vendor."""
    form = read(VendorForm)
    with transaction(OPS):
        vendors.save_vendors([form.model_dump() | {"code": code}])
        record("vendors_saved", _actor(), subject=code, count=1)
    return {"code": code} | form.model_dump()


def save_vendors() -> dict[str, Any]:
    """Create or change many vendors, each with its one location."""
    forms = read(VendorsForm).vendors
    with transaction(OPS):
        keys = vendors.save_vendors([f.model_dump(exclude={"location"}) for f in forms])
        record("vendors_saved", _actor(), subject=", ".join(keys), count=len(keys))
        vendors.save_locations(
            [f.location.model_dump() | {"vendor_id": keys[f.code], "code": "main"} for f in forms]
        )
    return {"saved": len(forms)}


def _actor() -> Actor:
    """Return the key that asks, as the audit trail names it."""
    return caller().actor(request.remote_addr or "")


def save_location(code: str, location: str) -> dict[str, Any]:
    """Create or change a vendor's location."""
    form = read(LocationForm)
    with transaction(OPS):
        key = vendors.vendor_id(code)
        vendors.save_locations([form.model_dump() | {"vendor_id": key, "code": location}])
    return {"code": location} | form.model_dump(mode="json")


def save_listings() -> dict[str, Any]:
    """Create or change many listings, and count their stock where a count is given."""
    forms = read(ListingsForm).listings
    with transaction(OPS):
        places = location_ids((f.vendor, f.location) for f in forms)
        rows = [_listing(f, places) for f in forms]
        keys = catalog.save_listings(rows)
        catalog.count_stock(
            {
                keys[row["location_id"], row["sku"]]: form.stock
                for row, form in zip(rows, forms, strict=True)
                if form.stock is not None
            }
        )
    return {"saved": len(rows)}


def _listing(form: ListingForm, places: dict[tuple[str, str], Any]) -> dict[str, Any]:
    place = places.get((form.vendor, form.location))
    if place is None:
        raise NotFound(f"Vendor '{form.vendor}' has no location '{form.location}'.")
    wrong: dict[str, str] = {}
    currency = form.currency or marketplace.currency()
    cost = Amounts(currency, wrong).of("cost", form.cost)
    if wrong:
        raise InvalidInput("The listings were not taken.", **wrong)
    return {
        "vendor_id": place.vendor_id,
        "location_id": place.id,
        "sku": form.sku,
        "title": form.title,
        "cost_minor": cost,
        "currency": currency,
        "is_active": form.is_active,
    }


def publish(kind: str) -> dict[str, Any]:
    """Put a policy document in force from now on."""
    document = request.get_json(silent=True)
    if not isinstance(document, dict):
        raise InvalidInput("A policy is a JSON object.", body="not an object")
    if kind == "routing" and "strategy" in document:
        strategy(str(document["strategy"]))
    with transaction(OPS) as now:
        policy = policies.publish(kind, document, by=caller().name, now=now)
        record("policy_published", _actor(), subject=kind, version=policy.version)
        return {"kind": kind, "version": policy.version, "document": policy.document}
