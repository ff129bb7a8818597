"""Holds of whole orders: while one is open, its order is given to no vendor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from app.extensions import db
from app.orders.doubts import Doubt
from app.orders.models import OrderHold
from app.shared import bulk, ids
from app.timeline.service import Happened, record

HOLD = text("UPDATE orders SET held_since = :now WHERE id = ANY(:ids) AND held_since IS NULL")
LIFT = text(
    "UPDATE order_holds SET released_at = :now, released_by = :who, release_note = :note"
    " WHERE order_id = ANY(:ids) AND released_at IS NULL"
    " AND code = ANY(coalesce(CAST(:codes AS text[]), ARRAY[code]))"
    " RETURNING order_id, code, facts"
)
FREE = text(
    "UPDATE orders o SET held_since = NULL WHERE id = ANY(:ids) AND held_since IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM order_holds h WHERE h.order_id = o.id AND h.released_at IS NULL)"
)
# The fact of a hold that names the fulfillment orders which were stopped with it.
PARTS = "fulfillment_orders"
STOPPED = text(
    "SELECT jsonb_array_elements_text(h.facts->:parts) FROM order_holds h"
    " JOIN fulfillment_orders f ON f.order_id = h.order_id"
    " WHERE f.reference = ANY(:references) AND h.released_at IS NULL"
)


@dataclass(frozen=True, slots=True)
class Held:
    """An order and what speaks against going on with it."""

    order_id: UUID
    cohort: date
    doubts: Sequence[Doubt]


def hold(orders: Sequence[Held], *, actor: str, now: datetime) -> set[UUID]:
    """Keep orders from vendors until a person releases them; return those of new doubts.

    A doubt that is open stays as it is. The orders are locked, or of this transaction.
    """
    rows = [
        {
            "id": ids.new(),
            "order_id": order.order_id,
            "code": doubt.code,
            "facts": doubt.facts,
            "held_at": now,
            "held_by": actor,
        }
        for order in orders
        for doubt in order.doubts
    ]
    written = bulk.insert(
        OrderHold,
        rows,
        conflict="ON CONFLICT (order_id, code) WHERE released_at IS NULL DO NOTHING",
        returning="order_id, code, facts",
    )
    if not written:
        return set()
    db.session.flush()
    db.session.execute(HOLD, {"ids": [row.order_id for row in written], "now": now})
    cohorts = {order.order_id: order.cohort for order in orders}
    told: dict[UUID, dict[str, Any]] = {}
    for row in written:
        facts = told.setdefault(row.order_id, {"doubts": []})
        facts["doubts"].append(row.code)
        if "reason" in row.facts:
            facts["reason"] = row.facts["reason"]
    record(
        [Happened(key, cohorts[key], "order_held", actor, key, of) for key, of in told.items()], now
    )
    return set(told)


def lift(
    order_ids: Iterable[UUID],
    *,
    actor: str,
    note: str,
    now: datetime,
    codes: Sequence[str] | None = None,
) -> Sequence[Row[Any]]:
    """End open holds of locked orders (of some codes, or all); return their order, code and facts.

    An order without any is free; nobody is told and nothing goes on by this alone.
    """
    found = {"ids": list(order_ids), "codes": list(codes) if codes is not None else None}
    db.session.flush()
    rows = db.session.execute(LIFT, {**found, "who": actor, "note": note, "now": now}).all()
    if rows:
        db.session.execute(FREE, found)
    return rows


def open_holds(order_id: UUID) -> Sequence[OrderHold]:
    """Return an order's open holds, the first one first."""
    query = select(OrderHold).where(OrderHold.order_id == order_id, OrderHold.released_at.is_(None))
    return db.session.scalars(query.order_by(OrderHold.held_at, OrderHold.code)).all()


def stopped(references: Iterable[str]) -> frozenset[str]:
    """Return the fulfillment orders of these that were stopped with their whole order."""
    values = {"references": list(references), "parts": PARTS}
    return frozenset(db.session.scalars(STOPPED, values))
