"""WooCommerce's order webhooks, as its REST API v3 writes an order.

Only the body is signed, so what is done follows from the body and not from the topic in a header.
Amounts of lines are after discounts and without their taxes, which are added.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from app.intake.contract import Gone, Heard, Ignored, Paid, Sent, Told
from app.intake.reading import (
    NOTHING,
    UNREADABLE,
    Exact,
    Name,
    Priced,
    Said,
    Short,
    amount,
    email,
    guest,
    is_signed,
    joined,
    line,
    minor,
    note,
    parsed,
    priced,
)
from app.shared.errors import InvalidInput
from app.shared.language import later
from app.web.fields import check

TOPICS = {"order.created", "order.updated", "order.deleted", "order.restored"}
# Asks, when a webhook is saved, whether anybody is there.
PING = re.compile(rb"webhook_id=\d{1,20}")
# What stops an order that may go on later: a payment that failed can be tried again.
STOPS = {
    "pending": "is not paid yet",
    "on-hold": "is on hold in the shop",
    "failed": "could not be paid in the shop",
}
# What the shop waits for before an order may be shipped.
WAITS = {"auto-draft": "is being written", "checkout-draft": "is being written"} | STOPS
ENDED = {
    "cancelled": "canceled in the shop",
    "trash": "thrown away in the shop",
}


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# WooCommerce says in the field's name that a moment is UTC, and leaves the offset away.
Gmt = Annotated[datetime, AfterValidator(_utc)]


class Meta(Said):
    """Something that a plug-in or the customer added."""

    display_key: Name = None
    key: Name = None
    display_value: Any = None


class Item(Said):
    """A line: its total is after discounts and without taxes."""

    id: str
    quantity: Annotated[int, Field(ge=0, le=100_000)]
    sku: Short = None
    product_id: str | None = None
    variation_id: str | None = None
    name: Name = None
    total: Priced
    total_tax: Exact
    meta_data: tuple[Meta, ...] = ()


class Freight(Said):
    """A way of shipping."""

    method_id: Short = None
    method_title: Short = None
    total: Priced
    total_tax: Exact


class Refund(Said):
    """Money given back, as a negative amount."""

    id: str
    total: Exact


class Address(Said):
    """Where to, and who."""

    first_name: Name = None
    last_name: Name = None
    company: Name = None
    address_1: Name = None
    address_2: Name = None
    city: Name = None
    state: Name = None
    postcode: Short = None
    country: str | None = None
    email: Name = None
    phone: Name = None

    @property
    def name(self) -> str | None:
        """Return whose it is."""
        return joined(self.first_name, self.last_name) or self.company


class Order(Said):
    """An order as it stands."""

    id: str
    number: Short = None
    status: str
    currency: str
    date_created_gmt: Gmt
    date_modified_gmt: Gmt | None = None
    date_paid_gmt: Gmt | None = None
    total: Exact
    customer_id: str = "0"
    customer_note: str | None = None
    billing: Address = Address()
    shipping: Address = Address()
    line_items: list[Item]
    shipping_lines: tuple[Freight, ...] = ()
    refunds: tuple[Refund, ...] = ()


class WooCommerce:
    """WooCommerce's words."""

    label = "WooCommerce"
    makes_secret = True
    steps = (
        later("In WordPress, open WooCommerce, Settings, Advanced, Webhooks."),
        later("Add a webhook for each of Order created, Order updated and Order deleted."),
        later("Set it to Active, paste this delivery URL, and choose API version 3: {url}"),
        later("Enter the secret, the same in each, and save."),
        later(
            "WooCommerce sends nothing twice, and switches a webhook off when six deliveries in a"
            " row fail: look there after an outage, and send what is missing as a file."
        ),
    )

    def is_ping(self, sent: Sent) -> bool:
        """Return whether the webhook has just been saved."""
        return PING.fullmatch(sent.body) is not None

    def is_genuine(self, sent: Sent, secret: str, now: datetime) -> bool:  # noqa: ARG002 - the contract's own shape
        """Return whether the body is signed; when is not said."""
        return is_signed(sent.header("x-wc-webhook-signature"), secret.encode(), sent.body)

    def name(self, sent: Sent) -> tuple[str, str]:
        """Return its id and topic; deliveries of one second share an id, so the body tells too."""
        body = hashlib.sha256(sent.body).hexdigest()
        name = f"{sent.header('x-wc-webhook-delivery-id')} {body[:16]}"
        return name, sent.header("x-wc-webhook-topic")

    def read(self, body: bytes, topic: str) -> Heard:
        """Return what it says."""
        if topic not in TOPICS:
            return Ignored(f"Nothing is done with the topic '{topic[:40]}'.")
        told = parsed(body)
        if isinstance(told, dict) and set(told) == {"id"}:
            return Gone(str(told["id"])[:64], reason="deleted in the shop")
        return _told(check(Order, told, UNREADABLE))


def _told(order: Order) -> Told:
    items = [item for item in order.line_items if item.quantity]
    is_wanted = order.status not in {*ENDED, "refunded"}
    return Told(
        subject=order.id,
        number=order.number or order.id,
        as_of=order.date_modified_gmt,
        order=_order(order, items),
        units={item.id: item.quantity if is_wanted else 0 for item in items},
        money=_money(order),
        ended=ENDED.get(order.status),
        waits=_waits(order.status),
        stopped=f"It {STOPS[order.status]}." if order.status in STOPS else None,
    )


def _waits(status: str) -> str | None:
    """Return why an order is not taken in as it stands; None where nothing speaks against it."""
    if status == "processing":
        return None
    return WAITS.get(status) or f"has the status '{status[:40]}' and is not to be shipped"


def _order(order: Order, items: list[Item]) -> dict[str, Any]:
    """Return what is to be shipped; of what is stopped, what may change until it goes on."""
    parts = {
        "ship_to": _ship_to(order),
        "preferences": {"delivery_instructions": note(order.customer_note)},
    }
    if order.status != "processing":
        return parts if order.status in STOPS else {}
    if not items:
        detail = f"Order {order.number or order.id} has no lines."
        raise InvalidInput(detail, line_items="at least one with a quantity")
    freight = sum(minor(x.total + x.total_tax, order.currency) for x in order.shipping_lines)
    ways = [code for line in order.shipping_lines if (code := line.method_id or line.method_title)]
    return parts | {
        "number": order.number or order.id,
        "placed_at": order.date_created_gmt,
        "currency": order.currency,
        "customer": _customer(order),
        "lines": [line for item in items for line in _lines(order, item)],
        "shipping": {
            "service": (ways or ["standard"])[0],
            "price": amount(freight, order.currency),
        },
    }


def _lines(order: Order, item: Item) -> list[dict[str, Any]]:
    key = item.variation_id if item.variation_id not in {None, "0"} else item.product_id
    same = {
        "sku": item.sku or f"woocommerce:{key or item.id}",
        "title": item.name or NOTHING,
        "options": _options(item),
    }
    total = minor(item.total + item.total_tax, order.currency)
    parts = priced(item.id, item.quantity, item.quantity, total, order.currency)
    return [part | same for part in parts]


def _options(item: Item) -> dict[str, str]:
    """Return what the customer chose; what begins with a low line is for plug-ins."""
    told = [
        (x.display_key or x.key or "_", line(x.display_value, 300))
        for x in item.meta_data
        if isinstance(x.display_value, str) and not (x.key or "_").startswith("_")
    ]
    return {name[:64]: value for name, value in told if value}


def _customer(order: Order) -> dict[str, Any]:
    mail = email(order.billing.email)
    is_known = order.customer_id != "0"
    return {
        "external_id": order.customer_id if is_known else guest(mail, order.id),
        "name": order.billing.name or order.shipping.name or mail or NOTHING,
        "email": mail,
        "phone": order.billing.phone or order.shipping.phone,
    }


def _ship_to(order: Order) -> dict[str, Any]:
    """Return where to; a shop that asks for one address only leaves the shipping one empty."""
    address = order.shipping if order.shipping.country else order.billing
    return {
        "name": address.name or order.billing.name or NOTHING,
        "company": address.company,
        "line1": address.address_1 or NOTHING,
        "line2": address.address_2,
        "city": address.city or NOTHING,
        "region": address.state,
        "postal_code": address.postcode,
        "country": (address.country or "").upper(),
    }


def _money(order: Order) -> dict[Paid, str]:
    """Return what was paid and given back in all; cash on delivery is paid when it is."""
    status: Paid = "captured" if order.date_paid_gmt else "pending"
    found: dict[Paid, int] = {status: minor(order.total, order.currency)}
    if order.status == "failed":
        found = {"failed": minor(order.total, order.currency)}
    if refunded := -sum(minor(refund.total, order.currency) for refund in order.refunds):
        found["refunded"] = refunded
    return {name: amount(part, order.currency) for name, part in found.items()}


source = WooCommerce()
