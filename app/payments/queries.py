"""Reading an order's money."""

from __future__ import annotations

from uuid import UUID

from app.extensions import db
from app.payments.models import Payment


def payment_of(order_id: UUID) -> Payment | None:
    """Return where an order's money stands, nothing while nobody has said a word."""
    return db.session.get(Payment, order_id)
