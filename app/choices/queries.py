"""Reading choices: for ops who ask customers, and for the vendor who offered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.extensions import db
from app.shared.errors import NotFound
from app.shared.work import PLATFORM, acting_as

COLUMNS = (
    "SELECT c.id, c.reference, c.order_id, c.order_line_id, c.units, c.code, c.options, c.made_at,"
    " c.made_by, c.answer, c.answered_at, c.answered_by, c.note, l.sku, l.title, l.unrouted,"
    " v.name AS vendor, f.reference AS fulfillment_order, o.reference AS order_reference,"
    " o.number, u.name AS customer, c.status"
    " FROM choices c JOIN order_lines l ON l.id = c.order_line_id JOIN vendors v"
    " ON v.id = c.vendor_id JOIN fo_lines x ON x.id = c.fo_line_id"
    " JOIN fulfillment_orders f ON f.id = x.fo_id JOIN orders o ON o.id = c.order_id"
    " JOIN customers u ON u.id = o.customer_id"
)
OF_ORDER = text(f"{COLUMNS} WHERE c.order_id = :order ORDER BY c.made_at, c.id")
WAITING = text(
    f"{COLUMNS} WHERE c.status = 'open' AND l.unrouted > 0 ORDER BY c.made_at, c.id LIMIT :most"
)
ANSWERED = text(
    f"{COLUMNS} WHERE c.status = 'answered' ORDER BY c.answered_at DESC, c.id LIMIT :most"
)
ORDER = text(
    "SELECT o.reference FROM choices c JOIN orders o ON o.id = c.order_id"
    " WHERE c.reference = :reference"
)
STILL = text(
    "SELECT c.reference FROM choices c JOIN order_lines l ON l.id = c.order_line_id"
    " WHERE c.reference = ANY(:references) AND c.status = 'open' AND l.unrouted > 0"
)
OF_VENDOR = text(
    "SELECT c.reference, c.units, c.code, c.options, c.status, c.made_at, c.answer, c.answered_at,"
    " x.line, x.sku, x.title FROM choices c JOIN fo_lines x ON x.id = c.fo_line_id"
    " WHERE x.fo_id = :fo ORDER BY c.made_at, c.id"
)


def of_order(order_id: UUID) -> Sequence[Row[Any]]:
    """Return what was offered on an order, the first one first; see rules.status_of."""
    return db.session.execute(OF_ORDER, {"order": order_id}).all()


def order_of(reference: str) -> str:
    """Return the reference of the order that a choice is about."""
    found: str | None = db.session.scalar(ORDER, {"reference": reference})
    if found is None:
        raise NotFound(f"There is no choice '{reference}'.")
    return found


def waiting(most: int) -> Sequence[Row[Any]]:
    """Return the choices that wait for an answer, the oldest first."""
    return db.session.execute(WAITING, {"most": most}).all()


def answered(most: int) -> Sequence[Row[Any]]:
    """Return the choices that were answered last."""
    return db.session.execute(ANSWERED, {"most": most}).all()


def of_fulfillment_order(fo_id: UUID) -> Sequence[Row[Any]]:
    """Return what a vendor offered with its word on a fulfillment order, as it may know it."""
    return db.session.execute(OF_VENDOR, {"fo": fo_id}).all()


def still_waiting(references: Sequence[str]) -> frozenset[str]:
    """Return the open choices of these whose units have not found another way."""
    with acting_as(PLATFORM):
        return frozenset(db.session.scalars(STILL, {"references": list(references)}))
