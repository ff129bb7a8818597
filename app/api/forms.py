"""What programs send, field by field; every wrong field is named at once."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any, Literal, NoReturn

from flask import request
from pydantic import Field, SkipValidation, StringConstraints
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from app.intake.forms import AddressForm, OrderForm, PreferencesForm
from app.orders.contract import DeclineCode
from app.shared.errors import InvalidInput
from app.shipments.pack_rules import LONGEST_BOX, MOST_GRAMS, MOST_MILLIMETERS, MOST_PARCELS
from app.web.fields import (
    PLAIN,
    Amount,
    Code,
    Day,
    F,
    Form,
    Moment,
    Note,
    Safe,
    Seen,
    Units,
    UpTo,
    Whole,
    check,
    like,
)

MOST_AT_ONCE = 1_000
# No object that is asked for has nearly as many.
MOST_NAMES = 1_000
Box = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_BOX),
    Seen,
    Safe,
    Field(json_schema_extra={"pattern": PLAIN}),
]
Side = Annotated[int, Field(ge=1, le=MOST_MILLIMETERS), Whole]
Carrier = Annotated[
    str, *like("^[a-z][a-z0-9_]{1,30}$", "is no carrier's code; write it like fedex")
]
TrackingNumber = Annotated[
    str, *like("^[A-Za-z0-9]{5,40}$", "is no tracking number: 5 to 40 letters and digits are one")
]
# What a label of 2 MB is in base64, a little more.
MOST_BASE64 = 2_900_000
Version = Annotated[int, Field(ge=0, lt=2**63), Whole]


class BatchForm(Form):
    """Many orders at once; each is judged by itself."""

    # What stands here is not looked at yet: one that is wrong is no reason to refuse the others.
    orders: Annotated[list[SkipValidation[OrderForm]], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CancelForm(Form):
    """What is called off: nothing named means all of it."""

    lines: dict[Code, UpTo] | None = None
    reason: Note = ""


class AddressChangeForm(Form):
    """Where an order goes from now on; `version` is the one that was looked at."""

    ship_to: AddressForm
    reason: Note = ""
    version: Version | None = None


class ChangesForm(Form):
    """What is wanted from now on: units by line, wishes; what is not named stays as it is."""

    lines: dict[Code, UpTo] = Field(default_factory=dict)
    preferences: PreferencesForm = PreferencesForm()
    reason: Note = ""
    version: Version | None = None


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


class InsteadForm(Form):
    """What a vendor offers for declined units: another SKU of its own, or the day it has them."""

    substitute: Code | None = None
    restock_on: Day | None = None


class ConfirmForm(Form):
    """Units a vendor can ship by line (none named: all), and why not the rest.

    `attest`: it has looked, and they are there; `ship_on`: the day on which it means to hand them
    over; `offers`: what it offers by line for the rest. A reason without a code is "other".
    """

    lines: dict[Code, UpTo] | None = None
    code: DeclineCode | None = None
    reason: Note | None = None
    attest: bool = False
    ship_on: Day | None = None
    offers: dict[Code, InsteadForm] = Field(default_factory=dict)


class NamedConfirmForm(ConfirmForm):
    """The same for one of many fulfillment orders."""

    id: Code


class ConfirmsForm(Form):
    """Words on many fulfillment orders."""

    fulfillment_orders: Annotated[
        list[NamedConfirmForm], Field(min_length=1, max_length=MOST_AT_ONCE)
    ]


class PickForm(Form):
    """Units that are picked by line, in all (none named: all of them); the others stay as they are.

    `short`: why the units of a line that are not picked are not there; they are given back.
    """

    lines: dict[Code, UpTo] | None = None
    short: dict[Code, Literal["not_found", "damaged", "wrong_count"]] = Field(default_factory=dict)


class PackedForm(Form):
    """A parcel as it is packed: units by line, and what is known of its box."""

    lines: Annotated[dict[Code, Units], Field(min_length=1)]
    box: Box | None = None
    weight_g: Annotated[int, Field(ge=1, le=MOST_GRAMS), Whole] | None = None
    length_mm: Side | None = None
    width_mm: Side | None = None
    height_mm: Side | None = None


class PackForm(Form):
    """Parcels that hold together just what is picked; none named: one holds all of it."""

    parcels: Annotated[list[PackedForm], Field(min_length=1, max_length=MOST_PARCELS)] | None = None


class LabelForm(Form):
    """A label of one parcel (none named: the only one); `file` is base64 of a carrier's own."""

    package: Code | None = None
    provider: Literal["own", "vendors_own"] = "own"
    carrier: Carrier | None = None
    tracking_number: TrackingNumber | None = None
    service: Code | None = None
    file: Annotated[str, StringConstraints(max_length=MOST_BASE64)] | None = None


class LabelsForm(Form):
    """Labels that are wanted; none named: our own for each parcel that has none."""

    parcels: Annotated[list[LabelForm], Field(min_length=1, max_length=50)] | None = None


class ParcelForm(Form):
    """A parcel that has left; `package`: as which it was packed."""

    carrier: Carrier
    tracking_number: TrackingNumber
    package: Code | None = None
    shipped_at: Moment | None = None
    lines: dict[Code, Units] | None = None


class ShipForm(Form):
    """Parcels of one fulfillment order."""

    parcels: Annotated[list[ParcelForm], Field(min_length=1, max_length=50)]


class NamedShipForm(ShipForm):
    """The same for one of many fulfillment orders."""

    id: Code


class ShipsForm(Form):
    """Parcels of many fulfillment orders."""

    fulfillment_orders: Annotated[list[NamedShipForm], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ReasonForm(Form):
    """Why."""

    reason: Note = ""


class ServiceForm(Form):
    """By which service of the rate card it goes, and why."""

    service: Code
    reason: Annotated[Note, Field(min_length=1)]


class ClockForm(Form):
    """A step of the world clock, and which bells may ring at it (none named: all)."""

    now: Moment | None = None
    ring_only: list[Code] | None = None


def read(form: type[F]) -> F:
    """Return the request's body as a form, or refuse it with every wrong field."""
    return check(form, body())


def body(unsaid: bytes = b"{}") -> Any:
    """Return what the request's body says, or what counts where there is none, of JSON."""
    sent = request.get_data()
    if request.content_length is None:
        # Of a body that does not say how long it is only so much is read: is there more?
        request.stream.read(1)
    if sent and request.mimetype and not request.is_json:
        raise UnsupportedMediaType(f"The body is {request.mimetype}; send application/json.")
    try:
        return json.loads(
            sent or unsaid,
            object_pairs_hook=_each_once,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(f"The body is not JSON: {error.msg} ({where}).") from None
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8; JSON is sent as UTF-8.") from None
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except ValueError:
        raise BadRequest("The body holds a number of too many digits.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of one name with two values nobody knows which is meant."""
    found = dict(pairs)
    if len(found) == len(pairs) <= MOST_NAMES:
        return found
    if len(pairs) > MOST_NAMES:
        message = f"an object has {len(pairs):,} names; {MOST_NAMES:,} is the most"
        raise InvalidInput("The request was not taken.", body=message)
    times = Counter(name for name, _ in pairs)
    twice = {name: "stands twice in one object" for name, n in times.items() if n > 1}
    raise InvalidInput("The request was not taken.", **twice)


def _refuse_constant(name: str) -> NoReturn:
    raise BadRequest(f"The body is not JSON: it knows no {name}.")
