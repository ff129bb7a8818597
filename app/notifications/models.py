"""The outbox."""

from __future__ import annotations

from sqlalchemy import SmallInteger, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.shared import ids
from app.shared.columns import Day, Id, Json, Moment, Words


class Notification(db.Model):
    """A message as a row, written in the transaction of its cause."""

    __tablename__ = "notifications"
    id: Mapped[Id] = mapped_column(Uuid, primary_key=True, default=ids.new)
    cohort: Mapped[Day]
    order_id: Mapped[Id | None]
    dedupe_key: Mapped[Words]
    audience: Mapped[Words]
    channel: Mapped[Words]
    recipient: Mapped[Words]
    template: Mapped[Words]
    facts: Mapped[Json]
    status: Mapped[Words]
    made_at: Mapped[Moment]
    due_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    started_at: Mapped[Moment | None]
    leased_until: Mapped[Moment | None]
    lease_token: Mapped[Id | None]
    sent_at: Mapped[Moment | None]
    last_error: Mapped[Words | None]
