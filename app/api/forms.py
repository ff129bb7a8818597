"""What programs send, field by field; every wrong field is named at once."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import available_timezones

from flask import request
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from werkzeug.exceptions import BadRequest

from app.orders.contract import NewCustomer, NewLine, NewOrder, NewPayment
from app.shared.errors import InvalidInput
from app.shared.money import Money

F = TypeVar("F", bound="Form")
D = TypeVar("D", bound=date)
MOST_UNITS, MOST_LINES, MOST_AT_ONCE = 100_000, 500, 1_000
LARGEST_AMOUNT = 10**12


# Control characters: in a name or number they are an accident, or an attack on headers and logs.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_IN_NOTES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def _plain(text: str) -> str:
    return _refuse(CONTROL, text)


def _plain_note(text: str) -> str:
    return _refuse(CONTROL_IN_NOTES, text)


def _refuse(characters: re.Pattern[str], text: str) -> str:
    if characters.search(text):
        message = "holds a control character"
        raise ValueError(message)
    return text


Safe, SafeNote = AfterValidator(_plain), AfterValidator(_plain_note)
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Safe]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), Safe]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000), SafeNote]
EARLIEST, LATEST = 2000, 2100
# Clocks of shops run ahead of ours by seconds; what is further ahead is a mistake.
AHEAD = timedelta(minutes=5)


def _sensible(day: D) -> D:
    if not EARLIEST <= day.year < LATEST:
        message = f"lies outside the years {EARLIEST} to {LATEST}"
        raise ValueError(message)
    return day


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        message = "is no time zone; write it like Europe/Stockholm"
        raise ValueError(message)
    return name


Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]
Day = Annotated[date, AfterValidator(_sensible)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Amount = Annotated[str, Field(coerce_numbers_to_str=True, max_length=30)]
Units = Annotated[int, Field(ge=1, le=MOST_UNITS)]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^\s@,;<>]+@[^\s@,;<>]+$", max_length=254), Safe
]


class Form(BaseModel):
    """A body: unknown fields are refused, so a typing error cannot pass unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Amounts:
    """Turns amounts into minor units of one currency and collects the wrong ones."""

    def __init__(self, currency: str, wrong: dict[str, str]) -> None:
        self.currency, self.wrong = currency, wrong

    def of(self, field: str, text: str | None) -> int:
        """Return a field's amount in minor units; 0 where there is none or it is wrong."""
        if text is None:
            return 0
        try:
            minor = Money.parse(text, self.currency).minor
        except ValueError as error:
            self.wrong[field] = str(error)
            return 0
        if not 0 <= minor <= LARGEST_AMOUNT:
            self.wrong[field] = f"'{text}' is not between 0 and a sensible limit"
            return 0
        return minor


class BatchForm(Form):
    """Many orders at once; each is judged by itself."""

    orders: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CancelForm(Form):
    """What is called off: nothing named means all of it."""

    lines: dict[Code, Annotated[int, Field(ge=0, le=MOST_UNITS)]] | None = None
    reason: Note = ""


class PaymentForm(Form):
    """What happened to an order's money."""

    status: Literal["authorized", "captured", "failed", "refunded"]
    amount: Amount
    reference: Code | None = None
    at: Moment | None = None


class NamedPaymentForm(PaymentForm):
    """The same for one of many orders."""

    channel: Code
    number: Code


class PaymentsForm(Form):
    """Words on many orders' money."""

    payments: Annotated[list[NamedPaymentForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ConfirmForm(Form):
    """Units a vendor can ship by line (none named: all), and why not the rest."""

    id: Code
    lines: dict[Code, Annotated[int, Field(ge=0, le=MOST_UNITS)]] | None = None
    reason: Note | None = None


class ConfirmsForm(Form):
    """Words on many fulfillment orders."""

    fulfillment_orders: Annotated[list[ConfirmForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ParcelForm(Form):
    """A parcel that has left."""

    carrier: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]{1,30}$")]
    tracking_number: Annotated[str, StringConstraints(pattern="^[A-Za-z0-9]{5,40}$")]
    shipped_at: Moment | None = None
    lines: dict[Code, Units] | None = None


class ShipForm(Form):
    """Parcels of one fulfillment order."""

    id: Code
    parcels: Annotated[list[ParcelForm], Field(min_length=1, max_length=50)]


class ShipsForm(Form):
    """Parcels of many fulfillment orders."""

    fulfillment_orders: Annotated[list[ShipForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ReasonForm(Form):
    """Why."""

    reason: Note = ""


class VendorForm(Form):
    """A vendor."""

    name: Title
    email: Email | None = None
    # None: as it was; a new vendor is active.
    status: Literal["active", "paused", "suspended"] | None = None


class LocationForm(Form):
    """A place a vendor ships from."""

    name: Title
    zone: Zone = "UTC"
    country: Country
    region: Code | None = None
    city: Title | None = None
    postal_code: Code | None = None
    cut_off: time = time(16)
    handling_days: Annotated[int, Field(ge=0, le=60)] = 2


class NamedVendorForm(VendorForm):
    """One of many vendors, with its one location."""

    code: Code
    location: LocationForm


class VendorsForm(Form):
    """Many vendors at once."""

    vendors: Annotated[list[NamedVendorForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ListingForm(Form):
    """What one vendor location sells of one SKU; `stock` counts what is on hand, if given."""

    vendor: Code
    location: Code
    sku: Code
    title: Title
    cost: Amount
    # None: the marketplace's own.
    currency: Currency | None = None
    is_active: bool = True
    stock: Annotated[int, Field(ge=0, le=10**8)] | None = None


class ListingsForm(Form):
    """Many listings at once."""

    listings: Annotated[list[ListingForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CountForm(Form):
    """What a vendor location has of a SKU."""

    location: Code
    sku: Code
    on_hand: Annotated[int, Field(ge=0, le=10**8)]


class StockForm(Form):
    """Absolute counts."""

    stock: Annotated[list[CountForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ClockForm(Form):
    """A step of the world clock, and which bells may ring at it (none named: all)."""

    now: Moment | None = None
    ring_only: list[Code] | None = None


def digest(form: Form) -> str:
    """Return what two requests of the same content have in common."""
    canonical = json.dumps(form.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read(form: type[F], data: Any = None) -> F:
    """Return the request's body as a form, or refuse it with every wrong field."""
    body = _json() if data is None else data
    try:
        return form.model_validate(body)
    except ValidationError as error:
        wrong = {".".join(map(str, e["loc"])) or "body": e["msg"] for e in error.errors()}
        raise InvalidInput("The request was not taken.", **wrong) from None


def read_with(form: type[F], **names: str) -> F:
    """Return the request's body, an object or nothing, as a form, with names from its address."""
    body = _json()
    if not isinstance(body, dict):
        raise InvalidInput("The body is a JSON object.", body="not an object")
    return read(form, body | names)


def _json() -> Any:
    try:
        return json.loads(request.get_data() or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None


def _refuse_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)
