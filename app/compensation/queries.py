"""Reading offers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.compensation.models import CompensationOffer
from app.extensions import db


def offers_of(order_id: UUID) -> Sequence[CompensationOffer]:
    """Return an order's offers, newest first."""
    query = select(CompensationOffer).where(CompensationOffer.order_id == order_id)
    return db.session.scalars(query.order_by(CompensationOffer.made_at.desc())).all()
