"""What the marketplace keeps: products, listings, policies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from app.api.access import actor, caller
from app.api.catalog_forms import ListingsForm, ProductsForm
from app.api.forms import body, read
from app.audit.service import record
from app.catalog import service as catalog
from app.catalog.queries import currencies
from app.catalog.queries import listings as read_listings
from app.orders.documents import Document, plain
from app.policies import marketplace
from app.policies import service as policies
from app.routing.registry import strategy
from app.shared.errors import InvalidInput, NotFound
from app.shared.money import Money
from app.shared.work import OPS, transaction
from app.vendors.queries import location_ids

PAGE = 500
SHOWN = (
    *("vendor", "location", "sku", "title", "currency", "is_active"),
    *("buy_in_days", "restock_on", "bin", "own_code"),
)
UNITS = ("on_hand", "reserved", "available")


def mount(blueprint: Blueprint) -> None:
    """Add the routes."""
    add = blueprint.add_url_rule
    add("/products", view_func=save_products, methods=["PUT"])
    add("/listings", view_func=save_listings, methods=["PUT"])
    add("/listings", view_func=listings, methods=["GET"])
    add("/policies/<kind>", view_func=publish, methods=["PUT"])


def save_products() -> Document:
    """Create or change many products."""
    forms = read(ProductsForm).products
    with transaction(OPS):
        catalog.save_products([form.model_dump(exclude_unset=True) for form in forms])
    return {"saved": len(forms)}


def save_listings() -> Document:
    """Create or change many listings, and count their stock where a count is given."""
    forms = read(ListingsForm).listings
    with transaction(OPS):
        places = location_ids((f.vendor, f.location) for f in forms)
        missing = next((f for f in forms if (f.vendor, f.location) not in places), None)
        if missing:
            raise NotFound(f"Vendor '{missing.vendor}' has no location '{missing.location}'.")
        usual, known = marketplace.currency(), currencies(form.name for form in forms)
        rows = [f.to_row(places[f.vendor, f.location], usual, known.get(f.name)) for f in forms]
        keys = catalog.save_listings(rows)
        catalog.count_stock(
            {
                keys[row["location_id"], row["sku"]]: form.stock
                for row, form in zip(rows, forms, strict=True)
                if form.stock is not None
            }
        )
    return {"saved": len(rows)}


def listings() -> Document:
    """List who sells what, by ?sku= and ?vendor=; `after` is the last page's last one."""
    sku, vendor = request.args.get("sku", ""), request.args.get("vendor", "")
    with transaction(OPS):
        rows = read_listings(sku, vendor, after=_after(), limit=PAGE)
    more = str(rows[-1].id) if len(rows) == PAGE else None
    return {"listings": [_listing(row) for row in rows], "after": more}


def _after() -> UUID | None:
    given = request.args.get("after")
    try:
        return UUID(given) if given else None
    except ValueError:
        raise InvalidInput("`after` is no place in the list.", after="as it was answered") from None


def _listing(row: Any) -> Document:
    amounts = {"cost": row.cost_minor, "price": row.price_minor}
    return {name: plain(getattr(row, name)) for name in (*SHOWN, *UNITS)} | {
        k: None if v is None else str(Money(v, row.currency)) for k, v in amounts.items()
    }


def publish(kind: str) -> dict[str, Any]:
    """Put a policy document in force from now on."""
    document = body(unsaid=b"null")
    if not isinstance(document, dict):
        raise InvalidInput("A policy is a JSON object.", body="not an object")
    if kind == "routing" and "strategy" in document:
        strategy(str(document["strategy"]))
    with transaction(OPS) as now:
        policy = policies.publish(kind, document, by=caller().name, now=now)
        record("policy_published", actor(), subject=kind, version=policy.version)
        return {"kind": kind, "version": policy.version, "document": policy.document}
