"""Shopify's order webhooks, as its REST Admin API writes an order.

Only the body is signed, so what is done follows from the body: the topic in a header could be
anybody's word. Amounts are those the customer saw (presentment money), taxes included.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app.intake.contract import Heard, Ignored, Paid, Sent, Told
from app.intake.reading import (
    NOTHING,
    Exact,
    Name,
    Priced,
    Said,
    Short,
    amount,
    email,
    fitting,
    guest,
    is_signed,
    joined,
    minor,
    note,
    priced,
    said,
)
from app.shared.errors import InvalidInput
from app.shared.language import later
from app.web.fields import Moment

TOPICS = {"orders/create", "orders/updated", "orders/paid", "orders/edited", "orders/cancelled"}
# Names that apps for gift wrapping and delivery dates give to what a customer chose.
WISHES = {
    "giftmessage": "gift_message",
    "giftnote": "gift_message",
    "deliveryinstructions": "delivery_instructions",
    "deliverydate": "deliver_by",
    "deliverytime": "preferred_delivery_time",
}
PAID: dict[str, Paid] = {
    "authorized": "authorized",
    "paid": "captured",
    "partially_refunded": "captured",
    "refunded": "captured",
    "voided": "failed",
}


class Amount(Said):
    """An amount in one currency."""

    amount: Exact
    currency_code: str


class Amounts(Said):
    """An amount in the shop's currency and in the customer's."""

    shop_money: Amount
    presentment_money: Amount


class Price(Amount):
    """An amount that something costs."""

    amount: Priced


class Prices(Amounts):
    """The same of something that costs as much."""

    shop_money: Price
    presentment_money: Price


class Named(Said):
    """A name and its value."""

    name: Name = None
    value: Name = None


class Tax(Said):
    """One tax on a line."""

    price_set: Amounts


class Discount(Said):
    """A line's share of a discount."""

    amount_set: Prices


class Item(Said):
    """A line: `current_quantity` is what is left of `quantity` after edits and refunds."""

    id: str
    quantity: Annotated[int, Field(ge=1, le=100_000)]
    current_quantity: int | None = None
    sku: Short = None
    variant_id: str | None = None
    product_id: str | None = None
    title: Name = None
    name: Name = None
    variant_title: Name = None
    price_set: Prices
    requires_shipping: bool = True
    gift_card: bool = False
    discount_allocations: tuple[Discount, ...] = ()
    tax_lines: tuple[Tax, ...] = ()
    properties: tuple[Named, ...] = ()


class Freight(Said):
    """A way of shipping, and its price after discounts."""

    code: Short = None
    title: Short = None
    price_set: Prices
    discounted_price_set: Prices | None = None
    tax_lines: tuple[Tax, ...] = ()
    is_removed: bool = False


class Address(Said):
    """Where to."""

    name: Name = None
    first_name: Name = None
    last_name: Name = None
    company: Name = None
    address1: Name = None
    address2: Name = None
    city: Name = None
    province_code: Name = None
    zip: Short = None
    country_code: str | None = None
    phone: Name = None


class Customer(Said):
    """Who bought."""

    id: str
    first_name: Name = None
    last_name: Name = None
    email: Name = None
    phone: Name = None


class Transaction(Said):
    """Money that moved."""

    kind: str = ""
    status: str = ""
    amount: Exact
    currency: str = ""


class Refund(Said):
    """Money given back."""

    transactions: tuple[Transaction, ...] = ()


class Order(Said):
    """An order as it stands."""

    id: str
    name: Short = None
    order_number: Short = None
    created_at: Moment
    processed_at: Moment | None = None
    updated_at: Moment | None = None
    cancelled_at: Moment | None = None
    cancel_reason: Short = None
    test: bool = False
    currency: str
    taxes_included: bool = False
    financial_status: str | None = None
    total_price_set: Amounts
    total_outstanding: Exact | None = None
    email: Name = None
    contact_email: Name = None
    phone: Name = None
    customer_locale: Short = None
    note: str | None = None
    note_attributes: tuple[Named, ...] = ()
    customer: Customer | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    line_items: list[Item]
    shipping_lines: tuple[Freight, ...] = ()
    refunds: tuple[Refund, ...] = ()

    @property
    def paid_in(self) -> str:
        """Return the currency the customer saw."""
        return self.total_price_set.presentment_money.currency_code

    def minor(self, amounts: Amounts) -> int:
        """Return an amount the customer saw, in minor units."""
        return minor(amounts.presentment_money.amount, self.paid_in)

    def taxes(self, lines: tuple[Tax, ...]) -> int:
        """Return the taxes that are not in a price already."""
        return 0 if self.taxes_included else sum(self.minor(tax.price_set) for tax in lines)


class Shopify:
    """Shopify's words."""

    label = "Shopify"
    makes_secret = False
    steps = (
        later("In Shopify's admin, open Settings, Notifications, Webhooks."),
        later("Create a webhook for each of Order creation, Order update and Order cancellation."),
        later("Choose JSON as the format, and paste this URL: {url}"),
        later(
            "Below the list Shopify names the key that signs your webhooks. Enter it here as the"
            " secret; a webhook made by an app is signed with the app's client secret."
        ),
    )

    def is_ping(self, sent: Sent) -> bool:  # noqa: ARG002 - the contract's own shape
        """Return no: Shopify signs its test notifications too."""
        return False

    def is_genuine(self, sent: Sent, secret: str, now: datetime) -> bool:  # noqa: ARG002 - the same
        """Return whether the body is signed; when is not said."""
        return is_signed(sent.header("x-shopify-hmac-sha256"), secret.encode(), sent.body)

    def name(self, sent: Sent) -> tuple[str, str]:
        """Return its id and topic."""
        return sent.header("x-shopify-webhook-id"), sent.header("x-shopify-topic")

    def read(self, body: bytes, topic: str) -> Heard:
        """Return what it says."""
        if topic not in TOPICS:
            return Ignored(f"Nothing is done with the topic '{topic[:40]}'.")
        order = said(Order, body)
        if order.test:
            return Ignored("It is a test order.")
        items = [item for item in order.line_items if item.requires_shipping and not item.gift_card]
        if not items:
            return Ignored("Nothing of it is shipped.")
        return Told(
            subject=order.id,
            number=_number(order),
            as_of=order.updated_at,
            order=_order(order, items),
            units={item.id: _left(item) for item in items},
            money=_money(order),
            ended=_why(order),
        )


def _number(order: Order) -> str:
    """Return what the customer calls the order: "#1001" without its sign."""
    return (order.name or order.order_number or order.id).lstrip("#") or order.id


def _why(order: Order) -> str | None:
    """Return why the order was called off; None where it was not."""
    if order.cancelled_at is None:
        return None
    return f"canceled in the shop ({order.cancel_reason or 'no reason'})"


def _left(item: Item) -> int:
    left = item.quantity if item.current_quantity is None else item.current_quantity
    return min(max(left, 0), item.quantity)


def _order(order: Order, items: list[Item]) -> dict[str, Any]:
    address = order.shipping_address
    if address is None:
        detail = f"Order {_number(order)} has no shipping address."
        raise InvalidInput(detail, shipping_address="missing; it may be picked up in the shop")
    freight = [line for line in order.shipping_lines if not line.is_removed]
    return {
        "number": _number(order),
        "placed_at": order.processed_at or order.created_at,
        "currency": order.paid_in,
        "customer": _customer(order, address),
        "ship_to": _ship_to(address),
        "lines": [line for item in items for line in _lines(order, item)],
        "shipping": {
            "service": next((code for x in freight if (code := x.code or x.title)), "standard"),
            "price": amount(sum(_freight(order, line) for line in freight), order.paid_in),
        },
        "preferences": _preferences(order),
    }


def _lines(order: Order, item: Item) -> list[dict[str, Any]]:
    total = item.quantity * order.minor(item.price_set) + order.taxes(item.tax_lines)
    total -= sum(order.minor(discount.amount_set) for discount in item.discount_allocations)
    same = {
        "sku": item.sku or f"shopify:{item.variant_id or item.product_id or item.id}",
        "title": item.name or item.title or NOTHING,
        "options": _options(item),
    }
    parts = priced(item.id, item.quantity, _left(item), total, order.paid_in)
    return [part | same for part in parts]


def _options(item: Item) -> dict[str, str]:
    told = [*item.properties, Named(name="variant", value=item.variant_title)]
    # What begins with a low line is for programs, not for whoever packs.
    return {x.name[:64]: x.value for x in told if x.name and x.value and x.name[0] != "_"}


def _freight(order: Order, line: Freight) -> int:
    return order.minor(line.discounted_price_set or line.price_set) + order.taxes(line.tax_lines)


def _customer(order: Order, address: Address) -> dict[str, Any]:
    buyer = order.customer
    mail = email(order.email or order.contact_email or (buyer.email if buyer else None))
    name = joined(buyer.first_name, buyer.last_name) if buyer else None
    billed = order.billing_address
    return {
        "external_id": buyer.id if buyer else guest(mail, order.id),
        "name": name or _name(billed) or _name(address) or mail or NOTHING,
        "email": mail,
        "phone": order.phone or (buyer.phone if buyer else None) or address.phone,
        "locale": order.customer_locale,
    }


def _name(address: Address | None) -> str | None:
    if address is None:
        return None
    return address.name or joined(address.first_name, address.last_name) or address.company


def _ship_to(address: Address) -> dict[str, Any]:
    return {
        "name": _name(address) or NOTHING,
        "company": address.company,
        "line1": address.address1 or NOTHING,
        "line2": address.address2,
        "city": address.city or NOTHING,
        "region": address.province_code,
        "postal_code": address.zip,
        "country": (address.country_code or "").upper(),
    }


def _preferences(order: Order) -> dict[str, Any]:
    """Return what the customer asked for; what no wish of ours is named like goes with the note."""
    found: dict[str, Any] = {}
    notes = [order.note]
    for told in order.note_attributes:
        words = re.sub(r"[^a-z]", "", (told.name or "").lower())
        if not told.value or (told.name or "_")[0] == "_":
            continue
        wish = WISHES.get(words)
        value = fitting(wish, told.value) if wish else None
        if wish and value and wish not in found:
            found[wish] = value
        else:
            notes.append(f"{told.name}: {told.value}")
    instructions = note(found.pop("delivery_instructions", None), *notes)
    return found | {"delivery_instructions": instructions}


def _money(order: Order) -> dict[Paid, str]:
    """Return what was paid and given back in all."""
    total = order.minor(order.total_price_set)
    refunded = sum(
        minor(moved.amount, order.paid_in)
        for refund in order.refunds
        for moved in refund.transactions
        if (moved.kind, moved.status, moved.currency) == ("refund", "success", order.paid_in)
    )
    found: dict[Paid, int] = {PAID.get(order.financial_status or "", "pending"): total}
    if order.financial_status == "partially_paid":
        found = {"captured": total - _outstanding(order, total)}
    if refunded:
        found["refunded"] = refunded
    return {status: amount(part, order.paid_in) for status, part in found.items()}


def _outstanding(order: Order, total: int) -> int:
    """Return what is still to be paid; Shopify says it in the shop's own currency only."""
    if order.total_outstanding is None or order.currency != order.paid_in:
        return total
    return minor(order.total_outstanding, order.paid_in)


source = Shopify()
