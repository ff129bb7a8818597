"""The demonstration marketplace: people who can sign in, vendors, and shelves that are full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import time
from uuid import UUID

from flask import current_app

from app.accounts.keys import ensure_key
from app.accounts.people import ensure_user
from app.catalog import service as catalog
from app.shared import clock
from app.shared.errors import NotAllowed
from app.shared.work import ACCOUNTS, OPS, transaction
from app.vendors import service as vendors
from app.vendors.queries import location_ids

# Code, name, zone, country, city, what it sells: (SKU, title, price and cost in cents).
VENDORS: tuple[tuple[str, str, str, str, str, tuple[tuple[str, str, int], ...]], ...] = (
    (
        "kiln",
        "Kiln & Co. Ceramics",
        "Europe/Stockholm",
        "SE",
        "Malmö",
        (
            ("MUG-RED", "Mug, red", 1250),
            ("MUG-BLUE", "Mug, blue", 1250),
            ("PLATE-SAND", "Plate, sand", 1900),
        ),
    ),
    (
        "tallow",
        "Tallow Lighting",
        "Europe/Berlin",
        "DE",
        "Berlin",
        (
            ("LAMP-PAPER", "Paper lantern floor lamp", 18900),
            ("CANDLE-6", "Beeswax candles, six", 2400),
        ),
    ),
    (
        "fjord",
        "Fjord Textiles",
        "Europe/Oslo",
        "NO",
        "Bergen",
        (("THROW-GREY", "Wool throw, grey", 8900), ("TOWEL-2", "Linen towels, pair", 3600)),
    ),
    (
        "ridge",
        "Ridge Pottery",
        "Europe/Lisbon",
        "PT",
        "Porto",
        (("MUG-RED", "Mug, red", 1190), ("BOWL-30", "Serving bowl, 30 cm", 5800)),
    ),
    (
        "oak",
        "Oak & Iron",
        "America/New_York",
        "US",
        "Portland",
        (("BOARD-OAK", "Cutting board, oak", 4500), ("PAN-26", "Iron pan, 26 cm", 7900)),
    ),
    (
        "salt",
        "Salt Road Pantry",
        "Europe/Paris",
        "FR",
        "Nantes",
        (("SALT-3", "Sea salt, three kinds", 1600), ("TEA-TIN", "Tea in a tin", 1400)),
    ),
)
UNITS = 100_000
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
    with transaction(OPS):
        if speed := os.environ.get("SPEED"):
            clock.run(float(speed))
        keys = _fill_shelves()
    with transaction(ACCOUNTS):
        for email, name, role in PEOPLE:
            ensure_user(email, name, role, password)
        for email, name, role, vendor in VENDORS_PEOPLE:
            ensure_user(email, name, role, password, keys[vendor])
        if token := os.environ.get("SIMULATOR_API_KEY"):
            ensure_key("simulator", token)
    yield f"Sign in at {current_app.config['PUBLIC_URL']}/signin with the password {password} as"
    for email, name, role in PEOPLE:
        yield f"  {email:<26} {name}, {role.replace('_', ' ')}"
    for email, name, role, vendor in VENDORS_PEOPLE:
        yield f"  {email:<26} {name}, {role.replace('_', ' ')} of {vendor}"


def _fill_shelves() -> dict[str, UUID]:
    keys = vendors.save_vendors(
        [
            {"code": code, "name": name, "email": f"{code}@demo.example", "status": "active"}
            for code, name, *_ in VENDORS
        ]
    )
    vendors.save_locations(
        [
            {
                "vendor_id": keys[code],
                "code": "main",
                "name": city,
                "zone": zone,
                "country": country,
                "region": None,
                "city": city,
                "postal_code": None,
                "cut_off": time(15),
                "handling_days": 1,
            }
            for code, _, zone, country, city, _ in VENDORS
        ]
    )
    places = location_ids((code, "main") for code, *_ in VENDORS)
    listings = catalog.save_listings(
        [
            {
                "vendor_id": keys[code],
                "location_id": places[code, "main"].id,
                "sku": sku,
                "title": title,
                "cost_minor": price // 2,
                "currency": current_app.config["CURRENCY_DEFAULT"],
                "is_active": True,
            }
            for code, *_, goods in VENDORS
            for sku, title, price in goods
        ]
    )
    catalog.count_stock(dict.fromkeys(listings.values(), UNITS))
    return keys
