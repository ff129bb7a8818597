"""Putting messages into the outbox, in the transaction of their cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app import jobs
from app.extensions import db
from app.notifications.models import Notification
from app.policies.documents import Messages
from app.policies.queries import in_force
from app.shared import bulk, clock, ids, live
from app.shared.columns import cohort_of
from app.timeline.service import ensure_cohorts


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said, to whom, about which order; `once` tells one cause from another.

    What a customer is told has their `language` among its facts, as the channel named it.
    """

    order_id: UUID
    cohort: date
    audience: str
    recipient: str | None
    template: str
    once: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def tell(messages: Sequence[Message], now: datetime, policy: Messages | None = None) -> None:
    """Queue messages whose template the policy sends; the same cause again changes nothing.

    `policy`: the one in force, from who has looked it up already.
    """
    policy = policy or in_force(Messages, now).document
    wanted = {"customer": policy.customer, "vendor": policy.vendor, "ops": policy.ops}
    rows = [
        {
            "id": ids.new(),
            "cohort": m.cohort,
            "order_id": m.order_id,
            "dedupe_key": f"{m.template}:{m.once}",
            "audience": m.audience,
            "channel": "email",
            "recipient": m.recipient,
            "template": m.template,
            "facts": m.facts,
            "status": "queued",
            "made_at": now,
            "due_at": now,
        }
        for m in messages
        if m.recipient and m.template in wanted[m.audience]
    ]
    bulk.insert(
        Notification, rows, conflict="ON CONFLICT (cohort, order_id, dedupe_key) DO NOTHING"
    )
    if rows:
        live.changed("messages")
        jobs.ring("send_notifications")


def tell_person(
    template: str, email: str, facts: dict[str, Any], language: str | None = None
) -> None:
    """Queue a message about somebody's own account; no policy keeps it from being sent.

    `language` is the one they chose, if they did.
    """
    now, cohort = clock.now(), cohort_of(clock.now())
    ensure_cohorts({cohort})
    key = ids.new()
    row = {
        "id": key,
        "cohort": cohort,
        "order_id": None,
        # Each is a cause of its own: somebody may ask for two new passwords.
        "dedupe_key": f"{template}:{key}",
        "audience": "person",
        "channel": "email",
        "recipient": email,
        "template": template,
        "facts": facts | ({"language": language} if language else {}),
        "status": "queued",
        "made_at": now,
        "due_at": now,
    }
    bulk.insert(Notification, [row])
    jobs.ring("send_notifications")


def supersede(order_ids: Sequence[UUID], template: str) -> None:
    """Drop queued messages of a template that are not true any more."""
    db.session.execute(
        text(
            "UPDATE notifications SET status = 'superseded' WHERE status = 'queued'"
            " AND started_at IS NULL AND order_id = ANY(:ids) AND template = :template"
        ),
        {"ids": list(order_ids), "template": template},
    )


def tell_levels(messages: Sequence[tuple[Message, str]], now: datetime) -> None:
    """Queue messages to whoever stands at their level of the climb."""
    addresses = in_force(Messages, now).document.addresses
    tell([replace(message, recipient=addresses.get(level)) for message, level in messages], now)
