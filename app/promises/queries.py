"""Reading promises."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.promises.models import Promise


def promises_of(order_id: UUID) -> Sequence[Promise]:
    """Return every promise made about an order, first made first."""
    query = select(Promise).where(Promise.order_id == order_id)
    return db.session.scalars(query.order_by(Promise.id)).all()
