"""The demonstration's goods, vendors and shelves; simulator/characters.py has its twin of them."""

from __future__ import annotations

from datetime import time
from typing import NamedTuple

from app.policies.documents import LaneRule
from app.vendors.contract import Kind

SATURDAY = 6
WEEK = (1, 2, 3, 4, 5)


class Good(NamedTuple):
    """What a SKU is: price in cents, GTIN (952 is GS1's for examples), grams and millimeters."""

    sku: str
    title: str
    price: int
    gtin: str
    grams: int
    size: tuple[int, int, int]


class Place(NamedTuple):
    """Where a vendor ships from, named as locations are."""

    city: str
    zone: str
    country: str
    holidays: str
    code: str = "main"
    region: str | None = None
    cut_off: time = time(15)
    handling_days: int = 1
    working_days: tuple[int, ...] = WEEK
    daily_capacity: int | None = None
    ships_to: tuple[str, ...] | None = None


class Seller(NamedTuple):
    """A vendor and where it ships from."""

    code: str
    name: str
    places: tuple[Place, ...]
    kind: Kind = Kind.MERCHANT


class Shelf(NamedTuple):
    """What a vendor has of a SKU: cost in cents, units, and working days to buy in (None: not)."""

    vendor: str
    sku: str
    cost: int
    units: int
    buy_in_days: int | None = None
    place: str = "main"


GOODS = (
    Good("MUG-RED", "Mug, red", 1250, "9520001000072", 350, (120, 90, 100)),
    Good("MUG-BLUE", "Mug, blue", 1250, "9520001000140", 350, (120, 90, 100)),
    Good("PLATE-SAND", "Plate, sand", 1900, "9520001000218", 620, (270, 270, 30)),
    Good("LAMP-PAPER", "Paper lantern floor lamp", 18900, "9520001000287", 2400, (620, 420, 160)),
    Good("CANDLE-6", "Beeswax candles, six", 2400, "9520001000355", 540, (220, 150, 30)),
    Good("THROW-GREY", "Wool throw, grey", 8900, "9520001000423", 1100, (400, 300, 120)),
    Good("TOWEL-2", "Linen towels, pair", 3600, "9520001000492", 480, (300, 220, 60)),
    Good("BOWL-30", "Serving bowl, 30 cm", 5800, "9520001000560", 1600, (310, 310, 120)),
    Good("BOARD-OAK", "Cutting board, oak", 4500, "9520001000638", 1350, (400, 250, 25)),
    Good("PAN-26", "Iron pan, 26 cm", 7900, "9520001000706", 2200, (480, 270, 70)),
    Good("STOOL-OAK", "Stool, oak", 12900, "9520001000775", 5200, (450, 350, 350)),
    Good("SALT-3", "Sea salt, three kinds", 1600, "9520001000843", 650, (180, 120, 60)),
    Good("TEA-TIN", "Tea in a tin", 1400, "9520001000911", 260, (90, 90, 140)),
)

# Whoever packs it has to see to that.
FRAGILE = {"MUG-RED", "MUG-BLUE", "PLATE-SAND", "LAMP-PAPER", "BOWL-30"}

VENDORS = (
    Seller("kiln", "Kiln & Co. Ceramics", (Place("Malmö", "Europe/Stockholm", "SE", "SE"),)),
    Seller("tallow", "Tallow Lighting", (Place("Berlin", "Europe/Berlin", "DE", "DE-BE"),)),
    Seller("fjord", "Fjord Textiles", (Place("Bergen", "Europe/Oslo", "NO", "NO"),)),
    Seller("ridge", "Ridge Pottery", (Place("Porto", "Europe/Lisbon", "PT", "PT"),)),
    Seller(
        "oak",
        "Oak & Iron",
        (
            Place("Portland", "America/New_York", "US", "US-ME", region="ME"),
            # Furniture is too bulky to go farther.
            Place(
                "Burlington",
                "America/New_York",
                "US",
                "US-VT",
                code="yard",
                region="VT",
                handling_days=2,
                ships_to=("CA", "GB", "US"),
            ),
        ),
    ),
    Seller("salt", "Salt Road Pantry", (Place("Nantes", "Europe/Paris", "FR", "FR"),)),
    Seller(
        "harbor",
        "Harbor Fulfillment",
        (
            Place(
                "Rotterdam",
                "Europe/Amsterdam",
                "NL",
                "NL",
                cut_off=time(17),
                handling_days=0,
                working_days=(*WEEK, SATURDAY),
                daily_capacity=12,
            ),
        ),
        Kind.FULFILLMENT_HOUSE,
    ),
    Seller(
        "lantern",
        "Lantern Direct",
        (Place("Warsaw", "Europe/Warsaw", "PL", "PL", handling_days=3),),
        Kind.DROP_SHIPPER,
    ),
)

SHELVES = (
    Shelf("kiln", "MUG-RED", 625, 100_000),
    Shelf("ridge", "MUG-RED", 595, 100_000),
    Shelf("harbor", "MUG-RED", 740, 4_000),
    Shelf("kiln", "MUG-BLUE", 625, 100_000),
    Shelf("harbor", "MUG-BLUE", 720, 4_000),
    Shelf("kiln", "PLATE-SAND", 950, 100_000),
    Shelf("ridge", "PLATE-SAND", 910, 40, 6),
    Shelf("lantern", "PLATE-SAND", 690, 1_500),
    Shelf("tallow", "LAMP-PAPER", 9450, 100_000),
    Shelf("lantern", "LAMP-PAPER", 8100, 600),
    Shelf("tallow", "CANDLE-6", 1200, 60, 4),
    Shelf("salt", "CANDLE-6", 1260, 100_000),
    Shelf("harbor", "CANDLE-6", 1340, 2_500),
    Shelf("fjord", "THROW-GREY", 4450, 100_000),
    Shelf("harbor", "THROW-GREY", 4790, 900),
    Shelf("fjord", "TOWEL-2", 1800, 100_000),
    Shelf("harbor", "TOWEL-2", 1950, 3_000),
    Shelf("lantern", "TOWEL-2", 1340, 1_200),
    # Nobody has many of it: soon it is made, or bought in, for each order.
    Shelf("ridge", "BOWL-30", 2900, 24, 5),
    Shelf("lantern", "BOWL-30", 2700, 18, 9),
    Shelf("oak", "BOARD-OAK", 2250, 100_000),
    Shelf("harbor", "BOARD-OAK", 2520, 1_800),
    Shelf("lantern", "BOARD-OAK", 1990, 900),
    Shelf("oak", "PAN-26", 3950, 100_000),
    Shelf("harbor", "PAN-26", 4280, 700),
    Shelf("oak", "STOOL-OAK", 6100, 100_000, place="yard"),
    Shelf("harbor", "STOOL-OAK", 7250, 100_000),
    Shelf("salt", "SALT-3", 800, 100_000),
    Shelf("harbor", "SALT-3", 890, 2_000),
    # Its blend is a secret: nobody else sells it.
    Shelf("salt", "TEA-TIN", 700, 100_000),
)

EUROPE = (
    "AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FI", "FR",
    "GB", "IE", "IT", "NL", "NO", "PL", "PT", "SE",
)  # fmt: skip
HOMES = sorted({place.country for vendor in VENDORS for place in vendor.places})
# Faster than the usual service: at home, within Europe, overseas.
FASTER = (
    *(
        LaneRule(origin=home, destination=home, service="express", days=1, parcel=990, kilo=120)
        for home in HOMES
    ),
    *(
        LaneRule(origin=o, service="express", days=4, parcel=4200, kilo=1100)
        for o in HOMES
        if o not in EUROPE
    ),
    *(
        LaneRule(destination=there, service=service, days=days, parcel=parcel, kilo=kilo)
        for there in EUROPE
        for service, days, parcel, kilo in (("express", 2, 1640, 290), ("priority", 3, 1240, 210))
    ),
    LaneRule(service="express", days=4, parcel=4200, kilo=1100),
    LaneRule(service="priority", days=6, parcel=2700, kilo=800),
)
# Faster ones, at home, overseas from there, within Europe, overseas: the first that fits counts.
LANES = (
    *FASTER,
    *(LaneRule(origin=home, destination=home, days=2, parcel=490, kilo=60) for home in HOMES),
    *(LaneRule(origin=o, days=8, parcel=1900, kilo=600) for o in HOMES if o not in EUROPE),
    *(LaneRule(destination=there, days=4, parcel=890, kilo=150) for there in EUROPE),
    LaneRule(days=8, parcel=1900, kilo=600),
)
