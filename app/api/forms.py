"""What programs send, field by field; every wrong field is named at once."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from flask import request
from pydantic import Field, StringConstraints
from werkzeug.exceptions import BadRequest

from app.intake.forms import AddressForm, PreferencesForm
from app.shared.errors import InvalidInput
from app.web.fields import (
    MOST_UNITS,
    Amount,
    Code,
    F,
    Form,
    Moment,
    Note,
    Units,
    check,
)

MOST_AT_ONCE = 1_000
Version = Annotated[int, Field(ge=0, lt=2**63)]


class BatchForm(Form):
    """Many orders at once; each is judged by itself."""

    orders: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CancelForm(Form):
    """What is called off: nothing named means all of it."""

    lines: dict[Code, Annotated[int, Field(ge=0, le=MOST_UNITS)]] | None = None
    reason: Note = ""


class AddressChangeForm(Form):
    """Where an order goes from now on; `version` is the one that was looked at."""

    ship_to: AddressForm
    reason: Note = ""
    version: Version | None = None


class ChangesForm(Form):
    """What is wanted from now on: units by line, wishes; what is not named stays as it is."""

    lines: dict[Code, Annotated[int, Field(ge=0, le=MOST_UNITS)]] = Field(default_factory=dict)
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


class ClockForm(Form):
    """A step of the world clock, and which bells may ring at it (none named: all)."""

    now: Moment | None = None
    ring_only: list[Code] | None = None


def read(form: type[F], data: Any = None) -> F:
    """Return the request's body as a form, or refuse it with every wrong field."""
    return check(form, _json() if data is None else data)


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
