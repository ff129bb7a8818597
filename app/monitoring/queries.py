"""Reading cases."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.monitoring.models import ExceptionCase


def cases_of(order_id: UUID) -> Sequence[ExceptionCase]:
    """Return an order's cases, newest first."""
    query = select(ExceptionCase).where(ExceptionCase.order_id == order_id)
    return db.session.scalars(query.order_by(ExceptionCase.occurred_at.desc())).all()
