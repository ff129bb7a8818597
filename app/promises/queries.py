"""Reading promises."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.promises.models import Promise


def promises_of(subject_ids: Sequence[UUID]) -> Sequence[Promise]:
    """Return every promise made about these orders and fulfillment orders, first made first."""
    query = select(Promise).where(Promise.subject_id.in_(subject_ids))
    return db.session.scalars(query.order_by(Promise.id)).all()
