"""The vendors of the demonstration: what each sells, and how it works."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
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
    goods: tuple[Goods, ...]
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


CHARACTERS = (
    Character(
        code="kiln",
        place=Place("Malmö", "", "SE", "Europe/Stockholm"),
        goods=(
            Goods("MUG-RED", "Mug, red", 1250),
            Goods("MUG-BLUE", "Mug, blue", 1250),
            Goods("PLATE-SAND", "Plate, sand", 1900),
        ),
        confirms=(0.5, 3.0),
        ships=((100, (-20.0, -3.0)),),
        steps=3,
    ),
    Character(
        code="tallow",
        place=Place("Berlin", "", "DE", "Europe/Berlin"),
        goods=(
            Goods("LAMP-PAPER", "Paper lantern floor lamp", 18900),
            Goods("CANDLE-6", "Beeswax candles, six", 2400),
        ),
        confirms=(8.0, 22.0),
        ships=((55, (-8.0, -1.0)), (30, (6.0, 26.0)), (15, (26.0, 46.0))),
        steps=1,
    ),
    Character(
        code="fjord",
        place=Place("Bergen", "", "NO", "Europe/Oslo"),
        goods=(
            Goods("THROW-GREY", "Wool throw, grey", 8900),
            Goods("TOWEL-2", "Linen towels, pair", 3600),
        ),
        confirms=(2.0, 10.0),
        ships=((92, (-16.0, -2.0)), (8, (2.0, 20.0))),
        declines_whole=7,
        declines_part=6,
        steps=2,
    ),
    Character(
        code="ridge",
        place=Place("Porto", "", "PT", "Europe/Lisbon"),
        goods=(
            Goods("MUG-RED", "Mug, red", 1190),
            Goods("BOWL-30", "Serving bowl, 30 cm", 5800),
        ),
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
        goods=(
            Goods("BOARD-OAK", "Cutting board, oak", 4500),
            Goods("PAN-26", "Iron pan, 26 cm", 7900),
        ),
        confirms=(0.3, 2.0),
        ships=((100, (-26.0, -6.0)),),
        steps=3,
        splits=25,
    ),
    Character(
        code="salt",
        place=Place("Nantes", "", "FR", "Europe/Paris"),
        goods=(
            Goods("SALT-3", "Sea salt, three kinds", 1600),
            Goods("TEA-TIN", "Tea in a tin", 1400),
        ),
        confirms=(3.0, 20.0),
        ships=((75, (-12.0, -1.0)), (13, (3.0, 30.0)), (12, (50.0, 90.0))),
    ),
)
# Many buy a mug, few a lamp for the price of fifteen.
WISHES = {"LAMP-PAPER": 1, "PAN-26": 2, "THROW-GREY": 2}
USUAL_WISH = 4
# A customer sees one price a product, its first vendor's.
SHOP = {goods.sku: goods for who in reversed(CHARACTERS) for goods in who.goods}


def draw(chance: random.Random, shares: Sequence[tuple[int, Kind]]) -> Kind:
    """Return one of several kinds, as often as its share says."""
    return chance.choices([kind for _, kind in shares], [share for share, _ in shares])[0]


def happens(chance: random.Random, share: int) -> bool:
    """Return whether something comes to pass that does so in so many cases of a hundred."""
    return chance.random() * WHOLE < share


def vendor_of(skus: Iterable[str]) -> Character | None:
    """Return who sells all of these, the cheapest where several do; None: nobody we know."""
    wanted = set(skus)
    able = [who for who in CHARACTERS if wanted <= {goods.sku for goods in who.goods}]
    return min(able, key=lambda who: _price(who, wanted), default=None)


def sellers_of(sku: str) -> int:
    """Return how many vendors have a product."""
    return sum(any(goods.sku == sku for goods in who.goods) for who in CHARACTERS)


def _price(who: Character, wanted: set[str]) -> int:
    return sum(goods.price for goods in who.goods if goods.sku in wanted)
