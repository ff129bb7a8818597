"""A day's work for one vendor, in a demonstration slow enough for a person to do it by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any, NamedTuple

from app.catalog import service as catalog
from app.catalog.queries import listing_ids
from app.demo_market import GOODS
from app.intake import service as intake
from app.orders.contract import NewCustomer, NewLine, NewOrder, NewPayment
from app.policies import marketplace
from app.vendors import service as vendors
from app.vendors.queries import location_ids

# Demonstration seconds in a real one, at most; faster than that the truck has left long ago.
SLOW = 60
CODE, NAME = "hearth", "Hearth & Home"
PEOPLE = (
    ("owner@hearth.demo.example", "Maja Holm", "vendor_owner", CODE),
    ("packer@hearth.demo.example", "Sam Okoro", "vendor_staff", CODE),
)


class Shelf(NamedTuple):
    """Where goods lie there, how many, and what they cost in cents."""

    sku: str
    bin: str
    units: int
    cost: int


SHELVES = (
    Shelf("MUG-RED", "A-02-1", 60, 610),
    Shelf("MUG-BLUE", "A-02-2", 60, 610),
    Shelf("PLATE-SAND", "A-11-4", 40, 930),
    Shelf("BOWL-30", "B-07-2", 12, 2850),
    Shelf("CANDLE-6", "B-09-1", 30, 1230),
    Shelf("THROW-GREY", "C-01-3", 15, 4400),
    Shelf("TOWEL-2", "C-02-1", 25, 1790),
)
WRAP = {"gift_wrap": True, "gift_message": "Happy birthday, and cheers to many mugs of tea!"}
RING = {"delivery_instructions": "Ring twice; the bell is quiet."}
GATE = {"delivery_instructions": "Leave it behind the side gate."}


class Buyer(NamedTuple):
    """Who bought what; as (SKU, units), and what they asked for."""

    name: str
    line1: str
    postal_code: str
    city: str
    country: str
    lines: tuple[tuple[str, int], ...]
    wishes: dict[str, Any]


BUYERS = (
    Buyer("Ada Lind", "Storgatan 1", "211 34", "Malmö", "SE", (("MUG-RED", 2),), {}),
    Buyer("Jon Ek", "Nygatan 14", "582 19", "Linköping", "SE", (("PLATE-SAND", 4),), {}),
    Buyer(
        "Ines Roth",
        "Torstraße 8",
        "10119",
        "Berlin",
        "DE",
        (("BOWL-30", 1), ("PLATE-SAND", 2)),
        WRAP,
    ),
    Buyer("Paul Weiss", "Hauptstraße 77", "69117", "Heidelberg", "DE", (("CANDLE-6", 1),), {}),
    Buyer("Lea Moreau", "12 rue de la Paix", "75002", "Paris", "FR", (("THROW-GREY", 1),), RING),
    Buyer("Nils Berg", "Kungsgatan 3", "411 19", "Göteborg", "SE", (("MUG-BLUE", 6),), {}),
    Buyer("Mia Smit", "Prinsengracht 263", "1016 GV", "Amsterdam", "NL", (("TOWEL-2", 2),), GATE),
    Buyer("Tove Dahl", "Strandvägen 7", "114 56", "Stockholm", "SE", (("MUG-RED", 1),), WRAP),
    Buyer("Omar Said", "Sonnenallee 100", "12045", "Berlin", "DE", (("MUG-RED", 4),), {}),
    Buyer("Eva Kos", "Mostecká 5", "118 00", "Praha", "CZ", (("PLATE-SAND", 1),), {}),
    Buyer("Lars Ny", "Søndergade 9", "8000", "Aarhus", "DK", (("CANDLE-6", 2),), {}),
    Buyer("Rui Alves", "Rua Augusta 22", "1100-053", "Lisboa", "PT", (("MUG-BLUE", 2),), {}),
    Buyer("Ida Nord", "Kirkegata 4", "0153", "Oslo", "NO", (("THROW-GREY", 2),), RING),
    Buyer(
        "Kai Wolf",
        "Domstraße 11",
        "20095",
        "Hamburg",
        "DE",
        (("MUG-RED", 2), ("MUG-BLUE", 2), ("CANDLE-6", 1)),
        {},
    ),
    Buyer("Ana Ruiz", "Calle Mayor 30", "28013", "Madrid", "ES", (("BOWL-30", 2),), {}),
    Buyer("Finn Ahl", "Drottninggatan 5", "252 21", "Helsingborg", "SE", (("TOWEL-2", 1),), {}),
    Buyer("Zoë Ärlig", "Vasagatan 20", "722 15", "Västerås", "SE", (("PLATE-SAND", 6),), GATE),
    Buyer("Bo Lund", "Algade 31", "4000", "Roskilde", "DK", (("MUG-RED", 1),), {}),
    Buyer("Clara Vogt", "Marktplatz 1", "28195", "Bremen", "DE", (("BOWL-30", 1),), WRAP),
    Buyer("Hugo Blanc", "4 place Bellecour", "69002", "Lyon", "FR", (("TOWEL-2", 3),), {}),
)


def open_workshop(now: datetime) -> None:
    """Write the vendor, its shelves with their bins, and twenty orders that only it is to fill."""
    key = vendors.save_vendors([{"code": CODE, "name": NAME, "email": "hearth@demo.example"}])[CODE]
    place: dict[str, Any] = {"code": "main", "name": "Workshop", "city": "Malmö", "country": "SE"}
    place |= {"zone": "Europe/Stockholm", "cut_off": time(17), "handling_days": 1}
    vendors.save_locations([{"vendor_id": key, **place}])
    at = location_ids([(CODE, "main")])[CODE, "main"]
    titles = {good.sku: (good.title, good.price) for good in GOODS}
    names = [(CODE, "main", shelf.sku) for shelf in SHELVES]
    known = set(listing_ids(names).values())
    saved = catalog.save_listings(
        [
            {
                "vendor_id": at.vendor_id,
                "location_id": at.id,
                "sku": shelf.sku,
                "title": titles[shelf.sku][0],
                "cost_minor": shelf.cost,
                "price_minor": titles[shelf.sku][1],
                "currency": marketplace.currency(),
                "bin": shelf.bin,
            }
            for shelf in SHELVES
        ]
    )
    units = {saved[at.id, shelf.sku]: shelf.units for shelf in SHELVES}
    catalog.count_stock({key: many for key, many in units.items() if key not in known})
    intake.place(list(_orders(now)), actor=NAME, now=now)


def _orders(now: datetime) -> Iterator[NewOrder]:
    goods = {good.sku: good for good in GOODS}
    for n, buyer in enumerate(BUYERS, 1):
        lines = tuple(
            NewLine(str(i), sku, goods[sku].title, units, goods[sku].price, vendor=CODE)
            for i, (sku, units) in enumerate(buyer.lines, 1)
        )
        total = sum(line.unit_price_minor * line.quantity for line in lines)
        address = buyer._asdict()
        ship_to = {name: address[name] for name in ("name", "line1", "postal_code", "city")}
        yield NewOrder(
            channel="workshop",
            number=f"H-{1000 + n}",
            placed_at=now,
            currency=marketplace.currency(),
            customer=NewCustomer(f"H{n}", buyer.name, f"customer{n}@shop.example"),
            ship_to={**ship_to, "country": buyer.country},
            lines=lines,
            shipping={"service": "standard"},
            shipping_minor=0,
            preferences=buyer.wishes,
            payment=NewPayment("authorized", total),
            deliver_on=None,
            request_sha256=f"workshop-{n}",
        )
