"""Endpoints of vendors' programs, and what was delivered to them."""

from __future__ import annotations

from sqlalchemy import ARRAY, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared.columns import Id, Json, Key, Moment, Words


class WebhookEndpoint(db.Model):
    """Where a vendor's program hears of its work; secrets are sealed, two while one is rotated."""

    __tablename__ = "webhook_endpoints"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    url: Mapped[Words]
    secret: Mapped[Words]
    old_secret: Mapped[Words | None]
    old_until: Mapped[Moment | None]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(default=True)
    stopped_because: Mapped[Words | None]
    made_at: Mapped[Moment]
    made_by: Mapped[Words]
    listens_since: Mapped[Moment]
    told_until: Mapped[Moment]
    deleted_at: Mapped[Moment | None]


class WebhookDelivery(db.Model):
    """One event for one endpoint: the same cause is delivered once, and again only when asked."""

    __tablename__ = "webhook_deliveries"
    id: Mapped[Key]
    vendor_id: Mapped[Id]
    endpoint_id: Mapped[Id]
    kind: Mapped[Words]
    once: Mapped[Words]
    subject: Mapped[Words]
    body: Mapped[Json]
    status: Mapped[Words]
    made_at: Mapped[Moment]
    due_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[Moment | None]
    lease_token: Mapped[Id | None]
    sent_at: Mapped[Moment | None]
    answered: Mapped[int | None]
    took_ms: Mapped[int | None]
    last_error: Mapped[Words | None]
