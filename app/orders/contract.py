"""What orders are made of: statuses, actions, and an order as it comes in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final


class FoStatus(StrEnum):
    """How far a vendor is with a fulfillment order."""

    ASSIGNED = "assigned"
    CONFIRMED = "confirmed"
    PICKING = "picking"
    PACKED = "packed"
    READY = "ready"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    CANCELED = "canceled"
    ON_HOLD = "on_hold"


# Why work is taken from a vendor that did not act in time, as it reads.
UNCONFIRMED, UNSHIPPED = "not confirmed in time", "not handed over in time"


class Action(StrEnum):
    """What can be done to a fulfillment order."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    PICK = "pick"
    PACK = "pack"
    LABEL = "label"
    SHIP = "ship"
    DELIVER = "deliver"
    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    TAKE_BACK = "take_back"


# Why a vendor holds a fulfillment order whose address leads nowhere.
ADDRESS: Final = "address"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is held: in words, and as one of our codes where there is one."""

    words: str
    code: str | None = None


class DeclineCode(StrEnum):
    """Why a vendor cannot send what it was given."""

    OUT_OF_STOCK = "out_of_stock"
    DISCONTINUED = "discontinued"
    DAMAGED = "damaged"
    CANNOT_SHIP_THERE = "cannot_ship_there"
    PRICE_ERROR = "price_error"
    # What none of these says; it needs words.
    OTHER = "other"


class OrderStatus(StrEnum):
    """An order's status, derived from its quantities."""

    RECEIVED = "received"
    OPEN = "open"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    PARTLY_DELIVERED = "partly_delivered"
    DELIVERED = "delivered"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line as the customer ordered it; a vendor or ship-by given here is kept as given."""

    external_id: str
    sku: str
    title: str
    quantity: int
    unit_price_minor: int
    shipping_minor: int = 0
    options: dict[str, str] | None = None
    vendor: str | None = None
    ship_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """Who bought."""

    external_id: str
    name: str
    email: str | None = None
    phone: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What the channel says of the money at the time of the order."""

    status: str
    amount_minor: int
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it comes in, checked field by field at the door."""

    channel: str
    number: str
    placed_at: datetime
    currency: str
    customer: NewCustomer
    ship_to: dict[str, Any]
    lines: tuple[NewLine, ...]
    shipping: dict[str, Any]
    shipping_minor: int
    preferences: dict[str, Any]
    payment: NewPayment | None
    deliver_on: date | None
    request_sha256: str
