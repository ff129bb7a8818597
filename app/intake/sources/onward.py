"""Any program that can sign what it sends: our own JSON, signed as Standard Webhooks are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from app.intake.contract import Gone, Heard, Ignored, Sent, Told
from app.intake.reading import Said, is_signed, parsed, said
from app.shared.language import later
from app.web.fields import MOST_UNITS, Code, Form, Note, check

# So far may a clock be off; what was signed longer ago is somebody else's copy.
TOLERANCE = timedelta(minutes=5)
PREFIX = "whsec_"
PLACED, CANCELED = "order.placed", "order.canceled"


class Envelope(Said):
    """What is told, and of what."""

    type: str
    data: dict[str, Any]


class Canceled(Form):
    """An order that is called off, or units of its lines."""

    number: Code
    lines: dict[Code, Annotated[int, Field(ge=0, le=MOST_UNITS)]] | None = None
    reason: Note = ""


class Numbered(Said):
    """What every order has."""

    number: Code


class Onward:
    """Our own words."""

    label = later("Our own JSON")
    makes_secret = True
    steps = (
        later("Send each order with POST to {url}, as JSON, as soon as it is placed."),
        later(
            'The body is {"type": "order.placed", "data": …}: the data is an order as the API takes'
            " it, without its channel."
        ),
        later(
            'To call an order off, send {"type": "order.canceled", "data": {"number": …, "reason":'
            " …}}."
        ),
        later(
            "Sign each body with the secret as the Standard Webhooks specification says, in the"
            " headers webhook-id, webhook-timestamp and webhook-signature. Send again with the same"
            " webhook-id until the answer is 200."
        ),
    )

    def is_ping(self, sent: Sent) -> bool:  # noqa: ARG002 - the contract's own shape
        """Return no: a program that can sign asks with a signature."""
        return False

    def is_genuine(self, sent: Sent, secret: str, now: datetime) -> bool:
        """Return whether one of its signatures is ours, and it was signed just now."""
        name, stamp = sent.header("webhook-id"), sent.header("webhook-timestamp")
        content = f"{name}.{stamp}.".encode() + sent.body
        return any(
            [
                is_signed(word.removeprefix("v1,"), _key(secret), content)
                for word in sent.header("webhook-signature").split()
                if word.startswith("v1,")
            ]
        ) and _is_recent(stamp, now)

    def name(self, sent: Sent) -> tuple[str, str]:
        """Return its id; what it is about is said inside."""
        return sent.header("webhook-id"), str(_envelope_type(sent))[:40]

    def read(self, sent: Sent) -> Heard:
        """Return what it says."""
        told = said(Envelope, sent.body)
        if told.type == PLACED:
            number = check(Numbered, told.data).number
            return Told(subject=number, number=number, order=told.data)
        if told.type == CANCELED:
            gone = check(Canceled, told.data)
            return Gone(gone.number, gone.number, gone.lines, gone.reason)
        return Ignored(f"Nothing is done with '{told.type[:40]}'.")
