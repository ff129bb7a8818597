"""What programs are answered, field by field; a test holds these shapes against real answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.api.forms import Version
from app.intake.forms import AddressForm, PreferencesForm
from app.orders.contract import DeclineCode, FoStatus, OrderStatus
from app.vendors.contract import Kind, Status
from app.web import fields


class Answer(BaseModel):
    """An answer; amounts are texts with all digits of their currency, moments are UTC."""

    model_config = ConfigDict(extra="forbid")


class FieldProblem(Answer):
    """One thing that is wrong: in which field, and what."""

    field: str
    detail: str


class Problem(Answer):
    """Why something was not done (RFC 9457); `instance` names the request when you ask about it."""

    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] = []


# Orders ---------------------------------------------------------------------------------------


class Doubt(Answer):
    """Why an order waits for a person."""

    code: str
    facts: dict[str, Any]
    held_at: datetime
    detail: str


class OrderLine(Answer):
    """A line as the customer ordered it; `unrouted` units are with no vendor yet."""

    external_id: str
    sku: str
    title: str
    options: dict[str, str]
    quantity: int
    unrouted: int
    canceled: int
    unit_price: str


class FulfillmentLine(Answer):
    """What a vendor does of a line, in units."""

    line: str
    sku: str
    title: str
    options: dict[str, str]
    ordered: int
    declined: int
    confirmed: int
    picked: int
    packed: int
    shipped: int
    delivered: int
    canceled: int


class FulfillmentOrder(Answer):
    """The part of an order that one vendor location fulfills."""

    id: str
    vendor: str
    status: FoStatus
    order_number: str
    assigned_at: datetime
    confirm_by: datetime | None
    ship_by: datetime
    shipped_at: datetime | None
    delivered_at: datetime | None
    hold_reason: str | None
    decline_code: DeclineCode | None
    ship_on: date | None
    # When what has not left is canceled, where its vendor was told so.
    cancel_at: datetime | None
    # The service in force: the order's own, or a faster one that the marketplace pays.
    service: str
    # To a vendor nothing when it need not know any more; then it reads of no wishes either.
    ship_to: AddressForm | None
    preferences: PreferencesForm
    lines: list[FulfillmentLine]


class Scan(Answer):
    """What a carrier said about a parcel."""

    occurred_at: datetime | None
    local_at: str
    code: str
    description: str
    status: str | None
    place: str


class Shipment(Answer):
    """One parcel."""

    fulfillment_order: str
    id: str
    carrier: str
    tracking_number: str
    status: str
    delay_reason: str | None
    shipped_at: datetime
    first_scan_at: datetime | None
    last_scan_at: datetime | None
    delivered_at: datetime | None
    eta: datetime | None
    events: list[Scan]


class Payment(Answer):
    """What is known of an order's money."""

    status: str
    authorized: str
    captured: str
    refunded: str
    # What the channel is to pay back, and has not said it did.
    refund_due: str


class Promise(Answer):
    """What was promised; a changed promise is a further version."""

    kind: str
    version: int
    due_at: datetime
    reason: str


class Case(Answer):
    """Something wrong, open until it has ended."""

    id: str
    kind: str
    severity: str
    occurred_at: datetime
    critical_at: datetime | None
    ended_at: datetime | None


class Offer(Answer):
    """What the customer is offered for trouble."""

    id: str
    remedy: str
    rule: str
    status: str
    made_at: datetime
    amount: str


class Message(Answer):
    """What somebody was told."""

    audience: str
    template: str
    status: str
    made_at: datetime
    sent_at: datetime | None


class Entry(Answer):
    """Something that happened to the order."""

    at: datetime
    event: str
    actor: str
    facts: dict[str, Any]


class Order(Answer):
    """An order with all that belongs to it; `version` is what a change may name as looked at."""

    id: str
    channel: str
    number: str
    status: OrderStatus
    placed_at: datetime
    currency: str
    deliver_on: date | None
    delivered_at: datetime | None
    ship_to: AddressForm
    preferences: PreferencesForm
    version: Version
    # How what was last given out comes, for the customer to read; English. Null where
    # nobody has it yet, or nothing of it is on its way any more.
    explanation: str | None
    holds: list[Doubt]
    items: str
    freight: str
    lines: list[OrderLine]
    fulfillment_orders: list[FulfillmentOrder]
    shipments: list[Shipment]
    payment: Payment | None
    promises: list[Promise]
    exceptions: list[Case]
    offers: list[Offer]
    messages: list[Message]
    timeline: list[Entry]


class Taken(Answer):
    """What became of one order of many: 201 new, 200 known; `errors` say why it was refused."""

    status: int
    id: str | None = None
    is_held: bool | None = None
    detail: str | None = None
    errors: list[FieldProblem] = []


class TakenOrders(Answer):
    """What became of each order, in their order."""

    results: list[Taken]


class Noted(Answer):
    """How many words on payments were new, and the numbers of orders nobody knows."""

    noted: int
    unknown: list[str]


# Fulfillment ----------------------------------------------------------------------------------


class FulfillmentOrders(Answer):
    """A page of fulfillment orders; `after` asks for the next one, null where there is none."""

    fulfillment_orders: list[FulfillmentOrder]
    after: str | None


class Moved(Answer):
    """What became of one fulfillment order of many."""

    id: str
    status: int
    state: FoStatus | None = None
    detail: str | None = None


class MovedOrders(Answer):
    """What became of each fulfillment order, in their order."""

    results: list[Moved]


class Label(Answer):
    """A parcel's label, and where it is fetched as which kind of file."""

    package: str
    provider: str
    carrier: str | None
    tracking_number: str | None
    service: str | None
    made_at: datetime
    links: dict[str, str]


class LabeledOrder(FulfillmentOrder):
    """A fulfillment order that is ready, with the labels of its parcels."""

    labels: list[Label]


class LabelFile(Answer):
    """A label as a file; `content` is its base64."""

    package: str
    media_type: str
    content: str


class Counted(Answer):
    """How many listings were counted."""

    counted: int


# Vendors and what they sell -------------------------------------------------------------------


class Saved(Answer):
    """How many were saved."""

    saved: int


class Closure(Answer):
    """Days on which a location hands nothing over."""

    first_day: date
    last_day: date
    reason: str


class Days(Answer):
    """From which day to which, both included."""

    first_day: date
    last_day: date


class SavedVendor(Answer):
    """A vendor as it is now."""

    code: str
    name: str
    email: str | None
    kind: Kind
    status: Status
    status_reason: str | None
    status_until: date | None


class SavedLocation(Answer):
    """A location as it is now."""

    code: str
    name: str
    zone: str
    country: str
    region: str | None
    city: str | None
    postal_code: str | None
    cut_off: fields.Clock
    handling_days: int
    working_days: list[int]
    holidays: str | None
    daily_capacity: int | None
    ships_to: list[str] | None
    is_active: bool


class Location(SavedLocation):
    """A location with the days on which it is closed from today on."""

    closures: list[Closure]


class Vendor(Answer):
    """A vendor, how it stands and where it ships from."""

    code: str
    name: str
    email: str | None
    kind: Kind
    status: Status
    status_reason: str | None
    status_by: str | None
    status_at: datetime | None
    status_until: datetime | None
    locations: list[Location]


class Listing(Answer):
    """What one vendor location sells of one SKU; `available` is on hand less reserved."""

    vendor: str
    location: str
    sku: str
    title: str
    currency: str
    is_active: bool
    buy_in_days: int | None
    restock_on: date | None
    bin: str | None
    own_code: str | None
    on_hand: int
    reserved: int
    available: int
    cost: str
    price: str | None


class Listings(Answer):
    """A page of listings; `after` asks for the next one, null where there is none."""

    listings: list[Listing]
    after: str | None


# The marketplace ------------------------------------------------------------------------------


class Policy(Answer):
    """A policy as it is in force from now on, with every field."""

    kind: str
    version: int
    document: dict[str, Any]


class Clock(Answer):
    """How the world stands: what is being worked off, and when something is due next."""

    now: datetime
    rate: float
    busy: list[str]
    next_due_at: datetime | None


class Stepped(Answer):
    """The time from now on, and who said so."""

    now: datetime
    by: str
