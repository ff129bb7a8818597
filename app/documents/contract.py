"""The facts that papers are made of; whoever prints looks them up, and nothing here asks again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one SKU in a parcel; `about` tells its options."""

    quantity: int
    title: str
    sku: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel and whose it is: `number` of `total`, what it holds, from where to where.

    `sender` and `recipient` are addresses line by line, `link` is what its QR code opens, `day`
    when it is promised to arrive, `weight_g` is in grams.
    """

    reference: str
    number: int
    total: int
    work: str
    order: str
    marketplace: str
    vendor: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    link: str
    items: tuple[Item, ...] = ()
    service: str = ""
    day: date | None = None
    carrier: str = ""
    tracking_number: str = ""
    weight_g: int | None = None
    is_gift: bool = False
    gift_message: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What a customer pays for units of a line, and for sending them; in minor units."""

    quantity: int
    title: str
    sku: str
    unit_minor: int
    shipping_minor: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the customer paid for what one vendor sends of an order."""

    order: str
    placed_on: date
    marketplace: str
    vendor: str
    recipient: tuple[str, ...]
    currency: str
    lines: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Handed:
    """One parcel on a manifest; `weight_g` is None where nobody weighed it."""

    reference: str
    order: str
    tracking_number: str
    place: str
    clock: str
    weight_g: int | None
    service: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one carrier was handed at one place on one day."""

    vendor: str
    location: str
    carrier: str
    day: date
    parcels: tuple[Handed, ...]
