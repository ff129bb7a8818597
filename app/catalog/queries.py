"""Who sells what, and how much of it can be had."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.catalog.models import Product
from app.extensions import db
from app.shared import work
from app.vendors.queries import STATUS

# A listing as programs and files name it: vendor code, location code, SKU.
Name = tuple[str, str, str]
# For the driver: they go with other statements in one journey.
OFFERS = (
    "SELECT l.id AS listing_id, l.vendor_id, l.location_id, l.sku, l.cost_minor, l.currency,"
    " l.is_active, l.buy_in_days, l.restock_on, p.weight_g, v.code AS vendor,"
    f" v.email AS vendor_email, {STATUS.replace(':now', '%(now)s')} AS vendor_status,"
    " c.code AS location, c.zone, c.cut_off, c.handling_days, c.working_days, c.holidays,"
    " c.daily_capacity, c.ships_to, c.is_active AS location_is_active, c.country,"
    " s.on_hand - s.reserved AS available"
    " FROM listings l JOIN stock s ON s.listing_id = l.id"
    " JOIN vendors v ON v.id = l.vendor_id JOIN locations c ON c.id = l.location_id"
    " LEFT JOIN products p ON p.sku = l.sku"
    " WHERE l.sku = ANY(CAST((SELECT %(skus)s) AS text[])) ORDER BY s.listing_id"
)
LISTINGS = (
    "SELECT l.id, l.sku, l.title, l.cost_minor, l.price_minor, l.currency, l.is_active,"
    " l.buy_in_days, l.restock_on, l.bin, l.own_code, v.code AS vendor, c.code AS location,"
    " s.on_hand, s.reserved, s.on_hand - s.reserved AS available"
    " FROM listings l JOIN stock s ON s.listing_id = l.id"
    " JOIN vendors v ON v.id = l.vendor_id JOIN locations c ON c.id = l.location_id"
    " WHERE {where} ORDER BY l.id LIMIT :limit"
)
OFFERS_LOCKED = f"{OFFERS} FOR NO KEY UPDATE OF s"


def product(sku: str) -> Product | None:
    """Return what a SKU is, if anybody has said so."""
    return db.session.get(Product, sku)


def skus_at(keys: Sequence[UUID]) -> Sequence[str]:
    """Return the SKUs that are sold at these listings, locations and vendors."""
    found = db.session.scalars(
        text(
            "SELECT DISTINCT sku FROM listings WHERE is_active AND"
            " (id = ANY(:keys) OR location_id = ANY(:keys) OR vendor_id = ANY(:keys))"
        ),
        {"keys": list(keys)},
    )
    return found.all()


def listing_ids(names: Iterable[Name]) -> dict[Name, UUID]:
    """Return the keys of listings by their names."""
    return {(row.vendor, row.location, row.sku): row.id for row in _named(names)}


def currencies(names: Iterable[Name]) -> dict[Name, str]:
    """Return in which currency listings are bought and sold, by their names."""
    return {(row.vendor, row.location, row.sku): row.currency for row in _named(names)}


def _named(names: Iterable[Name]) -> Sequence[Row[Any]]:
    asked = sorted(set(names))
    rows = db.session.execute(
        text(
            "SELECT n.vendor, n.location, n.sku, l.id, l.currency"
            " FROM unnest(CAST(:vendors AS text[]),"
            " CAST(:locations AS text[]), CAST(:skus AS text[])) n(vendor, location, sku)"
            " JOIN vendors v ON v.code = n.vendor"
            " JOIN locations c ON (c.vendor_id, c.code) = (v.id, n.location)"
            " JOIN listings l ON (l.location_id, l.sku) = (c.id, n.sku)"
        ),
        {
            "vendors": [vendor for vendor, *_ in asked],
            "locations": [location for _, location, _ in asked],
            "skus": [sku for *_, sku in asked],
        },
    )
    return rows.all()


def listings(
    sku: str = "", vendor: str = "", after: UUID | None = None, limit: int = 500
) -> Sequence[Row[Any]]:
    """Return listings with their stock, in the order of their keys, from after a key on."""
    asked = {"v.code = :vendor": vendor, "l.sku = :sku": sku, "l.id > :after": after}
    where = " AND ".join(part for part, value in asked.items() if value) or "true"
    values = {"sku": sku, "vendor": vendor, "after": after, "limit": limit}
    return db.session.execute(text(LISTINGS.format(where=where)), values).all()


KNOWN = (
    "SELECT s.sku, p.most_units,"
    " p.sku IS NOT NULL OR EXISTS (SELECT FROM listings l WHERE l.sku = s.sku) AS is_known"
    " FROM unnest((SELECT CAST(%(skus)s AS text[]))) s(sku) LEFT JOIN products p ON p.sku = s.sku"
)


def known_skus(skus: Iterable[str]) -> work.Question[list[Any]]:
    """Ask of SKUs whether anybody lists or describes them, and how many units are usual."""
    return work.Question(KNOWN, {"skus": sorted(set(skus))}, list)


# Of pins to vendors, those that nobody can be given: no such vendor, closed, or not on its list.
ASTRAY = (
    "SELECT p.vendor, p.sku, v.id IS NOT NULL AS is_known"
    " FROM unnest((SELECT CAST(%(vendors)s AS text[])), (SELECT CAST(%(skus)s AS text[])))"
    " p(vendor, sku) LEFT JOIN vendors v ON v.code = p.vendor AND v.status <> 'closed'"
    " WHERE NOT EXISTS"
    " (SELECT FROM listings l WHERE (l.vendor_id, l.sku) = (v.id, p.sku))"
)


def pins_astray(pins: Iterable[tuple[str, str]]) -> work.Question[dict[tuple[str, str], bool]]:
    """Ask of vendor codes and SKUs which no open vendor lists; and whether that vendor is there."""
    asked = sorted(set(pins))
    values = {"vendors": [vendor for vendor, _ in asked], "skus": [sku for _, sku in asked]}
    return work.Question(
        ASTRAY, values, lambda rows: {(row.vendor, row.sku): row.is_known for row in rows}
    )


STATES = text(
    "SELECT l.id, concat_ws(' ', l, s.on_hand) AS state FROM listings l"
    " JOIN stock s ON s.listing_id = l.id WHERE l.id = ANY(:ids)"
)


def states(listing_keys: Iterable[UUID]) -> dict[UUID, str]:
    """Return listings with what is on hand as texts that differ where anything of them does."""
    rows = db.session.execute(STATES, {"ids": sorted(set(listing_keys))})
    return {row.id: row.state for row in rows}
