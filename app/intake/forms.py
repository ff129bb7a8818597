"""An order as shops, programs and files send it, field by field."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)

from app.orders.contract import NewCustomer, NewLine, NewOrder, NewPayment
from app.shared.errors import InvalidInput
from app.web.fields import (
    AHEAD,
    LARGEST_AMOUNT,
    Amount,
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
    check,
    digest,
    minor_of,
)

MOST_LINES = 500


@dataclass(slots=True)
class _Reading:
    """What the parts of an order that is being read must know of the whole.

    Its `currency`, if it says one, and what its lines so far are called.
    """

    currency: str | None
    lines: set[str] = field(default_factory=set)


# Each field is judged where it stands, so that what is wrong with one hides nothing of another.
READING: ContextVar[_Reading | None] = ContextVar("reading", default=None)


def _in_its_currency(amount: str) -> str:
    reading = READING.get()
    minor_of(amount, reading.currency if reading else None)
    return amount


def _used_once(name: str) -> str:
    if (reading := READING.get()) is None:
        return name
    if name in reading.lines:
        message = f"'{name}' is used twice in this order"
        raise ValueError(message)
    reading.lines.add(name)
    return name


Price = Annotated[Amount, AfterValidator(_in_its_currency)]


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

    external_id: Annotated[Code, AfterValidator(_used_once)]
    sku: Code
    title: Title
    quantity: Units
    unit_price: Price
    shipping_price: Price | None = None
    options: dict[Code, Title] | None = None
    vendor: Code | None = None
    ship_by: Moment | None = None


class ShippingForm(Form):
    """How, and for how much."""

    service: Code = "standard"
    price: Price | None = None


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
    amount: Price
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

    @classmethod
    def said(cls, data: Any, now: datetime, refusal: str = "The request was not taken.") -> Self:
        """Return what was said as an order at a moment, or refuse it with every wrong field."""
        return check(cls, data, refusal, known={"now": now})

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_reading(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        told = data.get("currency") if isinstance(data, dict) else None
        is_one = isinstance(told, str) and re.fullmatch("[A-Z]{3}", told)
        before = READING.set(_Reading(told if is_one else None))
        try:
            return handler(data)
        finally:
            READING.reset(before)

    @field_validator("placed_at")
    @classmethod
    def _is_not_ahead(cls, placed_at: datetime, info: ValidationInfo) -> datetime:
        if info.context:
            _require_past(placed_at, info.context["now"])
        return placed_at

    @field_validator("lines")
    @classmethod
    def _are_affordable(cls, lines: list[LineForm]) -> list[LineForm]:
        reading = READING.get()
        currency = reading.currency if reading else None
        if sum(x.quantity * minor_of(x.unit_price, currency) for x in lines) > LARGEST_AMOUNT:
            message = "are worth more than one order can be"
            raise ValueError(message)
        return lines

    def to_order(self, now: datetime) -> NewOrder:
        """Return the order with its money in minor units; refuse one that lies ahead of `now`."""
        try:
            _require_past(self.placed_at, now)
        except ValueError as error:
            refusal = f"Order {self.number} was not taken."
            raise InvalidInput(refusal, placed_at=str(error)) from None
        return NewOrder(
            channel=self.channel,
            number=self.number,
            placed_at=min(self.placed_at, now),
            currency=self.currency,
            customer=NewCustomer(**self.customer.model_dump()),
            ship_to=self.ship_to.model_dump(),
            lines=tuple(self._line(line) for line in self.lines),
            shipping={"service": self.shipping.service},
            shipping_minor=self._minor(self.shipping.price),
            preferences=self.preferences.model_dump(mode="json"),
            payment=self._payment(),
            deliver_on=self.promise.deliver_by,
            request_sha256=digest(self),
        )

    def _minor(self, amount: str | None) -> int:
        return minor_of(amount, self.currency) if amount is not None else 0

    def _line(self, line: LineForm) -> NewLine:
        return NewLine(
            external_id=line.external_id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price_minor=self._minor(line.unit_price),
            shipping_minor=self._minor(line.shipping_price),
            options=line.options,
            vendor=line.vendor,
            ship_by=line.ship_by,
        )

    def _payment(self) -> NewPayment | None:
        paid = self.payment
        return NewPayment(paid.status, self._minor(paid.amount), paid.reference) if paid else None


def _require_past(placed_at: datetime, now: datetime) -> None:
    """Refuse a moment that lies further ahead than a shop's clock may; ValueError says so."""
    if placed_at > now + AHEAD:
        message = f"lies in the future; it is {now.isoformat()}"
        raise ValueError(message)
