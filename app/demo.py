"""The demonstration marketplace: people who can sign in, vendors, and shelves that are full."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import current_app

from app import demo_day
from app.accounts.keys import ensure_key
from app.accounts.people import ensure_user
from app.catalog import service as catalog
from app.catalog.queries import listing_ids
from app.demo_market import FRAGILE, GOODS, LANES, SHELVES, VENDORS
from app.policies.documents import Lanes
from app.policies.queries import versions
from app.policies.service import publish
from app.shared import clock
from app.shared.errors import NotAllowed
from app.shared.work import ACCOUNTS, OPS, transaction
from app.vendors import service as vendors
from app.vendors.queries import is_known, location_ids, location_of

# Who decided what no person of it has.
SAID_BY = "Demonstration"
PEOPLE = (
    ("ops@demo.example", "Imani Brooks", "ops_agent"),
    ("lead@demo.example", "Jonas Weber", "ops_lead"),
    ("manager@demo.example", "Rosa Delgado", "senior_management"),
    ("admin@demo.example", "Teo Marin", "administrator"),
)
# Who ships, by their vendor's code.
VENDORS_PEOPLE = (
    ("owner@kiln.demo.example", "Elin Berg", "vendor_owner", "kiln"),
    ("packer@kiln.demo.example", "Noor Aziz", "vendor_staff", "kiln"),
    ("owner@tallow.demo.example", "Paul Brandt", "vendor_owner", "tallow"),
)


def seed() -> Iterator[str]:
    """Fill an empty marketplace; again changes nothing. Yields what its users must know."""
    if current_app.config["ENVIRONMENT"] == "production":
        raise NotAllowed("A real marketplace is not filled with demonstration data.")
    password = os.environ.get("DEMO_PASSWORD") or "onward-demo"
    if speed := os.environ.get("SPEED"):
        # By itself: what is written next is of the time from which the world goes on.
        with transaction(OPS):
            clock.run(float(speed))
    with transaction(OPS) as now:
        # All of it is written at once, so whoever knows the newest vendor has everything.
        if not is_known(VENDORS[-1].code):
            _open_market(now)
        if speed and float(speed) <= demo_day.SLOW and not is_known(demo_day.CODE):
            demo_day.open_workshop(now)
        people = VENDORS_PEOPLE + (demo_day.PEOPLE if is_known(demo_day.CODE) else ())
        keys = {code: vendors.vendor_id(code) for *_, code in people}
    with transaction(ACCOUNTS):
        _let_in(password, people, keys)
    yield f"Sign in at {current_app.config['PUBLIC_URL']}/signin with the password {password} as"
    for email, name, role in PEOPLE:
        yield f"  {email:<26} {name}, {role.replace('_', ' ')}"
    for email, name, role, vendor in people:
        yield f"  {email:<26} {name}, {role.replace('_', ' ')} of {vendor}"


def _let_in(
    password: str, people: Sequence[tuple[str, str, str, str]], vendor_keys: Mapping[str, UUID]
) -> None:
    for email, name, role in PEOPLE:
        ensure_user(email, name, role, password)
    for email, name, role, vendor in people:
        ensure_user(email, name, role, password, vendor_keys[vendor])
    if token := os.environ.get("SIMULATOR_API_KEY"):
        ensure_key("simulator", token)


def _open_market(now: datetime) -> None:
    """Write who sells what and how it gets to customers; what lies on a shelf already stays."""
    _save_vendors()
    _fill_shelves()
    _close_next_week("ridge", "The kilns are relined", now)
    if not versions("lanes", limit=1):
        publish("lanes", Lanes(lanes=LANES).model_dump(mode="json"), by=SAID_BY, now=now)


def _save_vendors() -> None:
    keys = vendors.save_vendors(
        [
            {"code": v.code, "name": v.name, "email": f"{v.code}@demo.example", "kind": v.kind}
            for v in VENDORS
        ]
    )
    vendors.save_locations(
        [
            {"vendor_id": keys[vendor.code], "name": place.city, **place._asdict()}
            for vendor in VENDORS
            for place in vendor.places
        ]
    )


def _fill_shelves() -> None:
    goods = {good.sku: good for good in GOODS}
    catalog.save_products(
        [
            {
                "sku": good.sku,
                "title": good.title,
                "gtin": good.gtin,
                "weight_g": good.grams,
                "packing": ["fragile"] if good.sku in FRAGILE else None,
                **dict(zip(("length_mm", "width_mm", "height_mm"), good.size, strict=True)),
            }
            for good in GOODS
        ]
    )
    places = location_ids((shelf.vendor, shelf.place) for shelf in SHELVES)
    known = set(listing_ids((s.vendor, s.place, s.sku) for s in SHELVES).values())
    listings = catalog.save_listings(
        [
            {
                "vendor_id": places[shelf.vendor, shelf.place].vendor_id,
                "location_id": places[shelf.vendor, shelf.place].id,
                "sku": shelf.sku,
                "title": goods[shelf.sku].title,
                "cost_minor": shelf.cost,
                "price_minor": goods[shelf.sku].price,
                "currency": current_app.config["CURRENCY_DEFAULT"],
                "buy_in_days": shelf.buy_in_days,
            }
            for shelf in SHELVES
        ]
    )
    units = {listings[places[s.vendor, s.place].id, s.sku]: s.units for s in SHELVES}
    catalog.count_stock({key: units[key] for key in units if key not in known})


def _close_next_week(vendor: str, reason: str, now: datetime) -> None:
    place = location_of(vendor, "main")
    today = now.astimezone(ZoneInfo(place.zone)).date()
    monday = today + timedelta(days=7 - today.weekday())
    vendors.close_days(place, monday, monday + timedelta(days=4), reason, by=SAID_BY)
