"""Taking orders in from wherever they come: each exactly once, with what is known of its money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.orders import intake
from app.orders.contract import NewOrder
from app.orders.intake import Placed
from app.payments import service as payments
from app.policies import marketplace
from app.shared.errors import Conflict


def place(
    orders: Sequence[NewOrder], *, actor: str, now: datetime, is_told: bool = True
) -> list[Placed | Conflict]:
    """Take orders in and note their payments; an order that is known with this content is itself.

    A Conflict is one that is known with other content. `is_told`: each customer is told that the
    order came in.
    """
    zone = marketplace.zone()
    placed = intake.place(orders, zone=zone, actor=actor, now=now, is_told=is_told)
    words = [
        payments.Word(
            p.id,
            order.payment.status,
            order.payment.amount_minor,
            order.currency,
            order.payment.reference,
            order.placed_at,
        )
        for p, order in zip(placed, orders, strict=True)
        if isinstance(p, Placed) and p.is_new and order.payment
    ]
    payments.note(words, actor=actor, now=now)
    return placed
