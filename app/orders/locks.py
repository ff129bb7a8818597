"""The one place that says how orders are locked: the order first, then its fulfillment orders.

FOR NO KEY UPDATE, here and everywhere: nobody's key changes, and a plain FOR UPDATE would make
every insert that refers to the row wait: so two transactions that share no row could deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from app.extensions import db
from app.orders.models import FulfillmentOrder, Order
from app.shared.work import PLATFORM, acting_as

# What was read before it was locked may have changed since.
ANEW = {"populate_existing": True}
ORDERS_OF = text(
    "SELECT id FROM orders WHERE id IN"
    " (SELECT order_id FROM fulfillment_orders WHERE reference = ANY(:references))"
    " ORDER BY id FOR NO KEY UPDATE"
)


# For the driver. Whoever holds checks already must not wait for orders: holders of orders wait for
# checks. So it takes only those that are free.
FREE_ORDERS = (
    "SELECT {columns} FROM orders WHERE id = ANY(CAST((SELECT %(ids)s) AS uuid[]))"
    " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
)


def lock_orders(order_ids: Sequence[UUID]) -> Sequence[Order]:
    """Return these orders, locked in ascending order of their keys."""
    query = select(Order).where(Order.id.in_(order_ids)).order_by(Order.id)
    locked = query.with_for_update(key_share=True)
    return db.session.scalars(locked, execution_options=ANEW).all()


def lock_fulfillment_orders(references: Sequence[str]) -> dict[str, FulfillmentOrder]:
    """Return those fulfillment orders the scope may see, with lines, their orders locked before."""
    with acting_as(PLATFORM):
        db.session.execute(ORDERS_OF, {"references": list(references)})
    query = (
        select(FulfillmentOrder)
        .where(FulfillmentOrder.reference.in_(references))
        .order_by(FulfillmentOrder.id)
        .options(selectinload(FulfillmentOrder.lines))
        .with_for_update(key_share=True)
    )
    return {fo.reference: fo for fo in db.session.scalars(query, execution_options=ANEW)}


def lock_fulfillment_orders_of(order_ids: Sequence[UUID]) -> Sequence[FulfillmentOrder]:
    """Return the fulfillment orders of locked orders, locked, with lines."""
    query = (
        select(FulfillmentOrder)
        .where(FulfillmentOrder.order_id.in_(order_ids))
        .order_by(FulfillmentOrder.id)
        .options(selectinload(FulfillmentOrder.lines))
        .with_for_update(key_share=True)
    )
    return db.session.scalars(query, execution_options=ANEW).all()
