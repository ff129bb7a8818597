"""What programs send and read of a vendor's webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.api.answers import Answer
from app.web.fields import PLAIN, Form, Safe
from app.webhooks.contract import EVENTS, Fate, Stopped
from app.webhooks.rules import LONGEST_URL


def _event(name: str) -> str:
    if name not in EVENTS:
        message = f"is none of {', '.join(EVENTS)}"
        raise ValueError(message)
    return name


Event = Annotated[str, AfterValidator(_event), Field(json_schema_extra={"enum": list(EVENTS)})]
Events = Annotated[list[Event], Field(min_length=1, max_length=len(EVENTS))]
Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_URL),
    Safe,
    Field(json_schema_extra={"pattern": PLAIN}),
]


class WebhookForm(Form):
    """Where a program listens, and what it hears of; no events named: all."""

    url: Url
    events: Events | None = None


class WebhookChangeForm(Form):
    """What is different from now on; what is left out stays as it is."""

    url: Url | None = None
    events: Events | None = None
    # false stops it: nothing is kept for it meanwhile
    is_active: bool | None = None


class LastDelivery(Answer):
    """How the last delivery went; `answered` is the program's status, if it answered."""

    status: Fate
    answered: int | None
    attempts: int
    made_at: datetime


class Webhook(Answer):
    """Where a program listens, and how it goes; `failed` deliveries can be sent again.

    Until `old_secret_until` the secret before this one signs along.
    """

    id: UUID
    url: str
    events: list[str]
    is_active: bool
    stopped_because: Stopped | None
    made_at: datetime
    made_by: str
    old_secret_until: datetime | None
    failed: int
    last_delivery: LastDelivery | None


class MadeWebhook(Webhook):
    """A webhook with the secret its program verifies with, told this once."""

    secret: str


class Webhooks(Answer):
    """All of a vendor's webhooks, the oldest first."""

    webhooks: list[Webhook]


class DeletedWebhook(Answer):
    """Which webhook is no more."""

    deleted: UUID


class WebhookDelivery(Answer):
    """An event for a webhook; `id` is its webhook-id, the same however often it is sent.

    `next_try_at` is when it is tried again.
    """

    id: UUID
    event: str
    subject: str
    status: Fate
    made_at: datetime
    sent_at: datetime | None
    attempts: int
    answered: int | None
    took_ms: int | None
    last_error: str | None
    next_try_at: datetime | None


class WebhookDeliveries(Answer):
    """A page of a webhook's deliveries, the newest first; `after` names the next one."""

    deliveries: list[WebhookDelivery]
    after: str | None
