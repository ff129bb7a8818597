"""Reading messages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.notifications.models import Notification


def messages_of(order_id: UUID) -> Sequence[Notification]:
    """Return an order's messages, newest first."""
    query = select(Notification).where(Notification.order_id == order_id)
    ordered = query.order_by(Notification.made_at.desc(), Notification.id.desc())
    return db.session.scalars(ordered.limit(200)).all()
