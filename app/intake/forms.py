"""An order as shops, programs and files send it, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.orders.contract import NewCustomer, NewLine, NewOrder, NewPayment
from app.shared.errors import InvalidInput
from app.web.fields import (
    AHEAD,
    LARGEST_AMOUNT,
    Amount,
    Amounts,
    Code,
    Country,
    Currency,
    Day,
    Email,
    Form,
    Moment,
    Note,
    Title,
    Units,
    digest,
)

MOST_LINES = 500


class CustomerForm(Form):
    """Who bought."""

    external_id: Code
    name: Title
    email: Email | None = None
    phone: Note | None = None
    locale: Code | None = None


class AddressForm(Form):
    """Where to."""

    name: Title
    company: Title | None = None
    line1: Title
    line2: Title | None = None
    city: Title
    region: Title | None = None
    postal_code: Code | None = None
    country: Country


class LineForm(Form):
    """One SKU with a quantity and a price."""

    external_id: Code
    sku: Code
    title: Title
    quantity: Units
    unit_price: Amount
    shipping_price: Amount | None = None
    options: dict[Code, Title] | None = None
    vendor: Code | None = None
    ship_by: Moment | None = None


class ShippingForm(Form):
    """How, and for how much."""

    service: Code = "standard"
    price: Amount | None = None


class PreferencesForm(Form):
    """What the customer asks for."""

    gift_wrap: bool = False
    gift_message: Note | None = None
    delivery_instructions: Note | None = None
    deliver_by: Day | None = None
    preferred_delivery_time: Code | None = None


class OrderPaymentForm(Form):
    """What is known of the money at the time of the order."""

    status: Literal["pending", "authorized", "captured", "failed"]
    amount: Amount
    reference: Code | None = None


class PromiseForm(Form):
    """What the channel has promised already."""

    deliver_by: Day | None = None


class OrderForm(Form):
    """An order coming in."""

    channel: Code
    number: Code
    placed_at: Moment
    currency: Currency
    customer: CustomerForm
    ship_to: AddressForm
    lines: Annotated[list[LineForm], Field(min_length=1, max_length=MOST_LINES)]
    shipping: ShippingForm = ShippingForm()
    preferences: PreferencesForm = PreferencesForm()
    payment: OrderPaymentForm | None = None
    promise: PromiseForm = PromiseForm()

    def to_order(self, now: datetime) -> NewOrder:
        """Return the order with its money in minor units; refuse it whole, naming what is wrong."""
        wrong = self._contradictions(now)
        minor = Amounts(self.currency, wrong)
        lines = tuple(self._line(i, line, minor) for i, line in enumerate(self.lines))
        freight = minor.of("shipping.price", self.shipping.price)
        payment = self._payment(minor)
        if sum(x.quantity * x.unit_price_minor for x in lines) > LARGEST_AMOUNT:
            wrong["lines"] = "are worth more than one order can be"
        if wrong:
            raise InvalidInput(f"Order {self.number} was not taken.", **wrong)
        return NewOrder(
            channel=self.channel,
            number=self.number,
            placed_at=min(self.placed_at, now),
            currency=self.currency,
            customer=NewCustomer(**self.customer.model_dump()),
            ship_to=self.ship_to.model_dump(),
            lines=lines,
            shipping={"service": self.shipping.service},
            shipping_minor=freight,
            preferences=self.preferences.model_dump(mode="json"),
            payment=payment,
            deliver_on=self.promise.deliver_by,
            request_sha256=digest(self),
        )

    def _contradictions(self, now: datetime) -> dict[str, str]:
        wrong = {}
        names = [line.external_id for line in self.lines]
        for i, name in enumerate(names):
            if name in names[:i]:
                wrong[f"lines.{i}.external_id"] = f"'{name}' is used twice in this order"
        if self.placed_at > now + AHEAD:
            wrong["placed_at"] = f"lies in the future; it is {now.isoformat()}"
        return wrong

    @staticmethod
    def _line(i: int, line: LineForm, minor: Amounts) -> NewLine:
        return NewLine(
            external_id=line.external_id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price_minor=minor.of(f"lines.{i}.unit_price", line.unit_price),
            shipping_minor=minor.of(f"lines.{i}.shipping_price", line.shipping_price),
            options=line.options,
            vendor=line.vendor,
            ship_by=line.ship_by,
        )

    def _payment(self, minor: Amounts) -> NewPayment | None:
        if self.payment is None:
            return None
        amount = minor.of("payment.amount", self.payment.amount)
        return NewPayment(self.payment.status, amount, self.payment.reference)
