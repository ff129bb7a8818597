"""The vendors of the demonstration: what each sells, and how it works; the shop's prices."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from simulator.places import Place

Kind = TypeVar("Kind")
# From so many hours to so many; one of them is drawn.
Hours = tuple[float, float]
WHOLE = 100


class Goods(NamedTuple):
    """What a shop sells of one kind, its price in cents."""

    sku: str
    title: str
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """How a vendor works; shares are of a hundred, hours are the world's."""

    code: str
    place: Place
    # The SKUs it has.
    sells: tuple[str, ...]
    # From the assignment to the confirmation.
    confirms: Hours
    # How often it hands over how long after its ship-by; before it, where the hours are negative.
    ships: tuple[tuple[int, Hours], ...]
    declines_whole: int = 0
    declines_part: int = 0
    # How many of picking, packing and labeling it tells the platform.
    steps: int = 0
    mistypes: int = 0
    splits: int = 0
    # From its word that a parcel has left to the carrier's first scan.
    hands_over: Hours = (0.5, 4.0)


GOODS = (
    Goods("MUG-RED", "Mug, red", 1250),
    Goods("MUG-BLUE", "Mug, blue", 1250),
    Goods("PLATE-SAND", "Plate, sand", 1900),
    Goods("LAMP-PAPER", "Paper lantern floor lamp", 18900),
    Goods("CANDLE-6", "Beeswax candles, six", 2400),
    Goods("THROW-GREY", "Wool throw, grey", 8900),
    Goods("TOWEL-2", "Linen towels, pair", 3600),
    Goods("BOWL-30", "Serving bowl, 30 cm", 5800),
    Goods("BOARD-OAK", "Cutting board, oak", 4500),
    Goods("PAN-26", "Iron pan, 26 cm", 7900),
    Goods("STOOL-OAK", "Stool, oak", 12900),
    Goods("SALT-3", "Sea salt, three kinds", 1600),
    Goods("TEA-TIN", "Tea in a tin", 1400),
)
# The shop still shows it; no vendor has had it for a while.
UNSOLD = Goods("VASE-40", "Floor vase, 40 cm", 6400)
SHOP = {goods.sku: goods for goods in (*GOODS, UNSOLD)}
# Many buy a mug, few a lamp for the price of fifteen.
WISHES = {"LAMP-PAPER": 1, "STOOL-OAK": 1, "PAN-26": 2, "THROW-GREY": 2}
USUAL_WISH = 4

CHARACTERS = (
    Character(
        code="kiln",
        place=Place("Malmö", "", "SE", "Europe/Stockholm"),
        sells=("MUG-RED", "MUG-BLUE", "PLATE-SAND"),
        confirms=(0.5, 3.0),
        ships=((100, (-20.0, -3.0)),),
        steps=3,
    ),
    Character(
        code="tallow",
        place=Place("Berlin", "", "DE", "Europe/Berlin"),
        sells=("LAMP-PAPER", "CANDLE-6"),
        confirms=(8.0, 22.0),
        ships=((55, (-8.0, -1.0)), (30, (6.0, 26.0)), (15, (26.0, 46.0))),
        steps=1,
    ),
    Character(
        code="fjord",
        place=Place("Bergen", "", "NO", "Europe/Oslo"),
        sells=("THROW-GREY", "TOWEL-2"),
        confirms=(2.0, 10.0),
        ships=((92, (-16.0, -2.0)), (8, (2.0, 20.0))),
        declines_whole=7,
        declines_part=6,
        steps=2,
    ),
    Character(
        code="ridge",
        place=Place("Porto", "", "PT", "Europe/Lisbon"),
        sells=("MUG-RED", "PLATE-SAND", "BOWL-30"),
        confirms=(1.0, 30.0),
        ships=((80, (-10.0, -0.5)), (20, (2.0, 30.0))),
        declines_whole=1,
        steps=1,
        mistypes=15,
        hands_over=(1.0, 40.0),
    ),
    Character(
        code="oak",
        place=Place("Portland", "ME", "US", "America/New_York"),
        sells=("BOARD-OAK", "PAN-26", "STOOL-OAK"),
        confirms=(0.3, 2.0),
        ships=((100, (-26.0, -6.0)),),
        steps=3,
        splits=25,
    ),
    Character(
        code="salt",
        place=Place("Nantes", "", "FR", "Europe/Paris"),
        sells=("CANDLE-6", "SALT-3", "TEA-TIN"),
        confirms=(3.0, 20.0),
        ships=((75, (-12.0, -1.0)), (13, (3.0, 30.0)), (12, (50.0, 90.0))),
    ),
    Character(
        code="harbor",
        place=Place("Rotterdam", "", "NL", "Europe/Amsterdam"),
        sells=(
            "MUG-RED",
            "MUG-BLUE",
            "CANDLE-6",
            "THROW-GREY",
            "TOWEL-2",
            "BOARD-OAK",
            "PAN-26",
            "STOOL-OAK",
            "SALT-3",
        ),
        confirms=(0.1, 0.6),
        ships=((97, (-8.0, -0.5)), (3, (1.0, 12.0))),
        steps=3,
        hands_over=(0.5, 2.0),
    ),
    Character(
        code="lantern",
        place=Place("Warsaw", "", "PL", "Europe/Warsaw"),
        sells=("PLATE-SAND", "LAMP-PAPER", "TOWEL-2", "BOWL-30", "BOARD-OAK"),
        confirms=(4.0, 22.0),
        ships=((75, (-20.0, -1.0)), (18, (3.0, 26.0)), (7, (30.0, 70.0))),
        declines_whole=4,
        hands_over=(1.0, 12.0),
    ),
)
BY_CODE = {who.code: who for who in CHARACTERS}


def draw(chance: random.Random, shares: Sequence[tuple[int, Kind]]) -> Kind:
    """Return one of several kinds, as often as its share says."""
    return chance.choices([kind for _, kind in shares], [share for share, _ in shares])[0]


def happens(chance: random.Random, share: int) -> bool:
    """Return whether something comes to pass that does so in so many cases of a hundred."""
    return chance.random() * WHOLE < share


def sellers_of(sku: str) -> int:
    """Return how many vendors have a product."""
    return sum(sku in who.sells for who in CHARACTERS)
