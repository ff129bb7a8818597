"""Reading an order's money."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.extensions import db
from app.payments.models import Payment


def payment_of(order_id: UUID) -> Payment | None:
    """Return where an order's money stands, nothing while nobody has said a word."""
    return db.session.get(Payment, order_id)


def payments_of(order_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    """Return where the money of orders stands, as far as anybody has said a word."""
    query = select(Payment).where(Payment.order_id.in_(order_ids))
    found = db.session.scalars(query, execution_options={"populate_existing": True})
    return {payment.order_id: payment for payment in found}
