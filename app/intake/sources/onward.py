"""Any program that can sign what it sends: our own JSON, signed as Standard Webhooks are."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Any

from app.intake.contract import Gone, Heard, Ignored, Sent, Told
from app.intake.reading import Said, is_signed, said
from app.shared.language import later
from app.web.fields import Code, Form, Note, UpTo, check

# So far may a clock be off; what was signed longer ago may be somebody else's copy.
TOLERANCE = timedelta(minutes=5)
PREFIX = "whsec_"
PLACED, CANCELED = "order.placed", "order.canceled"


class Envelope(Said):
    """What is told, and of what."""

    type: str
    data: dict[str, Any]


class Numbered(Said):
    """What every order has."""

    number: Code


class Canceled(Form):
    """An order that is called off, or units of its lines."""

    number: Code
    lines: dict[Code, UpTo] | None = None
    reason: Note = ""


class Onward:
    """Our own words."""

    label = later("Our own JSON")
    makes_secret = True
    steps = (
        later("Send each order to {url} as soon as it is placed: a POST with a JSON body."),
        later(
            'The body holds "type": "order.placed" and "data": the order as POST /api/v1/orders'
            " takes it, without its channel. What is called off is of the type order.canceled, with"
            " number, reason and, where only a part is meant, units by line."
        ),
        later(
            "Sign each body with the secret as Standard Webhooks do: webhook-id, webhook-timestamp"
            " and webhook-signature."
        ),
        later("Send it again, with the same webhook-id, until the answer is 200."),
    )

    def is_ping(self, sent: Sent) -> bool:  # noqa: ARG002 - the contract's own shape
        """Return no: whoever asks signs."""
        return False

    def is_genuine(self, sent: Sent, secret: str, now: datetime) -> bool:
        """Return whether one of its signatures is the secret's, and was made just now."""
        name, stamp = sent.header("webhook-id"), sent.header("webhook-timestamp")
        content = f"{name}.{stamp}.".encode() + sent.body
        words = sent.header("webhook-signature").split()
        signatures = [word.removeprefix("v1,") for word in words if word.startswith("v1,")]
        found = [is_signed(signature, _key(secret), content) for signature in signatures]
        return any(found) and _is_recent(stamp, now)

    def name(self, sent: Sent) -> tuple[str, str]:
        """Return its id; what it is about stands inside."""
        return sent.header("webhook-id"), ""

    def read(self, body: bytes, topic: str) -> Heard:  # noqa: ARG002 - the same
        """Return what it says."""
        told = said(Envelope, body)
        if told.type == PLACED:
            number = check(Numbered, told.data).number
            return Told(subject=number, number=number, order=told.data)
        if told.type == CANCELED:
            gone = check(Canceled, told.data)
            return Gone(gone.number, gone.number, gone.lines, gone.reason)
        return Ignored(f"Nothing is done with what is of the type '{told.type[:40]}'.")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def _is_recent(stamp: str, now: datetime) -> bool:
    if not stamp.isascii() or not stamp.isdecimal():
        return False
    return abs(now.timestamp() - int(stamp)) <= TOLERANCE.total_seconds()


source = Onward()
